// exception_guard.hpp: the guards around every function of the C ABI: no exception leaves them.
#ifndef RUNHOOK_CAPI_BOUNDARY_EXCEPTION_GUARD_HPP_
#define RUNHOOK_CAPI_BOUNDARY_EXCEPTION_GUARD_HPP_

#include <string_view>
#include <utility>

#include "runhook/error.h"
#include "runhook/error.hpp"
#include "runhook/status.h"

namespace runhook::capi {

// Reports an error: sets *out, unless `out` is NULL, to an owned handle, and returns the code. Without memory the
// handle is one that needs none and has the same code.
runhook_status fail(runhook_error** out, const Error& error) noexcept;
runhook_status fail(runhook_error** out, StatusCode code, std::string_view message) noexcept;
inline runhook_status invalid_argument(runhook_error** out, std::string_view message) noexcept {
  return fail(out, StatusCode::invalid_argument, message);
}
// Reports the exception being handled.
runhook_status fail_with_current_exception(runhook_error** out) noexcept;

inline void clear(runhook_error** out) noexcept {
  if (out != nullptr) *out = nullptr;
}

// Runs `body`, which reports failure by throwing.
template <class Body>
runhook_status guarded(runhook_error** out, Body&& body) noexcept {
  clear(out);
  try {
    std::forward<Body>(body)();
    return RUNHOOK_OK;
  } catch (...) {
    return fail_with_current_exception(out);
  }
}

// Runs `body` and returns the pointer that it returns, or NULL after a failure.
template <class Body>
auto guarded_handle(runhook_error** out, Body&& body) noexcept -> decltype(std::forward<Body>(body)()) {
  clear(out);
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    fail_with_current_exception(out);
    return nullptr;
  }
}

// For functions that cannot report a failure: returns `neutral` instead.
template <class T, class Body>
T guarded_value(T neutral, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (...) {
    return neutral;
  }
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_EXCEPTION_GUARD_HPP_
