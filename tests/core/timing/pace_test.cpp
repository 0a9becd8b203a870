// Whether steps take so long that each of them may be recorded.
#include "timing/pace.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace {

using runhook::detail::Pace;

// Makes runs one after the other, of which every one is measured unless said otherwise.
struct Runs {
  void make(int count, std::int64_t took_ns, std::int64_t pause_ns = 0, std::int64_t every = 1) {
    for (int i = 0; i < count; ++i) {
      now_ns += every * (took_ns + pause_ns);
      run += every;
      const bool was_slow = pace.is_slow();
      pace.measured(run, now_ns, took_ns);
      if (pace.is_slow() != was_slow) ++changes;
    }
  }
  Pace pace;
  std::int64_t run = -1;
  std::int64_t now_ns = 1'000'000'000;
  int changes = 0;
};

TEST(Pace, StepsOf20UsAndMoreAreSlowFromTheFirstOn) {
  Runs runs;
  runs.make(1, 20'000);
  EXPECT_TRUE(runs.pace.is_slow());
  runs.make(1000, 20'000);
  EXPECT_TRUE(runs.pace.is_slow());
  EXPECT_EQ(runs.changes, 1);
}

TEST(Pace, ShorterOnesAreNot) {
  Runs runs;
  runs.make(1000, 19'000);
  EXPECT_FALSE(runs.pace.is_slow());
  EXPECT_EQ(runs.changes, 0);
}

TEST(Pace, AMeanNearTheLimitDoesNotGoBackAndForth) {
  Runs runs;
  runs.make(100, 25'000);
  for (int i = 0; i < 100; ++i) {
    runs.make(10, 17'000);
    runs.make(10, 22'000);
  }
  EXPECT_TRUE(runs.pace.is_slow());
  EXPECT_EQ(runs.changes, 1);
}

TEST(Pace, StepsThatBecomeFastAreNoticedWithinAFewHundred) {
  Runs runs;
  runs.make(1000, 1'000'000);
  runs.make(300, 1'000);
  EXPECT_FALSE(runs.pace.is_slow());
}

TEST(Pace, StepsThatBecomeSlowAreNoticedByTheNextSamples) {
  Runs runs;
  runs.make(100, 1'000, 0, /*every=*/200);
  EXPECT_FALSE(runs.pace.is_slow());
  runs.make(2, 30'000, 0, /*every=*/200);
  EXPECT_TRUE(runs.pace.is_slow());
}

TEST(Pace, APauseOfTheCallersIsNoStep) {
  Runs runs;
  runs.make(1000, 1'000, /*pause_ns=*/1'000'000'000);
  EXPECT_FALSE(runs.pace.is_slow());
}

TEST(Pace, ASampleOfOneLongStepIsNotAllOfThoseBeforeIt) {
  Runs runs;
  runs.make(100, 1'000, 0, /*every=*/1000);
  runs.run += 1000;
  runs.now_ns += 1000 * 1'000 + 10'000'000;
  runs.pace.measured(runs.run, runs.now_ns, 10'000'000);
  EXPECT_FALSE(runs.pace.is_slow());  // 11 us on average
}

}  // namespace
