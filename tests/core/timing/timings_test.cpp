// Timings: where the time of a session's steps goes, and what a hook that takes too much of it leads to.
#include "runhook/timings.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "loop/step_timer.hpp"
#include "timing/duration_histogram.hpp"

namespace {

using runhook::CallbackTiming;
using runhook::TimingBucket;
using runhook::Timings;
using runhook::Trigger;
using runhook::detail::DurationHistogram;
using runhook::detail::Sampling;
using runhook_test::LoopRig;
using namespace std::chrono_literals;

const CallbackTiming* find(const Timings& timings, std::string_view hook, std::string_view callback) {
  const auto found = std::find_if(timings.callbacks.begin(), timings.callbacks.end(),
                                  [&](const auto& one) { return one.hook == hook && one.callback == callback; });
  return found != timings.callbacks.end() ? &*found : nullptr;
}

TEST(Timings, NothingHasBeenMeasuredBeforeTheFirstRun) {
  LoopRig rig;
  rig.hook({.name = "hook"});
  const auto session = rig.start();
  const Timings timings = session->timings();
  EXPECT_EQ(timings.runs, 0);
  EXPECT_EQ(timings.step.samples, 0);
  EXPECT_EQ(timings.step.p99_ns, 0);
  EXPECT_EQ(timings.session_run.samples, 0);
  ASSERT_NE(find(timings, "hook", "begin"), nullptr);
  EXPECT_EQ(find(timings, "hook", "begin")->samples, 1);
  EXPECT_EQ(find(timings, "hook", "before_run"), nullptr);
}

TEST(Timings, TheFirstRunIsMeasuredWithHookAndSession) {
  LoopRig rig;
  const auto hook = rig.hook({.name = "slow"});
  hook->on_before = [](auto&) { std::this_thread::sleep_for(4ms); };
  hook->on_after = [](auto&) { std::this_thread::sleep_for(2ms); };
  rig.step = [](auto&) { std::this_thread::sleep_for(3ms); };
  const auto session = rig.start();
  session->run();
  const Timings timings = session->timings();
  EXPECT_EQ(timings.runs, 1);
  EXPECT_EQ(timings.step.samples, 1);
  EXPECT_GE(timings.step.mean_ns, 9'000'000);
  EXPECT_GE(timings.session_run.mean_ns, 3'000'000);
  const CallbackTiming* before = find(timings, "slow", "before_run");
  const CallbackTiming* after = find(timings, "slow", "after_run");
  ASSERT_NE(before, nullptr);
  ASSERT_NE(after, nullptr);
  EXPECT_GE(before->mean_ns, 4'000'000);
  EXPECT_GE(after->max_ns, 2'000'000);
  EXPECT_GT(before->share, 0);
  EXPECT_LE(before->share + after->share + timings.session_run.share, 1.0001);
  EXPECT_LE(before->total_ns + after->total_ns + timings.session_run.total_ns, timings.step.total_ns);
}

TEST(Timings, LongStepsAreAllMeasured) {
  LoopRig rig;
  rig.step = [](auto&) { std::this_thread::sleep_for(1ms); };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 40);
  const Timings timings = session->timings();
  EXPECT_EQ(timings.step.samples, 40);
  EXPECT_EQ(timings.runs, 40);
  std::int64_t steps = 0;
  for (const TimingBucket& bucket : timings.step.buckets) steps += bucket.steps;
  EXPECT_EQ(steps, 40);
  EXPECT_GE(timings.step.buckets.front().from_ns, 800'000);
}

TEST(Timings, OfShortStepsFewAreMeasuredAndStandForAll) {
  constexpr std::int64_t kSteps = 3'000'000;
  LoopRig rig;
  rig.hook({.name = "hook"});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, kSteps);
  const Timings timings = session->timings();
  EXPECT_LT(timings.step.samples, kSteps / 10);
  EXPECT_GT(timings.step.samples, 16);
  EXPECT_LE(timings.runs, kSteps);
  EXPECT_GE(timings.runs, kSteps - 2 * 65536);  // all but those since the last sample
  EXPECT_EQ(find(timings, "hook", "after_run")->samples, timings.step.samples);
  EXPECT_LE(timings.step.p50_ns, timings.step.p90_ns);
  EXPECT_LE(timings.step.p90_ns, timings.step.p99_ns);
}

