#include "runhook/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/one_line.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "ends.hpp"
#include "standard_error.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// A session without a log of its own, whose hook warns in every step.
Outcome warn_in_every_step(int steps) {
  LoopRig rig;
  rig.config.log = nullptr;
  rig.hook({.name = "warner"})->on_after = [](SessionRunContext& context) {
    context.log(LogLevel::info, "nobody is to see this");
    context.warn(Error(StatusCode::data_loss, "half of it is gone"));
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, steps);
  session->close();
  return session->outcome();
}

TEST(Log, WarningsGoToStandardErrorUnlessThereIsALog) {
  Pipe pipe;
  {
    const StandardError replaced(pipe.writer);
    EXPECT_EQ(warn_in_every_step(2).warnings, 2);
  }
  const std::string seen = pipe.read_all();
  EXPECT_EQ(seen.find("runhook: warning: "), 0U) << seen;
  EXPECT_NE(seen.find("half of it is gone"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("nobody"), std::string::npos) << seen;
}

TEST(Log, StandardErrorThatNobodyReadsDoesNotHoldUpTheRun) {
  const Pipe pipe;
  Outcome outcome;
  {
    const StandardError replaced(pipe.writer);
    outcome = warn_in_every_step(20'000);  // some 2 MB
  }
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
  EXPECT_EQ(outcome.warnings, 20'000);
}

TEST(Log, StandardErrorWhoseReaderIsGoneDoesNotEndTheProcess) {
  Pipe pipe;
  pipe.close_reader();
  Outcome outcome;
  {
    const StandardError replaced(pipe.writer);
    outcome = warn_in_every_step(2);
  }
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
}

TEST(Log, EveryMessageIsOneLineWhateverNamesAndTextsHold) {
  const std::string forged = "mine'\nrunhook: error: forged\x1B[2J";
  LoopRig rig;
  auto hook = rig.hook({.name = forged, .failure_policy = FailurePolicy::warn});
  hook->on_before = [](SessionRunContext& context) { context.log(LogLevel::info, "two\nlines"); };
  hook->on_after = [&](SessionRunContext& context) {
    context.warn(Error(StatusCode::data_loss, "half\nof it"));
    fail(StatusCode::internal);
  };
  const auto session = rig.start();
  session->run();
  session->request_stop(0, forged);
  session->close();
  EXPECT_EQ(rig.logged("two lines"), 1);
  EXPECT_EQ(rig.logged("hook 'mine' runhook: error: forged\\x1b[2J'"), 2);
  EXPECT_EQ(rig.logged("stopped by the caller"), 1);
  for (const std::string& line : rig.log) EXPECT_TRUE(detail::is_one_line(line)) << line;
}

TEST(Log, WhatGoesToStandardErrorIsOneLine) {
  Pipe pipe;
  {
    const StandardError replaced(pipe.writer);
    detail::log_to_stderr({.level = LogLevel::error, .message = "one\nrunhook: error: forged"});
  }
  EXPECT_EQ(pipe.read_all(), "runhook: error: one runhook: error: forged\n");
}

std::string line_of(std::int64_t step, std::string_view message) {
  Pipe pipe;
  const StandardError replaced(pipe.writer);
  detail::log_to_stderr({.level = LogLevel::warning, .message = message, .step = step});
  return pipe.read_all();
}

TEST(Log, StepOfAMessageIsSaidUnlessItNamesOne) {
  EXPECT_EQ(line_of(900, "the disk is slow"), "runhook: warning: step 900: the disk is slow\n");
  EXPECT_EQ(line_of(0, "the disk is slow"), "runhook: warning: step 0: the disk is slow\n");
  EXPECT_EQ(line_of(-1, "the disk is slow"), "runhook: warning: the disk is slow\n");
  EXPECT_EQ(line_of(900, "a step failed in step"), "runhook: warning: step 900: a step failed in step\n");
  EXPECT_EQ(line_of(900, "the step at step 899 failed"), "runhook: warning: the step at step 899 failed\n");
  EXPECT_EQ(line_of(900, "  #0 a frame of the line before"), "runhook: warning:   #0 a frame of the line before\n");
}

TEST(PrintLine, WritesTheLineAsItIsWhereThereIsNoTerminal) {
  Pipe pipe;
  print_line("one\ntwo", pipe.writer);
  EXPECT_EQ(pipe.read_all(), "one\ntwo\n");
  {
    const StandardError replaced(pipe.writer);
    print_line("three");
  }
  EXPECT_EQ(pipe.read_all(), "one\ntwo\nthree\n");
}

TEST(PrintLine, WaitsForAReaderAndLosesNothing) {
  for (const int flags : {0, O_NONBLOCK}) {
    Pipe pipe;
    fcntl(pipe.writer, F_SETFL, flags);
    const std::string line(300'000, 'x');
    std::thread printer([&] { print_line(line, pipe.writer); });
    EXPECT_TRUE(pipe.await("x\n"));
    printer.join();
    EXPECT_EQ(pipe.seen.size(), line.size() + 1);
  }
}

TEST(PrintLine, WhatCannotBeWrittenIsAnErrorAndNoSignal) {
  Pipe pipe;
  pipe.close_reader();
  EXPECT_STATUS(print_line("lost", pipe.writer), unknown, "writing to descriptor");
  EXPECT_STATUS(print_line("lost", 1'000'000), unknown, "Bad file descriptor");
  EXPECT_STATUS(print_line("lost", -1), invalid_argument, "negative");
}

TEST(Log, SinkThatFailsDoesNotFailTheRun) {
  LoopRig rig;
  rig.config.log = [](LogLevel, std::string_view) { fail(StatusCode::internal); };
  rig.hook()->on_after = [](SessionRunContext& context) { context.log(LogLevel::error, "lost"); };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(no_args, 3), 3);
}

}  // namespace
