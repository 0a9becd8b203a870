// Rows LO-*: the logging hook. In C++; tests/capi has what is different in C.
#include "runhook/hooks/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "runhook/graph_session.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LoggingRows : public testing::Test {
 protected:
  LoggingRows() { rig.values = {{"foo", Value::scalar(42.0)}, {"bar", Value::scalar(std::int64_t{7})}}; }
  void open(LoggingOptions options) {
    options.log = [this](LogLevel level, std::string_view line) {
      EXPECT_EQ(level, LogLevel::info);
      lines.emplace_back(line);
    };
    rig.config.add_hook(LoggingHook::make(std::move(options)));
    session = rig.start();
  }
  // The lines that one more run has added.
  std::vector<std::string> run() {
    lines.clear();
    session->run();
    return lines;
  }
  std::vector<std::string> end() {
    lines.clear();
    session->close();
    return lines;
  }
  ValueRig rig;
  std::unique_ptr<MonitoredSession> session;
  std::vector<std::string> lines;
};

TEST_F(LoggingRows, LO_01_BadIntervalsAreRefused) {
  EXPECT_STATUS(LoggingHook({.names = {"t"}, .every_n_iter = 0}), invalid_argument, "invalid every_n_iter");
  EXPECT_STATUS(LoggingHook({.names = {"t"}, .every_n_iter = -10}), invalid_argument, "invalid every_n_iter");
  EXPECT_STATUS(LoggingHook({.names = {"t"}, .every_n_iter = 5, .every_n_secs = 5}), invalid_argument,
                "exactly one of");
  EXPECT_STATUS(LoggingHook({.names = {"t"}}), invalid_argument, "exactly one of");
}

TEST_F(LoggingRows, LO_04_LogsInEveryNthRunFromTheFirstAndAtTheEnd) {
  open({.names = {"foo"}, .every_n_iter = 3, .at_end = true});
  for (int run_number = 1; run_number <= 8; ++run_number) {
    EXPECT_EQ(run().size(), run_number % 3 == 1 ? 1U : 0U) << "run " << run_number;
  }
  rig.clock->advance(2'000'000'000);
  EXPECT_THAT(end(), ElementsAre("step 8: foo = 42 (2.000 sec)"));
}

TEST_F(LoggingRows, LO_04_CountsRunsAndNotSteps) {
  // The global step never moves.
  Graph graph;
  graph.global_step();
  graph.variable("foo", Value::scalar(42.0));
  rig.make = graph_session_factory(graph);
  open({.names = {"foo"}, .every_n_iter = 2});
  EXPECT_EQ(run().size(), 1U);
  EXPECT_THAT(run(), IsEmpty());
  EXPECT_EQ(run().size(), 1U);
  EXPECT_EQ(session->global_step(), 0);
}

TEST_F(LoggingRows, LO_05_FirstLineHasNoTime) {
  open({.tags = {{"foo", "foo"}}, .every_n_iter = 1});
  EXPECT_THAT(run(), ElementsAre("step 1: foo = 42"));
  EXPECT_THAT(run(), ElementsAre("step 2: foo = 42 (0.000 sec)"));
}

TEST_F(LoggingRows, LO_06_LogsInTheFirstRunAndWhenTheTimeHasPassed) {
  open({.names = {"foo"}, .every_n_secs = 1.0});
  EXPECT_THAT(run(), ElementsAre("step 1: foo = 42"));
  EXPECT_THAT(run(), IsEmpty());
  rig.clock->advance(1'000'000'000);
  EXPECT_THAT(run(), ElementsAre("step 3: foo = 42 (1.000 sec)"));
  EXPECT_THAT(end(), IsEmpty());
}

TEST_F(LoggingRows, LO_07_LogsByTimeAndAtTheEnd) {
  open({.names = {"foo"}, .every_n_secs = 1.0, .at_end = true});
  EXPECT_EQ(run().size(), 1U);
  EXPECT_THAT(run(), IsEmpty());
  EXPECT_THAT(end(), ElementsAre("step 2: foo = 42 (0.000 sec)"));
}

TEST_F(LoggingRows, LO_10_MapIsInTheOrderOfItsTagsAndListInItsOwn) {
  open({.tags = {{"b", "foo"}, {"a", "bar"}}, .every_n_iter = 1});
  EXPECT_THAT(run(), ElementsAre("step 1: a = 7, b = 42"));
  rig.config.hooks.clear();
  open({.names = {"foo", "bar"}, .every_n_iter = 1});
  EXPECT_THAT(run(), ElementsAre("step 1: foo = 42, bar = 7"));
}

TEST_F(LoggingRows, LO_11_EndWithBothIntervalsIsRefused) {
  EXPECT_STATUS(LoggingHook({.names = {"t"}, .every_n_iter = 5, .every_n_secs = 5, .at_end = true}), invalid_argument,
                "exactly one of");
}

TEST_F(LoggingRows, LO_11_EndAloneIsEnough) {
  open({.names = {"foo"}, .at_end = true});
  EXPECT_THAT(run(), IsEmpty());
  EXPECT_THAT(end(), ElementsAre("step 1: foo = 42"));
}

TEST_F(LoggingRows, LO_12_NegativeSecondsAreRefusedAndNoneAreEveryRun) {
  EXPECT_STATUS(LoggingHook({.names = {"t"}, .every_n_secs = -1}), invalid_argument, "every_n_secs");
  open({.names = {"foo"}, .every_n_secs = 0});
  EXPECT_EQ(run().size(), 1U);
  EXPECT_EQ(run().size(), 1U);
}

TEST_F(LoggingRows, LO_13_NameThatTheSessionHasNotIsRefusedBeforeTheFirstStep) {
  EXPECT_STATUS(open({.names = {"of another graph"}, .at_end = true}), not_found, "of another graph");
  EXPECT_EQ(rig.steps, 0);
}

TEST_F(LoggingRows, LO_13_NameOfANodeOfTwoOutputsIsItsFirst) {
  Graph graph;
  graph.function("pair", {.outputs = 2}, [](KernelContext& context) {
    context.set_output(0, Value::scalar(1.0));
    context.set_output(1, Value::scalar(2.0));
  });
  rig.make = graph_session_factory(graph);
  open({.names = {"pair", "pair:1"}, .every_n_iter = 1});
  EXPECT_THAT(run(), ElementsAre("step 1: pair = 1, pair:1 = 2"));
}

}  // namespace
}  // namespace conformance
