// What design.md decides where the reference is weak or silent. W-numbers are those of the reference's weaknesses.
#include <algorithm>

#include "rig.hpp"

namespace conformance {
namespace {

struct Reason {
  std::int32_t origin = 0;
  std::int32_t code = 0;
  std::int64_t step = -1;
  std::string who;
  std::string text;
};

Reason reason_at(const OwnSource& source, std::size_t index) {
  runhook_stop_reason read = RUNHOOK_STOP_REASON_INIT;
  Reason reason;
  if (runhook_stop_source_reason_at(source.get(), index, &read, nullptr) == RUNHOOK_OK) {
    reason = {read.origin, read.code, read.step, read.who, read.text};
  }
  return reason;
}

// skipping a step and discarding its result

TEST(SkipStep, W16_StepIsNotExecutedAndAllAreTold) {
  Rig rig;
  rig.hook("A").on("before", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_skip_step, context), RUNHOOK_OK);
    return kOk;
  });
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Answer answer = rig.identity(1);
  EXPECT_REPLY(answer.reply, RUNHOOK_OK);
  EXPECT_TRUE(answer.skipped);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "B.error", "A.error"}));
  EXPECT_EQ(b.error.status, RUNHOOK_ERR_CANCELLED);
  const Answer next = rig.identity(2);
  EXPECT_FALSE(next.skipped);
  EXPECT_EQ(next.at("identity"), 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
}

TEST(SkipStep, W16_WithAStopTheRunIsStopped) {
  Rig rig;
  rig.hook("A").on("before", 1, [](runhook_context* context) {
    runhook_context_request_stop(context, 0, "enough");
    EXPECT_REPLY(call(runhook_context_skip_step, context), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.raws[0]->runs, 0);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
}

TEST(SkipStep, W16_IsRefusedOutsideBeforeRun) {
  Rig rig;
  Reply skip;
  Reply fetch;
  rig.hook("A").on("after", [&](runhook_context* context) {
    skip = call(runhook_context_skip_step, context);
    fetch = call(runhook_context_add_fetch, context, "k", "five");
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_EQ(skip.status, RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(fetch.status, RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST(DiscardResult, W12_CallerGetsNothingAndHooksGetTheirs) {
  Rig rig;
  rig.hook("A").on("after", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_discard_result, context), RUNHOOK_OK);
    return kOk;
  });
  Rec& b = rig.hook("B").asks(Ask().fetch("five"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.identity(1);
  EXPECT_REPLY(answer.reply, RUNHOOK_OK);
  EXPECT_TRUE(answer.discarded);
  EXPECT_EQ(answer.at("identity"), answer.values.empty() ? -999 : -998) << "no value";
  EXPECT_EQ(b.results, (Values{{"five", 5.0}}));
  EXPECT_FALSE(rig.identity(2).discarded);
  EXPECT_FALSE(rig.should_stop());
}

// order

TEST(Phases, W24_GuardsComeFirstSaversLastCleanupIsReversed) {
  Rig rig;
  rig.hook("S1").options.phase = RUNHOOK_PHASE_SAVER;
  rig.hook("N1");
  rig.hook("G1").options.phase = RUNHOOK_PHASE_GUARD;
  rig.hook("N2");
  rig.hook("G2").options.phase = RUNHOOK_PHASE_GUARD;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  rig.raws[0]->fails(2, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  const Trace forward{"G1", "G2", "N1", "N2", "S1"};
  const auto names = [&rig](const std::string& callback, std::size_t count) {
    Trace found = only(rig.trace, "." + callback);
    for (std::string& entry : found) entry.resize(entry.find('.'));
    found.resize(std::min(found.size(), count));
    return found;
  };
  for (const char* callback : {"begin", "created", "before", "after", "end"})
    EXPECT_EQ(names(callback, 5), forward) << callback;
  const Trace backward(forward.rbegin(), forward.rend());
  EXPECT_EQ(names("error", 5), backward);
  EXPECT_EQ(names("cleanup", 5), backward);
}

// call all, then decide

TEST(OnError, W1_FailingSessionTellsAllHooksInReverse) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  Rec& a = rig.hook("A");
  rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "raw1.run", "B.error", "A.error"}));
  EXPECT_EQ(a.error.status, RUNHOOK_ERR_INTERNAL);
  EXPECT_TRUE(a.error.mentions("broken")) << a.error;
}

TEST(OnError, W1_CannotSwallowTheErrorAndItsOwnIsSuppressed) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  rig.hook("A");
  rig.hook("B").fails("error", 1, RUNHOOK_ERR_DATA_LOSS, "while handling");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_DATA_LOSS, "while handling")) << reply;
  EXPECT_EQ(only(rig.trace, ".error"), (Trace{"B.error", "A.error"}));
}

