// The one rule for options: a zeroed struct with its size set means the same as its INIT macro, and as NULL where that
// is allowed: all defaults.
#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "folder.hpp"
#include "scripted.hpp"

namespace {

using namespace runhook_test;

// What options do, as a text. Empty: they are refused.
template <class Options>
using Effect = std::function<std::string(const Options* options)>;

enum class Null { refused, allowed };

template <class Options>
void expect_one_meaning(const Options& init, Null null, const Effect<Options>& effect) {
  Options zeroed;
  std::memset(&zeroed, 0, sizeof zeroed);
  zeroed.struct_size = sizeof zeroed;
  Options copy;
  std::memset(&copy, 0, sizeof copy);
  std::memcpy(&copy, &init, sizeof copy);
  EXPECT_EQ(std::memcmp(&zeroed, &copy, sizeof zeroed), 0) << "INIT sets something";
  const std::string expected = effect(&init);
  EXPECT_NE(expected, "");
  EXPECT_EQ(effect(&zeroed), expected);
  EXPECT_EQ(effect(nullptr), null == Null::allowed ? expected : "") << "NULL";
}

// The same for options of which some have to be set, which is what `require` does: without them they are refused.
template <class Options>
void expect_one_meaning(const Options& init, const std::function<void(Options&)>& require,
                        const Effect<Options>& effect) {
  EXPECT_EQ(effect(&init), "") << "nothing is required";
  expect_one_meaning<Options>(init, Null::refused, [&](const Options* options) {
    if (options == nullptr) return effect(nullptr);
    Options complete = *options;
    require(complete);
    return effect(&complete);
  });
}

// A loop whose steps take 10 ms of its clock each, and what it has logged.
class TimedLoop : public Loop {
 public:
  std::vector<std::string> lines;

  TimedLoop() {
    step = [this](runhook_context* context) {
      trace_level = runhook_run_options_trace_level(runhook_context_options(context));
      runhook_manual_clock_advance(clock_, 10'000'000, nullptr);
      return runhook_step_set_double(context, "y", 0.5, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
    runhook_config_set_clock(config, clock_, nullptr);
    const runhook_log table = log();
    runhook_config_set_log(config, &table, nullptr);
  }
  ~TimedLoop() {
    runhook_monitored_session_destroy(std::exchange(session, nullptr));  // which is logged
    runhook_clock_destroy(clock_);
  }
  runhook_log log() {
    runhook_log table = RUNHOOK_LOG_INIT;
    table.user_data = this;
    table.write = [](const runhook_log_record* record, void* self) {
      static_cast<TimedLoop*>(self)->lines.emplace_back(record->message);
    };
    return table;
  }
  int64_t now() const { return runhook_clock_now_ns(clock_); }
  // With a hook, which it takes, until a stop: how many steps it makes, and how often it logs. Empty without a hook.
  std::string run_with(runhook_builtin_hook* hook, int64_t at_most = 250) {
    if (hook == nullptr) return "";
    std::string effect = runhook_builtin_hook_name(hook);
    EXPECT_EQ(runhook_config_add_builtin_hook(config, hook, nullptr, error.out()), RUNHOOK_OK);
    runhook_builtin_hook_destroy(hook);
    EXPECT_TRUE(start()) << error.message();
    int64_t completed = 0;
    EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, at_most, &completed, error.out()), RUNHOOK_OK);
    const std::size_t before_the_end = lines.size();  // which is logged, too
    EXPECT_EQ(close(), RUNHOOK_OK) << error.message();
    lines.resize(before_the_end);
    return effect + ": " + std::to_string(completed) + " steps, " + std::to_string(lines.size()) + " lines";
  }
  int32_t trace_level = 0;

