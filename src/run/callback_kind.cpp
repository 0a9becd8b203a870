#include "run/callback_kind.hpp"

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
    case CallbackKind::on_values:
      return "on_values"sv;
    case CallbackKind::on_error:
      return "on_error"sv;
    case CallbackKind::end:
      return "end"sv;
    case CallbackKind::save:
      return "save"sv;
    case CallbackKind::restore:
      return "restore"sv;
    case CallbackKind::cleanup:
      return "cleanup"sv;
    case CallbackKind::step_function:
      return "step_function"sv;
    case CallbackKind::inline_step:
      return "step"sv;
    case CallbackKind::on_logged:
      return "on_logged"sv;
    case CallbackKind::standalone:
      return "standalone"sv;
  }
  return {};
}

}  // namespace detail
}  // namespace runhook::inline v1
