// Which step hooks and the caller see.
#include <cstdint>
#include <string>
#include <vector>

#include "rig.hpp"

namespace conformance {
namespace {

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

}  // namespace
}  // namespace conformance