 private:
  runhook_clock* clock_ = runhook_manual_clock_create(0, nullptr);
};

const char* const kNames[] = {"y"};

class Options : public NoHandlesLeft {};

TEST_F(Options, OfARegistration) {
  expect_one_meaning<runhook_hook_options>(
      RUNHOOK_HOOK_OPTIONS_INIT, Null::allowed, [](const runhook_hook_options* options) {
        std::string order;
        ScriptedHook plain, given;
        Loop loop;
        for (ScriptedHook* hook : {&given, &plain}) {
          hook->name = hook == &given ? "given" : "plain";
          hook->on["before_run"] = [&order, hook](runhook_context*) {
            order += hook->name + " ";
            return kOk;
          };
        }
        given.on["after_run"] = [](runhook_context*) { return 0; };
        loop.add(given, options);
        loop.add(plain);
        // A built-in hook keeps its own phase.
        const char* const names[] = {"y"};
        runhook_nan_guard_options nan = RUNHOOK_NAN_GUARD_OPTIONS_INIT;
        nan.names = names;
        nan.name_count = nan.stop_only = 1;
        runhook_builtin_hook* guard = runhook_nan_guard_hook_create(&nan, nullptr);
        runhook_config_add_builtin_hook(loop.config, guard, options, nullptr);
        runhook_builtin_hook_destroy(guard);
        loop.step = [](runhook_context* context) {
          runhook_step_set_double(context, "y", std::numeric_limits<double>::quiet_NaN(), nullptr);
          return kOk;
        };
        if (!loop.start()) return std::string();
        order += std::to_string(loop.run()) + " " + runhook_error_hook(loop.error.get()) + " ";
        uint64_t id = 0;
        order += std::to_string(runhook_monitored_session_find_hook(loop.session, "NaN guard", &id, nullptr));
        return order;
      });
}

TEST_F(Options, OfARecoveryPolicy) {
  expect_one_meaning<runhook_recovery_policy>(
      RUNHOOK_RECOVERY_POLICY_INIT, Null::allowed, [](const runhook_recovery_policy* policy) {
        TimedLoop loop;
        EXPECT_EQ(runhook_config_set_recovery(loop.config, policy, nullptr), RUNHOOK_OK);
        loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, ""); };
        EXPECT_TRUE(loop.start());
        EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED);
        // 0.1, 0.2, 0.4, 0.8 and 1.6 s, each shortened by up to a half.
        EXPECT_GT(loop.now(), 1'550'000'000);
        EXPECT_LT(loop.now(), 3'100'000'000);
        return std::to_string(loop.sessions) + " sessions";
      });
}

TEST_F(Options, OfATrainingConfig) {
  expect_one_meaning<runhook_training_options>(
      RUNHOOK_TRAINING_OPTIONS_INIT, Null::allowed, [](const runhook_training_options* options) {
        Loop loop;
        ScriptedHook hook;
        const runhook_function factory = function_of(loop.create);
        runhook_config* config = runhook_training_config_create(&factory, nullptr, options, nullptr);
        runhook_hook_options chief_only = RUNHOOK_HOOK_OPTIONS_INIT;
        chief_only.chief_only = 1;
        const runhook_hook table = hook.table();
        EXPECT_EQ(runhook_config_add_hook(config, &table, &chief_only, nullptr), RUNHOOK_OK);
        runhook_monitored_session* session = runhook_monitored_session_create(config, nullptr);
        EXPECT_NE(session, nullptr);
        runhook_monitored_session_destroy(session);
        runhook_config_destroy(config);
        return "chief only: " + std::to_string(hook.count("begin"));
      });
}

TEST_F(Options, OfTheDefaultHooks) {
  Folder folder;
  const auto require = [&](runhook_default_hooks& hooks) {
    hooks.dir = folder.path().c_str();
    hooks.scalars = kNames;
    hooks.scalar_count = 1;
  };
  const auto effect = [](const runhook_default_hooks* hooks) -> std::string {
    Loop loop;
    if (runhook_config_add_default_hooks(loop.config, hooks, nullptr) != RUNHOOK_OK) return "";
    EXPECT_TRUE(loop.start());
    std::string found;
    for (const char* name : {"report", "stop on signal", "stall watchdog", "NaN guard", "profiler", "summary saver",
                             "step counter", "metrics", "logging", "progress"}) {
      uint64_t id = 0;
      if (runhook_monitored_session_find_hook(loop.session, name, &id, nullptr) == RUNHOOK_OK) found += name;
    }
    return found;
  };
  testing::internal::CaptureStderr();
  expect_one_meaning<runhook_default_hooks>(RUNHOOK_DEFAULT_HOOKS_INIT, require, effect);
  runhook_default_hooks off = RUNHOOK_DEFAULT_HOOKS_INIT;
  require(off);
  off.interval_ns = off.stall_timeout_ns = off.profile_interval_ns = -1;
  EXPECT_EQ(effect(&off), "reportstop on signalNaN guardprogress");
  testing::internal::GetCapturedStderr();
}

