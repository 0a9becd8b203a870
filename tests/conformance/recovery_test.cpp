// Section 4.5: what recovery does, seen through the facade and through step functions.
#include "rig.hpp"

namespace conformance {
namespace {

using Runner = Answer (Rig::*)(const Ask&);

Ask identity_of(double value) { return Ask().fetch("identity").feed("x", value); }

// A thread reports a recoverable error: the run in progress completes, the next one is on a session made anew.
void recovers_at_the_next_run(Runner run) {
  Rig rig;
  rig.raw();
  rig.raw();
  rig.thread_stop(2, RUNHOOK_ERR_ABORTED);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ((rig.*run)(identity_of(51)).at("identity"), 51);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ((rig.*run)(identity_of(42)).at("identity"), 42);
  EXPECT_EQ(rig.created, 1);
  EXPECT_FALSE(rig.should_stop()) << "a recoverable error is a cause for recovery, not a stop";
  EXPECT_EQ(rig.created, 1) << "should_stop is a pure query";
  EXPECT_EQ((rig.*run)(identity_of(33)).at("identity"), 33);
  EXPECT_EQ(rig.created, 2);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
}

// A thread reports a fatal error: the loop stops, and closing tells why.
void stops_for_a_fatal_error(Runner run) {
  Rig rig;
  rig.raw();
  rig.raw();
  Rec& hook = rig.thread_stop(2, RUNHOOK_ERR_UNKNOWN);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ((rig.*run)(identity_of(51)).at("identity"), 51);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ((rig.*run)(identity_of(42)).at("identity"), 42);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_EQ(rig.created, 1);
  const Reply reply = rig.close();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_UNKNOWN) << reply;
  EXPECT_TRUE(reply.mentions("thread failed")) << reply;
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_FAILED);
  EXPECT_EQ(hook.calls["end"], 0);
}

// The loop gets stuck because a thread died of something recoverable, and fails with something else: the thread's error
// is the root cause, so the step is executed again on a fresh session.
void recovers_from_getting_stuck(Runner run) {
  Rig rig;
  rig.raw();
  rig.raw();
  rig.thread_stop(2, RUNHOOK_ERR_ABORTED, RUNHOOK_ERR_CANCELLED);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ((rig.*run)(identity_of(51)).at("identity"), 51);
  EXPECT_FALSE(rig.should_stop());
  const Answer second = (rig.*run)(identity_of(42));
  EXPECT_EQ(second.reply.status, RUNHOOK_OK) << second.reply;
  EXPECT_EQ(second.at("identity"), 42);
  EXPECT_EQ(rig.created, 2);
  EXPECT_FALSE(rig.should_stop());
}

TEST(RecoverableLayer, RS_01_SessionIsTheRawOne) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  OwnSession session;
  EXPECT_REPLY(make(session, runhook_monitored_session_session, rig.session.get()), RUNHOOK_OK);
  OwnValue id;
  EXPECT_REPLY(make(id, runhook_session_read_variable, session.get(), "id"), RUNHOOK_OK);
}

TEST(RecoverableLayer, RS_02_RunGivesTheResult) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.identity(51).at("identity"), 51);
}

TEST(RecoverableLayer, RS_03_TakesSessionsUntilTheCreatorHasNone) {
  Rig rig;
  for (int i = 1; i <= 3; ++i) rig.raw().fails(i + 1, RUNHOOK_ERR_ABORTED, "preempted");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.created, 1);
  const struct {
    double fed;
    int created;
  } expected[] = {{51, 1}, {42, 2}, {33, 2}, {24, 3}, {11, 3}, {0, 3}};
  for (const auto& run : expected) {
    const Answer answer = rig.identity(run.fed);
    EXPECT_EQ(answer.at("identity"), run.fed) << answer.reply;
    EXPECT_EQ(rig.created, run.created) << run.fed;
  }
  const Answer last = rig.identity(-12);
  EXPECT_EQ(last.reply.status, RUNHOOK_ERR_NOT_FOUND) << last.reply;
  EXPECT_TRUE(last.reply.mentions("list empty")) << last.reply;
  EXPECT_TRUE(last.reply.holds(RUNHOOK_ERR_ABORTED, "preempted")) << last.reply;
}

