#include "run/run_state.hpp"

#include "runhook/outcome.hpp"

namespace runhook::inline v1 {
namespace detail {

using namespace std::string_view_literals;

std::string_view callback_text(CallbackKind kind) noexcept {
  switch (kind) {
    case CallbackKind::none:
      return {};
    case CallbackKind::begin:
      return "begin"sv;
    case CallbackKind::after_create_session:
      return "after_create_session"sv;
    case CallbackKind::before_run:
      return "before_run"sv;
    case CallbackKind::after_run:
      return "after_run"sv;
    case CallbackKind::on_error:
      return "on_error"sv;
    case CallbackKind::end:
      return "end"sv;
    case CallbackKind::cleanup:
      return "cleanup"sv;
    case CallbackKind::step_function:
      return "step_function"sv;
    case CallbackKind::standalone:
      return "standalone"sv;
  }
  return {};
}

HookSlot::HookSlot(RunState& run_state) noexcept
    : state(run_state), values(request.results, run_state.options.merged(), run_state.metadata) {}

RunState::RunState() = default;
RunState::~RunState() = default;

void RunState::log(LogLevel level, std::string_view text) const noexcept {
  try {
    log_sink(level, text);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