TEST_F(Options, OfTheHooksThatStop) {
  expect_one_meaning<runhook_stop_at_step_options>(
      RUNHOOK_STOP_AT_STEP_OPTIONS_INIT,
      [](runhook_stop_at_step_options& options) {
        options.target = RUNHOOK_STOP_AT_NUM_STEPS;
        options.step = 7;
      },
      [](const runhook_stop_at_step_options* options) {
        return TimedLoop().run_with(runhook_stop_at_step_hook_create(options, nullptr));
      });
  expect_one_meaning<runhook_stop_after_n_evals_options>(
      RUNHOOK_STOP_AFTER_N_EVALS_OPTIONS_INIT, Null::allowed, [](const runhook_stop_after_n_evals_options* options) {
        TimedLoop loop;
        const std::string effect = loop.run_with(runhook_stop_after_n_evals_hook_create(options, nullptr), 3);
        EXPECT_EQ(loop.lines.at(0), "Evaluation [1]");
        return effect;
      });
  Folder folder;
  expect_one_meaning<runhook_metric_stop_options>(
      RUNHOOK_METRIC_STOP_OPTIONS_INIT,
      [&](runhook_metric_stop_options& options) {
        options.metric = "loss";
        options.directory = folder.path().c_str();
        options.kind = RUNHOOK_STOP_IF_LOWER;
      },
      [](const runhook_metric_stop_options* options) {
        return TimedLoop().run_with(runhook_metric_stop_hook_create(options, nullptr));
      });
}

TEST_F(Options, OfTheHooksThatShow) {
  expect_one_meaning<runhook_logging_options>(
      RUNHOOK_LOGGING_OPTIONS_INIT, Null::allowed, [](const runhook_logging_options* options) {
        testing::internal::CaptureStderr();
        TimedLoop loop;
        loop.step = [](runhook_context* context) {
          return runhook_context_log_scalar(context, "y", 0.5, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
        };
        std::string effect = loop.run_with(runhook_logging_hook_create(options, nullptr));
        const std::string lines = testing::internal::GetCapturedStderr();
        EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), effect.empty() ? 0 : 4)
            << "every 100 runs, and the last";
        return effect + lines;
      });
  expect_one_meaning<runhook_step_counter_options>(
      RUNHOOK_STEP_COUNTER_OPTIONS_INIT, Null::allowed, [](const runhook_step_counter_options* options) {
        TimedLoop loop;
        std::string effect = loop.run_with(runhook_step_counter_hook_create(options, nullptr));
        EXPECT_EQ(loop.lines.size(), 2U) << "every 100 steps";
        return effect + loop.lines.at(0);
      });
  expect_one_meaning<runhook_progress_options>(
      RUNHOOK_PROGRESS_OPTIONS_INIT, Null::allowed, [](const runhook_progress_options* options) {
        testing::internal::CaptureStderr();
        const std::string effect = TimedLoop().run_with(runhook_progress_hook_create(options, nullptr));
        return effect + testing::internal::GetCapturedStderr();
      });
  Folder folder;
  const std::string path = folder.file("metrics");
  expect_one_meaning<runhook_metrics_options>(
      RUNHOOK_METRICS_OPTIONS_INIT,
      [&](runhook_metrics_options& options) {
        options.path = path.c_str();
        options.names = kNames;
        options.name_count = 1;
      },
      [&](const runhook_metrics_options* options) -> std::string {
        const std::string effect = TimedLoop().run_with(runhook_metrics_hook_create(options, nullptr));
        if (effect.empty()) return "";
        const std::string rows = content(path);
        std::filesystem::remove(path);
        EXPECT_EQ(std::count(rows.begin(), rows.end(), '\n'), 1 + 250) << "a row for every run";
        return effect + (rows.front() == '{' ? " of JSON" : "");
      });
}

