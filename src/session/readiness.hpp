// readiness.hpp: which errors of a readiness probe mean "not ready".
#ifndef RUNHOOK_SRC_SESSION_READINESS_HPP_
#define RUNHOOK_SRC_SESSION_READINESS_HPP_

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

// Engines refuse to read a variable that has no value: ours and C++ ones with Error::uninitialized(), others with a
// FAILED_PRECONDITION that has "uninitialized" in its text.
inline bool means_not_ready(const Error& error) noexcept {
  return error.code() == StatusCode::failed_precondition &&
         (error.is_uninitialized() || error.message().find("uninitialized") != std::string::npos);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_READINESS_HPP_
