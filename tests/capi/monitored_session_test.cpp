// The loop as C sees it.
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

class CApiMonitoredSession : public NoHandlesLeft {};

runhook_status run_step_fn(Loop& loop, Callback& body) {
  const runhook_function function = function_of(body);
  return runhook_monitored_session_run_step_fn(loop.session, &function, loop.error.out());
}

TEST_F(CApiMonitoredSession, DestroyInACallbackTakesEffectAfterTheRun) {
  for (const char* const callback : {"before_run", "after_run"}) {
    ScriptedHook hook;
    Loop loop;
    hook.on[callback] = [&](runhook_context*) {
      runhook_monitored_session_destroy(loop.session);
      EXPECT_EQ(hook.count("cleanup"), 0);
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(hook.count("end"), 1) << callback;
    EXPECT_EQ(hook.count("cleanup"), 1) << callback;
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_INVALID_ARGUMENT);
  }
}

TEST_F(CApiMonitoredSession, DestroyInACallbackThatWasLentThings) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [&](runhook_context* context) {
    EXPECT_NE(runhook_context_results(context), nullptr);
    EXPECT_NE(runhook_context_original_args(context), nullptr);
    runhook_monitored_session_destroy(loop.session);
    EXPECT_EQ(runhook_context_monitored_session(context), nullptr);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  int64_t completed = 0;
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 100, &completed, nullptr), RUNHOOK_OK);
  EXPECT_EQ(completed, 1);
  EXPECT_EQ(hook.count("cleanup"), 1);
}

TEST_F(CApiMonitoredSession, DestroyInACallbackOfClosing) {
  ScriptedHook hook;
  Loop loop;
  hook.on["end"] = [&](runhook_context*) {
    runhook_monitored_session_destroy(loop.session);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("cleanup"), 1);
}

TEST_F(CApiMonitoredSession, DestroyWhileBeingCreatedUnwinds) {
  ScriptedHook hook;
  {
    Loop loop;
    hook.on["begin"] = [](runhook_context* context) {
      runhook_monitored_session_destroy(runhook_context_monitored_session(context));
      return kOk;
    };
    hook.on["cleanup"] = [](runhook_context* context) {
      EXPECT_EQ(runhook_outcome_kind(runhook_context_outcome(context)), RUNHOOK_OUTCOME_COMPLETED);
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    EXPECT_FALSE(loop.start());
    EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_CLOSED);
    EXPECT_EQ(hook.count("end"), 1) << "nothing has failed";
    EXPECT_EQ(hook.count("cleanup"), 1);
  }
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiMonitoredSession, DestroyByAnotherThreadWaitsForTheRun) {
  ScriptedHook hook;
  Loop loop;
  hook.on["before_run"] = [&](runhook_context*) {
    std::thread([&] { runhook_monitored_session_destroy(loop.session); }).join();
    EXPECT_EQ(hook.count("cleanup"), 0);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("cleanup"), 1);
}

TEST_F(CApiMonitoredSession, CallbacksOfCreationMayAskButNotRun) {
  ScriptedHook hook;
  Loop loop;
  hook.on["begin"] = [](runhook_context* context) {
    runhook_monitored_session* session = runhook_context_monitored_session(context);
    EXPECT_NE(session, nullptr);
    EXPECT_EQ(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_monitored_session_close(session, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_monitored_session_should_stop(session), 0);
    EXPECT_EQ(runhook_monitored_session_closed(session), 0);
    runhook_stop_source* source = runhook_monitored_session_stop_source(session, nullptr);
    EXPECT_NE(source, nullptr);
    runhook_stop_source_destroy(source);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  EXPECT_TRUE(loop.start());
}

TEST_F(CApiMonitoredSession, CallsFromCallbacksAreReentrantAndFromElsewhereBusy) {
  ScriptedHook hook;
  Loop loop;
  hook.on["before_run"] = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_monitored_session(context), loop.session);
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(loop.close(), RUNHOOK_ERR_REENTRANT);
    std::thread([&] {
      EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, nullptr), RUNHOOK_ERR_BUSY);
      ScriptedHook other;
      const auto table = other.table();
      EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, nullptr, nullptr, nullptr), RUNHOOK_ERR_BUSY);
      EXPECT_EQ(other.destroyed, 1);
    }).join();
    EXPECT_EQ(runhook_context_skip_step(context, nullptr), RUNHOOK_OK) << "still this thread's callback";
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
}

