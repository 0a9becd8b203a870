// What hooks and step functions may ask of their context.
#include <chrono>

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/context_access.hpp"
#include "call/hook_context.hpp"
#include "call/inline_step_call.hpp"
#include "call/monitored_handle.hpp"
#include "call/step_function_call.hpp"
#include "handle/clock_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/stop_handle.hpp"
#include "handle/trigger_handle.hpp"
#include "handle/value_handle.hpp"
#include "runhook/config.h"
#include "runhook/context.h"
#include "runhook/standalone.h"

namespace runhook::capi {

namespace {

// Any thread may ask for a stop while the callback's thread is in the session.
HookContext* find_hook_from_elsewhere(const runhook_context* context) noexcept {
  auto* hook = find_hook_context(context);
  const bool elsewhere = hook != nullptr && !hook->detached() && SessionCall::find(*hook->monitored) == nullptr;
  return elsewhere && hook->monitored->running() ? hook : nullptr;
}

StepFunctionCall* find_step_function(const runhook_context* context) noexcept {
  auto* call = find_context_as<StepFunctionCall>(context, Role::step_function);
  return call != nullptr && call->on_own_thread() ? call : nullptr;
}

// The stop state of a hook or step function, on any thread; NULL if there is none.
std::shared_ptr<StopState> find_stop(const runhook_context* context) {
  if (const auto* hook = find_hook_from_elsewhere(context)) return hook->stop.state();
  if (const auto* hook = find_hook_in_callback(context)) return hook->stop.state();
  if (const auto* call = find_context_as<StepFunctionCall>(context, Role::step_function)) return call->owner.stop;
  if (const auto* call = find_inline_step(context)) return call->owner.stop;
  return nullptr;
}

// A hook's context, for functions that change a request or call the session. One outside a loop is pinned meanwhile,
// since a callback of its session may destroy it. Throws as require_hook_context(), and BUSY if such a call is in
// progress.
class HookTarget {
 public:
  explicit HookTarget(const runhook_context* handle) : hook_(require_hook_context(handle)), pin_(owned(hook_)) {}
  SessionRunContext* operator->() const noexcept { return hook_.context; }

