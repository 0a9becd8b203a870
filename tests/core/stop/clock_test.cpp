#include "runhook/clock.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "runhook/stop.hpp"

namespace runhook {
namespace {

TEST(SystemClock, TimeMovesOn) {
  const std::shared_ptr<Clock> clock = system_clock();
  const std::int64_t before = clock->now_ns();
  EXPECT_FALSE(clock->wait(2'000'000, nullptr));
  EXPECT_GE(clock->now_ns() - before, 2'000'000);
}

TEST(SystemClock, IsOneObject) { EXPECT_EQ(system_clock().get(), system_clock().get()); }

TEST(SystemClock, NegativeWaitReturnsAtOnce) {
  const StopState stop;
  EXPECT_FALSE(system_clock()->wait(-1, nullptr));
  EXPECT_FALSE(system_clock()->wait(-1, &stop));
}

TEST(SystemClock, WaitIsEndedByAStop) {
  StopState stop;
  std::thread poster([&] { stop.request(StopReason{}); });
  EXPECT_TRUE(system_clock()->wait(3'600'000'000'000, &stop));
  poster.join();
}

TEST(SystemClock, WaitWithAStopEndsWithTime) {
  const StopState stop;
  EXPECT_FALSE(system_clock()->wait(1'000'000, &stop));
}

TEST(ManualClock, StandsStillUntilMoved) {
  ManualClock clock(100);
  EXPECT_EQ(clock.now_ns(), 100);
  clock.advance(50);
  EXPECT_EQ(clock.now_ns(), 150);
  EXPECT_EQ(clock.waited_ns(), 0);
}

TEST(ManualClock, WaitingMovesItAtOnce) {
  ManualClock clock;
  const StopState stop;
  EXPECT_FALSE(clock.wait(3'600'000'000'000, &stop));
  EXPECT_FALSE(clock.wait(5, nullptr));
  EXPECT_FALSE(clock.wait(-5, nullptr));
  EXPECT_EQ(clock.now_ns(), 3'600'000'000'005);
  EXPECT_EQ(clock.waited_ns(), 3'600'000'000'005);
}

TEST(ManualClock, LongestWaitIsItsLastMoment) {
  constexpr std::int64_t kLongest = std::numeric_limits<std::int64_t>::max();
  ManualClock clock(100);
  EXPECT_FALSE(clock.wait(kLongest, nullptr));
  EXPECT_FALSE(clock.wait(1, nullptr));
  clock.advance(1);
  EXPECT_EQ(clock.now_ns(), kLongest);
  EXPECT_EQ(clock.waited_ns(), kLongest);
}

TEST(ManualClock, DoesNotMoveOnceAStopIsThere) {
  ManualClock clock;
  StopState stop;
  stop.request(StopReason{});
  EXPECT_TRUE(clock.wait(10, &stop));
  EXPECT_EQ(clock.now_ns(), 0);
}

}  // namespace
}  // namespace runhook
