#include "base/monotonic.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace runhook {
namespace {

using namespace std::chrono_literals;
using detail::deadline_after;
using detail::saturating_add;
using detail::saturating_distance;
using std::chrono::steady_clock;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(SaturatingAdd, StaysAtTheEnds) {
  EXPECT_EQ(saturating_add(2, 3), 5);
  EXPECT_EQ(saturating_add(2, -3), -1);
  EXPECT_EQ(saturating_add(kMin, kMax), -1);
  EXPECT_EQ(saturating_add(kMax, 1), kMax);
  EXPECT_EQ(saturating_add(1, kMax), kMax);
  EXPECT_EQ(saturating_add(kMin, -1), kMin);
  EXPECT_EQ(saturating_add(-1, kMin), kMin);
}

TEST(SaturatingDistance, StaysAtTheEnds) {
  EXPECT_EQ(saturating_distance(2, 5), 3);
  EXPECT_EQ(saturating_distance(5, 2), -3);
  EXPECT_EQ(saturating_distance(kMin, -1), kMax);
  EXPECT_EQ(saturating_distance(kMin, 0), kMax);
  EXPECT_EQ(saturating_distance(kMin, kMax), kMax);
  EXPECT_EQ(saturating_distance(kMax, kMin), kMin);
  EXPECT_EQ(saturating_distance(1, kMin), kMin);
}

TEST(DeadlineAfter, LongestTimeIsTheLastMoment) {
  EXPECT_EQ(deadline_after(std::chrono::nanoseconds::max()), steady_clock::time_point::max());
}

TEST(DeadlineAfter, NegativeTimeIsNow) {
  const auto before = steady_clock::now();
  const auto deadline = deadline_after(std::chrono::nanoseconds::min());
  EXPECT_GE(deadline, before);
  EXPECT_LE(deadline, steady_clock::now());
}

TEST(DeadlineAfter, LiesSoFarAhead) {
  const auto before = steady_clock::now();
  const auto deadline = deadline_after(5s);
  EXPECT_GE(deadline, before + 5s);
  EXPECT_LE(deadline, steady_clock::now() + 5s);
}

}  // namespace
}  // namespace runhook