 private:
  static ContextBase* owned(HookContext& hook) {
    if (!hook.detached()) return nullptr;
    if (hook.pins != 0) detail::refuse_change(HandleKind::context);
    return &hook;
  }
  HookContext& hook_;
  const Pinned<runhook_context> pin_;
};

// Of a hook or of the body of a loop. Throws as require_hook_context().
SessionRunContext& require_run_context(const runhook_context* context) {
  if (const auto* call = find_inline_step(context)) return call->step->context();
  return *require_hook_context(context).context;
}

// Throws as require_hook_context(), and FAILED_PRECONDITION if there are none.
const Results& require_results(const runhook_context* context) {
  const auto* values = require_hook_context(context).context->values();
  if (values != nullptr) return values->results();
  throw StatusError(StatusCode::failed_precondition,
                    "there are results in after_run only, of what was asked for in before_run");
}

const SessionRunValues* find_values(const runhook_context* context) noexcept {
  const auto* hook = find_hook_in_callback(context);
  return hook != nullptr ? hook->context->values() : nullptr;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

const char* runhook_context_hook_name(runhook_context* context) {
  const auto* found = find_context(context);
  if (found == nullptr) return nullptr;
  if (find_hook_context(context) == nullptr) return "";
  const auto* hook = find_hook_in_callback(context);
  return hook != nullptr ? hook->context->hook_name().data() : nullptr;
}

const char* runhook_context_session_id(runhook_context* context) {
  if (const auto* run_context = find_run_context(context)) return run_context->session_id().data();
  return find_context(context) != nullptr ? "" : nullptr;
}

int64_t runhook_context_global_step(runhook_context* context) {
  if (const auto* run_context = find_run_context(context)) return run_context->global_step();
  if (const auto* call = find_context_as<SaverCall>(context, Role::saver)) return call->global_step;
  if (const auto* call = find_context_as<TriggerCall>(context, Role::trigger)) return call->point.step;
  const auto* policy = find_context_as<PolicyCall>(context, Role::policy);
  return policy != nullptr && policy->notice != nullptr ? policy->notice->step : -1;
}

int64_t runhook_context_attempt(runhook_context* context) {
  const auto* run_context = find_run_context(context);
  return run_context != nullptr ? run_context->attempt() : 0;
}

int64_t runhook_context_now_ns(runhook_context* context) {
  if (const auto* call = find_context_as<TriggerCall>(context, Role::trigger)) return call->point.time_ns;
  const auto* run_context = find_run_context(context);
  if (run_context == nullptr) return 0;
  return guarded_value<int64_t>(0, [&] { return run_context->now_ns(); });
}

int32_t runhook_context_wait_for_stop(runhook_context* context, int64_t ns) {
  auto* run_context = find_run_context(context);
  if (run_context == nullptr) return 0;
  return guarded_value<int32_t>(0, [&] { return run_context->wait_for_stop(std::chrono::nanoseconds(ns)) ? 1 : 0; });
}

runhook_monitored_session* runhook_context_monitored_session(runhook_context* context) {
  const MonitoredBox* box = nullptr;
  if (const auto* hook = find_hook_in_callback(context)) {
    box = hook->monitored;
  } else if (const auto* call = find_step_function(context)) {
    box = &call->owner;
  } else if (const auto* step = find_inline_step(context)) {
    box = &step->owner;
  }
  return box != nullptr && find(box->handle) != nullptr ? box->handle : nullptr;
}

int32_t runhook_context_request_stop(runhook_context* context, int32_t code, const char* text, int32_t urgency) {
  const HowToStop how(urgency);
  return guarded_value<int32_t>(0, [&] {
    const auto why = readable_text(text);
    if (auto* call = find_inline_step(context))
      return call->step->request_stop(why, code, how.urgency, how.planned) ? 1 : 0;
    if (const auto* step = find_session_step(context))
      return step->request_stop(code, why, how.urgency, how.planned) ? 1 : 0;
    if (auto* call = find_step_function(context)) {
      call->stop_asked = true;
      return call->step->run_context().request_stop(code, why, how.urgency, how.planned) ? 1 : 0;
    }
    if (auto* hook = find_hook_in_callback(context))
      return hook->context->request_stop(code, why, how.urgency, how.planned) ? 1 : 0;
    if (const auto* hook = find_hook_from_elsewhere(context))
      return hook->stop.request_stop(code, why, how.urgency, how.planned) ? 1 : 0;
    return 0;
  });
}

int32_t runhook_context_stop_requested(runhook_context* context) {
  const auto* creator = find_context_as<CreatorCall>(context, Role::creator);
  if (creator != nullptr) return creator->stop != nullptr && creator->stop->requested() ? 1 : 0;
  const auto* clock = find_context_as<ClockCall>(context, Role::clock);
  if (clock != nullptr) return clock->stop != nullptr && clock->stop->requested() ? 1 : 0;
  if (const auto* run_context = find_run_context(context)) return run_context->stop_requested() ? 1 : 0;
  if (const auto* step = find_session_step(context)) return step->stop_requested() ? 1 : 0;
  const auto stop = find_stop(context);
  return stop != nullptr && stop->requested() ? 1 : 0;
}

runhook_stop_source* runhook_context_stop_source(runhook_context* context, runhook_error** error) {
  return guarded_handle(error, [&] {
    auto stop = find_stop(context);
    if (stop == nullptr) {
      require_hook_context(context);  // says what is wrong
      throw StatusError(StatusCode::failed_precondition, "there is nothing to stop");
    }
    return create<runhook_stop_source>(StopSource(std::move(stop)));
  });
}

runhook_status runhook_context_save_if_requested(runhook_context* context, int32_t* saved, runhook_error** error) {
  return guarded(error, [&] {
    HookContext* const hook = find_hook_in_callback(context);
    if (hook == nullptr) refuse_context(context, "this is for hooks");
    const bool done = hook->context->save_if_requested();
    if (saved != nullptr) *saved = done ? 1 : 0;
  });
}

runhook_status runhook_context_request_save(runhook_context* context, runhook_error** error) {
  return guarded(error, [&] {
    const auto* step = find_session_step(context);
    const auto stop = find_stop(context);
    if (step != nullptr && step->stop != nullptr) {
      step->stop->request_save();
    } else if (stop != nullptr) {
      stop->request_save();
    } else {
      require_hook_context(context);
    }
  });
}

runhook_status runhook_context_log(runhook_context* context, int32_t level, const char* text, runhook_error** error) {
  return guarded(error, [&] {
    SessionRunContext& target = require_run_context(context);
    if (level < RUNHOOK_LOG_INFO || level > RUNHOOK_LOG_ERROR) {
      throw StatusError(StatusCode::invalid_argument, "not a log level");
    }
    target.log(static_cast<LogLevel>(level), required_text(text, "text"));
  });
}

runhook_status runhook_context_warn(runhook_context* context, runhook_status code, const char* message,
                                    runhook_error** error) {
  return guarded(error, [&] {
    SessionRunContext& target = require_run_context(context);
    if (code == RUNHOOK_OK) throw StatusError(StatusCode::invalid_argument, "the code is RUNHOOK_OK");
    target.warn(Error(status_from_number(code), optional_text(message, "message")));
  });
}

runhook_status runhook_context_announce_last_step(runhook_context* context, int64_t step, runhook_error** error) {
  return guarded(error, [&] { require_hook_context(context).context->announce_last_step(step); });
}

const runhook_run_args* runhook_context_original_args(runhook_context* context) {
  auto* hook = find_hook_in_callback(context);
  if (hook == nullptr || !hook->in_run()) return nullptr;
  return guarded_value<const runhook_run_args*>(nullptr,
                                                [&] { return hook->lend_args(hook->context->original_args()); });
}

runhook_status runhook_context_add_fetch(runhook_context* context, const char* key, const char* name,
                                         runhook_error** error) {
  return guarded(error,
                 [&] { HookTarget(context)->add_fetch(optional_text(key, "key"), required_text(name, "name")); });
}

runhook_status runhook_context_add_feed(runhook_context* context, const char* name, runhook_value* value,
                                        runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->add_feed(required_text(name, "name"), from_handle(value)); });
}

runhook_status runhook_context_add_feed_double(runhook_context* context, const char* name, double number,
                                               runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->add_feed(required_text(name, "name"), Value::scalar(number)); });
}

