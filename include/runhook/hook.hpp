// runhook/hook.hpp: SessionRunHook and how it is registered.
#ifndef RUNHOOK_HOOK_HPP_
#define RUNHOOK_HOOK_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/claim_mark.hpp"
#include "runhook/logged_value.hpp"
#include "runhook/run_context.hpp"
#include "runhook/span.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {

// A callback that the dispatcher may call without a C++ wrapper around it. It returns `ok`, which is of this very call,
// if it has succeeded; anything else is a failure.
using DirectCallback = std::int32_t (*)(runhook_context* context, void* user_data, std::int32_t ok);

// For hooks written in other languages: plain functions in place of before_run and after_run. NULL: not interested.
struct DirectCallbacks {
  DirectCallback before_run = nullptr;
  DirectCallback after_run = nullptr;
  void* user_data = nullptr;
};

namespace detail {
class HookClaim;
}  // namespace detail

// Observes a session. Override what you need; the defaults do nothing. After tf.estimator.SessionRunHook.
//
// Callbacks run one at a time, on the thread that called the session, with no lock held. They may throw: the
// FailurePolicy of the registration says what happens then. Since 1.0.
class SessionRunHook {
 public:
  virtual ~SessionRunHook() = default;
  virtual std::string_view name() const { return {}; }  // for messages; empty: "hook#<number>"
  // Whether it serves one session at a time, as all hooks of this library do: then a session gets it only once another
  // that has it has ended, or has removed it. A hook that says no may be called by several threads at the same time.
  virtual bool one_session_at_a_time() const noexcept { return false; }

  // Once, before any session exists. Last chance to add to a graph.
  virtual void begin(SessionRunContext&) {}
  // After each creation of a session, so again after every recovery.
  virtual void after_create_session(SessionRunContext&) {}
  // Before each attempt. May ask for more results with request().
  virtual void before_run(SessionRunContext&) {}
  // After the session has run the step; values hold what this hook asked for.
  virtual void after_run(SessionRunContext&, const SessionRunValues&) {}
  // Instead of after_run, if the attempt failed before it. Hooks are called in reverse order. Cannot undo the failure.
  virtual void on_error(SessionRunContext&, const Error&) {}
  // After a step in which the hook was called and values were logged: those of this step, each name once, and behind
  // them what other threads have logged. Not called unless wants_values() says so.
  virtual void on_values(SessionRunContext&, std::span<const LoggedValue>) {}
  virtual bool wants_values() const noexcept { return false; }  // whether on_values is to be called; asked after begin
  // When the session is saved: what the hook has to remember of the run, in bytes of its own, to be given to restore()
  // when a run goes on from there. What it has written so far should be where it cannot be lost. nullopt: nothing. It
  // may be called in after_create_session and in end of the hook that saves, too.
  virtual std::optional<std::string> save(SessionRunContext&) { return std::nullopt; }
  // When a session has been made that goes on from a saved state, before after_create_session: what a hook of this name
  // has saved then.
  virtual void restore(SessionRunContext&, std::string_view) {}
  // Once, when the run has ended and its outcome is not failed.
  virtual void end(SessionRunContext&) {}
  // Once for every hook whose begin was called, always, last, in reverse order.
  virtual void cleanup(SessionRunContext&, const Outcome&) {}

  // For language bindings. A hook that returns non-NULL is not called through before_run() and after_run().
  virtual const DirectCallbacks* direct_callbacks() const noexcept { return nullptr; }

  // The listener that is told how long the parts of the session's work take, from this hook's begin to its cleanup: all
  // that happens outside of runs, and the runs in which the hook is called. NULL: none. Asked for once, after begin;
  // must be valid until after cleanup. In those runs the clock is read once for each callback.
  virtual SpanListener* span_listener() noexcept { return nullptr; }
  // The listener that gets every logged value, whether or not the hook is due: for outputs. As span_listener().
  virtual ValueListener* value_listener() noexcept { return nullptr; }

 private:
  friend class detail::HookClaim;
  mutable detail::ClaimMark claim_;  // used if it serves one session at a time
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
  // Asked for in each of these runs, before before_run is called; the results have the same names. For hooks that
  // always want the same, which then need no before_run. Such a hook may ask for more by add_fetch() only.
  std::vector<std::string> fetches = {};
  // Set by default_hooks(), alike in all that one call has made: a session takes the hooks of one call only.
  std::shared_ptr<const void> default_set = {};
};

struct HookRegistration {
  std::shared_ptr<SessionRunHook> hook;
  HookOptions options;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOK_HPP_
