// The built-in hooks that show what a run does, made and added in C.
#include "runhook/logging.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "capi/scripted.hpp"
#include "ends.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

// What was written to a runhook_log or a runhook_scalar_sink.
struct Written {
  std::vector<std::string> lines;
  std::vector<int64_t> steps;
  std::vector<double> values;
  int destroyed = 0;
  int32_t returned = kOk;

  static void destroy(void* self) { ++static_cast<Written*>(self)->destroyed; }
  runhook_log log() {
    runhook_log table = RUNHOOK_LOG_INIT;
    table.user_data = this;
    table.destroy = destroy;
    table.write = [](const runhook_log_record* record, void* self) {
      EXPECT_EQ(record->level, RUNHOOK_LOG_INFO);
      static_cast<Written*>(self)->lines.emplace_back(record->message);
    };
    return table;
  }
  runhook_scalar_sink scalars() {
    runhook_scalar_sink table = RUNHOOK_SCALAR_SINK_INIT;
    table.user_data = this;
    table.destroy = destroy;
    table.write = [](const char* tag, double value, int64_t step, void* self, int32_t ok) {
      auto& written = *static_cast<Written*>(self);
      written.lines.emplace_back(tag);
      written.values.push_back(value);
      written.steps.push_back(step);
      return answer(written.returned, ok);
    };
    return table;
  }
};

constexpr const char* kY[] = {"y"};

runhook_logging_options y_logged() {
  runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
  options.names = kY;
  options.name_count = 1;
  return options;
}

runhook_metrics_options y_in(const char* path) {
  runhook_metrics_options options = RUNHOOK_METRICS_OPTIONS_INIT;
  options.path = path;
  options.names = kY;
  options.name_count = 1;
  return options;
}

class CLogging : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();
    runhook_clock_destroy(clock_);
    NoHandlesLeft::TearDown();
  }
  // Makes so many steps, of 10 ms each, and closes. Returns how many warnings there were, or -1 after a failure.
  int64_t run(Loop& loop, runhook_builtin_hook* hook, int64_t steps) {
    EXPECT_NE(hook, nullptr) << error_.message();
    runhook_config_set_clock(loop.config, clock_, nullptr);
    loop.step = [this](runhook_context* context) {
      runhook_manual_clock_advance(clock_, 10000000, nullptr);
      return runhook_step_set_double(context, "y", 0.5, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, error_.out()), RUNHOOK_OK);
    runhook_builtin_hook_destroy(hook);
    if (!loop.start()) return -1;
    int64_t completed = 0;
    runhook_monitored_session_run_until_stop(loop.session, nullptr, steps, &completed, error_.out());
    if (loop.close() != RUNHOOK_OK || completed != steps) return -1;
    runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
    const auto warnings = static_cast<int64_t>(runhook_outcome_warnings(outcome));
    runhook_outcome_destroy(outcome);
    return warnings;
  }
  runhook_clock* clock_ = runhook_manual_clock_create(0, nullptr);
  Folder folder_;
  Caught error_;
};