TEST(RecoverableLayer, RS_05_FatalErrorOfAThreadStopsAndIsThrownByClose) { stops_for_a_fatal_error(&Rig::run); }
TEST(RecoverableLayer, RS_08_FatalErrorOfAThreadStopsWithStepFunctions) {
  stops_for_a_fatal_error(&Rig::run_in_step_fn);
}
TEST(RecoverableLayer, RS_09_StuckSessionIsMadeAnewWithStepFunctions) {
  recovers_from_getting_stuck(&Rig::run_in_step_fn);
}
TEST(RecoverableLayer, RS_09_StuckSessionIsMadeAnew) { recovers_from_getting_stuck(&Rig::run); }
TEST(RecoverableLayer, RS_10_RecoverableErrorOfAThreadIsRecoveredAtTheNextRun) { recovers_at_the_next_run(&Rig::run); }
TEST(RecoverableLayer, RS_10_RecoverableErrorOfAThreadIsRecoveredByTheNextStepFunction) {
  recovers_at_the_next_run(&Rig::run_in_step_fn);
}

// A step function that uses the raw session only: nothing of the loop can fail, but its own failure has the same root
// cause.
TEST(RecoverableLayer, RS_11_FatalErrorOfAThreadStopsARawStepFunction) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int calls = 0;
  const auto body = [&calls](runhook_context* context) {
    ++calls;
    runhook_session_run(runhook_context_session(context), nullptr, nullptr, nullptr);
    return kOk;
  };
  EXPECT_REPLY(rig.step_fn(body), RUNHOOK_OK);
  call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_UNKNOWN, "thread failed");
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step_fn(body), RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(calls, 1);
  EXPECT_REPLY(rig.close(), RUNHOOK_ERR_UNKNOWN);
}

TEST(RecoverableLayer, RS_12_StuckRawStepFunctionIsCalledAgain) {
  Rig rig;
  rig.raw();
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.report_in_run(RUNHOOK_ERR_ABORTED, RUNHOOK_ERR_CANCELLED);
  std::vector<int> sessions;
  EXPECT_REPLY(rig.step_fn([&sessions](runhook_context* context) {
    sessions.push_back(session_id(context));
    const Reply reply = call(runhook_session_run, runhook_context_session(context), nullptr, nullptr);
    return reply.status == RUNHOOK_OK ? kOk : runhook_context_fail(context, reply.status, reply.message.c_str());
  }),
               RUNHOOK_OK);
  EXPECT_EQ(sessions, (std::vector<int>{1, 2}));
  EXPECT_EQ(rig.created, 2);
}

TEST(RecoverableLayer, RS_13_CreationIsTriedAgain) {
  Rig rig;
  rig.before_create = [&rig](runhook_context* context) {
    return rig.created <= 4 ? runhook_context_fail(context, RUNHOOK_ERR_UNAVAILABLE, "not yet") : kOk;
  };
  Rec& a = rig.hook("A");
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.created, 5);
  for (Rec* hook : {&a, &b}) {
    EXPECT_EQ(hook->calls["begin"], 1);
    EXPECT_EQ(hook->calls["created"], 1);
  }
  EXPECT_EQ(rig.trace, (Trace{"A.begin", "B.begin", "A.created", "B.created"}));
}

TEST(RecoverableLayer, RS_14_RetriesAreBounded) {
  Rig rig;
  for (int i = 0; i < 50; ++i) rig.raw().fails(1, RUNHOOK_ERR_UNAVAILABLE, "raw " + std::to_string(i));
  Rec& hook = rig.hook("A");
  rig.recovery.max_attempts = 5;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.identity(1);
  EXPECT_EQ(answer.reply.status, RUNHOOK_ERR_UNAVAILABLE) << answer.reply;
  EXPECT_EQ(rig.created, 1 + 5);
  EXPECT_EQ(hook.calls["before"], 1 + 5);
  EXPECT_EQ(hook.calls["error"], 1 + 5);
  EXPECT_EQ(hook.calls["after"], 0);
}