TEST_F(Options, OfTheHooksThatGuard) {
  const auto outputs_nan = [](runhook_context* context) {
    runhook_step_set_double(context, "y", std::numeric_limits<double>::quiet_NaN(), nullptr);
    return kOk;
  };
  expect_one_meaning<runhook_nan_guard_options>(
      RUNHOOK_NAN_GUARD_OPTIONS_INIT,
      [](runhook_nan_guard_options& options) {
        options.names = kNames;
        options.name_count = 1;
      },
      [&](const runhook_nan_guard_options* options) -> std::string {
        runhook_builtin_hook* hook = runhook_nan_guard_hook_create(options, nullptr);
        if (hook == nullptr) return "";
        Loop loop;
        loop.step = outputs_nan;
        runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr);
        runhook_builtin_hook_destroy(hook);
        EXPECT_TRUE(loop.start());
        return std::to_string(loop.run());
      });
  runhook_metric_rule rule = RUNHOOK_METRIC_RULE_INIT;
  rule.name = "y";
  rule.given = RUNHOOK_RULE_TARGET;
  rule.target = 1;
  const runhook_metric_rule* const rules[] = {&rule};
  expect_one_meaning<runhook_early_stopping_options>(
      RUNHOOK_EARLY_STOPPING_OPTIONS_INIT,
      [&](runhook_early_stopping_options& options) {
        options.rules = rules;
        options.rule_count = 1;
      },
      [](const runhook_early_stopping_options* options) {
        return TimedLoop().run_with(runhook_early_stopping_hook_create(options, nullptr));
      });
}

TEST_F(Options, OfTheHooksThatStopByTime) {
  expect_one_meaning<runhook_stop_after_options>(
      RUNHOOK_STOP_AFTER_OPTIONS_INIT, [](runhook_stop_after_options& options) { options.time_ns = 50'000'000; },
      [](const runhook_stop_after_options* options) {
        return TimedLoop().run_with(runhook_stop_after_hook_create(options, nullptr));
      });
  expect_one_meaning<runhook_stop_at_time_options>(
      RUNHOOK_STOP_AT_TIME_OPTIONS_INIT, [](runhook_stop_at_time_options& options) { options.unix_ns = 1; },
      [](const runhook_stop_at_time_options* options) {
        return TimedLoop().run_with(runhook_stop_at_time_hook_create(options, nullptr));
      });
}

TEST_F(Options, OfTheHooksThatCallAFunction) {
  Callback due = [](runhook_context* context) {
    runhook_context_set_due(context, runhook_context_global_step(context) >= 3 ? 1 : 0, nullptr);
    return kOk;
  };
  // Each call consumes one.
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  const auto given = [&] {
    function = function_of(due);
    return &function;
  };
  expect_one_meaning<runhook_stop_when_options>(
      RUNHOOK_STOP_WHEN_OPTIONS_INIT, [&](runhook_stop_when_options& options) { options.predicate = given(); },
      [](const runhook_stop_when_options* options) {
        return TimedLoop().run_with(runhook_stop_when_hook_create(options, nullptr));
      });
  Callback nothing = [](runhook_context*) { return kOk; };
  expect_one_meaning<runhook_feed_fn_options>(
      RUNHOOK_FEED_FN_OPTIONS_INIT,
      [&](runhook_feed_fn_options& options) {
        function = function_of(nothing);
        options.function = &function;
      },
      [](const runhook_feed_fn_options* options) {
        return TimedLoop().run_with(runhook_feed_fn_hook_create(options, nullptr), 3);
      });
}