TEST(AfterRun, W3_AllAreCalledAndTheFirstErrorIsPrimary) {
  Rig rig;
  rig.hook("A").fails("after", 1, RUNHOOK_ERR_INTERNAL, "first");
  rig.hook("B").fails("after", 1, RUNHOOK_ERR_DATA_LOSS, "second");
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_EQ(reply.hook, "A");
  EXPECT_EQ(reply.callback, "after_run");
  ASSERT_EQ(reply.suppressed.size(), 1U) << reply;
  EXPECT_EQ(reply.suppressed[0].status, RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(reply.suppressed[0].hook, "B");
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "C.before", "raw1.run", "A.after", "B.after", "C.after"}))
      << "no on_error";
}

TEST(AfterRun, StopOfOneHookKeepsNobodyFromBeingCalled) {
  Rig rig;
  rig.hook("A").stops("after", 1);
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(b.calls["after"], 1);
  EXPECT_TRUE(b.last("after").stop_requested);
}

// failure policies

TEST(FailurePolicy, WarningIsLoggedAndCountedAndTheRunGoesOn) {
  Rig rig;
  rig.hook("W").fails("after", 0, RUNHOOK_ERR_INTERNAL, "just saying").options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.logged("just saying"));
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_warnings(outcome.get()), 3);
  EXPECT_EQ(runhook_outcome_kind(outcome.get()), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(FailurePolicy, HookThatOnlyWarnsIsLeftOutOfTheAttempt) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& w = rig.hook("W");
  w.options.failure_policy = RUNHOOK_POLICY_WARN;
  w.on("before", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_add_fetch, context, "k", "ten"), RUNHOOK_OK);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "changed my mind");
  });
  rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_EQ(rig.identity(1).at("identity"), 1);
  EXPECT_EQ(rig.take(), (Trace{"W.before", "W.error", "B.before", "raw1.run", "B.after"}));
  EXPECT_EQ(raw.computations["ten"], 0) << "its requests are dropped";
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"W.before", "B.before", "raw1.run", "W.after", "B.after"}));
}

TEST(FailurePolicy, HookIsDisabledAfterSoManyFailures) {
  Rig rig;
  Rec& d = rig.hook("D").fails("after", 0, RUNHOOK_ERR_INTERNAL, "again");
  d.options.failure_policy = RUNHOOK_POLICY_DISABLE;
  d.options.max_failures = 2;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 4; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(d.calls["before"], 2);
  EXPECT_EQ(d.calls["after"], 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(d.calls["end"], 0);
  EXPECT_EQ(d.calls["cleanup"], 1);
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_warnings(outcome.get()), 2);
}

TEST(FailurePolicy, FailingBeginOfAWarningHookDoesNotFailTheSession) {
  Rig rig;
  rig.hook("W").fails("begin", 1, RUNHOOK_ERR_INTERNAL, "no file").options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.logged("no file"));
}

// runs with fewer hooks

Ask with_hooks(std::int32_t selection, std::vector<std::string> names = {}) {
  return Ask().fetch("five").with([selection, names](runhook_run_options* options) {
    runhook_run_options_set_hooks(options, selection, nullptr);
    for (const std::string& name : names) runhook_run_options_add_hook_name(options, name.c_str(), nullptr);
  });
}

TEST(HookSelection, W25_RunsWithAllNoneOrSomeHooks) {
  Rig rig;
  rig.hook("A");
  rig.hook("B");
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_ALL)).reply, RUNHOOK_OK);
  EXPECT_EQ(only(rig.take(), ".before"), (Trace{"A.before", "B.before", "C.before"}));
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_NONE)).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"raw1.run"}));
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_NAMED, {"C", "A"})).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "C.before", "raw1.run", "A.after", "C.after"}))
      << "in the order of the list";
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_ALL)).reply, RUNHOOK_OK);
  EXPECT_EQ(only(rig.take(), ".after").size(), 3U);
}

TEST(HookSelection, W25_RecoveryAppliesWithoutHooks) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.run(with_hooks(RUNHOOK_HOOKS_NONE)).at("five"), 5);
  EXPECT_EQ(rig.created, 2);
  EXPECT_EQ(hook.calls["created"], 2);
  EXPECT_EQ(hook.calls["before"], 0);
  EXPECT_EQ(hook.calls["error"], 0);
}

// hooks that come and go

