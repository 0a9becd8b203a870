// Tells threads apart at the price of one instruction.
#ifndef RUNHOOK_CAPI_THREAD_TOKEN_HPP_
#define RUNHOOK_CAPI_THREAD_TOKEN_HPP_

// The fastest way to thread-local data. It is scarce in shared libraries, so a few words only.
#if defined(__GNUC__)
#define RUNHOOK_CAPI_THREAD_LOCAL __attribute__((tls_model("initial-exec"))) thread_local
#else
#define RUNHOOK_CAPI_THREAD_LOCAL thread_local
#endif

namespace runhook::capi {

namespace detail {
inline constinit RUNHOOK_CAPI_THREAD_LOCAL char thread_token_byte = 0;
}

// Another one for each thread that lives; never NULL.
inline const void* thread_token() noexcept { return &detail::thread_token_byte; }

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_THREAD_TOKEN_HPP_
