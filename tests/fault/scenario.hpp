// Every allocation of every scenario fails, once and for good: each call succeeds or says NO_MEMORY, nothing is lost,
// every hook that began is cleaned up, every table's user data destroyed once. A program names its scenarios and
// instantiates the test below with them.
#ifndef RUNHOOK_TESTS_FAULT_SCENARIO_HPP_
#define RUNHOOK_TESTS_FAULT_SCENARIO_HPP_

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "sweep.hpp"

namespace runhook_test {

struct Named {
  const char* name;
  Scenario scenario;
};

inline std::string name_of(const testing::TestParamInfo<Named>& tested) { return tested.param.name; }

class AllocationFailure : public testing::TestWithParam<Named> {};

TEST_P(AllocationFailure, EveryAllocationFailsOnceAndForGood) {
  const Swept swept = sweep(GetParam().scenario);
  EXPECT_EQ(swept.problems, 0) << swept.first;
  EXPECT_GT(swept.injections, 2);
  std::printf("%s: %d injections\n", GetParam().name, swept.injections);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FAULT_SCENARIO_HPP_