TEST(HookList, W29_AddedHookBeginsAtTheNextStep) {
  Rig rig;
  rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  Rec& late = rig.spare_hook("late");
  EXPECT_REPLY(rig.add(late), RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after"}));
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after", "end", "cleanup"}));
}

TEST(HookList, W29_HookMayBeAddedAndRemovedInACallback) {
  Rig rig;
  Rec& late = rig.spare_hook("late");
  std::uint64_t id = 0;
  Rec& a = rig.hook("A");
  a.on("after", [&](runhook_context* context) {
    runhook_monitored_session* session = runhook_context_monitored_session(context);
    if (a.calls["after"] == 1) EXPECT_REPLY(rig.add(late, &id), RUNHOOK_OK);
    if (a.calls["after"] == 2) EXPECT_REPLY(call(runhook_monitored_session_remove_hook, session, id), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(late.calls["before"], 0);
  rig.step();
  EXPECT_EQ(late.calls["after"], 1) << "until the boundary it takes part";
  rig.step();
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after", "cleanup"}));
  EXPECT_EQ(late.destroyed, 1);
  EXPECT_REPLY(call(runhook_monitored_session_remove_hook, rig.session.get(), id), RUNHOOK_ERR_NOT_FOUND);
}

TEST(HookList, W30_SameHookCannotBeAddedAgain) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.add(hook), RUNHOOK_ERR_ALREADY_EXISTS);
  rig.step();
  EXPECT_EQ(hook.calls["before"], 1);
}

TEST(HookList, W29_NothingIsAddedOnceTheEndHasBegun) {
  Rig rig;
  Rec& late = rig.spare_hook("late");
  Reply in_end;
  rig.hook("A").on("end", [&](runhook_context*) {
    in_end = rig.add(late);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(in_end.status, RUNHOOK_ERR_CLOSED) << in_end;
  EXPECT_TRUE(late.calls.empty());
}

// saving

TEST(SaveRequest, HooksThreadsAndTheCallerMayAskAndTheRunGoesOn) {
  Rig rig;
  make(rig.saver, runhook_memory_saver_create);
  rig.hook("A").on("after", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_request_save, context), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const auto saves = [&rig] { return runhook_memory_saver_count(rig.saver.get()); };
  rig.step();
  EXPECT_EQ(saves(), 1);
  rig.step();
  EXPECT_EQ(saves(), 1) << "a request is honoured once";
  EXPECT_REPLY(call(runhook_monitored_session_request_save, rig.session.get()), RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(saves(), 2);
  const OwnSource source = rig.stop_source();
  std::thread([&source] { runhook_stop_source_request_save(source.get()); }).join();
  EXPECT_EQ(saves(), 2);
  rig.step();
  EXPECT_EQ(saves(), 3);
  EXPECT_FALSE(rig.should_stop());
  OwnSnapshot latest;
  EXPECT_REPLY(make(latest, runhook_memory_saver_latest, rig.saver.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_global_step(latest.get()), 4);
}

TEST(SaveRequest, TogetherWithAStopTheLastStepIsSaved) {
  Rig rig;
  make(rig.saver, runhook_memory_saver_create);
  rig.hook("A").on("after", 2, [](runhook_context* context) {
    runhook_context_request_save(context, nullptr);
    runhook_context_request_stop(context, 0, "preempted");
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  while (!rig.should_stop()) rig.step();
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  OwnSnapshot latest;
  EXPECT_REPLY(make(latest, runhook_memory_saver_latest, rig.saver.get()), RUNHOOK_OK);
  EXPECT_EQ(runhook_snapshot_global_step(latest.get()), 2);
}

// end of input, close

TEST(EndOfInput, MakesShouldStopTrueAndRunsStop) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_OUT_OF_RANGE);
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_EQ(hook.calls["error"], 1);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.raws[0]->runs, 1);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.last("cleanup").outcome, RUNHOOK_OUTCOME_END_OF_INPUT);
}

TEST(EndOfInput, ClearingItDoesNotUndoAStop) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_OUT_OF_RANGE);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  runhook_monitored_session_request_stop(rig.session.get(), 0, "anyway", RUNHOOK_STOP_AFTER_STEP);
  call(runhook_monitored_session_clear_end_of_input, rig.session.get());
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
}

TEST(Close, W5_IsIdempotent) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.calls["cleanup"], 1);
  EXPECT_EQ(rig.raws[0]->closed, 1);
}

TEST(Close, W6_EverythingAfterItIsClosed) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.close();
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_CLOSED);
  Rec& late = rig.spare_hook("late");
  EXPECT_REPLY(rig.add(late), RUNHOOK_ERR_CLOSED);
  EXPECT_TRUE(rig.closed());
}

