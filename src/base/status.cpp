#include "runhook/status.hpp"

namespace runhook::inline v1 {

namespace {

// NULL for a number that is no code.
constexpr const char* name_or_null(StatusCode code) noexcept {
  switch (code) {
    case StatusCode::ok:
      return "OK";
    case StatusCode::cancelled:
      return "CANCELLED";
    case StatusCode::unknown:
      return "UNKNOWN";
    case StatusCode::invalid_argument:
      return "INVALID_ARGUMENT";
    case StatusCode::deadline_exceeded:
      return "DEADLINE_EXCEEDED";
    case StatusCode::not_found:
      return "NOT_FOUND";
    case StatusCode::already_exists:
      return "ALREADY_EXISTS";
    case StatusCode::permission_denied:
      return "PERMISSION_DENIED";
    case StatusCode::resource_exhausted:
      return "RESOURCE_EXHAUSTED";
    case StatusCode::failed_precondition:
      return "FAILED_PRECONDITION";
    case StatusCode::aborted:
      return "ABORTED";
    case StatusCode::out_of_range:
      return "OUT_OF_RANGE";
    case StatusCode::unimplemented:
      return "UNIMPLEMENTED";
    case StatusCode::internal:
      return "INTERNAL";
    case StatusCode::unavailable:
      return "UNAVAILABLE";
    case StatusCode::data_loss:
      return "DATA_LOSS";
    case StatusCode::unauthenticated:
      return "UNAUTHENTICATED";
    case StatusCode::stopped:
      return "STOPPED";
    case StatusCode::closed:
      return "CLOSED";
    case StatusCode::reentrant:
      return "REENTRANT";
    case StatusCode::busy:
      return "BUSY";
    case StatusCode::hook_failed:
      return "HOOK_FAILED";
    case StatusCode::no_memory:
      return "NO_MEMORY";
  }
  return nullptr;
}

}  // namespace

std::string_view status_name(StatusCode code) noexcept {
  const char* name = name_or_null(code);
  return name != nullptr ? name : "UNKNOWN";
}

StatusCode status_from_number(std::int32_t number) noexcept {
  const auto code = static_cast<StatusCode>(number);
  return name_or_null(code) != nullptr ? code : StatusCode::unknown;
}

}  // namespace runhook::inline v1
