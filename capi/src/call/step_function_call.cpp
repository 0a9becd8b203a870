#include "call/step_function_call.hpp"

#include "boundary/c_call.hpp"

namespace runhook::capi {

void StepFunctionCall::run(StepContext& its_step, runhook_context* handle, const CFunction& function) {
  step = &its_step;
  failure = Error();
  last_run = Error();
  stop_asked = false;
  const detail::ActiveCall call(*this, "step_function");
  std::int32_t returned = RUNHOOK_CALLBACK_FAILED;
  try {
    success.prepare();
    returned = function.call(handle, function.data.get(), success.next());
  } catch (...) {
    record(detail::error_from_callback_exception());
  }
  const Error stopped = stop_asked ? Error(StatusCode::stopped, "the step function has requested a stop") : Error();
  if (success.is(returned) && !failure) {
    if (stopped) throw StatusError(stopped);
    return;
  }
  failure.merge(last_run);
  if (!failure && stopped) record(stopped);
  detail::throw_callback_failure(*this, returned, StatusCode::unknown);
}

}  // namespace runhook::capi