TEST(Close, W11_FailedRunHasNoEndHoweverItIsClosed) {
  Rig rig;
  rig.raw().fails(2, RUNHOOK_ERR_INTERNAL, "broken");
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.step();
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome_error().status, RUNHOOK_ERR_INTERNAL)
      << "an error that a run has returned is in the outcome only";
  EXPECT_EQ(hook.calls["end"], 0);
  EXPECT_EQ(hook.last("cleanup").outcome, RUNHOOK_OUTCOME_FAILED);
}

TEST(Close, W11_LaterSuccessMakesTheRunCleanAgain) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(Close, DestroyClosesToo) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.session.reset();
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.calls["cleanup"], 1);
  EXPECT_EQ(rig.raws[0]->closed, 1);
}

TEST(Close, DestroyInACallbackIsDeferred) {
  Rig rig;
  Rec& hook = rig.hook("A");
  hook.on("after", 1, [](runhook_context* context) {
    runhook_monitored_session_destroy(runhook_context_monitored_session(context));
    return kOk;
  });
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.session.release();
  EXPECT_EQ(b.calls["after"], 1);
  EXPECT_EQ(of(rig.trace, "A"), (Trace{"begin", "created", "before", "after", "end", "cleanup"}));
}

// construction

TEST(Construction, W4_FailingBeginUnwindsWhatHadBegun) {
  Rig rig;
  rig.hook("A");
  Rec& b = rig.hook("B").fails("begin", 1, RUNHOOK_ERR_INTERNAL, "no");
  Rec& c = rig.hook("C");
  const Reply reply = rig.open();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_EQ(reply.hook, "B");
  EXPECT_EQ(reply.callback, "begin");
  EXPECT_EQ(rig.trace, (Trace{"A.begin", "B.begin", "B.cleanup", "A.cleanup"}));
  EXPECT_EQ(b.last("cleanup").outcome, RUNHOOK_OUTCOME_FAILED);
  EXPECT_TRUE(c.calls.empty());
  EXPECT_EQ(rig.created, 0);
}

TEST(Construction, W4_FailingCreationUnwinds) {
  Rig rig;
  rig.before_create = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_PERMISSION_DENIED, "no");
  };
  rig.hook("A");
  rig.hook("B");
  EXPECT_REPLY(rig.open(), RUNHOOK_ERR_PERMISSION_DENIED);
  EXPECT_EQ(rig.trace, (Trace{"A.begin", "B.begin", "B.cleanup", "A.cleanup"}));
}

TEST(Construction, W4_FailingAfterCreateSessionClosesTheSession) {
  Rig rig;
  rig.hook("A");
  rig.hook("B").fails("created", 1, RUNHOOK_ERR_INTERNAL, "no");
  EXPECT_REPLY(rig.open(), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(rig.trace, (Trace{"A.begin", "B.begin", "A.created", "B.created", "raw1.close", "B.cleanup", "A.cleanup"}));
}

// stopping

TEST(Stop, W13_CallerMayAsk) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(runhook_monitored_session_request_stop(rig.session.get(), 5, "had enough", RUNHOOK_STOP_AFTER_STEP), 1);
  EXPECT_EQ(runhook_monitored_session_request_stop(rig.session.get(), 6, "again", RUNHOOK_STOP_AFTER_STEP), 0);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_kind(outcome.get()), RUNHOOK_OUTCOME_STOPPED);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_REPLY(call(runhook_outcome_stop_reason, outcome.get(), &reason), RUNHOOK_OK);
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_CALLER);
  EXPECT_EQ(reason.code, 5);
  EXPECT_STREQ(reason.text, "had enough");
  EXPECT_EQ(reason.step, 1);
}

