// thread_id.hpp: the system's number of the calling thread.
#ifndef RUNHOOK_SRC_BASE_THREAD_ID_HPP_
#define RUNHOOK_SRC_BASE_THREAD_ID_HPP_

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "runhook/thread_token.hpp"

namespace runhook::inline v1 {
namespace detail {

inline constinit RUNHOOK_THREAD_LOCAL std::int32_t own_thread_id = 0;

// Asks the system once for each thread.
inline std::int32_t thread_id() noexcept {
  if (own_thread_id == 0) own_thread_id = static_cast<std::int32_t>(syscall(SYS_gettid));
  return own_thread_id;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_THREAD_ID_HPP_