TEST(Timings, AHookThatIsRarelyDueIsMeasuredWhenItIs) {
  LoopRig rig;
  rig.hook({.name = "rare", .trigger = Trigger::every_steps(10'000)});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 50'000);
  const Timings timings = session->timings();
  ASSERT_NE(find(timings, "rare", "before_run"), nullptr);
  EXPECT_EQ(find(timings, "rare", "before_run")->samples, 5);
  EXPECT_GT(timings.runs, 5);
}

TEST(Timings, FailedAndSkippedRunsAreNotCounted) {
  LoopRig rig;
  bool skip = true;
  rig.hook({.name = "skips"})->on_before = [&](auto& context) {
    if (skip) context.skip_step();
  };
  const auto session = rig.start();
  session->run();
  skip = false;
  rig.step = [](auto&) { runhook_test::fail(runhook::StatusCode::internal); };
  EXPECT_THROW(session->run(), runhook::StatusError);
  Timings timings = session->timings();
  EXPECT_EQ(timings.runs, 0);
  EXPECT_EQ(timings.step.samples, 0);
  EXPECT_EQ(timings.session_run.samples, 0);
  ASSERT_NE(find(timings, "skips", "on_error"), nullptr);
  EXPECT_EQ(find(timings, "skips", "on_error")->samples, 2);
  rig.step = nullptr;
  session->run();
  timings = session->timings();
  EXPECT_EQ(timings.runs, 1);
}

TEST(Timings, CallbacksOutsideOfRunsAreAllMeasuredAndHaveNoShare) {
  LoopRig rig;
  rig.hook({.name = "hook"})->on_end = [](auto&) { std::this_thread::sleep_for(2ms); };
  const auto session = rig.start();
  session->run();
  session->close();
  const Timings timings = session->timings();
  for (const char* callback : {"begin", "after_create_session", "before_run", "after_run", "end", "cleanup"}) {
    ASSERT_NE(find(timings, "hook", callback), nullptr) << callback;
    EXPECT_EQ(find(timings, "hook", callback)->samples, 1) << callback;
  }
  EXPECT_GE(find(timings, "hook", "end")->total_ns, 2'000'000);
  EXPECT_EQ(find(timings, "hook", "end")->share, 0);
}

TEST(Timings, CanBeAskedForByAnotherThreadWhileHooksComeAndGo) {
  LoopRig rig;
  const auto session = rig.start();
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) EXPECT_GE(session->timings().runs, 0);
  });
  for (int i = 0; i < 200; ++i) {
    const auto id = session->add_hook(std::make_shared<runhook_test::LambdaHook>());
    session->run_until_stop(runhook::no_args, 10);
    session->remove_hook(id);
  }
  done = true;
  other.join();
}

struct Budget : testing::Test {
  // A hook that sleeps, beside one that does not, in steps of 1 ms.
  void run(double budget, std::chrono::milliseconds sleep, int steps = 40) {
    rig.config.hook_budget = budget;
    rig.hook({.name = "quick"});
    rig.hook({.name = "slow"})->on_after = [sleep](auto&) { std::this_thread::sleep_for(sleep); };
    rig.step = [](auto&) { std::this_thread::sleep_for(1ms); };
    session = rig.start();
    session->run_until_stop(runhook::no_args, steps);
  }
  LoopRig rig;
  std::unique_ptr<runhook::MonitoredSession> session;
};

TEST_F(Budget, AHookBeyondItIsNamedOnceInLogAndOutcome) {
  run(0.2, 1ms, 60);
  EXPECT_EQ(session->outcome().warnings, 1);
  const runhook::Error warning = session->outcome().first_warning;
  EXPECT_EQ(warning.code(), runhook::StatusCode::resource_exhausted);
  EXPECT_EQ(warning.hook(), "slow");
  EXPECT_EQ(warning.callback(), "after_run");
  EXPECT_NE(warning.to_string().find("budget is 20.0 %"), std::string::npos) << warning.to_string();
  EXPECT_EQ(rig.logged("budget"), 1);
}

TEST_F(Budget, AHookWithinItIsNotMentioned) {
  run(0.95, 1ms);
  EXPECT_EQ(session->outcome().warnings, 0);
  EXPECT_EQ(rig.logged("budget"), 0);
}

TEST_F(Budget, IsOffUnlessGiven) {
  run(runhook::Config().hook_budget, 1ms);
  EXPECT_EQ(session->outcome().warnings, 0);
}

TEST_F(Budget, AFewRunsProveNothing) {
  run(0.2, 1ms, 10);
  EXPECT_EQ(session->outcome().warnings, 0);
}

TEST_F(Budget, ANegativeOneIsRefused) {
  rig.config.hook_budget = -0.1;
  EXPECT_STATUS(rig.start(), invalid_argument, "budget");
  rig.config.hook_budget = std::numeric_limits<double>::quiet_NaN();
  EXPECT_STATUS(rig.start(), invalid_argument, "budget");
}

