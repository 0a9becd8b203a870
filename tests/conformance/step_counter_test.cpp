// Rows ST-*: the step counter hook. In C++; tests/capi has what is different in C.
#include "runhook/hooks/step_counter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "runhook/graph_session.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;

class StepCounterRows : public testing::Test {
 protected:
  // Makes so many runs of a graph whose global step moves by `by` in each, with so much time before each.
  Outcome run(StepCounterOptions options, int runs, std::int64_t ns, std::int64_t by = 1) {
    options.scalars = [this](std::string_view tag, double rate, std::int64_t step) {
      tags.emplace_back(tag);
      rates.push_back(rate);
      steps.push_back(step);
    };
    Graph graph;
    graph.global_step();
    graph.increment_global_step("train", {}, by);
    rig.make = graph_session_factory(graph);
    rig.config.add_hook(StepCounterHook::make(std::move(options)));
    const auto session = rig.start();
    for (int i = 0; i < runs; ++i) {
      session->run({.fetches = "train"});
      rig.clock->advance(ns);
    }
    session->close();
    return session->outcome();
  }
  ValueRig rig;
  std::vector<std::string> tags;
  std::vector<double> rates;
  std::vector<std::int64_t> steps;
};

TEST_F(StepCounterRows, ST_01_EveryTenStepsARecordAfterTheFirstHasStartedTheClock) {
  const Outcome outcome = run({.every_n_steps = 10}, 30, 10'000'000);
  EXPECT_THAT(steps, ElementsAre(11, 21));
  EXPECT_THAT(tags, Each("global_step/sec"));
  EXPECT_THAT(rates, Each(Gt(0)));
  EXPECT_EQ(outcome.warnings, 0U);
}

TEST_F(StepCounterRows, ST_02_EveryTenthOfASecondARecord) {
  run({.every_n_steps = std::nullopt, .every_n_secs = 0.1}, 3, 200'000'000);
  EXPECT_THAT(steps, ElementsAre(2, 3));
  EXPECT_THAT(rates, Each(Gt(0)));
}

TEST_F(StepCounterRows, ST_03_TagHasTheNameOfTheGlobalStep) {
  run({.every_n_steps = 1, .global_step_name = "bar/foo"}, 2, 10'000'000);
  EXPECT_THAT(steps, ElementsAre(2));
  EXPECT_THAT(tags, ElementsAre("bar/foo/sec"));
}

TEST_F(StepCounterRows, ST_07_RunsOfMoreStepsThanTheIntervalHaveARecordEach) {
  run({.every_n_steps = 5}, 5, 10'000'000, 10);
  EXPECT_THAT(steps, ElementsAre(20, 30, 40, 50));
}

TEST_F(StepCounterRows, ST_08_BothOrNeitherIntervalIsRefused) {
  EXPECT_STATUS(StepCounterHook({.every_n_steps = 10, .every_n_secs = 1}), invalid_argument, "exactly one of");
  EXPECT_STATUS(StepCounterHook({.every_n_steps = std::nullopt}), invalid_argument, "exactly one of");
}

TEST_F(StepCounterRows, ST_09_NoRecordWhereNoTimeHasPassed) {
  const Outcome outcome = run({.every_n_steps = 1}, 2, 0);
  EXPECT_THAT(steps, IsEmpty());
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
  EXPECT_EQ(outcome.warnings, 0U);
}

}  // namespace
}  // namespace conformance
