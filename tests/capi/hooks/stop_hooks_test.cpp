// The built-in hooks that stop a run, made and added in C.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

class BuiltinHook : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();
    NoHandlesLeft::TearDown();
  }
  // Adds the hook to the loop's config, and lets the handle go.
  void add(Loop& loop, runhook_builtin_hook* hook, const runhook_hook_options* options = nullptr) {
    ASSERT_NE(hook, nullptr) << error_.message();
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, options, error_.out()), RUNHOOK_OK);
    runhook_builtin_hook_destroy(hook);
  }
  // Runs until something asks for a stop; returns how many steps were made, and -1 after a failure.
  int64_t run(Loop& loop, int64_t at_most = 20) {
    int64_t completed = -1;
    if (!loop.start()) return -1;
    const auto status = runhook_monitored_session_run_until_stop(loop.session, nullptr, at_most, &completed, nullptr);
    return status == RUNHOOK_OK ? completed : -1;
  }
  static std::string reason(const Loop& loop) {
    runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
    runhook_stop_reason why = RUNHOOK_STOP_REASON_INIT;
    runhook_outcome_stop_reason(outcome, &why, nullptr);
    std::string text = std::string(why.who) + ": " + why.text;
    runhook_outcome_destroy(outcome);
    return text;
  }
  runhook_builtin_hook* stop_at_step(int32_t target, int64_t step) {
    runhook_stop_at_step_options options = RUNHOOK_STOP_AT_STEP_OPTIONS_INIT;
    options.target = target;
    options.step = step;
    return runhook_stop_at_step_hook_create(&options, error_.out());
  }
  runhook_builtin_hook* stop_after(int64_t time_ns) {
    runhook_stop_after_options options = RUNHOOK_STOP_AFTER_OPTIONS_INIT;
    options.time_ns = time_ns;
    return runhook_stop_after_hook_create(&options, error_.out());
  }
  runhook_builtin_hook* stop_at_time(int64_t unix_ns) {
    runhook_stop_at_time_options options = RUNHOOK_STOP_AT_TIME_OPTIONS_INIT;
    options.unix_ns = unix_ns;
    return runhook_stop_at_time_hook_create(&options, error_.out());
  }
  runhook_builtin_hook* stop_when(const runhook_function& predicate, const char* reason) {
    runhook_stop_when_options options = RUNHOOK_STOP_WHEN_OPTIONS_INIT;
    options.predicate = &predicate;
    options.reason = reason;
    return runhook_stop_when_hook_create(&options, error_.out());
  }
  runhook_builtin_hook* nan_guard(int32_t stop_only, int32_t allow_infinity, size_t name_count = 1) {
    static const char* const kNames[] = {"y"};
    runhook_nan_guard_options options = RUNHOOK_NAN_GUARD_OPTIONS_INIT;
    options.names = kNames;
    options.name_count = name_count;
    options.stop_only = stop_only;
    options.allow_infinity = allow_infinity;
    return runhook_nan_guard_hook_create(&options, error_.out());
  }
  runhook_builtin_hook* early_stopping(const runhook_metric_rule* const* rules, size_t count, int32_t all = 0) {
    runhook_early_stopping_options options = RUNHOOK_EARLY_STOPPING_OPTIONS_INIT;
    options.rules = rules;
    options.rule_count = count;
    options.all = all;
    return runhook_early_stopping_hook_create(&options, error_.out());
  }
  Caught error_;
};

// Sets the session's output to these values, one after the other.
Callback outputs(std::vector<double> values) {
  return [values = std::move(values), next = std::size_t{0}](runhook_context* context) mutable {
    return runhook_step_set_double(context, "y", values[next++ % values.size()], nullptr) == RUNHOOK_OK
               ? kOk
               : RUNHOOK_CALLBACK_FAILED;
  };
}

TEST_F(BuiltinHook, StopAtStepStopsThere) {
  Loop loop;
  add(loop, stop_at_step(RUNHOOK_STOP_AT_LAST_STEP, 7));
  EXPECT_EQ(run(loop), 7);
  EXPECT_EQ(reason(loop), "stop at step: step 7 has been reached");
}

TEST_F(BuiltinHook, SameHookInASecondSessionBeginsAnew) {
  runhook_builtin_hook* hook = stop_at_step(RUNHOOK_STOP_AT_NUM_STEPS, 3);
  for (int session = 0; session < 2; ++session) {
    Loop loop;
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
    EXPECT_EQ(run(loop), 3);
  }
  runhook_builtin_hook_destroy(hook);
}