TEST_F(Options, OfTheHooksThatComeAtTheEnd) {
  expect_one_meaning<runhook_final_ops_options>(
      RUNHOOK_FINAL_OPS_OPTIONS_INIT, Null::allowed, [](const runhook_final_ops_options* options) {
        return TimedLoop().run_with(runhook_final_ops_hook_create(options, nullptr), 3);
      });
  Folder folder;
  runhook_summary_options summaries = RUNHOOK_SUMMARY_OPTIONS_INIT;
  summaries.directory = folder.path().c_str();
  expect_one_meaning<runhook_summary_at_end_options>(
      RUNHOOK_SUMMARY_AT_END_OPTIONS_INIT,
      [&](runhook_summary_at_end_options& options) { options.summaries = &summaries; },
      [](const runhook_summary_at_end_options* options) {
        return TimedLoop().run_with(runhook_summary_at_end_hook_create(options, nullptr), 3);
      });
}

TEST_F(Options, OfTheHooksThatWriteFiles) {
  Folder folder;
  const std::string page = folder.file("report.html");
  expect_one_meaning<runhook_report_options>(
      RUNHOOK_REPORT_OPTIONS_INIT,
      [&](runhook_report_options& options) {
        options.path = page.c_str();
        options.metrics = kNames;
        options.metric_count = 1;
      },
      [&](const runhook_report_options* options) {
        TimedLoop loop;
        const std::string effect = loop.run_with(runhook_report_hook_create(options, nullptr));
        // Fetched once a second, which is in every hundredth step.
        EXPECT_EQ(effect.empty() || content(page).find("<td>0.5</td>") != std::string::npos, true);
        return effect;
      });
  expect_one_meaning<runhook_summary_writer_options>(
      RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT, Null::allowed, [&](const runhook_summary_writer_options* options) {
        runhook_summary_writer* writer = runhook_summary_writer_create(folder.path().c_str(), options, nullptr);
        EXPECT_EQ(runhook_summary_writer_add_text(writer, "note", std::string(1 << 23, 'x').c_str(), 1, nullptr),
                  RUNHOOK_OK);
        EXPECT_EQ(runhook_summary_writer_close(writer, nullptr), RUNHOOK_OK);
        const std::string effect = std::to_string(runhook_summary_writer_dropped(writer)) + " dropped";
        runhook_summary_writer_destroy(writer);
        return effect;
      });
  expect_one_meaning<runhook_summary_options>(
      RUNHOOK_SUMMARY_OPTIONS_INIT,
      [&](runhook_summary_options& options) {
        options.scalars = kNames;
        options.scalar_count = 1;
        options.directory = folder.path().c_str();
      },
      [](const runhook_summary_options* options) {
        return TimedLoop().run_with(runhook_summary_saver_hook_create(options, nullptr));
      });
  expect_one_meaning<runhook_profiler_options>(
      RUNHOOK_PROFILER_OPTIONS_INIT,
      [&](runhook_profiler_options& options) {
        options.directory = folder.path().c_str();
        options.every_n_steps = 1;
      },
      [](const runhook_profiler_options* options) -> std::string {
        TimedLoop loop;
        const std::string effect = loop.run_with(runhook_profiler_hook_create(options, nullptr), 2);
        EXPECT_EQ(loop.trace_level, effect.empty() ? 0 : RUNHOOK_TRACE_FULL);
        return effect;
      });
}

int chained = 0;

