// background_thread.hpp: starting threads of the library.
#ifndef RUNHOOK_SRC_BASE_BACKGROUND_THREAD_HPP_
#define RUNHOOK_SRC_BASE_BACKGROUND_THREAD_HPP_

#include <functional>
#include <thread>

namespace runhook::inline v1 {
namespace detail {

// Starts a thread in which all signals are blocked: these are for the program. `name`: at most 15 bytes, for debuggers.
// Throws std::system_error.
std::thread start_background_thread(const char* name, std::function<void()> body);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_BACKGROUND_THREAD_HPP_
