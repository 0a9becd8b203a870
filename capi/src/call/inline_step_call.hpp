// inline_step_call.hpp: what is behind the handle of a step that is open in a loop that stays where it is.
#ifndef RUNHOOK_CAPI_CALL_INLINE_STEP_CALL_HPP_
#define RUNHOOK_CAPI_CALL_INLINE_STEP_CALL_HPP_

#include "boundary/context_base.hpp"
#include "call/engine.hpp"
#include "call/monitored_handle.hpp"
#include "handle/session_handle.hpp"
#include "runhook/inline_step.hpp"

namespace runhook::capi {

// One object for all steps of a session. Each step has a handle of its own, so that one that is kept does not show what
// a later step does.
struct InlineStepCall final : ContextBase {
  explicit InlineStepCall(MonitoredBox& its_owner) noexcept : ContextBase(Role::inline_step), owner(its_owner) {
    callback = "step";
  }
  runhook_context* show(InlineStep& opened) {
    if (step == nullptr) thread.store(thread_token(), std::memory_order_relaxed);
    step = &opened;
    return handle.renew(*this);
  }
  void hide() noexcept {
    if (step == nullptr) return;
    step = nullptr;
    thread.store(nullptr, std::memory_order_relaxed);
    options.withdraw();
  }

  MonitoredBox& owner;
  InlineStep* step = nullptr;  // NULL while none is open
  StepOptions options;
  LentSession session;
  Lent<runhook_context> handle;
};

// The step behind a context, while it is open; else NULL.
inline InlineStepCall* find_inline_step(const runhook_context* context) noexcept {
  return find_context_as<InlineStepCall>(context, Role::inline_step);
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_INLINE_STEP_CALL_HPP_
