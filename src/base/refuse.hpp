// How arguments are refused, and calls.
#ifndef RUNHOOK_SRC_BASE_REFUSE_HPP_
#define RUNHOOK_SRC_BASE_REFUSE_HPP_

#include <string_view>

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

[[noreturn]] inline void fail(StatusCode code, std::string_view message) { throw StatusError(code, message); }
[[noreturn]] inline void refuse(std::string_view why) { fail(StatusCode::invalid_argument, why); }

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_REFUSE_HPP_
