// Section 4.14: when something is due.
#include "runhook/trigger.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include "core/expect_error.hpp"
#include "runhook/clock.hpp"

namespace conformance {
namespace {

using namespace runhook;

constexpr std::int64_t kSecond = 1'000'000'000;

TriggerPoint at(std::int64_t step, std::int64_t seconds = 0) { return {.step = step, .time_ns = seconds * kSecond}; }

TEST(Trigger, TI_01_StepsAndSecondsTogetherAreOneTrigger) {
  Trigger trigger = Trigger::every(10, 2 * kSecond);
  trigger.fired(at(1));
  EXPECT_FALSE(trigger.due(at(10, 1)));
  EXPECT_TRUE(trigger.due(at(11, 1)));
  EXPECT_TRUE(trigger.due(at(2, 2)));
}

TEST(Trigger, TI_02_IntervalOfNothingIsRefused) {
  EXPECT_STATUS(Trigger::every(0, 0), invalid_argument, "");
  EXPECT_STATUS(Trigger::every_steps(0), invalid_argument, "");
}

TEST(Trigger, TI_03_EverySecondsCountsTimeWhateverTheStep) {
  Trigger trigger = Trigger::every_seconds(1.0);
  EXPECT_TRUE(trigger.due(at(1)));
  trigger.fired(at(1));
  EXPECT_FALSE(trigger.due(at(1)));
  EXPECT_FALSE(trigger.due(at(2)));
  EXPECT_TRUE(trigger.due(at(1, 1)));
  EXPECT_TRUE(trigger.due(at(2, 1)));
}

TEST(Trigger, TI_04_EveryStepsCountsSteps) {
  Trigger trigger = Trigger::every_steps(3);
  EXPECT_TRUE(trigger.due(at(1)));
  trigger.fired(at(1));
  for (const std::int64_t step : {1, 2, 3}) EXPECT_FALSE(trigger.due(at(step))) << step;
  EXPECT_TRUE(trigger.due(at(4)));
}

TEST(Trigger, TI_07_IntervalOfZeroSecondsIsRefused) { EXPECT_STATUS(Trigger::every_seconds(0), invalid_argument, ""); }

TEST(Trigger, TI_09_TimeIsMonotonic) {
  const auto machine = [] {
    struct timespec now {};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::int64_t>(now.tv_sec) * kSecond + now.tv_nsec;
  };
  const std::int64_t before = machine();
  const std::int64_t now = system_clock()->now_ns();
  EXPECT_LE(before, now);
  EXPECT_LE(now, machine());
}

TEST(Trigger, TI_10_ResetForgetsWhenItWasDue) {
  Trigger trigger = Trigger::every_steps(100);
  const std::string fresh = trigger.state(0);
  trigger.fired(at(5));
  EXPECT_FALSE(trigger.due(at(9)));
  trigger.reset();
  EXPECT_EQ(trigger.state(0), fresh);
  EXPECT_TRUE(trigger.due(at(9)));
}

TEST(Trigger, TI_11_NeverIsNeverDue) {
  Trigger trigger = Trigger::never();
  const std::string fresh = trigger.state(0);
  EXPECT_FALSE(trigger.due(at(1)));
  trigger.fired(at(1));
  EXPECT_FALSE(trigger.due(at(1000, 1000)));
  EXPECT_EQ(trigger.state(0), fresh);
}

}  // namespace
}  // namespace conformance
