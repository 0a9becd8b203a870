#include "run_state.hpp"

#include "runhook/outcome.hpp"

namespace runhook::inline v1 {
namespace detail {

const char* callback_text(CallbackKind kind) noexcept {
  switch (kind) {
    case CallbackKind::none:
      return "";
    case CallbackKind::begin:
      return "begin";
    case CallbackKind::after_create_session:
      return "after_create_session";
    case CallbackKind::before_run:
      return "before_run";
    case CallbackKind::after_run:
      return "after_run";
    case CallbackKind::on_error:
      return "on_error";
    case CallbackKind::end:
      return "end";
    case CallbackKind::cleanup:
      return "cleanup";
    case CallbackKind::step_function:
      return "step_function";
    case CallbackKind::standalone:
      return "standalone";
  }
  return "";
}

HookSlot::HookSlot(RunState& run_state) noexcept
    : state(run_state), values(request.results, run_state.options.merged(), run_state.metadata) {}

RunState::RunState() = default;
RunState::~RunState() = default;

}  // namespace detail
}  // namespace runhook::inline v1