TEST(Stop, W15_FirstRequestIsTheReasonAndLaterOnesAreKept) {
  Rig rig;
  rig.hook("early").stops("after", 3, "plateau");
  rig.hook("clock").stops("after", 3, "time is up");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) rig.step();
  const OwnSource source = rig.stop_source();
  runhook_stop_source_request_stop(source.get(), 9, "from outside", RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(runhook_stop_source_reason_count(source.get()), 3U);
  const Reason first = reason_at(source, 0);
  EXPECT_EQ(first.origin, RUNHOOK_STOP_BY_HOOK);
  EXPECT_EQ(first.who, "early");
  EXPECT_EQ(first.text, "plateau");
  EXPECT_EQ(first.code, 7);
  EXPECT_EQ(first.step, 3);
  EXPECT_EQ(reason_at(source, 1).who, "clock");
  EXPECT_EQ(reason_at(source, 2).origin, RUNHOOK_STOP_BY_SOURCE);
  for (int i = 0; i < 30; ++i) runhook_stop_source_request_stop(source.get(), i, nullptr, RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(runhook_stop_source_reason_count(source.get()), 16U);
  EXPECT_EQ(runhook_stop_source_reasons_dropped(source.get()), 17U);
}

TEST(Stop, W14_ThreadMayAskAndTheSourceOutlivesTheSession) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnSource source = rig.stop_source();
  std::thread([&source] {
    runhook_stop_source_request_stop(source.get(), 1, "from a thread", RUNHOOK_STOP_AFTER_STEP);
  }).join();
  EXPECT_TRUE(rig.should_stop());
  rig.session.reset();
  EXPECT_EQ(runhook_stop_source_stop_requested(source.get()), 1);
  EXPECT_EQ(runhook_stop_source_request_stop(source.get(), 2, "late", RUNHOOK_STOP_NOW), 0);
  EXPECT_EQ(reason_at(source, 0).text, "from a thread");
}

TEST(Stop, AskedForBeforeTheFirstRunThereIsNone) {
  Rig rig;
  make(rig.source, runhook_stop_source_create);
  runhook_stop_source_request_stop(rig.source.get(), 0, "never mind", RUNHOOK_STOP_AFTER_STEP);
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["begin"], 1);
  EXPECT_EQ(hook.calls["before"], 0);
  EXPECT_EQ(hook.calls["end"], 1);
}

TEST(Stop, ErrorStoppedFromAHookIsACleanEnd) {
  Rig rig;
  Rec& hook = rig.hook("A").fails("after", 2, RUNHOOK_ERR_STOPPED, "that was it");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
}

TEST(Stop, UrgentStopCancelsTheStep) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnSource source = rig.stop_source();
  std::thread stopper;
  raw.on_run = [&](runhook_context* context) {
    stopper = std::thread([&source] { runhook_stop_source_request_stop(source.get(), 1, "now", RUNHOOK_STOP_NOW); });
    EXPECT_TRUE(raw.wait_for_cancel(10 * kSecond)) << "cancel was not called";
    EXPECT_EQ(runhook_context_cancel_requested(context), 1);
    return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "cancelled");
  };
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  stopper.join();
  EXPECT_EQ(hook.calls["error"], 1);
  EXPECT_EQ(hook.calls["after"], 0);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
  EXPECT_EQ(hook.calls["end"], 1);
}

TEST(Stop, OrdinaryStopLetsTheStepComplete) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnSource source = rig.stop_source();
  raw.on_run = [&](runhook_context* context) {
    std::thread([&source] {
      runhook_stop_source_request_stop(source.get(), 1, "soon", RUNHOOK_STOP_AFTER_STEP);
    }).join();
    EXPECT_EQ(runhook_context_cancel_requested(context), 0);
    return kOk;
  };
  EXPECT_EQ(rig.step().at("STEP"), 1);
  EXPECT_EQ(raw.cancels, 0);
  EXPECT_EQ(hook.calls["after"], 1);
  EXPECT_TRUE(rig.should_stop());
}

TEST(Stop, UrgentStopEndsRecovery) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  rig.hook("A").on("error", [](runhook_context* context) {
    runhook_context_request_stop_now(context, 0, "give up");
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.created, 1);
  EXPECT_EQ(rig.raws[1]->runs, 0);
}

TEST(Threads, W37_SecondThreadIsBusy) {
  Rig rig;
  Raw& raw = rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  Reply other;
  raw.on_run = [&](runhook_context*) {
    std::thread([&] { other = call(runhook_monitored_session_run, rig.session.get(), nullptr, nullptr); }).join();
    return kOk;
  };
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(other.status, RUNHOOK_ERR_BUSY) << other;
  EXPECT_EQ(raw.runs, 1);
}

// the library drives

TEST(RunUntilStop, RunsToTheStopAndCounts) {
  Rig rig;
  rig.hook("A").stops("after", 4);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnArgs args = args_of(Ask().fetch("STEP"));
  std::int64_t completed = -1;
  EXPECT_REPLY(
      call(runhook_monitored_session_run_until_stop, rig.session.get(), args.get(), std::int64_t{0}, &completed),
      RUNHOOK_OK);
  EXPECT_EQ(completed, 4);
  EXPECT_REPLY(
      call(runhook_monitored_session_run_until_stop, rig.session.get(), args.get(), std::int64_t{0}, &completed),
      RUNHOOK_OK);
  EXPECT_EQ(completed, 0);
}

