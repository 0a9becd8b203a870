// What is behind a runhook_trigger.
#ifndef RUNHOOK_CAPI_HANDLE_TRIGGER_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_TRIGGER_HANDLE_HPP_

#include <string>
#include <utility>

#include "boundary/context_base.hpp"
#include "boundary/handle_box.hpp"
#include "runhook/trigger.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct TriggerBox final : Boxed {
  explicit TriggerBox(Trigger its_trigger) noexcept : trigger(std::move(its_trigger)) {}
  Trigger trigger;
  std::string text;  // of runhook_trigger_state()
};
RUNHOOK_CAPI_BOX(runhook_trigger, TriggerBox, trigger);

// A call of a predicate.
struct TriggerCall final : ContextBase {
  explicit TriggerCall(const TriggerPoint& its_point) noexcept : ContextBase(Role::trigger), point(its_point) {}
  const TriggerPoint& point;
  bool due = false;  // answer
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_TRIGGER_HANDLE_HPP_
