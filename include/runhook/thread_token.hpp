// runhook/thread_token.hpp: tells threads apart at the price of one instruction. For the library and its bindings.
#ifndef RUNHOOK_THREAD_TOKEN_HPP_
#define RUNHOOK_THREAD_TOKEN_HPP_

#include <cstdint>

// The fastest way to thread-local data. It is scarce in shared libraries, so a few words only.
#if defined(__GNUC__)
#define RUNHOOK_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) thread_local
#else
#define RUNHOOK_THREAD_LOCAL thread_local
#endif

namespace runhook::inline v1 {

// What identifies a thread: an address that no other living thread has; never NULL, and even.
using ThreadToken = const void*;

namespace detail {
inline constinit RUNHOOK_THREAD_LOCAL std::uintptr_t thread_token_place = 0;
}

inline ThreadToken thread_token() noexcept { return &detail::thread_token_place; }

}  // namespace runhook::inline v1

#endif  // RUNHOOK_THREAD_TOKEN_HPP_
