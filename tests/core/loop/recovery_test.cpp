#include "runhook/recovery.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "loop/backoff.hpp"

namespace runhook {
namespace {

using detail::backoff_ns;

double never() { return 0.0; }

TEST(RecoveryPolicy, DefaultRecoversAbortedAndUnavailable) {
  const RecoveryPolicy policy;
  EXPECT_TRUE(policy.recovers(Error(StatusCode::aborted, "x")));
  EXPECT_TRUE(policy.recovers(Error(StatusCode::unavailable, "x")));
  EXPECT_FALSE(policy.recovers(Error(StatusCode::internal, "x")));
  EXPECT_FALSE(policy.recovers(Error(StatusCode::out_of_range, "x")));
  EXPECT_FALSE(policy.recovers(Error()));
}

TEST(RecoveryPolicy, ClassifierDecides) {
  RecoveryPolicy policy;
  policy.is_recoverable = [](const Error& e) { return e.code() == StatusCode::internal; };
  EXPECT_TRUE(policy.recovers(Error(StatusCode::internal, "x")));
  EXPECT_FALSE(policy.recovers(Error(StatusCode::aborted, "x")));
}

TEST(RecoveryPolicy, ZeroAttemptsRecoverNothing) {
  RecoveryPolicy policy;
  policy.max_attempts = 0;
  policy.is_recoverable = [](const Error&) { return true; };
  EXPECT_FALSE(policy.recovers(Error(StatusCode::aborted, "x")));
}

TEST(Backoff, DoublesUpToTheMaximum) {
  RecoveryPolicy policy;
  policy.initial_backoff_ns = 100;
  policy.max_backoff_ns = 750;
  EXPECT_EQ(backoff_ns(policy, 1, never), 100);
  EXPECT_EQ(backoff_ns(policy, 2, never), 200);
  EXPECT_EQ(backoff_ns(policy, 3, never), 400);
  EXPECT_EQ(backoff_ns(policy, 4, never), 750);
  EXPECT_EQ(backoff_ns(policy, std::numeric_limits<std::int32_t>::max(), never), 750);
}

TEST(Backoff, JitterShortens) {
  RecoveryPolicy policy;
  policy.initial_backoff_ns = 1000;
  policy.jitter = 0.5;
  EXPECT_EQ(backoff_ns(policy, 1, [] { return 1.0; }), 500);
  EXPECT_EQ(backoff_ns(policy, 1, [] { return 0.5; }), 750);
  policy.jitter = 7;
  EXPECT_EQ(backoff_ns(policy, 1, [] { return 1.0; }), 0);
}

TEST(Backoff, OddPoliciesGiveNoNegativeWait) {
  RecoveryPolicy policy;
  policy.initial_backoff_ns = -5;
  EXPECT_EQ(backoff_ns(policy, 3, never), 0);
  policy.initial_backoff_ns = 10;
  policy.max_backoff_ns = -1;
  EXPECT_EQ(backoff_ns(policy, 3, never), 0);
  policy.max_backoff_ns = std::numeric_limits<std::int64_t>::max();
  policy.initial_backoff_ns = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(backoff_ns(policy, 9, never), std::numeric_limits<std::int64_t>::max());
  policy.initial_backoff_ns = 10;
  policy.jitter = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(backoff_ns(policy, 1, never), 10);
}

TEST(Backoff, GeneratorsStayInRange) {
  RecoveryPolicy policy;
  policy.initial_backoff_ns = 1000;
  policy.jitter = 0.25;
  detail::SplitMix64 small(1);
  std::mt19937 large(1);
  std::int64_t lowest = 1000;
  std::int64_t highest = 0;
  for (int i = 0; i < 1000; ++i) {
    for (const std::int64_t wait : {backoff_ns(policy, 1, small), backoff_ns(policy, 1, large)}) {
      EXPECT_GE(wait, 750);
      EXPECT_LE(wait, 1000);
      lowest = std::min(lowest, wait);
      highest = std::max(highest, wait);
    }
  }
  EXPECT_LT(lowest, 770);
  EXPECT_GT(highest, 980);
}

}  // namespace
}  // namespace runhook
