// What becomes of a recovery that something else than its policy ends.
#include <gtest/gtest.h>

#include <memory>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

// Reads well until it is told not to.
class BrokenClock final : public Clock {
 public:
  std::int64_t now_ns() override {
    if (broken) fail(StatusCode::internal, "the clock is broken");
    return 0;
  }
  bool wait(std::int64_t, const StopState*) override { return false; }
  bool broken = false;
};

TEST(SessionKeeper, ClockThatFailsDuringARecoveryLeavesNoRunWithoutASession) {
  LoopRig rig;
  const auto clock = std::make_shared<BrokenClock>();
  rig.config.clock = clock;
  rig.step = [&](auto&) {
    clock->broken = true;
    fail(StatusCode::unavailable);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "the clock is broken");
  clock->broken = false;
  EXPECT_TRUE(session->should_stop());
  EXPECT_STATUS(session->run(), internal, "the clock is broken");
  EXPECT_EQ(rig.steps, 1);
}

}  // namespace
}  // namespace runhook