TEST_F(Options, OfSignals) {
  const auto former = std::signal(SIGUSR1, [](int) { ++chained; });
  runhook_signal_rule rule = RUNHOOK_SIGNAL_RULE_INIT;
  const auto effect = [&](const runhook_signal_options* options) -> std::string {
    runhook_stop_source* source = runhook_stop_source_create(nullptr);
    runhook_signal_options with_rule = *options;
    const runhook_signal_rule* const rules[] = {&rule};
    with_rule.rules = rules;
    with_rule.rule_count = 1;
    runhook_signal_subscription* subscription = runhook_signal_subscription_create(source, &with_rule, nullptr);
    std::string text;
    if (subscription != nullptr) {
      chained = 0;
      raise(SIGUSR1);
      text = std::to_string(runhook_stop_source_stop_requested(source)) + " " + std::to_string(chained);
    }
    runhook_signal_subscription_destroy(subscription);
    runhook_stop_source_destroy(source);
    return text;
  };
  const runhook_signal_options init = RUNHOOK_SIGNAL_OPTIONS_INIT;
  testing::internal::CaptureStderr();
  expect_one_meaning<runhook_signal_rule>(
      RUNHOOK_SIGNAL_RULE_INIT, [](runhook_signal_rule& given) { given.signal = SIGUSR1; },
      [&](const runhook_signal_rule* given) -> std::string {
        if (given == nullptr) return "";
        rule = *given;
        return effect(&init);
      });
  rule.signal = SIGUSR1;
  expect_one_meaning<runhook_signal_options>(
      RUNHOOK_SIGNAL_OPTIONS_INIT, Null::allowed,
      [&](const runhook_signal_options* options) { return effect(options == nullptr ? &init : options); });
  testing::internal::GetCapturedStderr();
  std::signal(SIGUSR1, former);
  expect_one_meaning<runhook_signal_options>(
      RUNHOOK_SIGNAL_OPTIONS_INIT, Null::allowed, [](const runhook_signal_options* options) {
        return TimedLoop().run_with(runhook_stop_on_signal_hook_create(options, nullptr), 3);
      });
}

TEST_F(Options, OfTheHooksThatWatchAndWait) {
  expect_one_meaning<runhook_watchdog_options>(
      RUNHOOK_WATCHDOG_OPTIONS_INIT, Null::allowed, [](const runhook_watchdog_options* options) {
        return TimedLoop().run_with(runhook_watchdog_hook_create(options, nullptr));
      });
  runhook_stop_flag* flag = runhook_stop_flag_create(nullptr, nullptr);
  expect_one_meaning<runhook_stop_flag_options>(
      RUNHOOK_STOP_FLAG_OPTIONS_INIT, [&](runhook_stop_flag_options& options) { options.flag = flag; },
      [](const runhook_stop_flag_options* options) {
        return TimedLoop().run_with(runhook_stop_flag_hook_create(options, nullptr), 3);
      });
  runhook_stop_flag_destroy(flag);
  expect_one_meaning<runhook_global_step_waiter_options>(
      RUNHOOK_GLOBAL_STEP_WAITER_OPTIONS_INIT, Null::allowed, [](const runhook_global_step_waiter_options* options) {
        return TimedLoop().run_with(runhook_global_step_waiter_hook_create(options, nullptr), 3);
      });
}

TEST_F(Options, OfLoopsAndEvaluations) {
  expect_one_meaning<runhook_inline_options>(
      RUNHOOK_INLINE_OPTIONS_INIT, Null::allowed, [](const runhook_inline_options* options) {
        Loop loop;
        EXPECT_EQ(runhook_config_set_inline(loop.config, options, nullptr), RUNHOOK_OK);
        EXPECT_TRUE(loop.start());
        runhook_context* step = runhook_monitored_session_next(loop.session, nullptr);
        EXPECT_EQ(runhook_step_set_double(step, "any name", 1, nullptr), RUNHOOK_OK);
        return "at step " + std::to_string(runhook_context_global_step(step));
      });
  expect_one_meaning<runhook_loop_options>(
      RUNHOOK_LOOP_OPTIONS_INIT, Null::allowed, [](const runhook_loop_options* options) {
        runhook_monitored_session* loop = runhook_loop_open(options, nullptr);
        int steps = 0;
        while (steps < 3 && runhook_monitored_session_next(loop, nullptr) != nullptr) ++steps;
        testing::internal::CaptureStderr();
        EXPECT_EQ(runhook_loop_finish(loop, nullptr), 0);
        testing::internal::GetCapturedStderr();
        return std::to_string(steps) + " steps";
      });
  expect_one_meaning<runhook_evaluation_options>(
      RUNHOOK_EVALUATION_OPTIONS_INIT, Null::refused, [](const runhook_evaluation_options* options) -> std::string {
        const Loop loop;
        runhook_evaluation_result result = RUNHOOK_EVALUATION_RESULT_INIT;
        const auto status = runhook_evaluate_once(loop.config, options, nullptr, &result, nullptr, nullptr, nullptr);
        return status == RUNHOOK_OK ? std::to_string(result.evaluations) + " evaluations" : "";
      });
}