TEST(RunUntilStop, EndsWithTheInputAndAtTheMaximum) {
  Rig rig;
  rig.raw().fails(6, RUNHOOK_ERR_OUT_OF_RANGE);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::int64_t completed = -1;
  EXPECT_REPLY(call(runhook_monitored_session_run_until_stop, rig.session.get(), nullptr, std::int64_t{3}, &completed),
               RUNHOOK_OK);
  EXPECT_EQ(completed, 3);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(call(runhook_monitored_session_run_until_stop, rig.session.get(), nullptr, std::int64_t{0}, &completed),
               RUNHOOK_OK);
  EXPECT_EQ(completed, 2);
  EXPECT_TRUE(rig.should_stop());
}

TEST(RunUntilStop, OtherFailureIsReturnedWithTheCount) {
  Rig rig;
  rig.raw().fails(3, RUNHOOK_ERR_INTERNAL);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::int64_t completed = -1;
  EXPECT_REPLY(call(runhook_monitored_session_run_until_stop, rig.session.get(), nullptr, std::int64_t{0}, &completed),
               RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(completed, 2);
}

// recovery

// Makes as many sessions as asked for that fail in their first run with UNAVAILABLE.
void add_failing_raws(Rig& rig, int count) {
  for (int i = 0; i < count; ++i) rig.raw().fails(1, RUNHOOK_ERR_UNAVAILABLE, "down " + std::to_string(i));
}

struct Notice {
  std::int32_t attempt;
  std::int64_t backoff_ns;
  std::int64_t now_ns;
  runhook_status cause;
};

// Keeps what on_recovery is told; the policy's user data is the list, `fail_at` ends the recovery.
struct Notices {
  explicit Notices(Rig& of_rig, std::int32_t fail_at_attempt = 0) : rig(of_rig), fail_at(fail_at_attempt) {
    rig.recovery.user_data = this;
    rig.recovery.on_recovery = [](runhook_context* context, void* data) {
      auto* self = static_cast<Notices*>(data);
      self->all.push_back({runhook_context_recovery_attempt(context), runhook_context_backoff_ns(context),
                           runhook_clock_now_ns(self->rig.clock.get()),
                           runhook_error_code(runhook_context_error(context))});
      if (self->all.back().attempt == self->fail_at)
        return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "no more");
      return kOk;
    };
  }
  Rig& rig;
  std::int32_t fail_at;
  std::vector<Notice> all;
};

TEST(Recovery, W38_AttemptsAreLimitedAndTheWaitDoubles) {
  Rig rig;
  add_failing_raws(rig, 10);
  rig.recovery.max_attempts = 4;
  rig.recovery.initial_backoff_ns = 100 * kMillisecond;
  rig.recovery.max_backoff_ns = 300 * kMillisecond;
  Notices notices(rig);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const std::int64_t before = runhook_clock_now_ns(rig.clock.get());
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_UNAVAILABLE) << reply;
  EXPECT_TRUE(reply.mentions("down 0")) << "the first error is primary: " << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down 4")) << reply;
  EXPECT_EQ(rig.created, 5);
  ASSERT_EQ(notices.all.size(), 4U);
  const std::int64_t waits[] = {100, 200, 300, 300};
  std::int64_t waited = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(notices.all[i].attempt, static_cast<std::int32_t>(i + 1));
    EXPECT_EQ(notices.all[i].backoff_ns, waits[i] * kMillisecond) << i;
    EXPECT_EQ(notices.all[i].cause, RUNHOOK_ERR_UNAVAILABLE);
    EXPECT_EQ(notices.all[i].now_ns - before, waited) << "told before it waits";
    waited += waits[i] * kMillisecond;
  }
  EXPECT_EQ(runhook_clock_now_ns(rig.clock.get()) - before, waited);
}

TEST(Recovery, W38_CompletedStepStartsTheCountAnew) {
  Rig rig;
  for (int i = 0; i < 6; ++i) rig.raw().fails(2, RUNHOOK_ERR_ABORTED);
  rig.recovery.max_attempts = 1;
  Notices notices(rig);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  ASSERT_EQ(notices.all.size(), 5U);
  for (const Notice& notice : notices.all) EXPECT_EQ(notice.attempt, 1);
}