TEST_F(CLogging, LinesAreAsTheFormatterMakesThem) {
  const char* const names[] = {"y", "y"};
  const char* const tags[] = {"second", "first"};
  Written written;
  int destroyed = 0;
  {
    Loop loop;
    const runhook_log log = written.log();
    runhook_log_formatter formatter = RUNHOOK_LOG_FORMATTER_INIT;
    formatter.user_data = &destroyed;
    formatter.destroy = count_destroy;
    formatter.format = [](const char* const* its_tags, runhook_value* const* values, size_t count, char* line,
                          size_t capacity, void*, int32_t ok) -> int32_t {
      double number = 0;
      runhook_value_get_double(values[0], &number, nullptr);
      std::snprintf(line, capacity, "%zu: %s is %.2f, %s", count, its_tags[0], number, its_tags[1]);
      return ok;
    };
    runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
    options.names = names;
    options.name_count = 2;
    options.tags = tags;
    options.every_n_iter = 2;
    options.log = &log;
    options.formatter = &formatter;
    EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 3), 0);
  }
  EXPECT_EQ(written.lines, (std::vector<std::string>{"2: first is 0.50, second", "2: first is 0.50, second"}));
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CLogging, FormatterThatFailsFailsTheRun) {
  Loop loop;
  runhook_log_formatter formatter = RUNHOOK_LOG_FORMATTER_INIT;
  formatter.format = [](const char* const*, runhook_value* const*, size_t, char*, size_t, void*, int32_t) -> int32_t {
    return 0;
  };
  runhook_logging_options options = y_logged();
  options.formatter = &formatter;
  EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 3), -1);
  formatter.format = nullptr;
  EXPECT_EQ(runhook_logging_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CLogging, LoggingWritesToALog) {
  Written written;
  {
    Loop loop;
    runhook_logging_options options = y_logged();
    options.every_n_iter = 3;
    options.at_end = 1;
    const runhook_log log = written.log();
    options.log = &log;
    EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 4), 0);
  }
  EXPECT_THAT(written.lines,
              ElementsAre("step 1: y = 0.5", "step 4: y = 0.5 (0.030 sec)", "step 4: y = 0.5 (0.010 sec)"))
      << "the last is fetched by a run of its own";
  EXPECT_EQ(written.destroyed, 1);
}

TEST_F(CLogging, LoggingHasTheTimeOfDayOnRequest) {
  Loop loop;
  Written written;
  runhook_logging_options options = y_logged();
  const runhook_log log = written.log();
  options.log = &log;
  options.time_of_day = 1;
  EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 1), 0);
  EXPECT_THAT(written.lines, ElementsAre(MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+[+-][0-9:]+ step 1: y = 0.5")));
  options.log = nullptr;
  options.time_of_day = 2;
  EXPECT_EQ(runhook_logging_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  options.time_of_day = 0;
  options.reserved = 1;
  EXPECT_EQ(runhook_logging_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_UNIMPLEMENTED);
}

TEST_F(CLogging, LoggingHasTagsAndTimeAndADescriptor) {
  Loop loop;
  Pipe pipe;
  const char* const names[] = {"y", "x"};
  const char* const tags[] = {"loss", "input"};
  runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
  options.names = names;
  options.name_count = 2;
  options.tags = tags;
  options.every_ns = 20000000;
  options.descriptor = pipe.writer;
  EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 3), 0);
  EXPECT_EQ(pipe.read_all(), "step 1: input = nothing, loss = 0.5\nstep 3: input = nothing, loss = 0.5 (0.020 sec)\n");
}

TEST_F(CLogging, LoggingRefusesWhatContradicts) {
  Written written;
  const runhook_log log = written.log();
  runhook_logging_options options = y_logged();
  options.log = &log;
  const auto refused = [&](const char* text) {
    EXPECT_EQ(runhook_logging_hook_create(&options, error_.out()), nullptr);
    EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_THAT(error_.message(), HasSubstr(text));
  };
  options.every_n_iter = options.every_ns = 5;
  refused("exactly one of");
  options.every_ns = 0;
  options.every_n_iter = -1;
  refused("exactly one of");
  options.every_ns = -1;
  refused("exactly one of");
  options.every_n_iter = 5;
  options.descriptor = -1;
  refused("descriptor is negative");
  EXPECT_EQ(written.destroyed, 4) << "the log is consumed whatever happens";
  runhook_logging_options nothing = RUNHOOK_LOGGING_OPTIONS_INIT;
  nothing.at_end = 1;
  EXPECT_EQ(runhook_logging_hook_create(&nothing, error_.out()), nullptr);
  EXPECT_THAT(error_.message(), HasSubstr("nothing to log"));
  const char* const twice[] = {"y", "x"};
  const char* const tags[] = {"a", "a"};
  options = RUNHOOK_LOGGING_OPTIONS_INIT;
  options.names = twice;
  options.name_count = 2;
  options.tags = tags;
  EXPECT_EQ(runhook_logging_hook_create(&options, error_.out()), nullptr);
  EXPECT_THAT(error_.message(), HasSubstr("'a'"));
}