TEST_F(Options, OfAnEvaluatorInMemory) {
  Loop evaluated;
  const runhook_evaluation_options evaluation = RUNHOOK_EVALUATION_OPTIONS_INIT;
  const auto effect = [](const runhook_in_memory_evaluator_options* options) {
    return TimedLoop().run_with(runhook_in_memory_evaluator_hook_create(options, nullptr), 250);
  };
  int evaluations = 0;
  Callback count = [&](runhook_context*) {
    ++evaluations;
    return kOk;
  };
  runhook_function on_result = RUNHOOK_FUNCTION_INIT;
  const auto require = [&](runhook_in_memory_evaluator_options& options) {
    options.config = evaluated.config;
    options.evaluation = &evaluation;
    on_result = function_of(count);
    options.on_result = &on_result;
    evaluations = 0;
  };
  expect_one_meaning<runhook_in_memory_evaluator_options>(RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT, require, effect);
  EXPECT_EQ(evaluations, 4) << "before the first step, every 100, and at the end";
  runhook_in_memory_evaluator_options off = RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT;
  require(off);
  off.every_n_runs = -1;
  effect(&off);
  EXPECT_EQ(evaluations, 2);
}

TEST_F(Options, OneOfTwoPeriodsSwitchesTheOtherOff) {
  const auto lines = [](int64_t every_n_iter, int64_t every_ns) {
    TimedLoop loop;
    const runhook_log log = loop.log();
    runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
    options.names = kNames;
    options.name_count = 1;
    options.log = &log;
    options.every_n_iter = every_n_iter;
    options.every_ns = every_ns;
    const std::string ran = loop.run_with(runhook_logging_hook_create(&options, nullptr), 8);
    return ran.empty() ? -1 : static_cast<int>(loop.lines.size());
  };
  EXPECT_EQ(lines(2, 0), 4);
  EXPECT_EQ(lines(2, -1), 4);
  EXPECT_EQ(lines(0, 1), 8) << "in every run";
  EXPECT_EQ(lines(-1, 40'000'000), 2);
  EXPECT_EQ(lines(0, -1), 1) << "the default";
  EXPECT_EQ(lines(2, 1), -1) << "both";
  EXPECT_EQ(lines(-1, 0), -1) << "neither";
  EXPECT_EQ(lines(-1, -1), -1) << "neither";
}

TEST_F(Options, NegativeLimitsAreForEver) {
  Folder folder;
  runhook_summary_writer_options options = RUNHOOK_SUMMARY_WRITER_OPTIONS_INIT;
  options.flush_interval_ns = options.close_timeout_ns = -1;
  runhook_summary_writer* writer = runhook_summary_writer_create(folder.path().c_str(), &options, nullptr);
  EXPECT_EQ(runhook_summary_writer_add_scalar(writer, "y", 1, 1, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_close(writer, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_summary_writer_dropped(writer), 0U);
  runhook_summary_writer_destroy(writer);
}

TEST_F(Options, NameOfARegistrationTakesThePlaceOfTheHooks) {
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.name = "second name";
  ScriptedHook hook;
  Loop loop;
  loop.add(hook, &options);
  runhook_builtin_hook* counter = runhook_step_counter_hook_create(nullptr, nullptr);
  options.name = "counter";
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, counter, &options, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(counter);
  ASSERT_TRUE(loop.start());
  uint64_t id = 0;
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "second name", &id, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "counter", &id, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_find_hook(loop.session, "scripted", &id, nullptr), RUNHOOK_ERR_NOT_FOUND);
}

}  // namespace
