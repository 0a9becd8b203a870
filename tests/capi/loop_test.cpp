// A loop opened in one call and finished in one.
#include "runhook/loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "folder.hpp"
#include "scripted.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::ScriptedHook;

class OneCallLoop : public runhook_test::NoHandlesLeft {
 protected:
  static int32_t finish(runhook_monitored_session* loop, runhook_error* error, std::string& said) {
    testing::internal::CaptureStderr();
    const int32_t status = runhook_loop_finish(loop, error);
    said = testing::internal::GetCapturedStderr();
    return status;
  }
  // Of a loop that logs its loss and leaves files in a directory, whose name is lent.
  static runhook_loop_options with_files_in(const std::string& dir) {
    static const char* const scalars[] = {"loss"};
    runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
    options.dir = dir.c_str();
    options.scalars = scalars;
    options.scalar_count = 1;
    return options;
  }
};

TEST_F(OneCallLoop, EndsAsPlannedWithStatusZeroAndSaysSo) {
  runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
  options.max_steps = 3;
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(&options, &error);
  int bodies = 0;
  while (error == nullptr && runhook_monitored_session_next(loop, &error) != nullptr) ++bodies;
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 0);
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(said, "runhook: completed at step 3\n");
}

TEST_F(OneCallLoop, FailureIsTheStatusAndIsSaidOnce) {
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
  runhook_context_fail(runhook_monitored_session_next(loop, &error), RUNHOOK_ERR_INTERNAL, "diverged");
  EXPECT_EQ(runhook_monitored_session_next(loop, &error), nullptr);
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 1);
  EXPECT_EQ(said, "runhook: error: failed: INTERNAL in step at step 0: diverged\n");
}

TEST_F(OneCallLoop, FailureThatNobodyHasTakenIsSaidOnce) {
  runhook_monitored_session* loop = runhook_loop_open(nullptr, nullptr);
  runhook_context_fail(runhook_monitored_session_next(loop, nullptr), RUNHOOK_ERR_INTERNAL, "diverged");
  EXPECT_EQ(runhook_monitored_session_next(loop, nullptr), nullptr);
  std::string said;
  EXPECT_EQ(finish(loop, nullptr, said), 1);
  EXPECT_EQ(said, "runhook: error: failed: INTERNAL in step at step 0: diverged\n");
}

TEST_F(OneCallLoop, FailureOfALoopThatWasClosedBeforeIsSaidOnce) {
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
  runhook_context_fail(runhook_monitored_session_next(loop, &error), RUNHOOK_ERR_INTERNAL, "diverged");
  EXPECT_EQ(runhook_monitored_session_next(loop, &error), nullptr);
  EXPECT_EQ(runhook_monitored_session_close(loop, nullptr), RUNHOOK_OK);
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 1);
  EXPECT_EQ(said, "runhook: error: INTERNAL in step at step 0: diverged\n");
}

TEST_F(OneCallLoop, FailureThatClosingHasSaidIsNotSaidAgain) {
  testing::internal::CaptureStderr();
  runhook_monitored_session* loop = runhook_loop_open(nullptr, nullptr);
  runhook_context_fail(runhook_monitored_session_next(loop, nullptr), RUNHOOK_ERR_INTERNAL, "diverged");
  EXPECT_EQ(runhook_monitored_session_next(loop, nullptr), nullptr);
  runhook_monitored_session_close(loop, nullptr);
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
  std::string said;
  EXPECT_EQ(finish(loop, nullptr, said), 1);
  EXPECT_EQ(said, "");
}

TEST_F(OneCallLoop, ErrorAfterTheEndIsSaidAndIsTheStatus) {
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
  EXPECT_EQ(runhook_monitored_session_close(loop, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_next(loop, &error), nullptr);
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 1);
  EXPECT_EQ(said.rfind("runhook: error: CLOSED", 0), 0U) << said;
}

