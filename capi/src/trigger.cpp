#include "runhook/trigger.h"

#include <limits>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/hook_context.hpp"
#include "handle/trigger_handle.hpp"
#include "runhook/context.h"
#include "runhook/standalone.h"

using runhook::StatusCode;
using runhook::StatusError;
using runhook::Trigger;
using runhook::TriggerPoint;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

template <class Make>
runhook_trigger* made(runhook_error** error, Make&& make) noexcept {
  return guarded_handle(error, [&] { return create<runhook_trigger>(make()); });
}

// Outside a loop the step counts as the number of the run.
TriggerPoint point(std::int64_t step, std::int64_t now_ns) noexcept { return {step, now_ns, false, step}; }

}  // namespace

runhook_trigger* runhook_trigger_every_steps(int64_t steps, runhook_error** error) {
  return made(error, [&] { return Trigger::every_steps(steps); });
}

runhook_trigger* runhook_trigger_every_runs(int64_t runs, runhook_error** error) {
  return made(error, [&] { return Trigger::every_runs(runs); });
}

runhook_trigger* runhook_trigger_every_ns(int64_t ns, runhook_error** error) {
  return made(error, [&] { return Trigger::every_ns(ns); });
}

runhook_trigger* runhook_trigger_every(int64_t steps, int64_t ns, runhook_error** error) {
  return made(error, [&] { return Trigger::every(steps, ns); });
}

runhook_trigger* runhook_trigger_at_steps(const int64_t* steps, size_t count, runhook_error** error) {
  return made(error, [&] {
    if (steps == nullptr && count > 0) throw StatusError(StatusCode::invalid_argument, "steps is NULL");
    return Trigger::at_steps({steps, steps + count});
  });
}

runhook_trigger* runhook_trigger_within(int64_t from_step, int64_t before_step, runhook_error** error) {
  return made(error, [&] { return Trigger::within(from_step, before_step); });
}

runhook_trigger* runhook_trigger_first(runhook_error** error) {
  return made(error, [] { return Trigger::first(); });
}

runhook_trigger* runhook_trigger_once(runhook_error** error) {
  return made(error, [] { return Trigger::once(); });
}

runhook_trigger* runhook_trigger_last(runhook_error** error) {
  return made(error, [] { return Trigger::last(); });
}

runhook_trigger* runhook_trigger_never(runhook_error** error) {
  return made(error, [] { return Trigger::never(); });
}

runhook_trigger* runhook_trigger_when(const runhook_function* predicate, runhook_error** error) {
  std::shared_ptr<CFunction> function;
  if (accept_function(predicate, function, error) != RUNHOOK_OK) return nullptr;
  return made(error, [&] {
    return Trigger::when([function](const TriggerPoint& at) {
      TriggerCall call(at);
      invoke_once(call, "predicate", function->call, function->data.get());
      return call.due;
    });
  });
}

runhook_trigger* runhook_trigger_and(const runhook_trigger* a, const runhook_trigger* b, runhook_error** error) {
  return made(error, [&] { return require(a).trigger && require(b).trigger; });
}

runhook_trigger* runhook_trigger_or(const runhook_trigger* a, const runhook_trigger* b, runhook_error** error) {
  return made(error, [&] { return require(a).trigger || require(b).trigger; });
}

runhook_trigger* runhook_trigger_not(const runhook_trigger* trigger, runhook_error** error) {
  return made(error, [&] { return !require(trigger).trigger; });
}

runhook_trigger* runhook_trigger_after_first(const runhook_trigger* trigger, runhook_error** error) {
  return made(error, [&] { return require(trigger).trigger.after_first(); });
}

void runhook_trigger_destroy(runhook_trigger* trigger) { destroy(trigger); }

runhook_status runhook_trigger_due(const runhook_trigger* trigger, int64_t step, int64_t now_ns, int32_t* due,
                                   runhook_error** error) {
  return guarded(error, [&] {
    const auto& box = require(trigger);
    if (due == nullptr) throw StatusError(StatusCode::invalid_argument, "due is NULL");
    const Trigger asked = box.trigger;  // the predicate may destroy the handle
    *due = asked.due(point(step, now_ns)) ? 1 : 0;
  });
}

runhook_status runhook_trigger_fired(runhook_trigger* trigger, int64_t step, int64_t now_ns, runhook_error** error) {
  return guarded(error, [&] { require(trigger).trigger.fired(point(step, now_ns)); });
}

runhook_status runhook_trigger_passed(runhook_trigger* trigger, int64_t step, int64_t now_ns, runhook_error** error) {
  return guarded(error, [&] { require(trigger).trigger.passed(point(step, now_ns)); });
}

runhook_status runhook_trigger_rewind(runhook_trigger* trigger, int64_t step, runhook_error** error) {
  return guarded(error, [&] { require(trigger).trigger.rewind(step); });
}

runhook_status runhook_trigger_reset(runhook_trigger* trigger, runhook_error** error) {
  return guarded(error, [&] { require(trigger).trigger.reset(); });
}

const char* runhook_trigger_state(const runhook_trigger* trigger, int64_t now_ns, runhook_error** error) {
  return guarded_handle(error, [&] {
    auto& box = require(trigger);
    box.text = box.trigger.state(now_ns);
    return box.text.c_str();
  });
}

runhook_status runhook_trigger_restore(runhook_trigger* trigger, const char* state, int64_t now_ns,
                                       runhook_error** error) {
  return guarded(error, [&] { require(trigger).trigger.restore(required_text(state, "state"), now_ns); });
}

runhook_status runhook_context_set_due(runhook_context* context, int32_t due, runhook_error** error) {
  return guarded(error, [&] {
    HookContext* const hook = find_hook_in_callback(context);
    if (hook != nullptr && hook->answer != nullptr) {
      *hook->answer = due != 0;
      return;
    }
    auto* call = find_context_as<TriggerCall>(context, Role::trigger);
    check_answerable(context, call, "this is for a predicate");
    call->due = due != 0;
  });
}
