#include "base/success_value.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

namespace runhook::detail {
namespace {

TEST(SuccessValue, OfACallIsNotThatOfTheCallBefore) {
  SuccessValue success;
  const std::int32_t first = success.next();
  EXPECT_TRUE(success.is(first));
  const std::int32_t second = success.next();
  EXPECT_EQ(success.current(), second);
  EXPECT_TRUE(success.is(second));
  EXPECT_FALSE(success.is(first));
  for (const std::int32_t careless : {0, 1, -1, 0x600D, 0x0BAD}) EXPECT_FALSE(success.is(careless)) << careless;
}

TEST(SuccessValue, OfSeveralSessionsBeginFarApart) {
  constexpr std::int32_t kCalls = 1000;
  std::set<std::int32_t> taken;
  for (int session = 0; session < 100; ++session) {
    SuccessValue success;
    for (std::int32_t call = 0; call < kCalls; ++call) taken.insert(success.next());
  }
  EXPECT_EQ(taken.size(), 100U * kCalls);
}

TEST(SuccessValue, AfterAFailureNoValueIsIt) {
  SuccessValue success;
  std::int32_t ok = success.next();
  success.fail();
  EXPECT_FALSE(success.is(ok));
  ok = success.next();
  EXPECT_FALSE(success.is(ok));
  success.clear_failure();
  EXPECT_TRUE(success.is(ok));
}

TEST(SuccessValue, StaysAPositiveNumberHoweverManyCallsThereAre) {
  SuccessValue success;
  std::int32_t least = success.next();
  for (int phase = 0; phase < 20; ++phase) {
    success.prepare();
    std::int32_t last = 0;
    for (int call = 0; call < (1 << 24) - 1; ++call) last = success.next();  // as many as a phase may have
    ASSERT_GT(last, 0x01000000 - 1) << phase;
  }
  for (int call = 0; call < 200; ++call) {
    success.prepare();
    least = std::min(least, success.next());
  }
  EXPECT_GE(least, 0x01000000);
}

}  // namespace
}  // namespace runhook::detail
