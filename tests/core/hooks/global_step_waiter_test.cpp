// Waiting for a step; rows of the reference are in tests/conformance.
#include "runhook/hooks/global_step_waiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

// A session whose step any thread may move.
class SharedStepSession final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep&) override { ++runs; }
  std::optional<std::int64_t> read_global_step() override {
    ++reads;
    step += moves;
    return step.load();
  }
  std::atomic<std::int64_t> step{0};
  std::int64_t moves = 0;  // with each look
  std::atomic<int> reads{0};
  int runs = 0;
};

class GlobalStepWaiter : public testing::Test {
 protected:
  std::unique_ptr<MonitoredSession> start(std::int64_t step, GlobalStepWaiterOptions options = {}) {
    rig.config.hooks.clear();
    rig.config.add_hook(std::make_shared<GlobalStepWaiterHook>(step, options));
    return start_again();
  }
  std::unique_ptr<MonitoredSession> start_again() {
    rig.make = [this] { return raw; };
    return rig.start();
  }
  void manual_clock() { rig.config.clock = clock; }
  LoopRig rig;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<SharedStepSession> raw = std::make_shared<SharedStepSession>();
};

TEST_F(GlobalStepWaiter, GoesOnOnceAnotherThreadHasMovedTheStep) {
  const auto session = start(5, {.poll = 1ms});
  std::thread mover([this] {
    while (raw->reads < 5) std::this_thread::yield();
    raw->step = 5;
  });
  session->run();
  mover.join();
  EXPECT_EQ(raw->runs, 1);
}

TEST_F(GlobalStepWaiter, StopEndsTheWaitAndTheRunIsNotMade) {
  const auto session = start(5, {.poll = 1h});
  std::thread stopper([&] {
    while (raw->reads < 2) std::this_thread::yield();
    session->request_stop(0, "never mind");
  });
  EXPECT_EQ(session->run_until_stop(), 0);
  stopper.join();
  EXPECT_EQ(raw->runs, 0);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
}

TEST_F(GlobalStepWaiter, WaitThatTakesTooLongFails) {
  manual_clock();
  const auto session = start(5, {.poll = 400ms, .timeout = 1s});
  EXPECT_STATUS(session->run(), deadline_exceeded, "0 of 5");
  EXPECT_EQ(clock->waited_ns(), std::chrono::nanoseconds(1s).count());
}

TEST_F(GlobalStepWaiter, SessionWithoutAStepOfItsOwnFails) {
  rig.config.add_hook(std::make_shared<GlobalStepWaiterHook>(5));
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), failed_precondition, "global step");
}

TEST_F(GlobalStepWaiter, SaysHowFarTheStepIsEachTimeItHasMovedFar) {
  manual_clock();
  raw->moves = 500;
  const auto session = start(3000);
  session->run();
  EXPECT_EQ(rig.logged("Waiting for global step 3000"), 2);  // at the beginning, and at 1500
}

TEST_F(GlobalStepWaiter, WaitsInAnotherSessionAgain) {
  manual_clock();
  raw->moves = 1;
  start(5)->run();
  const std::int64_t waited = clock->waited_ns();
  EXPECT_GT(waited, 0);
  raw = std::make_shared<SharedStepSession>();
  raw->moves = 1;
  start_again()->run();
  EXPECT_EQ(clock->waited_ns(), 2 * waited);
}

TEST_F(GlobalStepWaiter, BadTimesAreRefused) {
  EXPECT_STATUS(GlobalStepWaiterHook(1, {.poll = 0ns}), invalid_argument, "poll");
  EXPECT_STATUS(GlobalStepWaiterHook(1, {.timeout = -1ns}), invalid_argument, "time-out");
}

// Keeps what it is told to wait for.
class ToldClock final : public Clock {
 public:
  std::int64_t now_ns() override { return 0; }
  bool wait(std::int64_t ns, const StopState*) override {
    told.push_back(ns);
    return false;
  }
  std::vector<std::int64_t> told;
};

TEST(ContextWait, DurationsOfEveryUnitAreNanosecondsToTheClock) {
  LoopRig rig;
  const auto clock = std::make_shared<ToldClock>();
  rig.config.clock = clock;
  rig.hook()->on_before = [&](SessionRunContext& context) {
    context.wait_for_stop(7ns);
    context.wait_for_stop(3ms);
    context.wait_for_stop(-2h);
    context.wait_for_stop(std::chrono::hours::max());
    context.wait_for_stop(std::chrono::hours::min());
  };
  rig.start()->run();
  EXPECT_EQ(clock->told, (std::vector<std::int64_t>{7, 3'000'000, -7'200'000'000'000, INT64_MAX, INT64_MIN}));
}

TEST(ContextWait, TimeIsReadAnewAfterwards) {
  LoopRig rig;
  rig.config.clock = std::make_shared<ManualClock>(100);
  std::vector<std::int64_t> times;
  const auto hook = rig.hook();
  hook->on_before = [&](SessionRunContext& context) {
    times.push_back(context.now_ns());
    EXPECT_FALSE(context.wait_for_stop(50ns));
    times.push_back(context.now_ns());
  };
  hook->on_after = [&](SessionRunContext& context) {
    context.request_stop();
    EXPECT_TRUE(context.wait_for_stop(50ns));
    times.push_back(context.now_ns());
  };
  rig.start()->run();
  EXPECT_EQ(times, (std::vector<std::int64_t>{100, 150, 150}));
}

}  // namespace
}  // namespace runhook
