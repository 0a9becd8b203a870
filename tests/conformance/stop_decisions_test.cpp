// Who may ask for a stop, and what it and the end of the input do to the loop.
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

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
    runhook_context_request_stop(context, 0, "give up", RUNHOOK_STOP_NOW);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.created, 1);
  EXPECT_EQ(rig.raws[1]->runs, 0);
}

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

// Lets the library drive; `completed` is how many steps it says that it has made.
Reply run_until_stop(Rig& rig, std::int64_t max_steps, std::int64_t& completed,
                     const runhook_run_args* args = nullptr) {
  return call(runhook_monitored_session_run_until_stop, rig.session.get(), args, max_steps, &completed);
}

TEST(RunUntilStop, RunsToTheStopAndCounts) {
  Rig rig;
  rig.hook("A").stops("after", 4);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnArgs args = args_of(Ask().fetch("STEP"));
  std::int64_t completed = -1;
  EXPECT_REPLY(run_until_stop(rig, 0, completed, args.get()), RUNHOOK_OK);
  EXPECT_EQ(completed, 4);
  EXPECT_REPLY(run_until_stop(rig, 0, completed, args.get()), RUNHOOK_OK);
  EXPECT_EQ(completed, 0);
}

TEST(RunUntilStop, EndsWithTheInputAndAtTheMaximum) {
  Rig rig;
  rig.raw().fails(6, RUNHOOK_ERR_OUT_OF_RANGE);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::int64_t completed = -1;
  EXPECT_REPLY(run_until_stop(rig, 3, completed), RUNHOOK_OK);
  EXPECT_EQ(completed, 3);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(run_until_stop(rig, 0, completed), RUNHOOK_OK);
  EXPECT_EQ(completed, 2);
  EXPECT_TRUE(rig.should_stop());
}

TEST(RunUntilStop, OtherFailureIsReturnedWithTheCount) {
  Rig rig;
  rig.raw().fails(3, RUNHOOK_ERR_INTERNAL);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::int64_t completed = -1;
  EXPECT_REPLY(run_until_stop(rig, 0, completed), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(completed, 2);
}

}  // namespace
}  // namespace conformance
