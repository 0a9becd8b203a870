// The call of a function session's function.
#ifndef RUNHOOK_CAPI_CALL_STEP_CALL_HPP_
#define RUNHOOK_CAPI_CALL_STEP_CALL_HPP_

#include "boundary/context_base.hpp"
#include "call/engine.hpp"
#include "runhook/function_session.hpp"

namespace runhook::capi {

struct StepCall final : ContextBase {
  StepCall() noexcept : ContextBase(Role::function_session) {}
  Step* step = nullptr;
  StepOptions options;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_STEP_CALL_HPP_
