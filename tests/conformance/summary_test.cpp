// Sections 4.20 and 4.22: the hooks that write summaries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/summary_saver.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::ElementsAre;

// A graph with STEP, which adds to the global step, and my_summary, which counts how often it is evaluated; my_summary2
// is twice that.
class Summaries : public testing::Test {
 protected:
  Summaries() {
    rig.config.clock = clock;
    train.fetches = "STEP";
  }
  void build(std::int64_t increment = 1) {
    Graph graph;
    graph.global_step();
    graph.increment_global_step("STEP", {}, increment);
    graph.variable("var", Value::scalar(0.0));
    graph.function("my_summary", {.updates = {"var"}}, [this](KernelContext& context) {
      ++evaluated;
      context.assign(0, Value::scalar(context.variable(0).to_double() + 1));
      context.set_output(0, Value::scalar(context.variable(0).to_double()));
    });
    graph.function("my_summary2", {.inputs = {"my_summary"}}, [](KernelContext& context) {
      context.set_output(0, Value::scalar(context.input(0).to_double() * 2));
    });
    rig.make = graph_session_factory(graph);
  }
  // So many STEPs, with `pause` after each.
  void run(int steps, std::chrono::nanoseconds pause = 0ns) {
    const auto session = rig.start();
    for (int i = 0; i < steps; ++i) {
      session->run(train);
      clock->advance(pause.count());
    }
    session->close();
  }
  std::vector<EventRead> events() const {
    const auto files = folder.files();
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::vector<EventRead>() : read_events(files[0]);
  }
  std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> found;
    for (const auto& [step, value] : scalars_of(events(), "my_summary")) found.push_back(step);
    return found;
  }

  Folder folder;
  LoopRig rig;
  SessionRunArgs train;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  int evaluated = 0;
};

TEST_F(Summaries, SU_01_NothingToSaveIsRefused) {
  EXPECT_STATUS(SummarySaverHook({.directory = folder.path()}), invalid_argument, "values or encoded summaries");
}

TEST_F(Summaries, SU_02_BothWaysToSayWhatIsSavedAreRefused) {
  EXPECT_STATUS(SummarySaverHook({.scalars = {"a"}, .summaries = {"b"}, .directory = folder.path()}), invalid_argument,
                "values or encoded summaries");
}

TEST_F(Summaries, SU_06_SeveralSummariesAreSavedInTheFirstRunAndWhenDue) {
  build();
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"my_summary", "my_summary2"}, .directory = folder.path()},
                                             Trigger::every_steps(8)));
  run(10);
  EXPECT_THAT(scalars_of(events(), "my_summary"), ElementsAre(std::pair(1, 1.0F), std::pair(9, 2.0F)));
  EXPECT_THAT(scalars_of(events(), "my_summary2"), ElementsAre(std::pair(1, 2.0F), std::pair(9, 4.0F)));
}

TEST_F(Summaries, SU_08_SavedByTime) {
  build();
  rig.config.add_hook(
      SummarySaverHook::make({.scalars = {"my_summary"}, .directory = folder.path()}, Trigger::every_seconds(9)));
  run(8, 3100ms);
  EXPECT_THAT(steps(), ElementsAre(1, 4, 7));
}

TEST_F(Summaries, SU_10_SessionIsAnnouncedFirstAndNothingIsSavedAtTheEnd) {
  build();
  rig.config.add_hook(
      SummarySaverHook::make({.scalars = {"my_summary"}, .directory = folder.path()}, Trigger::every_steps(8)));
  run(30);
  ASSERT_FALSE(events().empty());
  EXPECT_EQ(events()[1].session_log, 1);
  EXPECT_EQ(events()[1].step, 1);
  EXPECT_THAT(steps(), ElementsAre(1, 9, 17, 25));
}

TEST_F(Summaries, SU_11_NowhereToWriteIsRefused) {
  EXPECT_STATUS(SummarySaverHook({.scalars = {"my_summary"}}), invalid_argument, "writer and directory");
}

TEST_F(Summaries, SU_12_RunsOfSeveralStepsAreJudgedByTheirRealStep) {
  build(5);
  rig.config.add_hook(
      SummarySaverHook::make({.scalars = {"my_summary"}, .directory = folder.path()}, Trigger::every_steps(8)));
  run(6);
  EXPECT_THAT(steps(), ElementsAre(5, 15, 25));
  EXPECT_EQ(evaluated, 3);
}

TEST_F(Summaries, EV_15_NothingToWriteAtTheEndIsNoError) {
  build();
  rig.config.add_hook(std::make_shared<SummaryAtEndHook>(SummaryAtEndOptions{.directory = folder.path()}));
  run(1);
  EXPECT_TRUE(folder.files().empty());
}

TEST_F(Summaries, EV_17_NowhereToWriteAtTheEndIsRefused) {
  EXPECT_STATUS(SummaryAtEndHook({.scalars = {"my_summary"}}), invalid_argument, "writer and directory");
}

}  // namespace
}  // namespace conformance
