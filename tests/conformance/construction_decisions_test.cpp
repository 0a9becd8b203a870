// What is undone when a session cannot be made.
#include "rig.hpp"

namespace conformance {
namespace {

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

}  // namespace
}  // namespace conformance
