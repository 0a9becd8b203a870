// step_code.hpp: the code of a step: the function of a function session, or the body of a loop that stays where it is.
#ifndef RUNHOOK_CAPI_CALL_STEP_CODE_HPP_
#define RUNHOOK_CAPI_CALL_STEP_CODE_HPP_

#include "call/context_access.hpp"
#include "call/inline_step_call.hpp"
#include "call/step_call.hpp"

namespace runhook::capi {

// The step behind a context; NULL for that of anything else.
inline Step* find_step(const runhook_context* context) noexcept {
  if (const auto* call = find_inline_step(context)) return call->step;
  const auto* call = find_context_as<StepCall>(context, Role::function_session);
  return call != nullptr ? call->step : nullptr;
}

// With the exception being handled.
[[gnu::cold, gnu::noinline]] inline void fail_step(runhook_context* context) {
  const Error failure = Error::from_current_exception(StatusCode::unknown);
  auto* const call = find_inline_step(context);
  call != nullptr ? call->step->fail(failure) : find_context(context)->record(failure);
}

// Calls `body` for the code of a step. What it throws fails the step, even if the code goes on: nobody else might hear
// of it.
template <class Body>
void or_fail_step(runhook_context* context, Body&& body) {
  try {
    body();
  } catch (...) {
    fail_step(context);
    throw;
  }
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_STEP_CODE_HPP_
