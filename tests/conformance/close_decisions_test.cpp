// What close and destroy do, how often, and what is left afterwards.
#include "rig.hpp"

namespace conformance {
namespace {

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

}  // namespace
}  // namespace conformance