TEST_F(CApiMonitoredSession, StepFunctionIsCalledAgainAfterRecovery) {
  Loop loop;
  int steps = 0, tries = 0;
  loop.step = [&](runhook_context* context) {
    return ++steps == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "once") : kOk;
  };
  Callback body = [&](runhook_context* context) {
    ++tries;
    EXPECT_STREQ(runhook_context_callback_name(context), "step_function");
    EXPECT_EQ(runhook_context_attempt(context), tries);
    EXPECT_NE(runhook_context_session(context), nullptr);
    EXPECT_NE(runhook_context_monitored_session(context), nullptr);
    return runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr) == RUNHOOK_OK ? kOk
                                                                                            : RUNHOOK_CALLBACK_FAILED;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(run_step_fn(loop, body), RUNHOOK_OK);
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(loop.sessions, 2);
}

TEST_F(CApiMonitoredSession, StepFunctionFailsWithTheErrorOfItsRun) {
  Loop loop;
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost"); };
  Callback body = [](runhook_context* context) {
    runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr);
    return 0;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(run_step_fn(loop, body), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(loop.error.message(), "lost");
  Callback own = [](runhook_context* context) {
    runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "mine");
  };
  EXPECT_EQ(run_step_fn(loop, own), RUNHOOK_ERR_INTERNAL);
  Callback unexplained = [](runhook_context*) { return 0; };
  EXPECT_EQ(run_step_fn(loop, unexplained), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(loop.error.message(), unexplained_failure("the function of runhook_monitored_session_run_step_fn()", 0));
}

TEST_F(CApiMonitoredSession, StopInAStepFunctionEndsIt) {
  Loop loop;
  Callback body = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_request_stop(context, 5, "from the step", RUNHOOK_STOP_AFTER_STEP), 1);
    return kOk;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(run_step_fn(loop, body), RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_STOPPED);
  EXPECT_EQ(runhook_outcome_stop_reason(outcome, &reason, nullptr), RUNHOOK_OK);
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_STEP_FUNCTION);
  runhook_outcome_destroy(outcome);
}

