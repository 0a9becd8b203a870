// A session under test with its creator, hooks, clock, saver and log. Brings the rest of the vocabulary with it.
#ifndef RUNHOOK_TESTS_CONFORMANCE_RIG_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_RIG_HPP_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "ask.hpp"
#include "callback.hpp"
#include "duration.hpp"
#include "handle.hpp"
#include "raw.hpp"
#include "rec.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"
#include "trace.hpp"

namespace conformance {

// A monitored session under test with all it is made from. Handles are counted: each test must leave none behind.
class Rig {
 public:
  Rig();
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Adds a raw session to the list that the creator hands out.
  Raw& raw();
  // Adds a recording hook, which is registered when the session is opened.
  Rec& hook(const std::string& name);
  // A recording hook that the test registers itself with add().
  Rec& spare_hook(const std::string& name);
  Reply add(Rec& hook, std::uint64_t* id = nullptr);

  // CREATOR(list): hands out the prepared raw sessions one after the other.
  Callback creator();

  // Makes the config without opening a session.
  Reply configure();
  // Sets the hooks and the rest of what the rig holds on a config.
  Reply apply(runhook_config* to);
  Reply open();
  Reply open_config() { return make(session, runhook_monitored_session_create, config.get()); }

  // In the mode of a loop that stays where it is, the same run with the engine's part as a body.
  Answer run(const Ask& ask = {});
  Answer run_args(const runhook_run_args* args);
  // The same through a step function, as one run with hooks.
  Answer run_in_step_fn(const Ask& ask = {});
  Reply step_fn(Callback body);
  Answer fetch(const std::string& name) { return run(Ask().fetch(name)); }
  Answer identity(double value) { return run(Ask().fetch("identity").feed("x", value)); }
  Answer step() { return fetch("STEP"); }
  bool should_stop() const { return runhook_monitored_session_should_stop(session.get()) != 0; }
  bool closed() const { return runhook_monitored_session_closed(session.get()) != 0; }
  Reply fail(runhook_status code, const std::string& message);
  Reply close() { return call(runhook_monitored_session_close, session.get()); }
  std::int32_t outcome() const;
  OwnCoordinator coordinator();
  OwnSource stop_source();

  // scope{...}: runs the body and closes; a body that fails marks the run as failed first. Leaves with the body's
  // error, what closing failed with behind it, unless that is a clean end.
  Reply scope(const std::function<Reply()>& body);
  // The error of a run that failed, as the outcome tells it once the session is closed.
  Reply outcome_error() const;

  // THREADSTOP(n, code): starts one thread, once and for all; in the n-th after_run it reports an error to the
  // coordinator of the session in which it was started, and after_run waits until it has.
  Rec& thread_stop(int nth, runhook_status code, runhook_status then_fail = RUNHOOK_OK);

  // Once opened: makes a thread's error reach the coordinator during the next run of the first RAW, which then fails.
  void report_in_run(runhook_status reported, runhook_status failed);

  // The part of the trace since the last call of this.
  Trace take() { return std::exchange(trace, {}); }
  bool logged(const std::string& text) const;

  Trace trace;
  std::vector<std::unique_ptr<Raw>> raws;
  double side_effect = 0;
  int created = 0;         // calls of the creator
  Callback before_create;  // may make the creator fail
  OwnClock clock;
  OwnSaver saver;
  OwnScaffold scaffold;
  OwnGraph graph;
  OwnSource source;
  OwnConfig config;
  OwnMonitored session;
  runhook_recovery_policy recovery = RUNHOOK_RECOVERY_POLICY_INIT;
  bool singular = false;
  std::int64_t grace_ns = 10 * kSecond;
  std::vector<std::pair<std::int32_t, std::string>> logs;

 private:
  bool set_inline();  // false if what the rig holds needs a creator
  Answer run_inline(const runhook_run_args* args);
  std::int64_t completed_runs() const;
  std::int32_t restore(runhook_context* context);

  bool inline_ = false;
  std::uint64_t live_before_;
  std::size_t next_raw_ = 0;
  std::vector<std::unique_ptr<Rec>> hooks_;
  std::vector<Rec*> to_register_;
  std::map<Rec*, bool> hook_registered_;
};

// FAIL(n, code): a hook that fails once, in its n-th before_run.
Rec& failing(Rig& rig, int nth, runhook_status code);

// Opens the session and looks, in a scope, whether its variable "v" has the initial value 0.
void expect_v_initialised(Rig& rig);

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_RIG_HPP_
