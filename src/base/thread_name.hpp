// thread_name.hpp: the name of the calling thread, if the library started it.
#ifndef RUNHOOK_SRC_BASE_THREAD_NAME_HPP_
#define RUNHOOK_SRC_BASE_THREAD_NAME_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Empty for a thread that no Coordinator started. Valid until that thread ends.
std::string_view current_thread_name() noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_THREAD_NAME_HPP_
