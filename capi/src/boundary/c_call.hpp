// How the library calls a callback of C, and what becomes of its result.
#ifndef RUNHOOK_CAPI_BOUNDARY_C_CALL_HPP_
#define RUNHOOK_CAPI_BOUNDARY_C_CALL_HPP_

#include <cstdint>

#include "boundary/context_base.hpp"
#include "runhook/status.hpp"
#include "runhook/types.h"

namespace runhook::capi {

namespace detail {
// Throws the recorded failure, or else `unexplained` with "<callback> returned <value>".
[[noreturn]] void throw_callback_failure(ContextBase& context, std::int32_t returned, StatusCode unexplained);
// Describes the exception that left a callback. Call it in a catch block; passes on a thread's cancellation.
Error error_from_callback_exception();

// Marks a context as that of a callback in progress. A context serves one callback at a time.
class ActiveCall {
 public:
  ActiveCall(ContextBase& context, const char* callback) noexcept : context_(context) {
    context.callback = callback;
    context.thread.store(thread_token(), std::memory_order_relaxed);
  }
  ActiveCall(const ActiveCall&) = delete;
  ActiveCall& operator=(const ActiveCall&) = delete;
  ~ActiveCall() { context_.thread.store(nullptr, std::memory_order_relaxed); }

 private:
  ContextBase& context_;
};
}  // namespace detail

// Calls `fn` with `handle`, which stands for `context`. Throws StatusError if the callback fails: the failure that it
// recorded, what it threw, or `unexplained`. For callbacks that are called often: the context and its handle (a
// Lent<runhook_context>) are made once and used again.
[[gnu::always_inline]] inline void invoke(ContextBase& context, runhook_context* handle, const char* callback,
                                          runhook_callback fn, void* user_data,
                                          StatusCode unexplained = StatusCode::unknown) {
  const detail::ActiveCall call(context, callback);
  std::int32_t returned = RUNHOOK_CALLBACK_FAILED;
  try {
    context.success.prepare();
    returned = fn(handle, user_data, context.success.next());
  } catch (...) {
    context.record(detail::error_from_callback_exception());
  }
  if (context.success.is(returned) && !context.failure) [[likely]]
    return;
  detail::throw_callback_failure(context, returned, unexplained);
}

// The same with a handle for this call only.
inline void invoke_once(ContextBase& context, const char* callback, runhook_callback fn, void* user_data,
                        StatusCode unexplained = StatusCode::unknown) {
  Lent<runhook_context> handle;
  invoke(context, handle.publish(context), callback, fn, user_data, unexplained);
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_C_CALL_HPP_
