// The hooks that write summaries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/hooks/summary_saver.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A session with a value of each kind.
class SummaryHooks : public testing::Test {
 protected:
  SummaryHooks() {
    rig.make = [this] {
      return std::make_shared<FunctionSession>(
          [this](FunctionSession::Step& step) {
            ++runs;
            if (step.wanted("loss")) ++wanted;
            if (runs == fails_in) fail(StatusCode::aborted);
            step.set_output("loss", Value::scalar(1.0 * runs));
            const double weights[] = {1, 2};
            const std::int64_t two[] = {2};
            step.set_output("weights", Value::copy_of(DType::float64, two, weights));
            step.set_output("note", Value::string("a note"));
            const std::int64_t picture[] = {1, 1, 3};
            step.set_output("picture", Value::tensor(DType::uint8, picture));
            const std::string_view summary("\x0a\x0c\x0a\x05other\x15\0\0\0\x3f", 14);
            step.set_output("summary", Value::bytes(std::as_bytes(std::span(summary))));
          },
          std::vector<std::string>{"loss", "weights", "note", "picture", "summary"});
    };
  }
  std::unique_ptr<MonitoredSession> run(std::int64_t steps) {
    auto session = rig.start();
    session->run_until_stop({}, steps);
    return session;
  }
  std::vector<EventRead> only_file() const {
    const auto files = folder.files();
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? std::vector<EventRead>() : read_events(files[0]);
  }

  Folder folder;
  LoopRig rig;
  int runs = 0;
  int wanted = 0;
  int fails_in = -1;
};

std::vector<std::int64_t> steps_of(const std::vector<EventRead>& events, const std::string& tag) {
  std::vector<std::int64_t> steps;
  for (const auto& [step, value] : scalars_of(events, tag)) steps.push_back(step);
  return steps;
}

TEST_F(SummaryHooks, SaverWritesEachValueAsItsKind) {
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"loss"},
                                              .histograms = {"weights"},
                                              .texts = {"note"},
                                              .images = {"picture"},
                                              .directory = folder.path()},
                                             {}));
  run(1)->close();
  const auto events = only_file();
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[1].session_log, 1);
  EXPECT_EQ(events[2].values[0].scalar, 1.0F);
  EXPECT_EQ(events[3].values[0].histogram->sum, 3);
  EXPECT_EQ(events[4].values[0].text, "a note");
  EXPECT_EQ(events[5].values[0].image->colorspace, 3);
  for (std::size_t i = 2; i < events.size(); ++i) EXPECT_EQ(events[i].step, 1);
}

TEST_F(SummaryHooks, SaverWritesSummariesThatAreEncodedAlready) {
  rig.config.add_hook(SummarySaverHook::make({.summaries = {"summary"}, .directory = folder.path()}, {}));
  run(2)->close();
  EXPECT_THAT(steps_of(only_file(), "other"), ElementsAre(1, 2));
}

TEST_F(SummaryHooks, SaverAsksForNothingInOtherRuns) {
  rig.config.add_hook(
      SummarySaverHook::make({.scalars = {"loss"}, .directory = folder.path()}, Trigger::every_steps(4)));
  run(10)->close();
  EXPECT_EQ(wanted, 3);
  EXPECT_THAT(steps_of(only_file(), "loss"), ElementsAre(1, 5, 9));
}

TEST_F(SummaryHooks, SaverTellsReadersWhereARecoveryGoesOn) {
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"loss"}, .directory = folder.path()}, {}));
  fails_in = 3;
  run(4)->close();
  const auto events = only_file();
  std::vector<std::int64_t> starts;
  for (const EventRead& event : events) {
    if (event.session_log == 1) starts.push_back(event.step);
  }
  EXPECT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0], 1) << "the first step that is made: readers discard what has this step, too";
  EXPECT_EQ(starts[1], 3) << "the count of completed runs is kept";
  EXPECT_THAT(steps_of(events, "loss"), ElementsAre(1, 2, 3, 4));
}

TEST_F(SummaryHooks, SaverOfADirectoryHasAFileForEachSession) {
  const auto hook =
      std::make_shared<SummarySaverHook>(SummarySaverOptions{.scalars = {"loss"}, .directory = folder.path()});
  rig.config.add_hook(hook);
  run(1)->close();
  run(1)->close();
  EXPECT_EQ(folder.files().size(), 2u);
}

TEST_F(SummaryHooks, SaverLeavesAWriterOfOthersOpen) {
  const auto writer = std::make_shared<SummaryWriter>(folder.path());
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"loss"}, .writer = writer}, {}));
  run(1)->close();
  EXPECT_TRUE(writer->add_scalar("mine", 1, 1));
  EXPECT_TRUE(writer->close());
  EXPECT_EQ(only_file().size(), 4u);
}

