// unexplained_failure.hpp: what is said of a direct callback that failed without saying why.
#ifndef RUNHOOK_SRC_RUN_UNEXPLAINED_FAILURE_HPP_
#define RUNHOOK_SRC_RUN_UNEXPLAINED_FAILURE_HPP_

#include <cstdint>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// "before_run returned 0, which is not the value that this call has to return on success". Throws std::bad_alloc.
std::string unexplained_failure(std::string_view callback, std::int32_t returned);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_UNEXPLAINED_FAILURE_HPP_
