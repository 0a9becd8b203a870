#include "rec.hpp"

namespace conformance {

Rec& Rec::on(const std::string& callback, Callback action) {
  actions[callback] = std::move(action);
  return *this;
}

Rec& Rec::on(const std::string& callback, int nth, Callback action) {
  return on(callback, [this, callback, nth, action = std::move(action)](runhook_context* context) {
    return nth == 0 || calls[callback] == nth ? action(context) : kOk;
  });
}

Rec& Rec::fails(const std::string& callback, int nth, runhook_status code, const std::string& message) {
  return on(callback, nth,
            [code, message](runhook_context* context) { return runhook_context_fail(context, code, message.c_str()); });
}

Rec& Rec::stops(const std::string& callback, int nth, const std::string& text) {
  return on(callback, nth, [text](runhook_context* context) {
    runhook_context_request_stop(context, 7, text.c_str(), RUNHOOK_STOP_AFTER_STEP);
    return kOk;
  });
}

Rec& Rec::asks(Ask ask) {
  wanted = std::move(ask);
  return *this;
}

runhook_hook Rec::table() {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  hook.user_data = this;
  hook.destroy = [](void* data) { ++static_cast<Rec*>(data)->destroyed; };
  hook.name = name.c_str();
  hook.begin = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->called("begin", context), ok);
  };
  hook.after_create_session = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->called("created", context), ok);
  };
  hook.before_run = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->before(context), ok);
  };
  hook.after_run = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->after(context), ok);
  };
  hook.on_error = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->called("error", context), ok);
  };
  hook.end = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->called("end", context), ok);
  };
  hook.cleanup = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rec*>(data)->called("cleanup", context), ok);
  };
  return hook;
}

Rec::Seen Rec::last(const std::string& callback) const {
  for (auto entry = seen.rbegin(); entry != seen.rend(); ++entry) {
    if (entry->callback == callback) return *entry;
  }
  return {};
}

std::int32_t Rec::called(const char* callback, runhook_context* context) {
  const std::string which = callback;
  ++calls[which];
  trace_.push_back(name + "." + which);
  Seen entry;
  entry.callback = which;
  entry.step = runhook_context_global_step(context);
  entry.attempt = runhook_context_attempt(context);
  entry.now_ns = runhook_context_now_ns(context);
  entry.stop_requested = runhook_context_stop_requested(context) != 0;
  if (const runhook_error* failure = runhook_context_error(context)) {
    error = read_error(failure);
    entry.error = error.status;
  }
  if (const runhook_outcome* outcome = runhook_context_outcome(context)) entry.outcome = runhook_outcome_kind(outcome);
  seen.push_back(entry);
  const auto action = actions.find(which);
  return action == actions.end() ? kOk : action->second(context);
}

std::int32_t Rec::before(runhook_context* context) {
  asked = {};
  const std::int32_t returned = called("before", context);
  if (returned != kOk) return returned;
  if (!wanted.fetches.empty() || !wanted.feeds.empty() || wanted.options) {
    const OwnArgs args = args_of(wanted);
    asked = call(runhook_context_request, context, args.get());
  }
  return returned;
}

std::int32_t Rec::after(runhook_context* context) {
  runhook_results* got = runhook_context_results(context);
  results = got == nullptr ? Values{} : values_of(got);
  return called("after", context);
}

}  // namespace conformance