runhook_status runhook_context_add_feed_int64(runhook_context* context, const char* name, int64_t number,
                                              runhook_error** error) {
  return guarded(
      error, [&] { HookTarget(context)->add_feed(required_text(name, "name"), Value::scalar(std::int64_t{number})); });
}

runhook_status runhook_context_add_options(runhook_context* context, const runhook_run_options* options,
                                           runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->add_options(*require(options).shown); });
}

runhook_status runhook_context_request(runhook_context* context, const runhook_run_args* args, runhook_error** error) {
  return guarded(error, [&] {
    const HookTarget target(context);
    target->request(*PinnedArgs(require(args)));
  });
}

runhook_status runhook_context_skip_step(runhook_context* context, runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->skip_step(); });
}

runhook_value* runhook_context_result(runhook_context* context, const char* key) {
  const auto* values = find_values(context);
  if (values == nullptr) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return result_value(values->results(), key); });
}

runhook_status runhook_context_get_double(runhook_context* context, const char* key, double* number,
                                          runhook_error** error) {
  return guarded(error, [&] {
    const Results& results = require_results(context);
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = result_double(results, key);
  });
}

runhook_status runhook_context_get_int64(runhook_context* context, const char* key, int64_t* number,
                                         runhook_error** error) {
  return guarded(error, [&] {
    const Results& results = require_results(context);
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = result_int64(results, key);
  });
}

runhook_results* runhook_context_results(runhook_context* context) {
  const auto* values = find_values(context);
  if (values == nullptr) return nullptr;
  return guarded_value<runhook_results*>(nullptr, [&] { return find_hook_context(context)->lend_results(*values); });
}

const runhook_metadata* runhook_context_metadata(runhook_context* context) {
  const auto* values = find_values(context);
  if (values == nullptr) return nullptr;
  return guarded_value<const runhook_metadata*>(
      nullptr, [&] { return find_hook_context(context)->lend_metadata(values->metadata()); });
}

runhook_status runhook_context_discard_result(runhook_context* context, runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->discard_result(); });
}

const runhook_outcome* runhook_context_outcome(runhook_context* context) {
  auto* hook = find_hook_in_callback(context);
  if (hook == nullptr) return nullptr;
  return guarded_value<const runhook_outcome*>(nullptr, [&] { return hook->lend_outcome(); });
}

runhook_status runhook_context_run_with_hooks(runhook_context* context, const runhook_run_args* args,
                                              runhook_results* results, runhook_error** error) {
  return guarded(error, [&] {
    auto* call = find_context_as<StepFunctionCall>(context, Role::step_function);
    check_answerable(context, call, "this is for step functions");
    const PinnedArgs what(args);
    const auto place = results_to_fill(results);
    // What was lent to the hooks' callbacks may belong to this run.
    struct Withdraw {
      ~Withdraw() {
        if (box.context != nullptr) box.context->withdraw();
      }
      MonitoredBox& box;
    } const withdraw{call->owner};
    try {
      const Results& filled = call->step->run_with_hooks(*what);
      if (place.get() != nullptr) {
        place->spare = filled;
        place->spare_metadata = call->step->run_context().monitored_session()->metadata();
        place->take_spare();
      }
    } catch (...) {
      call->last_run = Error::from_current_exception(StatusCode::unknown);
      throw;
    }
    call->last_run = Error();
  });
}

// For contexts outside a loop.

runhook_context* runhook_context_create(const runhook_run_args* args, runhook_session* session, runhook_error** error) {
  return guarded_handle(error, [&] {
    auto run_context = std::make_unique<SessionRunContext>(*PinnedArgs(args), session_from_handle(session));
    return give<runhook_context>(std::make_unique<HookContext>(std::move(run_context)));
  });
}

const runhook_run_args* runhook_context_requested(runhook_context* context) {
  auto* hook = find_hook_in_callback(context);
  if (hook == nullptr) return nullptr;
  return guarded_value<const runhook_run_args*>(nullptr,
                                                [&] { return hook->lend_requested(hook->context->requested()); });
}

runhook_status runhook_context_execute(runhook_context* context, runhook_error** error) {
  return guarded(error, [&] { HookTarget(context)->execute(); });
}

void runhook_context_destroy(runhook_context* context) { capi::destroy(context); }