TEST(Recovery, W38_DeadlineEndsIt) {
  Rig rig;
  add_failing_raws(rig, 50);
  rig.recovery.max_attempts = 40;
  rig.recovery.initial_backoff_ns = kSecond;
  rig.recovery.max_backoff_ns = kSecond;
  rig.recovery.deadline_ns = 5 * kSecond;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_TRUE(reply.status == RUNHOOK_ERR_UNAVAILABLE || reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down")) << reply;
  EXPECT_NE(reply.status, RUNHOOK_OK);
  EXPECT_GE(rig.created, 4);
  EXPECT_LE(rig.created, 8);
}

TEST(Recovery, W39_ListenerMayEndIt) {
  Rig rig;
  add_failing_raws(rig, 10);
  Notices notices(rig, 2);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_CANCELLED, "no more")) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down")) << reply;
  EXPECT_EQ(rig.created, 2);
}

TEST(Recovery, W40_ClassifierDecides) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_DATA_LOSS, "lost");
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED, "not any more");
  rig.recovery.classify = [](runhook_context* context, void*) {
    runhook_context_set_recoverable(
        context, runhook_error_code(runhook_context_error(context)) == RUNHOOK_ERR_DATA_LOSS ? 1 : 0, nullptr);
    return kOk;
  };
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(rig.created, 2);
}

TEST(Recovery, W39_OutcomeCountsIt) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw().fails(2, RUNHOOK_ERR_ABORTED);
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 2; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  rig.close();
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_recoveries(outcome.get()), 2);
  EXPECT_EQ(runhook_outcome_runs(outcome.get()), 2);
}

TEST(Recovery, AttemptNumberIsToldToHooks) {
  Rig rig;
  rig.raw().fails(2, RUNHOOK_ERR_ABORTED);
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  std::vector<std::int64_t> attempts;
  for (const Rec::Seen& seen : hook.seen) {
    if (seen.callback == "before") attempts.push_back(seen.attempt);
  }
  EXPECT_EQ(attempts, (std::vector<std::int64_t>{1, 1, 2, 3, 1}));
}

TEST(Recovery, OldSessionIsClosedBeforeTheNewOneIsMade) {
  Rig rig;
  Raw& first = rig.raw();
  first.fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  int closed_by_then = -1;
  rig.before_create = [&](runhook_context*) {
    if (rig.created == 2) closed_by_then = first.closed;
    return kOk;
  };
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(closed_by_then, 1);
}

// the global step and the clock

std::vector<std::int64_t> steps(const Rec& hook, const std::string& callback) {
  std::vector<std::int64_t> found;
  for (const Rec::Seen& seen : hook.seen) {
    if (seen.callback == callback) found.push_back(seen.step);
  }
  return found;
}

TEST(GlobalStep, W54_IsTheSessionsBeforeAndAfterTheRun) {
  Rig rig;
  Raw& raw = rig.raw();
  raw.variables["global_step"].value = 10;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.fetch("five");
  rig.step();
  EXPECT_EQ(steps(hook, "after"), (std::vector<std::int64_t>{11, 11, 12}));
  const std::vector<std::int64_t> before = steps(hook, "before");
  EXPECT_EQ((std::vector<std::int64_t>{before.at(1), before.at(2)}), (std::vector<std::int64_t>{11, 11}));
  EXPECT_EQ(runhook_monitored_session_global_step(rig.session.get()), 12);
  EXPECT_EQ(raw.runs, 3);
}

TEST(GlobalStep, W54_WithoutAStepOfTheSessionRunsAreCounted) {
  Rig rig;
  rig.raw().has_global_step = false;
  rig.raws[0]->fails(2, RUNHOOK_ERR_INTERNAL);
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.fetch("five");
  rig.fetch("five");
  rig.fetch("five");
  EXPECT_EQ(steps(hook, "before"), (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_EQ(steps(hook, "after"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(runhook_monitored_session_global_step(rig.session.get()), 2);
}

TEST(GlobalStep, W54_CountStartsAtTheRestoredStep) {
  Rig rig;
  rig.raw().has_global_step = false;
  rig.before_create = [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_set_restored_step, context, std::int64_t{100}), RUNHOOK_OK);
    return kOk;
  };
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.fetch("five");
  EXPECT_EQ(steps(hook, "before"), (std::vector<std::int64_t>{100}));
  EXPECT_EQ(steps(hook, "after"), (std::vector<std::int64_t>{101}));
}

TEST(GlobalStep, DidNotShowInTheCallersResults) {
  Rig rig;
  rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("five").values, (Values{{"five", 5.0}}));
}

TEST(Clock, W55_IsReadAtMostOncePerStep) {
  Rig rig;
  std::int64_t reads = 0;
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.user_data = &reads;
  table.now_ns = [](void* data) { return 1000 + ++*static_cast<std::int64_t*>(data); };
  make(rig.clock, runhook_clock_create, &table);
  Rec& a = rig.hook("A");
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  reads = 0;
  for (int i = 0; i < 3; ++i) {
    rig.step();
    EXPECT_EQ(a.last("before").now_ns, b.last("after").now_ns);
  }
  EXPECT_LE(reads, 3);
}

// outcomes and errors

TEST(Outcome, IsRunningUntilClosed) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_RUNNING);
  rig.step();
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_RUNNING);
  rig.close();
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(Outcome, W2_CleanupIsToldInReverse) {
  Rig rig;
  Rec& a = rig.hook("A");
  rig.hook("B").stops("after", 1, "reached 0.83");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.take();
  std::string text;
  a.on("cleanup", [&text](runhook_context* context) {
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    EXPECT_REPLY(call(runhook_outcome_stop_reason, runhook_context_outcome(context), &reason), RUNHOOK_OK);
    text = std::string(reason.who) + ": " + reason.text;
    return kOk;
  });
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"A.end", "B.end", "raw1.close", "B.cleanup", "A.cleanup"}));
  EXPECT_EQ(a.last("cleanup").outcome, RUNHOOK_OUTCOME_STOPPED);
  EXPECT_EQ(text, "B: reached 0.83");
  EXPECT_TRUE(rig.logged("reached 0.83")) << "the outcome is logged";
}