TEST_F(SummaryHooks, ValueThatDoesNotFitFailsTheHookAndIsNamed) {
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"weights"}, .directory = folder.path()}, {}));
  EXPECT_STATUS(run(1), failed_precondition, "summary 'weights': the tensor has 2 elements");
  rig.config.hooks.clear();
  rig.config.add_hook(SummarySaverHook::make({.texts = {"loss"}, .directory = folder.path()}, {}));
  EXPECT_STATUS(run(1), failed_precondition, "summary 'loss': the value is not a text");
  rig.config.hooks.clear();
  rig.config.add_hook(SummarySaverHook::make({.summaries = {"note"}, .directory = folder.path()}, {}));
  EXPECT_STATUS(run(1), invalid_argument, "summary 'note': the bytes are not");
}

TEST_F(SummaryHooks, DirectoryThatCannotBeWrittenIsAWarning) {
  std::ofstream(folder.file("file")) << "x";
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"loss"}, .directory = folder.file("file")}, {}));
  const auto session = run(3);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().warnings, 1u);
}

TEST_F(SummaryHooks, WriterOfOthersThatCannotWriteIsAWarning) {
  put(folder.file("file"), "x");
  const auto writer = std::make_shared<SummaryWriter>(
      folder.file("file"), SummaryWriterOptions{.output = {.flush_interval = std::chrono::hours(1)}});
  rig.config.add_hook(SummarySaverHook::make({.scalars = {"loss"}, .writer = writer}, {}));
  const auto session = run(3);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 1u);
}

TEST_F(SummaryHooks, BadOptionsOfTheSaverAreRefused) {
  const std::string path = folder.path();
  EXPECT_STATUS(SummarySaverHook({.directory = path}), invalid_argument, "values or encoded");
  EXPECT_STATUS(SummarySaverHook({.scalars = {"a"}, .summaries = {"b"}, .directory = path}), invalid_argument,
                "values or encoded");
  EXPECT_STATUS(SummarySaverHook({.scalars = {"a"}}), invalid_argument, "writer and directory");
  EXPECT_STATUS(
      SummarySaverHook({.scalars = {"a"}, .writer = std::make_shared<SummaryWriter>(path), .directory = path}),
      invalid_argument, "writer and directory");
  EXPECT_STATUS(SummarySaverHook({.scalars = {"a"}, .texts = {"a"}, .directory = path}), invalid_argument, "twice");
  EXPECT_STATUS(SummarySaverHook({.scalars = {""}, .directory = path}), invalid_argument, "");
}

TEST_F(SummaryHooks, AtEndWritesOnceWithTheLastStep) {
  rig.config.add_hook(std::make_shared<SummaryAtEndHook>(
      SummaryAtEndOptions{.scalars = {"loss"}, .summaries = {"summary"}, .directory = folder.path()}));
  const auto session = run(3);
  EXPECT_TRUE(folder.files().empty());
  session->close();
  const auto events = only_file();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].step, 3);
  EXPECT_EQ(events[1].values[0].scalar, 4.0F);
  EXPECT_THAT(steps_of(events, "other"), ElementsAre(3));
}

TEST_F(SummaryHooks, AtEndFeedsTheRunThatFetches) {
  rig.make = [] {
    return std::make_shared<FunctionSession>(
        [](FunctionSession::Step& step) {
          const Value* input = step.input("x");
          step.set_output("y", input != nullptr ? *input : Value::scalar(-1.0));
        },
        std::vector<std::string>{"y"}, std::vector<std::string>{"x"});
  };
  rig.config.add_hook(std::make_shared<SummaryAtEndHook>(
      SummaryAtEndOptions{.scalars = {"y"}, .feeds = {{"x", Value::scalar(5.0)}}, .directory = folder.path()}));
  run(2)->close();
  EXPECT_EQ(scalars_of(only_file(), "y").at(0).second, 5.0F);
}

TEST_F(SummaryHooks, AtEndWritesNothingOfARunThatFailed) {
  rig.config.add_hook(
      std::make_shared<SummaryAtEndHook>(SummaryAtEndOptions{.scalars = {"loss"}, .directory = folder.path()}));
  const auto session = run(1);
  session->fail(Error(StatusCode::internal, "on purpose"));
  session->close();
  EXPECT_TRUE(folder.files().empty());
}

TEST_F(SummaryHooks, BadOptionsOfTheOneAtEndAreRefused) {
  EXPECT_STATUS(SummaryAtEndHook({.scalars = {"a"}}), invalid_argument, "writer and directory");
  EXPECT_STATUS(SummaryAtEndHook({.scalars = {"a", "a"}, .directory = folder.path()}), invalid_argument, "twice");
}

}  // namespace
}  // namespace runhook