TEST_F(BuiltinHook, AddedTwiceIsRefused) {
  Loop loop;
  runhook_builtin_hook* hook = stop_at_step(RUNHOOK_STOP_AT_LAST_STEP, 7);
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_ERR_ALREADY_EXISTS);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_add_builtin_hook(loop.session, hook, nullptr, nullptr, nullptr),
            RUNHOOK_ERR_ALREADY_EXISTS);
  runhook_builtin_hook_destroy(hook);
}

TEST_F(BuiltinHook, AddedToARunningSessionStopsItAndCanBeRemoved) {
  Loop loop;
  ASSERT_TRUE(loop.start());
  runhook_builtin_hook* hook = stop_at_step(RUNHOOK_STOP_AT_NUM_STEPS, 2);
  uint64_t id = 0;
  EXPECT_EQ(runhook_monitored_session_add_builtin_hook(loop.session, hook, nullptr, &id, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_remove_hook(loop.session, id, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_add_builtin_hook(loop.session, hook, nullptr, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  int64_t completed = 0;
  runhook_monitored_session_run_until_stop(loop.session, nullptr, 20, &completed, nullptr);
  EXPECT_EQ(completed, 2);
}

TEST_F(BuiltinHook, ChiefOnlyHookIsLeftOutOfAWorkersConfig) {
  runhook_training_options worker = RUNHOOK_TRAINING_OPTIONS_INIT;
  worker.is_worker = 1;
  Loop loop;
  const runhook_function factory = function_of(loop.create);
  runhook_config* config = runhook_training_config_create(&factory, nullptr, &worker, error_.out());
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.chief_only = 1;
  runhook_builtin_hook* hook = stop_at_step(RUNHOOK_STOP_AT_LAST_STEP, 0);
  EXPECT_EQ(runhook_config_add_builtin_hook(config, hook, &options, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  runhook_monitored_session* session = runhook_monitored_session_create(config, error_.out());
  ASSERT_NE(session, nullptr) << error_.message();
  EXPECT_EQ(runhook_monitored_session_should_stop(session), 0);
  runhook_monitored_session_destroy(session);
  runhook_config_destroy(config);
}

TEST_F(BuiltinHook, StopAfterStopsWhenTheTimeOfTheClockIsOver) {
  Loop loop;
  runhook_clock* clock = runhook_manual_clock_create(0, nullptr);
  runhook_config_set_clock(loop.config, clock, nullptr);
  loop.step = [&](runhook_context* context) {
    runhook_manual_clock_advance(clock, 10, nullptr);
    return runhook_step_set_double(context, "y", 0, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  add(loop, stop_after(45));
  EXPECT_EQ(run(loop), 5);
  runhook_clock_destroy(clock);
}

TEST_F(BuiltinHook, StopAtATimeThatIsPastMakesNoStep) {
  Loop loop;
  add(loop, stop_at_time(1));
  EXPECT_EQ(run(loop), 0);
}

TEST_F(BuiltinHook, StopWhenAsksItsPredicateWithTheContextOfTheStep) {
  Loop loop;
  int destroyed = 0;
  Callback predicate = [](runhook_context* context) {
    return runhook_context_set_due(context, runhook_context_global_step(context) == 4 ? 1 : 0, nullptr) == RUNHOOK_OK
               ? kOk
               : RUNHOOK_CALLBACK_FAILED;
  };
  const runhook_function function = function_of(predicate, &destroyed);
  add(loop, stop_when(function, "four"));
  EXPECT_EQ(run(loop), 4);
  EXPECT_EQ(reason(loop), "stop when: four");
  runhook_monitored_session_destroy(std::exchange(loop.session, nullptr));
  runhook_config_destroy(std::exchange(loop.config, nullptr));
  EXPECT_EQ(destroyed, 1);
}

TEST_F(BuiltinHook, PredicateThatFailsFailsTheRunWithWhatItSays) {
  Loop loop;
  Callback predicate = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "no idea");
  };
  const runhook_function function = function_of(predicate);
  add(loop, stop_when(function, nullptr));
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(loop.error.message(), "no idea");
}

TEST_F(BuiltinHook, NanGuardFailsTheRunOrStopsIt) {
  {
    Loop loop;
    loop.step = outputs({1, 2, std::nan("")});
    add(loop, nan_guard(/*stop_only=*/0, /*allow_infinity=*/1));
    EXPECT_EQ(run(loop), -1);
  }
  Loop loop;
  loop.step = outputs({1, 2, std::numeric_limits<double>::infinity()});
  add(loop, nan_guard(/*stop_only=*/1, /*allow_infinity=*/0));
  EXPECT_EQ(run(loop), 3);
}

TEST_F(BuiltinHook, NanGuardComesFirstUnlessOptionsSayOtherwise) {
  for (const bool moved : {false, true}) {
    ScriptedHook normal;
    Loop loop;
    loop.step = outputs({std::nan("")});
    bool stopped_before = false;
    normal.on["after_run"] = [&](runhook_context* context) {
      stopped_before = runhook_context_stop_requested(context) == 1;
      return kOk;
    };
    loop.add(normal);
    runhook_hook_options last = RUNHOOK_HOOK_OPTIONS_INIT;
    last.phase = RUNHOOK_PHASE_SAVER;
    add(loop, nan_guard(/*stop_only=*/1, /*allow_infinity=*/0), moved ? &last : nullptr);
    EXPECT_EQ(run(loop), 1);
    EXPECT_EQ(stopped_before, !moved);
  }
}

TEST_F(BuiltinHook, EarlyStoppingFollowsItsRules) {
  runhook_metric_rule patience = RUNHOOK_METRIC_RULE_INIT;
  patience.name = "y";
  patience.given = RUNHOOK_RULE_PATIENCE_STEPS;
  patience.patience_steps = 3;
  runhook_metric_rule target = RUNHOOK_METRIC_RULE_INIT;
  target.name = "y";
  target.given = RUNHOOK_RULE_TARGET;
  target.target = 1;
  const runhook_metric_rule* const both[] = {&patience, &target};
  Loop loop;
  loop.step = outputs({5, 4, 4, 4, 4, 1});
  add(loop, early_stopping(both, 2));
  EXPECT_EQ(run(loop), 5);
  Loop all;
  all.step = outputs({5, 4, 4, 4, 4, 1, 1, 1, 1});
  add(all, early_stopping(both, 2, /*all=*/1));
  EXPECT_EQ(run(all), 9);
}

TEST_F(BuiltinHook, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](runhook_builtin_hook* hook, runhook_status code = RUNHOOK_ERR_INVALID_ARGUMENT) {
    EXPECT_EQ(hook, nullptr);
    EXPECT_EQ(error_.code(), code) << error_.message();
  };
  refused(stop_at_step(0, 3));
  refused(stop_at_step(3, 3));
  refused(stop_at_step(RUNHOOK_STOP_AT_LAST_STEP, -1));
  runhook_stop_at_step_options several = RUNHOOK_STOP_AT_STEP_OPTIONS_INIT;
  several.target = RUNHOOK_STOP_AT_LAST_STEP;
  several.steps_per_run_variable = "steps_per_run";
  refused(runhook_stop_at_step_hook_create(&several, error_.out()));
  refused(stop_after(-1));
  refused(stop_at_time(-1));
  refused(nan_guard(0, 0, 0));
  refused(nan_guard(2, 0));
  refused(nan_guard(0, 2));
  refused(early_stopping(nullptr, 1));
  refused(early_stopping(nullptr, 0));
  runhook_metric_rule rule = RUNHOOK_METRIC_RULE_INIT;
  rule.name = "y";
  const runhook_metric_rule* const rules[] = {&rule};
  refused(early_stopping(rules, 1));
  rule.given = 1U << 30;
  refused(early_stopping(rules, 1), RUNHOOK_ERR_UNIMPLEMENTED);
}

TEST_F(BuiltinHook, AnswerIsRefusedWhereNobodyHasAsked) {
  ScriptedHook hook;
  Loop loop;
  runhook_status status = RUNHOOK_OK;
  hook.on["after_run"] = [&](runhook_context* context) {
    status = runhook_context_set_due(context, 1, nullptr);
    return kOk;
  };
  loop.add(hook);
  EXPECT_EQ(run(loop, 1), 1);
  EXPECT_EQ(status, RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST_F(BuiltinHook, HookOfTheProgramCanLogAndWarn) {
  std::vector<std::string> lines;
  ScriptedHook hook;
  Loop loop;
  runhook_log log = RUNHOOK_LOG_INIT;
  log.user_data = &lines;
  log.write = [](const runhook_log_record* record, void* to) {
    static_cast<std::vector<std::string>*>(to)->push_back(std::to_string(record->level) + " " + record->message);
  };
  runhook_config_set_log(loop.config, &log, nullptr);
  hook.on["after_run"] = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_log(context, RUNHOOK_LOG_INFO, "hello", nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_log(context, 3, "hello", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_context_warn(context, RUNHOOK_ERR_DATA_LOSS, "half of it", nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_warn(context, RUNHOOK_OK, "none", nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    return kOk;
  };
  loop.add(hook);
  EXPECT_EQ(run(loop, 1), 1);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "0 hello");
  EXPECT_NE(lines[1].find("half of it"), std::string::npos);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_warnings(outcome), 1);
  runhook_outcome_destroy(outcome);
}

}  // namespace