TEST(Outcome, FailedOneHasTheError) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.close();
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_kind(outcome.get()), RUNHOOK_OUTCOME_FAILED);
  const runhook_error* error = runhook_outcome_error(outcome.get());
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(read_error(error).message, "broken");
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_REPLY(call(runhook_outcome_stop_reason, outcome.get(), &reason), RUNHOOK_ERR_NOT_FOUND);
}

TEST(Outcome, FailingEndDoesNotKeepCleanupAway) {
  Rig rig;
  Rec& a = rig.hook("A").fails("end", 1, RUNHOOK_ERR_INTERNAL, "in end");
  rig.hook("B").fails("cleanup", 1, RUNHOOK_ERR_DATA_LOSS, "in cleanup");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.close();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_DATA_LOSS, "in cleanup")) << reply;
  EXPECT_EQ(a.calls["cleanup"], 1);
  EXPECT_TRUE(rig.closed());
}

TEST(Fail, MarksTheRunUnlessTheCodeIsAClean) {
  const struct {
    runhook_status code;
    std::int32_t outcome;
  } cases[] = {{RUNHOOK_ERR_INTERNAL, RUNHOOK_OUTCOME_FAILED},
               {RUNHOOK_ERR_STOPPED, RUNHOOK_OUTCOME_STOPPED},
               {RUNHOOK_ERR_OUT_OF_RANGE, RUNHOOK_OUTCOME_END_OF_INPUT}};
  for (const auto& expected : cases) {
    Rig rig;
    ASSERT_EQ(rig.open().status, RUNHOOK_OK);
    rig.step();
    EXPECT_REPLY(rig.fail(expected.code, "says the caller"), RUNHOOK_OK);
    EXPECT_REPLY(rig.close(), RUNHOOK_OK);
    EXPECT_EQ(rig.outcome(), expected.outcome) << runhook_status_name(expected.code);
  }
}

TEST(Errors, TellWhereTheyHappened) {
  Rig rig;
  rig.hook("culprit").fails("after", 3, RUNHOOK_ERR_INTERNAL, "third time");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  rig.step();
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.hook, "culprit");
  EXPECT_EQ(reply.callback, "after_run");
  EXPECT_EQ(reply.step, 3);
  EXPECT_EQ(reply.message, "third time");
}

// the plan is kept while hooks ask for the same

TEST(Plan, NamesAreResolvedOncePerSession) {
  Rig rig;
  rig.raw().fails(4, RUNHOOK_ERR_ABORTED);
  rig.raw();
  rig.hook("A").asks(Ask().fetch("k", "g"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(rig.identity(i).at("identity"), i);
  for (const auto& raw : rig.raws) {
    for (const auto& [name, count] : raw->resolutions) EXPECT_EQ(count, 1) << raw->name << " " << name;
  }
}

TEST(Plan, ChangesWithWhatIsAsked) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) {
    hook.asks(i % 2 == 0 ? Ask().fetch("k", "five").feed("a", i) : Ask().fetch("k", "sum").feed("b", i));
    EXPECT_EQ(rig.fetch("sum").at("sum"), i);
    EXPECT_EQ(hook.results["k"], i % 2 == 0 ? 5 : i) << i;
  }
}

}  // namespace
}  // namespace conformance