TEST_F(CLogging, StepCounterTellsItsRateToSinkAndLog) {
  Written scalars;
  Written lines;
  {
    Loop loop;
    runhook_step_counter_options options = RUNHOOK_STEP_COUNTER_OPTIONS_INIT;
    options.every_n_steps = 2;
    options.global_step_name = "bar/foo";
    const runhook_scalar_sink sink = scalars.scalars();
    const runhook_log log = lines.log();
    options.scalars = &sink;
    options.log = &log;
    EXPECT_EQ(run(loop, runhook_step_counter_hook_create(&options, error_.out()), 5), 0);
  }
  EXPECT_THAT(scalars.lines, ElementsAre("bar/foo/sec", "bar/foo/sec"));
  EXPECT_THAT(scalars.steps, ElementsAre(3, 5));
  EXPECT_THAT(scalars.values, ElementsAre(100.0, 100.0));
  EXPECT_THAT(lines.lines, ElementsAre("step 3: bar/foo/sec = 100", "step 5: bar/foo/sec = 100"));
  EXPECT_EQ(scalars.destroyed, 1);
  EXPECT_EQ(lines.destroyed, 1);
}

TEST_F(CLogging, ScalarSinkThatFailsFailsTheRun) {
  Written scalars;
  scalars.returned = 0;
  Loop loop;
  runhook_step_counter_options options = RUNHOOK_STEP_COUNTER_OPTIONS_INIT;
  options.every_ns = 1;
  const runhook_scalar_sink sink = scalars.scalars();
  options.scalars = &sink;
  EXPECT_EQ(run(loop, runhook_step_counter_hook_create(&options, error_.out()), 2), -1);
  EXPECT_THAT(error_.message(), HasSubstr(unexplained_failure("write", 0)));
}