TEST_F(OneCallLoop, QuietOneSaysFailuresOnly) {
  const runhook_test::Folder folder;
  const std::string dir = folder.path();
  runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
  options.dir = dir.c_str();
  options.interval_ns = 1;
  options.max_steps = 3;
  options.quiet = 1;
  for (const bool fails : {false, true}) {
    runhook_error* error = nullptr;
    testing::internal::CaptureStderr();
    runhook_monitored_session* loop = runhook_loop_open(&options, &error);
    while (runhook_context* step = runhook_monitored_session_next(loop, &error)) {
      runhook_context_log_scalar(step, "loss", 0.5, nullptr);
      if (fails) runhook_context_fail(step, RUNHOOK_ERR_INTERNAL, "diverged");
    }
    EXPECT_EQ(runhook_loop_finish(loop, error), fails ? 1 : 0);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_EQ(said, fails ? "runhook: error: failed: INTERNAL in step at step 0: diverged\n" : "");
  }
  ScriptedHook hook;
  const runhook_hook table = hook.table();
  const runhook_hook* hooks[] = {&table};
  options.hooks = hooks;
  options.hook_count = 1;
  options.quiet = 2;
  Caught error;
  EXPECT_EQ(runhook_loop_open(&options, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(OneCallLoop, ErrorOfACallInTheBodyFailsTheRun) {
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
  runhook_step_set_double(runhook_monitored_session_next(loop, &error), nullptr, 1, &error);
  ASSERT_NE(error, nullptr);
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 1);
  EXPECT_NE(said.find("name is NULL"), std::string::npos) << said;
}

TEST_F(OneCallLoop, RefusedCallThatLogsFailsTheStepThoughNobodyLooksAtIt) {
  struct Refused {
    runhook_status (*call)(runhook_context*);
    const char* why;
  };
  const Refused all[] = {
      {[](runhook_context* step) { return runhook_context_log_scalar(step, nullptr, 1, nullptr); }, "name is NULL"},
      {[](runhook_context* step) { return runhook_context_log_int64(step, "\xff", 1, nullptr); }, "UTF-8"},
      {[](runhook_context* step) { return runhook_context_log_text(step, "", "text", nullptr); }, "name"},
      {[](runhook_context* step) { return runhook_context_log_text(step, "phase", nullptr, nullptr); }, "text is NULL"},
      {[](runhook_context* step) { return runhook_step_set_double(step, nullptr, 1, nullptr); }, "name is NULL"}};
  for (const auto& [call, why] : all) {
    runhook_error* error = nullptr;
    runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
    EXPECT_EQ(call(runhook_monitored_session_next(loop, &error)), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_monitored_session_next(loop, &error), nullptr);
    std::string said;
    EXPECT_EQ(finish(loop, error, said), 1);
    EXPECT_NE(said.find(why), std::string::npos) << said;
  }
}

TEST_F(OneCallLoop, ThatCouldNotBeOpenedIsFinishedWithItsError) {
  runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
  options.max_steps = -1;
  runhook_error* error = nullptr;
  EXPECT_EQ(runhook_loop_open(&options, &error), nullptr);
  std::string said;
  EXPECT_EQ(finish(nullptr, error, said), 1);
  EXPECT_EQ(said, "runhook: error: INVALID_ARGUMENT: max_steps is negative\n");
  EXPECT_EQ(finish(nullptr, nullptr, said), 1);
  EXPECT_EQ(said, "runhook: error: there is no loop to finish\n");
}

TEST_F(OneCallLoop, HooksAreConsumedWhateverBecomesOfTheLoop) {
  ScriptedHook good;
  const runhook_hook table = good.table();
  runhook_hook bad = RUNHOOK_HOOK_INIT;
  bad.struct_size = 3;
  const runhook_hook* hooks[] = {&table, &bad};
  runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
  options.hooks = hooks;
  options.hook_count = 2;
  Caught error;
  EXPECT_EQ(runhook_loop_open(&options, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(good.destroyed, 1);
  options.hook_count = 1;
  runhook_monitored_session* loop = runhook_loop_open(&options, error.out());
  ASSERT_NE(loop, nullptr);
  EXPECT_NE(runhook_monitored_session_next(loop, error.out()), nullptr);
  std::string said;
  EXPECT_EQ(finish(loop, nullptr, said), 0);
  EXPECT_EQ(good.destroyed, 2);
  EXPECT_EQ(good.count("after_run"), 1);
}

TEST_F(OneCallLoop, ListsAndCountsThatDoNotFitAreRefused) {
  const char* const scalars[] = {"loss"};
  const runhook_hook* const hooks[] = {nullptr};
  Caught error;
  const auto message_for = [&](auto&& change) {
    runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
    change(options);
    EXPECT_EQ(runhook_loop_open(&options, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
    return error.message();
  };
  EXPECT_EQ(message_for([&](auto& options) { options.hooks = hooks; }), "hooks are given, but their count is 0");
  EXPECT_EQ(message_for([&](auto& options) { options.hook_count = 2; }), "hooks is NULL, but its count is 2");
  EXPECT_EQ(message_for([&](auto& options) { options.scalars = scalars; }), "scalars are given, but their count is 0");
  EXPECT_EQ(message_for([&](auto& options) {
              options.scalars = scalars;
              options.scalar_count = 1;
            }),
            "scalars are for the hooks of dir: give a dir");
  EXPECT_EQ(message_for([&](auto& options) { options.interval_ns = -1; }), "interval_ns is negative");
}

TEST_F(OneCallLoop, DirectoryThatCannotBeUsedIsRefusedAtOnceByItsName) {
  runhook_loop_options options = RUNHOOK_LOOP_OPTIONS_INIT;
  options.dir = "/dev/null/run";
  Caught error;
  EXPECT_EQ(runhook_loop_open(&options, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error.message(), "no files can be written in '/dev/null/run': '/dev/null' is no directory");
}

TEST_F(OneCallLoop, SignalEndsItAfterItsStep) {
  runhook_error* error = nullptr;
  runhook_monitored_session* loop = runhook_loop_open(nullptr, &error);
  int bodies = 0;
  while (error == nullptr && runhook_monitored_session_next(loop, &error) != nullptr) {
    if (++bodies == 2) kill(getpid(), SIGTERM);
  }
  EXPECT_EQ(bodies, 2);
  std::string said;
  EXPECT_EQ(finish(loop, error, said), 128 + SIGTERM);
}

TEST_F(OneCallLoop, RefusedNaNIsInOneRow) {
  for (const int64_t interval_ns : {0, 1}) {
    const runhook_test::Folder folder;
    const std::string dir = folder.path();
    runhook_loop_options options = with_files_in(dir);
    options.interval_ns = interval_ns;
    options.quiet = 1;
    runhook_error* error = nullptr;
    runhook_monitored_session* loop = runhook_loop_open(&options, &error);
    while (runhook_context* step = runhook_monitored_session_next(loop, &error)) {
      runhook_context_log_scalar(step, "loss", runhook_step_number(step) < 3 ? 0.5 : std::nan(""), &error);
    }
    std::string said;
    EXPECT_EQ(finish(loop, error, said), 1);
    std::ifstream file(folder.file("metrics.jsonl"));
    int failed_rows = 0;
    for (std::string row; std::getline(file, row);) failed_rows += row.find("\"loss\":\"NaN\"") != std::string::npos;
    EXPECT_EQ(failed_rows, 1) << "interval " << interval_ns;
  }
}

TEST_F(OneCallLoop, WithADirectoryItHasTheDefaultHooks) {
  const runhook_test::Folder folder;
  const std::string dir = folder.path();
  runhook_loop_options options = with_files_in(dir);
  options.max_steps = 5;
  runhook_error* error = nullptr;
  std::string said;
  testing::internal::CaptureStderr();
  runhook_monitored_session* loop = runhook_loop_open(&options, &error);
  while (runhook_context* step = runhook_monitored_session_next(loop, &error)) {
    runhook_step_set_double(step, "loss", 0.5, &error);
  }
  testing::internal::GetCapturedStderr();
  EXPECT_EQ(finish(loop, error, said), 0) << said;
  EXPECT_TRUE(std::filesystem::exists(folder.file("report.html")));
  EXPECT_TRUE(std::filesystem::exists(folder.file("metrics.jsonl")));
}

}  // namespace
