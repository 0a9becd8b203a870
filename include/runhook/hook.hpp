// runhook/hook.hpp: SessionRunHook and how it is registered.
#ifndef RUNHOOK_HOOK_HPP_
#define RUNHOOK_HOOK_HPP_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runhook/run_context.hpp"
#include "runhook/span.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {

// A callback that the dispatcher may call without a C++ wrapper around it. kCallbackOk is its only success value.
using DirectCallback = std::int32_t (*)(runhook_context* context, void* user_data);
inline constexpr std::int32_t kCallbackOk = 0x600D;

// For hooks written in other languages: plain functions in place of before_run and after_run. NULL: not interested.
struct DirectCallbacks {
  DirectCallback before_run = nullptr;
  DirectCallback after_run = nullptr;
  void* user_data = nullptr;
};

// Observes a session. Override what you need; the defaults do nothing. After tf.estimator.SessionRunHook.
//
// Callbacks run one at a time, on the thread that called the session, with no lock held. They may throw: what that does
// is said by the registration's FailurePolicy. Since 1.0.
class SessionRunHook {
 public:
  virtual ~SessionRunHook() = default;
  virtual std::string_view name() const { return {}; }  // for messages; empty: "hook#<number>"

  // Once, before any session exists. Last chance to add to a graph.
  virtual void begin(SessionRunContext&) {}
  // After each creation of a session, so again after every recovery.
  virtual void after_create_session(SessionRunContext&) {}
  // Before each attempt. May ask for more results with request().
  virtual void before_run(SessionRunContext&) {}
  // After the session has run the step; values hold what this hook asked for.
  virtual void after_run(SessionRunContext&, const SessionRunValues&) {}
  // Instead of after_run, if anything kept the attempt from getting that far. In reverse order. Cannot swallow the
  // error.
  virtual void on_error(SessionRunContext&, const Error&) {}
  // Once, when the run has ended and its outcome is not failed.
  virtual void end(SessionRunContext&) {}
  // Once for every hook whose begin was called, always, last, in reverse order.
  virtual void cleanup(SessionRunContext&, const Outcome&) {}

  // For language bindings. A hook that returns non-NULL is not called through before_run() and after_run().
  virtual const DirectCallbacks* direct_callbacks() const noexcept { return nullptr; }

  // Who is told what the session does: from this hook's begin to its cleanup, both included, everything outside of
  // runs, and the runs in which the hook is called. NULL: nobody. Asked for once, after begin; valid till after
  // cleanup. Measuring slows those runs down by the price of reading the clock once for each callback.
  virtual SpanListener* span_listener() noexcept { return nullptr; }
};

// Hooks run in the order of phases, and within a phase in the order in which they were added.
enum class HookPhase : std::int32_t {
  guard = 0,  // checks that must come first, e.g. for NaN
  normal = 1,
  saver = 2,  // so that nothing is saved that a guard has just rejected
};

// What a hook's failure does. One whose begin has failed is called no more, whatever the policy, except for cleanup.
enum class FailurePolicy : std::int32_t {
  fail = 0,     // fails the run
  warn = 1,     // is logged and counted in the outcome; the run goes on
  disable = 2,  // as warn, and after max_failures failures the hook is no longer called, except for cleanup
};

struct HookOptions {
  std::string name = {};  // overrides SessionRunHook::name()
  HookPhase phase = HookPhase::normal;
  FailurePolicy failure_policy = FailurePolicy::fail;
  std::int32_t max_failures = 1;  // with FailurePolicy::disable
  Trigger trigger = {};           // in which runs it is called
};

struct HookRegistration {
  std::shared_ptr<SessionRunHook> hook;
  HookOptions options;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOK_HPP_