TEST(RecoverableLayer, RS_15_FatalErrorOfAThreadIsNotLostByRecovery) {
  Rig rig;
  rig.raw();
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.report_in_run(RUNHOOK_ERR_DATA_LOSS, RUNHOOK_ERR_ABORTED);
  const Answer first = rig.identity(5);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.identity(6).reply, RUNHOOK_ERR_STOPPED);
  const Reply closed = rig.close();
  EXPECT_TRUE(first.reply.holds(RUNHOOK_ERR_DATA_LOSS, "X of a thread") ||
              closed.holds(RUNHOOK_ERR_DATA_LOSS, "X of a thread"))
      << first.reply << "\nclose: " << closed;
  EXPECT_NE(closed.status, RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_FAILED);
}

TEST(RecoverableLayer, RS_16_ShouldStopNeverRecovers) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_ABORTED, "thread failed");
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ(rig.created, 1);
  const Answer answer = rig.identity(1);
  EXPECT_EQ(answer.reply.status, RUNHOOK_ERR_NOT_FOUND) << "the creator's own error" << answer.reply;
  EXPECT_EQ(rig.created, 2);
}

// W44: a session that could not be made anew is an explicit state, not one in which the next run tries its luck.
TEST(RecoverableLayer, RS_17_FailedRecreationIsFinal) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  rig.before_create = [&rig](runhook_context* context) {
    return rig.created == 2 ? runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "no machine") : kOk;
  };
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer failed = rig.identity(1);
  EXPECT_EQ(failed.reply.status, RUNHOOK_ERR_INTERNAL) << failed.reply;
  EXPECT_TRUE(rig.should_stop());
  EXPECT_EQ(rig.identity(2).reply.status, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(rig.created, 2);
  rig.close();
}

TEST(RecoverableLayer, RS_18_NoEndAfterAFailedRecreation) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.before_create = [&rig](runhook_context* context) {
    return rig.created == 2 ? runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "no machine") : kOk;
  };
  Rec& hook = rig.hook("A");
  bool session_in_cleanup = true;
  hook.on("cleanup", [&session_in_cleanup](runhook_context* context) {
    session_in_cleanup = runhook_context_session(context) != nullptr;
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome_error().status, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(hook.calls["end"], 0);
  EXPECT_EQ(hook.calls["cleanup"], 1);
  EXPECT_EQ(hook.last("cleanup").outcome, RUNHOOK_OUTCOME_FAILED);
  EXPECT_FALSE(session_in_cleanup);
}

TEST(RecoverableLayer, RS_19_AttemptsHaveSessionsOfTheirOwn) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  Rec& hook = rig.hook("A");
  std::vector<std::pair<std::string, int>> sessions;
  for (const char* callback : {"created", "before", "after", "end"}) {
    hook.on(callback, [&sessions, callback](runhook_context* context) {
      sessions.emplace_back(callback, session_id(context));
      return kOk;
    });
  }
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_EQ(hook.last("after").attempt, 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(of(rig.trace, "A"),
            (Trace{"begin", "created", "before", "error", "created", "before", "after", "end", "cleanup"}));
  EXPECT_EQ(sessions, (std::vector<std::pair<std::string, int>>{
                          {"created", 1}, {"before", 1}, {"created", 2}, {"before", 2}, {"after", 2}, {"end", 2}}));
  const Trace raws = of(rig.trace, "raw1");
  EXPECT_EQ(raws, (Trace{"run", "close"}));
}

TEST(RecoverableLayer, RS_20_FailureAfterTheStepExecutesItAgain) {
  Rig rig;
  Raw& first = rig.raw();
  Raw& second = rig.raw();
  Rec& hook = rig.hook("A");
  hook.on("after", [](runhook_context* context) {
    OwnValue value;
    const Reply reply = make(value, runhook_session_read_variable, runhook_context_session(context), "global_step");
    return reply.status == RUNHOOK_OK ? kOk : runhook_context_fail(context, reply.status, reply.message.c_str());
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  first.read_failure = {RUNHOOK_ERR_ABORTED, "preempted"};
  EXPECT_EQ(rig.step().at("STEP"), 1);
  EXPECT_EQ(first.step() + second.step(), 2);
  EXPECT_EQ(hook.last("after").attempt, 2);
}

}  // namespace
}  // namespace conformance