TEST_F(CApiMonitoredSession, StepFunctionIsDestroyedOnceOnFailure) {
  Callback body = [](runhook_context*) { return kOk; };
  int destroyed = 0;
  const runhook_function function = function_of(body, &destroyed);
  EXPECT_EQ(runhook_monitored_session_run_step_fn(nullptr, &function, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CApiMonitoredSession, HooksComeAndGoAtStepBoundaries) {
  ScriptedHook adder, added;
  Loop loop;
  uint64_t id = 0;
  adder.on["before_run"] = [&](runhook_context* context) {
    if (id != 0) return kOk;
    const auto table = added.table();
    EXPECT_EQ(
        runhook_monitored_session_add_hook(runhook_context_monitored_session(context), &table, nullptr, &id, nullptr),
        RUNHOOK_OK);
    return kOk;
  };
  added.name = "added";
  ASSERT_EQ(loop.add(adder), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(added.count("before_run"), 0);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(added.count("begin"), 1);
  EXPECT_EQ(added.count("after_create_session"), 1);
  EXPECT_EQ(added.count("after_run"), 1);
  uint64_t found = 0;
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "added", &found, nullptr), RUNHOOK_OK);
  EXPECT_EQ(found, id);
  EXPECT_EQ(runhook_monitored_session_remove_hook(loop.session, id, nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(added.count("cleanup"), 1);
  EXPECT_EQ(added.destroyed, 1);
  EXPECT_EQ(runhook_monitored_session_remove_hook(loop.session, id, nullptr), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  ScriptedHook late;
  const auto table = late.table();
  EXPECT_EQ(runhook_monitored_session_add_hook(loop.session, &table, nullptr, nullptr, nullptr), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(late.destroyed, 1);
}

TEST_F(CApiMonitoredSession, CallerMayFailTheRun) {
  ScriptedHook hook;
  Loop loop;
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_fail(loop.session, RUNHOOK_OK, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_monitored_session_fail(loop.session, RUNHOOK_ERR_INTERNAL, "mine", nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK) << "the caller knows the error already";
  EXPECT_EQ(hook.count("end"), 0);
  EXPECT_EQ(hook.count("cleanup"), 1);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_FAILED);
  EXPECT_EQ(runhook_error_code(runhook_outcome_error(outcome)), RUNHOOK_ERR_INTERNAL);
  runhook_outcome_destroy(outcome);
}

// A failed run without a log, and what it leaves on standard error: `drive` gets its session, whose steps fail.
std::string left_by(const std::function<void(runhook_monitored_session*)>& drive) {
  Loop loop;
  runhook_config_set_log(loop.config, nullptr, nullptr);
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "diverged"); };
  EXPECT_TRUE(loop.start());
  testing::internal::CaptureStderr();
  drive(loop.session);
  runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
  return testing::internal::GetCapturedStderr();
}
constexpr char kDiverged[] = "runhook: error: failed: INTERNAL in run at step 0: diverged\n";

TEST_F(CApiMonitoredSession, FailureThatTheCallerGetsIsTheCallersToReport) {
  Caught error;
  EXPECT_EQ(left_by([&](auto* session) {
              EXPECT_NE(runhook_monitored_session_run(session, nullptr, nullptr, error.out()), RUNHOOK_OK);
              EXPECT_EQ(runhook_monitored_session_close(session, nullptr), RUNHOOK_OK) << "there is nothing new";
            }),
            "");
  EXPECT_EQ(left_by([&](auto* session) {
              EXPECT_NE(runhook_monitored_session_run_until_stop(session, nullptr, 9, nullptr, error.out()),
                        RUNHOOK_OK);
            }),
            "");
}

TEST_F(CApiMonitoredSession, FailureThatNobodyAsksForIsOnStandardError) {
  EXPECT_EQ(left_by([](auto* session) {
              EXPECT_NE(runhook_monitored_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK);
              EXPECT_EQ(runhook_monitored_session_close(session, nullptr), RUNHOOK_OK);
            }),
            kDiverged);
  EXPECT_EQ(left_by([](auto* session) {
              EXPECT_NE(runhook_monitored_session_run_until_stop(session, nullptr, 9, nullptr, nullptr), RUNHOOK_OK);
            }),
            kDiverged)
      << "destroying closes";
}

TEST_F(CApiMonitoredSession, FailureThatIsHandedBackIsOnStandardError) {
  EXPECT_EQ(left_by([](auto* session) {
              runhook_error* error = nullptr;
              EXPECT_NE(runhook_monitored_session_run(session, nullptr, nullptr, &error), RUNHOOK_OK);
              EXPECT_EQ(runhook_monitored_session_close_after(session, error, nullptr), RUNHOOK_OK);
            }),
            kDiverged);
}

TEST_F(CApiMonitoredSession, FailureOfClosingIsOnStandardErrorUnlessTheCallerGetsIt) {
  const auto left = [](bool asked) {
    ScriptedHook hook;
    hook.on["end"] = [](runhook_context* context) {
      return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "not kept");
    };
    Loop loop;
    runhook_config_set_log(loop.config, nullptr, nullptr);
    EXPECT_EQ(loop.add(hook), RUNHOOK_OK);
    EXPECT_TRUE(loop.start());
    testing::internal::CaptureStderr();
    EXPECT_NE(runhook_monitored_session_close(loop.session, asked ? loop.error.out() : nullptr), RUNHOOK_OK);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(left(/*asked=*/true), "");
  EXPECT_NE(left(/*asked=*/false).find("not kept"), std::string::npos);
}

TEST_F(CApiMonitoredSession, EndOfInputIsStickyUntilRefilled) {
  Loop loop;
  bool empty = true;
  loop.step = [&](runhook_context* context) {
    return empty ? runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "empty") : kOk;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 1);
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
  empty = false;
  EXPECT_EQ(runhook_monitored_session_clear_end_of_input(loop.session, nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
}

TEST_F(CApiMonitoredSession, ClosedSessionHasNothingLeft) {
  Loop loop;
  ASSERT_TRUE(loop.start());
  runhook_session* raw = runhook_monitored_session_session(loop.session, nullptr);
  EXPECT_NE(raw, nullptr);
  runhook_session_destroy(raw);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_closed(loop.session), 1);
  EXPECT_EQ(runhook_monitored_session_session(loop.session, loop.error.out()), nullptr);
  EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(runhook_monitored_session_coordinator(loop.session, loop.error.out()), nullptr);
  EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_CLOSED);
}

TEST_F(CApiMonitoredSession, InvalidHandleIsNeutral) {
  Caught error;
  EXPECT_EQ(runhook_monitored_session_should_stop(nullptr), 1);
  EXPECT_EQ(runhook_monitored_session_closed(nullptr), 1);
  EXPECT_EQ(runhook_monitored_session_global_step(nullptr), -1);
  EXPECT_EQ(runhook_monitored_session_request_stop(nullptr, 0, nullptr, 0), 0);
  EXPECT_EQ(runhook_monitored_session_outcome(nullptr, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_monitored_session_destroy(nullptr);
  Loop loop;
  ASSERT_TRUE(loop.start());
  auto* wrong = reinterpret_cast<runhook_monitored_session*>(loop.config);
  EXPECT_EQ(runhook_monitored_session_run(wrong, nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_monitored_session_request_stop(wrong, 0, nullptr, RUNHOOK_STOP_NOW), 0);
  EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 0);
  auto* bad = reinterpret_cast<runhook_results*>(loop.config);
  EXPECT_EQ(loop.run(nullptr, bad), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiMonitoredSession, StopIsNotRefusedForItsTextOrUrgency) {
  for (const int32_t urgency : {9, -1}) {
    Loop loop;
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(runhook_monitored_session_request_stop(loop.session, 4, "caf\xC3", urgency), 1);
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
    EXPECT_EQ(loop.close(), RUNHOOK_OK);
    runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    EXPECT_EQ(runhook_outcome_stop_reason(outcome, &reason, nullptr), RUNHOOK_OK);
    EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_CALLER);
    EXPECT_EQ(reason.urgency, RUNHOOK_STOP_AFTER_STEP);
    EXPECT_EQ(reason.code, 4);
    EXPECT_STREQ(reason.text, "caf");
    runhook_outcome_destroy(outcome);
  }
}

TEST_F(CApiMonitoredSession, FailedRunThatTheCallerGoesOnAfterIsAWarning) {
  ScriptedHook hook;
  Loop loop;
  bool fails = true;
  loop.step = [&](runhook_context* context) {
    return fails ? runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "a bad record") : kOk;
  };
  const auto is_the_warning = [](const runhook_outcome* outcome) {
    const runhook_error* first = runhook_outcome_first_warning(outcome);
    EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_COMPLETED);
    EXPECT_EQ(runhook_outcome_warnings(outcome), 1);
    EXPECT_EQ(runhook_outcome_error(outcome), nullptr);
    EXPECT_EQ(runhook_error_code(first), RUNHOOK_ERR_DATA_LOSS);
    EXPECT_STREQ(runhook_error_message(first), "a bad record");
    EXPECT_EQ(runhook_outcome_first_warning(outcome), first) << "the same handle again";
    EXPECT_EQ(runhook_outcome_warning(outcome, 0), first);
    EXPECT_EQ(runhook_outcome_warning(outcome, 1), nullptr);
    EXPECT_EQ(runhook_outcome_warning(outcome, SIZE_MAX), nullptr);
    EXPECT_NE(std::string(runhook_error_to_string(first)).find("DATA_LOSS"), std::string::npos);
    EXPECT_NE(std::string(runhook_outcome_to_string(outcome)).find("with 1 warning"), std::string::npos);
  };
  hook.on["cleanup"] = [&](runhook_context* context) {
    is_the_warning(runhook_context_outcome(context));
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_DATA_LOSS);
  fails = false;
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("cleanup"), 1);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  is_the_warning(outcome);
  runhook_outcome_destroy(outcome);
}

TEST_F(CApiMonitoredSession, WithoutFailuresThereIsNoFirstWarning) {
  Loop loop;
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_first_warning(outcome), nullptr);
  runhook_outcome_destroy(outcome);
  EXPECT_EQ(runhook_outcome_first_warning(outcome), nullptr);
}