TEST_F(CLogging, StepCounterConsumesBothTablesWhicheverIsBad) {
  Written good;
  runhook_scalar_sink sink = good.scalars();
  runhook_log log = good.log();
  runhook_step_counter_options options = RUNHOOK_STEP_COUNTER_OPTIONS_INIT;
  options.scalars = &sink;
  options.log = &log;
  sink.write = nullptr;
  EXPECT_EQ(runhook_step_counter_hook_create(&options, error_.out()), nullptr);
  EXPECT_THAT(error_.message(), HasSubstr("write is NULL"));
  EXPECT_EQ(good.destroyed, 2);
  sink = good.scalars();
  log.write = nullptr;
  EXPECT_EQ(runhook_step_counter_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(good.destroyed, 4);
}

TEST_F(CLogging, ProgressIsWrittenToADescriptor) {
  Loop loop;
  Pipe pipe;
  runhook_progress_options options = RUNHOOK_PROGRESS_OPTIONS_INIT;
  options.names = kY;
  options.name_count = 1;
  options.last_step = 10;
  options.descriptor = pipe.writer;
  EXPECT_EQ(run(loop, runhook_progress_hook_create(&options, error_.out()), 5), 0);
  EXPECT_EQ(pipe.read_all(), "step 5/10 (50%)  100 steps/s  0:00 in all  y = 0.5\n");
  options.last_step = -1;
  EXPECT_EQ(runhook_progress_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CLogging, ProgressHasALabelAndTheTimeOfDayOnRequest) {
  Loop loop;
  Pipe pipe;
  runhook_progress_options options = RUNHOOK_PROGRESS_OPTIONS_INIT;
  options.descriptor = pipe.writer;
  options.label = "train";
  options.time_of_day = 1;
  EXPECT_EQ(run(loop, runhook_progress_hook_create(&options, error_.out()), 5), 0);
  EXPECT_THAT(pipe.read_all(), MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:]+[+-][0-9:]+ train: step 5.*\n"));
  options.time_of_day = 2;
  EXPECT_EQ(runhook_progress_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CLogging, LineIsPrintedToADescriptor) {
  Pipe pipe;
  EXPECT_EQ(runhook_print_line(pipe.writer, "from the program", error_.out()), RUNHOOK_OK);
  EXPECT_EQ(pipe.read_all(), "from the program\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(runhook_print_line(0, "to standard error", error_.out()), RUNHOOK_OK);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "to standard error\n");
  EXPECT_EQ(runhook_print_line(-1, "lost", error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_print_line(pipe.writer, nullptr, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  pipe.close_reader();
  EXPECT_EQ(runhook_print_line(pipe.writer, "lost", error_.out()), RUNHOOK_ERR_UNKNOWN);
}

TEST_F(CLogging, MetricsAreJsonLinesByDefault) {
  Loop loop;
  const std::string path = folder_.file("new/metrics");
  const runhook_metrics_options options = y_in(path.c_str());
  EXPECT_EQ(run(loop, runhook_metrics_hook_create(&options, error_.out()), 2), 0);
  const std::string text = content(path);
  EXPECT_THAT(text, StartsWith("{\"step\":0,\"wall_time\":"));
  EXPECT_THAT(text, HasSubstr("\"attempt\":1,\"event\":\"start\"}\n{\"step\":1,"));
  EXPECT_THAT(text, HasSubstr("\"elapsed\":0.010000000,\"session\":\""));
  EXPECT_THAT(text, HasSubstr("\"attempt\":1,\"y\":0.5}\n{\"step\":2,"));
}

TEST_F(CLogging, MetricsAreCsvOnRequest) {
  const std::string path = folder_.file("metrics");
  const char* const tags[] = {"loss"};
  runhook_metrics_options options = y_in(path.c_str());
  options.format = RUNHOOK_METRICS_CSV;
  options.tags = tags;
  options.every_n_steps = 2;
  for (int session = 0; session < 2; ++session) {
    Loop loop;
    EXPECT_EQ(run(loop, runhook_metrics_hook_create(&options, error_.out()), 3), 0);
  }
  const std::string text = content(path);
  EXPECT_THAT(text, StartsWith("step,wall_time,elapsed,session,attempt,event,loss\n0,"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 2 * 3);
}

TEST_F(CLogging, MetricsThatCannotBeWrittenAreAWarningOrAFailure) {
  runhook_metrics_options options = y_in("/dev/full");
  options.flush_interval_ns = -1;
  Loop loop;
  EXPECT_EQ(run(loop, runhook_metrics_hook_create(&options, error_.out()), 3), 1);
  options.fail_run = 1;
  Loop failing;
  EXPECT_EQ(run(failing, runhook_metrics_hook_create(&options, error_.out()), 3), -1);
  EXPECT_THAT(failing.error.message(), HasSubstr("/dev/full"));
}

TEST_F(CLogging, MetricsRefuseBadOptions) {
  const auto refused = [&](auto change) {
    runhook_metrics_options options = y_in("path");
    change(options);
    EXPECT_EQ(runhook_metrics_hook_create(&options, error_.out()), nullptr);
    EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  };
  refused([](auto& options) { options.format = 2; });
  refused([](auto& options) { options.fail_run = 2; });
  refused([](auto& options) { options.every_n_steps = -1; });
  refused([](auto& options) { options.every_ns = options.every_n_steps = 1; });
  refused([](auto& options) { options.buffer_bytes = -1; });
  refused([](auto& options) { options.path = nullptr; });
  refused([](auto& options) { options.keep_all = 2; });
  refused([](auto& options) { options.logged_column_count = 1; });
  EXPECT_EQ(runhook_metrics_hook_create(nullptr, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CLogging, NameThatTheSessionHasNotFailsItsCreation) {
  const char* const typo[] = {"typo"};
  runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
  options.names = typo;
  options.name_count = 1;
  Loop loop;
  EXPECT_EQ(run(loop, runhook_logging_hook_create(&options, error_.out()), 1), -1);
  EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_NOT_FOUND);
}

}  // namespace
