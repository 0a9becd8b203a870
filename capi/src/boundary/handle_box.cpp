#include "boundary/handle_box.hpp"

#include <string>

namespace runhook::capi::detail {

namespace {

// Whether there are handles of this kind that end with the callback they were lent to.
bool is_lent(HandleKind kind) noexcept {
  switch (kind) {
    case HandleKind::context:
    case HandleKind::error:
    case HandleKind::run_options:
    case HandleKind::run_args:
    case HandleKind::results:
    case HandleKind::metadata:
    case HandleKind::outcome:
    case HandleKind::session:
    case HandleKind::value:
      return true;
    default:
      return false;
  }
}

std::string instead_of(HandleKind wanted, HandleState state) {
  using Is = HandleState::Is;
  switch (state.is) {
    case Is::null:
      return "it is NULL";
    case Is::foreign:
      return "it is no handle of this library";
    case Is::gone:
      return is_lent(wanted) ? "it has been destroyed, or was lent to a callback that has returned"
                             : "it has been destroyed";
    case Is::live:
      if (state.kind != wanted) return std::string("it is of another kind: ") + noun_of(state.kind);
      return "its callback is not under way";
  }
  return {};
}

}  // namespace

void refuse_handle(std::uintptr_t handle, HandleKind wanted) {
  throw StatusError(StatusCode::invalid_argument, std::string("not a valid ") + noun_of(wanted) + ": " +
                                                      instead_of(wanted, HandleTable::state_of(handle)));
}

void refuse_change(HandleKind kind) {
  throw StatusError(StatusCode::busy, std::string(noun_of(kind)) + ": in use by a call that is under way");
}

}  // namespace runhook::capi::detail