TEST_F(CApiMonitoredSession, UrgentStopCancelsTheStep) {
  Loop loop;
  loop.step = [&](runhook_context* context) {
    std::thread([&] {
      EXPECT_EQ(runhook_monitored_session_request_stop(loop.session, 0, "now", RUNHOOK_STOP_NOW), 1);
    }).join();
    EXPECT_EQ(runhook_context_cancel_requested(context), 1);
    return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, nullptr);
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
}

TEST_F(CApiMonitoredSession, StepFunctionThatExplainsItsFailureKeepsThatOfItsRun) {
  Loop loop;
  loop.step = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "disk on fire");
  };
  ASSERT_TRUE(loop.start());
  Callback body = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr), RUNHOOK_ERR_DATA_LOSS);
    return runhook_context_fail(context, RUNHOOK_ERR_UNKNOWN, "step failed");
  };
  EXPECT_EQ(run_step_fn(loop, body), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(loop.error.message(), "step failed");
  ASSERT_EQ(runhook_error_suppressed_count(loop.error.get()), 1U);
  EXPECT_STREQ(runhook_error_message(runhook_error_suppressed_at(loop.error.get(), 0)), "disk on fire");
  body = [](runhook_context* context) {
    runhook_error* error = nullptr;
    EXPECT_EQ(runhook_context_run_with_hooks(context, nullptr, nullptr, &error), RUNHOOK_ERR_DATA_LOSS);
    return runhook_context_fail_with(context, error);
  };
  EXPECT_EQ(run_step_fn(loop, body), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(runhook_error_suppressed_count(loop.error.get()), 0U) << "it is the same error";
}

}  // namespace