TEST(TimingsHistogram, PercentilesAreWithinSevenPercent) {
  for (const std::int64_t ns : {1LL, 7LL, 15LL, 16LL, 17LL, 100LL, 999LL, 1'000'000LL, 123'456'789'012LL}) {
    DurationHistogram histogram;
    histogram.add(ns, 3);
    EXPECT_NEAR(static_cast<double>(histogram.percentile(0.5)), static_cast<double>(ns), 0.07 * static_cast<double>(ns))
        << ns;
  }
}

TEST(TimingsHistogram, PercentilesCountWhatEachStandsFor) {
  DurationHistogram histogram;
  EXPECT_EQ(histogram.percentile(0.5), 0);
  histogram.add(4, 90);
  histogram.add(8, 9);
  histogram.add(12, 1);
  EXPECT_EQ(histogram.percentile(0.5), 4);
  EXPECT_EQ(histogram.percentile(0.9), 4);
  EXPECT_EQ(histogram.percentile(0.95), 8);
  EXPECT_EQ(histogram.percentile(1), 12);
}

TEST(TimingsHistogram, TheLongestAndNegativeTimesHaveAPlace) {
  DurationHistogram histogram;
  histogram.add(std::numeric_limits<std::int64_t>::max(), 1);
  EXPECT_GT(histogram.percentile(0.5), std::numeric_limits<std::int64_t>::max() / 16 * 15);
  histogram.add(-5, 2);
  EXPECT_EQ(histogram.percentile(0.5), 0);
}

TEST(TimingsHistogram, BucketsFollowOneAnotherAndHoldTheirTimes) {
  for (const std::int64_t ns : {std::int64_t{0}, std::int64_t{15}, std::int64_t{16}, std::int64_t{1'000'003},
                                std::numeric_limits<std::int64_t>::max() - 1}) {
    DurationHistogram histogram;
    EXPECT_TRUE(histogram.buckets().empty());
    histogram.add(ns, 3);
    const auto one = histogram.buckets();
    ASSERT_EQ(one.size(), 1U);
    EXPECT_TRUE(one[0].from_ns <= ns && ns < one[0].to_ns) << ns;
    EXPECT_EQ(one[0].steps, 3);
    histogram.add(1000, 5);
    const auto buckets = histogram.buckets();
    EXPECT_LT(std::min(ns, std::int64_t{1000}), buckets.front().to_ns);
    for (std::size_t i = 1; i < buckets.size(); ++i) EXPECT_EQ(buckets[i].from_ns, buckets[i - 1].to_ns);
  }
}

// Runs of a given length, measured whenever the sampling wants one; returns how many were.
std::int64_t sample(Sampling& sampling, std::int64_t runs, std::int64_t run_ns, std::int64_t cost_ns,
                    std::int64_t& stood_for) {
  std::int64_t samples = 0;
  stood_for = 0;
  for (std::int64_t run = 0; run < runs; ++run) {
    if (!sampling.wanted(run)) continue;
    ++samples;
    stood_for += sampling.weight(run);
    sampling.sampled(run, run * run_ns, run_ns, cost_ns, run);
  }
  return samples;
}

TEST(TimingsSampling, MeasuringTakesAboutHalfAPercentOfTheTime) {
  constexpr std::int64_t kRuns = 10'000'000;
  for (const std::int64_t run_ns : {10, 100, 1000, 10'000}) {
    Sampling sampling;
    std::int64_t stood_for = 0;
    const std::int64_t samples = sample(sampling, kRuns, run_ns, 500, stood_for);
    const double part = static_cast<double>(samples * 500) / static_cast<double>(kRuns * run_ns);
    EXPECT_LT(part, 0.006) << run_ns;
    EXPECT_GT(part, 0.004) << run_ns;
    EXPECT_GT(stood_for, kRuns - 70'000);
    EXPECT_LE(stood_for, kRuns);
  }
}

TEST(TimingsSampling, EveryRunIsMeasuredIfThatTakesLittleOfIt) {
  Sampling sampling;
  std::int64_t stood_for = 0;
  EXPECT_EQ(sample(sampling, 1000, 1'000'000, 500, stood_for), 1000);
  EXPECT_EQ(stood_for, 1000);
}

TEST(TimingsSampling, TimeBetweenRunsIsNotTakenForTheirs) {
  constexpr std::int64_t kRuns = 1'000'000;
  Sampling sampling;
  std::int64_t samples = 0;
  for (std::int64_t run = 0; run < kRuns; ++run) {
    if (!sampling.wanted(run)) continue;
    ++samples;
    sampling.sampled(run, run * 1'000'000, 10, 500, run);  // a millisecond for others between any two runs
  }
  EXPECT_LT(samples, 300);
}

TEST(TimingsSampling, IsNotInStepWithWhatHappensEverySoManyRuns) {
  Sampling sampling;
  std::int64_t next = 0;
  std::int64_t even = 0;
  for (int i = 0; i < 400; ++i) {
    next = sampling.next();
    even += next % 2 == 0 ? 1 : 0;
    sampling.sampled(next, next * 100, 100, 500, next);
  }
  EXPECT_GT(even, 100);
  EXPECT_LT(even, 300);
}

}  // namespace
