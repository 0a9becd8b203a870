// Hooks that record what they are called with.
#ifndef RUNHOOK_TESTS_CONFORMANCE_REC_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_REC_HPP_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "ask.hpp"
#include "callback.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"
#include "trace.hpp"

namespace conformance {

// REC(name): records each of its callbacks in the shared trace, e.g. "A.before", and does what it is told in them.
class Rec {
 public:
  // What one callback saw.
  struct Seen {
    std::string callback;
    std::int64_t step = -1;
    std::int64_t attempt = 0;
    std::int64_t now_ns = 0;
    bool stop_requested = false;
    runhook_status error = RUNHOOK_OK;  // in on_error
    std::int32_t outcome = -1;          // in cleanup
  };

  Rec(Trace& trace, std::string hook_name) : name(std::move(hook_name)), trace_(trace) {}

  Rec& on(const std::string& callback, Callback action) {
    actions[callback] = std::move(action);
    return *this;
  }
  // Does something in the n-th call of a callback only; 0: in every one.
  Rec& on(const std::string& callback, int nth, Callback action) {
    return on(callback, [this, callback, nth, action = std::move(action)](runhook_context* context) {
      return nth == 0 || calls[callback] == nth ? action(context) : kOk;
    });
  }
  Rec& fails(const std::string& callback, int nth, runhook_status code, const std::string& message = "hook failed") {
    return on(callback, nth, [code, message](runhook_context* context) {
      return runhook_context_fail(context, code, message.c_str());
    });
  }
  Rec& stops(const std::string& callback, int nth, const std::string& text = "enough") {
    return on(callback, nth, [text](runhook_context* context) {
      runhook_context_request_stop(context, 7, text.c_str(), RUNHOOK_STOP_AFTER_STEP);
      return kOk;
    });
  }
  Rec& asks(Ask ask) {
    wanted = std::move(ask);
    return *this;
  }

  runhook_hook table() {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = this;
    hook.destroy = [](void* data) { ++static_cast<Rec*>(data)->destroyed; };
    hook.name = name.c_str();
    hook.begin = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->called("begin", context); };
    hook.after_create_session = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("created", context);
    };
    hook.before_run = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->before(context); };
    hook.after_run = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->after(context); };
    hook.on_error = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("error", context);
    };
    hook.end = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->called("end", context); };
    hook.cleanup = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("cleanup", context);
    };
    return hook;
  }

  // The last call of a callback.
  Seen last(const std::string& callback) const {
    for (auto entry = seen.rbegin(); entry != seen.rend(); ++entry) {
      if (entry->callback == callback) return *entry;
    }
    return {};
  }

  std::string name;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  Ask wanted;
  std::map<std::string, Callback> actions;
  std::map<std::string, int> calls;
  std::vector<Seen> seen;
  Values results;  // of the last after_run
  Reply asked;     // what the last request was answered with
  Reply error;     // of the last on_error
  int destroyed = 0;

 private:
  std::int32_t called(const char* callback, runhook_context* context) {
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
    if (const runhook_outcome* outcome = runhook_context_outcome(context))
      entry.outcome = runhook_outcome_kind(outcome);
    seen.push_back(entry);
    const auto action = actions.find(which);
    return action == actions.end() ? kOk : action->second(context);
  }

  std::int32_t before(runhook_context* context) {
    asked = {};
    const std::int32_t returned = called("before", context);
    if (returned != RUNHOOK_CALLBACK_OK) return returned;
    if (!wanted.fetches.empty() || !wanted.feeds.empty() || wanted.options) {
      const OwnArgs args = args_of(wanted);
      asked = call(runhook_context_request, context, args.get());
    }
    return returned;
  }

  std::int32_t after(runhook_context* context) {
    runhook_results* got = runhook_context_results(context);
    results = got == nullptr ? Values{} : values_of(got);
    return called("after", context);
  }

  Trace& trace_;
};

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_REC_HPP_
