#include "runhook/span.hpp"

namespace runhook::inline v1 {

using namespace std::string_view_literals;

std::string_view span_kind_name(SpanKind kind) noexcept {
  switch (kind) {
    case SpanKind::attempt:
      return "attempt"sv;
    case SpanKind::before_run:
      return "before_run"sv;
    case SpanKind::session_run:
      return "session_run"sv;
    case SpanKind::after_run:
      return "after_run"sv;
    case SpanKind::on_error:
      return "on_error"sv;
    case SpanKind::begin:
      return "begin"sv;
    case SpanKind::after_create_session:
      return "after_create_session"sv;
    case SpanKind::end:
      return "end"sv;
    case SpanKind::cleanup:
      return "cleanup"sv;
    case SpanKind::create_session:
      return "create_session"sv;
    case SpanKind::close_session:
      return "close_session"sv;
    case SpanKind::recovery:
      return "recovery"sv;
    case SpanKind::back_off:
      return "back_off"sv;
    case SpanKind::save:
      return "save"sv;
    case SpanKind::node:
      return "node"sv;
  }
  return {};
}

}  // namespace runhook::inline v1
