// Section 4.15: stopping at a step.
#include "runhook/hooks/stop_at_step.hpp"

#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop/stepping_session.hpp"
#include "core/loop_rig.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;

class StopAtStep : public testing::Test {
 protected:
  // Runs until it stops; returns the global step.
  std::int64_t run(StopAtStepOptions options, std::int64_t start = 0, std::int64_t by = 1) {
    hook = std::make_shared<StopAtStepHook>(std::move(options));
    return run_again(start, by);
  }
  std::int64_t run_again(std::int64_t start, std::int64_t by = 1) {
    raw = std::make_shared<SteppingSession>(start, by);
    LoopRig rig;
    rig.config.add_hook(hook);
    rig.make = [this] { return raw; };
    const auto session = rig.start();
    runs = session->run_until_stop({}, 1000);
    reason = session->outcome().stop;
    return session->global_step();
  }
  std::shared_ptr<StopAtStepHook> hook;
  std::shared_ptr<SteppingSession> raw;
  std::int64_t runs = 0;
  StopReason reason;
};

TEST_F(StopAtStep, SA_01_BothStepsAreRefused) {
  EXPECT_STATUS(StopAtStepHook({.last_step = 10, .num_steps = 20}), invalid_argument, "exactly one");
}

TEST_F(StopAtStep, SA_02_NeitherStepIsRefused) {
  EXPECT_STATUS(StopAtStepHook(StopAtStepOptions{}), invalid_argument, "exactly one");
}

TEST_F(StopAtStep, SA_03_StopsAtTheLastStep) {
  EXPECT_EQ(run({.last_step = 10}, 5), 10);
  EXPECT_EQ(runs, 5);
  EXPECT_EQ(reason.who(), "stop at step");
  EXPECT_EQ(reason.text(), "step 10 has been reached");
  EXPECT_EQ(reason.step, 10);
}

TEST_F(StopAtStep, SA_04_StopsAfterSoManySteps) { EXPECT_EQ(run({.num_steps = 10}, 5), 15); }

TEST_F(StopAtStep, SA_06_StopsAtTheFirstRunThatReachesTheStep) {
  EXPECT_EQ(run({.last_step = 7}, 0, 5), 10);
  EXPECT_EQ(runs, 2);
}

TEST_F(StopAtStep, SA_07_RestoredPastTheStepMakesNone) {
  EXPECT_EQ(run({.last_step = 7}, 10), 10);
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(run({.num_steps = 0}, 10), 10);
  EXPECT_EQ(runs, 0);
}

TEST_F(StopAtStep, SA_08_CountsAnewInAnotherSession) {
  EXPECT_EQ(run({.num_steps = 3}, 0), 3);
  EXPECT_EQ(run_again(3), 6);
}

TEST_F(StopAtStep, SA_12_SetsTheStepsPerRunSoThatItEndsExactly) {
  EXPECT_EQ(run({.last_step = 10, .steps_per_run_variable = "steps_per_run", .steps_per_run = 4}, 0, 4), 10);
  EXPECT_EQ(raw->made, (std::vector<std::int64_t>{4, 4, 2}));
}

TEST_F(StopAtStep, SA_13_StepsPerRunBelowOneAreRefused) {
  EXPECT_STATUS(StopAtStepHook({.last_step = 10, .steps_per_run = 0}), invalid_argument, "steps_per_run");
}

TEST_F(StopAtStep, SA_05_OneRunMayMakeAllTheSteps) {
  EXPECT_EQ(run({.num_steps = 10}, 5, 10), 15);
  EXPECT_EQ(runs, 1);
}

TEST_F(StopAtStep, SA_11_SessionWithoutAGlobalStepIsCounted) {
  LoopRig rig;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 3}));
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 1000), 3);
}

}  // namespace
}  // namespace conformance
