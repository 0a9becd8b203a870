// Rows PR-*: the profiler. In C++; tests/core has what runhook adds to it.
#include "runhook/hooks/profiler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/hooks/trace_rig.hpp"
#include "core/loop_rig.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Files = std::vector<std::string>;

// A session that is profiled, on a clock that is moved by hand.
struct Profiled {
  explicit Profiled(ProfilerOptions options) {
    options.directory = directory.path();
    rig.config.clock = clock;
    rig.config.add_hook(ProfilerHook::make(std::move(options)));
    rig.step = [this](auto& call) { levels.push_back(call.options().trace_level); };
    session = rig.start();
  }
  // The files that are there when the session has ended, after runs at these times in nanoseconds.
  Files files_after(const std::vector<std::int64_t>& times) {
    for (const std::int64_t time : times) {
      clock->advance(time - clock->now_ns());
      session->run();
    }
    session->close();
    return directory.files();
  }
  TraceDirectory directory;
  LoopRig rig;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<MonitoredSession> session;
  std::vector<TraceLevel> levels;
};

TEST(ProfilerRows, PR_01_BothIntervalsAreRefused) {
  EXPECT_STATUS(ProfilerHook({.every_n_steps = 10, .every_n_secs = 20}), invalid_argument, "only one");
}

TEST(ProfilerRows, PR_02_NoIntervalIsRefused) { EXPECT_STATUS(ProfilerHook({}), invalid_argument, "must be given"); }

TEST(ProfilerRows, PR_03_BySecondsTheFirstStepIsNotProfiled) {
  Profiled profiled({.every_n_secs = 2});
  EXPECT_THAT(profiled.files_after({0}), IsEmpty());
}

TEST(ProfilerRows, PR_04_BySecondsItIsPeriodical) {
  const std::vector<std::int64_t> times{0, 2'500'000'000, 2'600'000'000, 4'400'000'000, 4'500'000'000};
  const std::vector<Files> expected{
      {}, {"timeline-2.json"}, {"timeline-2.json"}, {"timeline-2.json"}, {"timeline-2.json", "timeline-5.json"}};
  for (std::size_t runs = 1; runs <= times.size(); ++runs) {
    Profiled profiled({.every_n_secs = 2});
    EXPECT_EQ(profiled.files_after({times.begin(), times.begin() + static_cast<std::ptrdiff_t>(runs)}),
              expected[runs - 1])
        << runs << " runs";
  }
}

TEST(ProfilerRows, PR_05_ByStepsTheFirstStepIsNotProfiled) {
  Profiled profiled({.every_n_steps = 1});
  EXPECT_THAT(profiled.files_after({0}), IsEmpty());
}

TEST(ProfilerRows, EveryStepIsFromTheSecondOn) {
  Profiled profiled({.every_n_steps = 1});
  EXPECT_THAT(profiled.files_after({0, 0, 0}), ElementsAre("timeline-2.json", "timeline-3.json"));
}

TEST(ProfilerRows, PR_08_FullTraceLevelIsAskedForInTheRunsThatAreProfiled) {
  Profiled profiled({.every_n_steps = 2});
  EXPECT_THAT(profiled.files_after({0, 0, 0, 0, 0}), ElementsAre("timeline-2.json", "timeline-4.json"));
  using enum TraceLevel;
  EXPECT_THAT(profiled.levels, ElementsAre(none, full, none, full, none));
}

}  // namespace
}  // namespace conformance
