// context_access.hpp: finds what a context belongs to, and checks whether it may be used now.
#ifndef RUNHOOK_CAPI_CALL_CONTEXT_ACCESS_HPP_
#define RUNHOOK_CAPI_CALL_CONTEXT_ACCESS_HPP_

#include "boundary/context_base.hpp"
#include "runhook/run_context.hpp"

namespace runhook::capi {

struct HookContext;

// The context of a hook in one of its callbacks, of a step function, on the callback's thread, or of the body of a loop;
// else NULL.
SessionRunContext* find_run_context(const runhook_context* handle) noexcept;
// The context of a hook in one of its callbacks, on the callback's thread; else NULL.
HookContext* find_hook_in_callback(const runhook_context* handle) noexcept;
// The same. Throws INVALID_ARGUMENT, FAILED_PRECONDITION, or BUSY on another thread than the callback's.
HookContext& require_hook_context(const runhook_context* handle);

// The step that the session of this callback is executing on this thread, or NULL.
const SessionStep* find_session_step(const runhook_context* handle) noexcept;

// Throws unless `call` may be answered on this thread. `call` is what the context stands for, or NULL if that has
// another role.
inline void check_answerable(const runhook_context* handle, const ContextBase* call, const char* what) {
  if (call == nullptr) refuse_context(handle, what);
  if (!call->on_own_thread()) throw StatusError(StatusCode::busy, "the callback runs on another thread");
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_CONTEXT_ACCESS_HPP_
