// What hooks that write do when what they write to fails: the run goes on, and its outcome tells.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/progress.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HookOutputs : public testing::Test {
 protected:
  static constexpr int kRuns = 2000;
  HookOutputs() {
    rig.values = {{"loss", Value::scalar(0.5)}, {"text", Value::string("quite a long text, so to say")}};
  }

  void add_metrics(const std::string& path, OutputOptions options = {}) {
    rig.config.add_hook(MetricsHook::make({.path = path, .names = {"loss", "text"}, .output = std::move(options)}));
  }
  void add_logging(std::shared_ptr<Output> output) {
    rig.config.add_hook(LoggingHook::make({.names = {"text", "loss"}, .every_n_iter = 1, .output = std::move(output)}));
  }
  // A run that nothing keeps from being completed.
  Outcome run() {
    const Outcome outcome = rig.run(kRuns);
    EXPECT_EQ(outcome.kind, OutcomeKind::completed) << outcome.to_string();
    EXPECT_EQ(outcome.runs, kRuns);
    return outcome;
  }
  ValueRig rig;
  Folder folder;
};

TEST_F(HookOutputs, MetricsOnAFullDiskAreOneWarning) {
  add_metrics("/dev/full", {.flush_interval = 1h});  // so that it is told at the end
  const Outcome outcome = run();
  EXPECT_EQ(outcome.warnings, 1U);
  EXPECT_EQ(outcome.first_warning.code(), StatusCode::resource_exhausted);
  EXPECT_EQ(outcome.first_warning.hook(), "metrics");
  EXPECT_THAT(outcome.first_warning.message(), HasSubstr("/dev/full"));
  EXPECT_EQ(rig.logged("/dev/full"), 1);
}

TEST_F(HookOutputs, MetricsInAFolderThatCannotBeMadeAreOneWarning) {
  put(folder.file("file"), "not a folder");
  add_metrics(folder.file("file/metrics"));
  const Outcome outcome = run();
  EXPECT_EQ(outcome.warnings, 1U);
  EXPECT_THAT(outcome.first_warning.message(), HasSubstr(folder.file("file/metrics")));
  EXPECT_EQ(content(folder.file("file")), "not a folder");
}

TEST_F(HookOutputs, MetricsThatHaveToBeWrittenFailTheRun) {
  add_metrics("/dev/full", {.fail_run = true});
  EXPECT_STATUS(rig.run(kRuns), resource_exhausted, "/dev/full");
}

TEST_F(HookOutputs, LoggingToAFullDiskGoesOn) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const auto output = Output::descriptor(full, "the full disk", {.flush_interval = 1ms});
  add_logging(output);
  // The failure is known to the output by then, so that the hook tells it.
  const auto session = rig.start();
  for (int i = 0; i < 10'000 && session->outcome().warnings == 0; ++i) {
    session->run();
    std::this_thread::sleep_for(1ms);
  }
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().first_warning.code(), StatusCode::resource_exhausted);
  EXPECT_EQ(session->outcome().first_warning.hook(), "logging");
  output->close();
  close(full);
}

TEST_F(HookOutputs, BrokenPipeIsOneWarningOfEachOutput) {
  Pipe log_pipe;
  Pipe progress_pipe;
  log_pipe.close_reader();
  progress_pipe.close_reader();
  const auto log = Output::descriptor(log_pipe.writer, "log pipe", {.flush_interval = 1ms});
  const auto progress = Output::descriptor(progress_pipe.writer, "progress pipe", {.flush_interval = 1ms});
  add_logging(log);
  rig.config.add_hook(ProgressHook::make({.names = {"loss"}, .output = progress, .line_interval = 1ms}));
  rig.before_step = [this](int) { rig.clock->advance(1'000'000'000); };
  const auto session = rig.start();
  for (int i = 0; i < 10'000 && session->outcome().warnings < 2; ++i) {
    session->run();
    std::this_thread::sleep_for(1ms);
  }
  for (int i = 0; i < 100; ++i) session->run();
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(rig.logged("log pipe"), 1);
  EXPECT_EQ(rig.logged("progress pipe"), 1);
}

TEST_F(HookOutputs, PipeThatNobodyReadsBlocksNothingAndHoldsWholeLines) {
  Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "slow pipe",
                                         {.buffer_bytes = 4096, .flush_interval = 1ms, .close_timeout = 50ms});
  add_logging(output);
  rig.run(20'000);  // far more than pipe and buffer hold
  EXPECT_EQ(rig.logged("slow pipe"), 1);
  output->close();
  // What is left of the last line is what the pipe had no room for.
  const std::string text = pipe.read_all();
  EXPECT_GT(output->dropped(), 0U);
  std::size_t lines = 0;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string line = text.substr(begin, end - begin);
    EXPECT_EQ(line.substr(line.find(": ") + 2, line.find(" (") - line.find(": ") - 2),
              "text = quite a long text, so to say, loss = 0.5");
    ++lines;
  }
  EXPECT_GT(lines, 50U) << "the buffer alone holds more";
}

TEST_F(HookOutputs, RowsThatWereWrittenStayWholeWhenTheRunFails) {
  add_metrics(folder.file("metrics"));
  rig.before_step = [](int step) {
    if (step == 50) fail(StatusCode::internal);
  };
  EXPECT_STATUS(rig.run(100), internal, "");
  const std::string text = content(folder.file("metrics"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 49);
  EXPECT_EQ(text.substr(text.size() - 2), "}\n");
}

}  // namespace
}  // namespace runhook
