// What is told about a run once it is over, and about an error.
#include <cstdint>
#include <string>

#include "rig.hpp"

namespace conformance {
namespace {

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

}  // namespace
}  // namespace conformance
