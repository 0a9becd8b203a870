// The call of a step function.
#ifndef RUNHOOK_CAPI_CALL_STEP_FUNCTION_CALL_HPP_
#define RUNHOOK_CAPI_CALL_STEP_FUNCTION_CALL_HPP_

#include "boundary/context_base.hpp"
#include "boundary/table.hpp"
#include "call/monitored_handle.hpp"
#include "handle/session_handle.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook::capi {

// One object for all attempts of a step.
struct StepFunctionCall final : ContextBase {
  explicit StepFunctionCall(MonitoredBox& its_owner) noexcept : ContextBase(Role::step_function), owner(its_owner) {}
  // Calls the function. If it fails, throws its own error, with that of the last run_with_hooks() attached as
  // suppressed, or, if it gives none, that error; STOPPED if it has asked for a stop.
  void run(StepContext& its_step, runhook_context* handle, const CFunction& function);

  MonitoredBox& owner;
  StepContext* step = nullptr;
  Error last_run;  // why the last run_with_hooks() failed
  bool stop_asked = false;
  LentSession session;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_STEP_FUNCTION_CALL_HPP_
