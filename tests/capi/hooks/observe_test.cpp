// Timings, the profiler and the watchdog in C.
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "capi/scripted.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

class Observe : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();
    NoHandlesLeft::TearDown();
  }
  runhook_builtin_hook* profiler(int64_t every_n_steps, int32_t record_every_run = 0) {
    runhook_profiler_options options = RUNHOOK_PROFILER_OPTIONS_INIT;
    options.every_n_steps = every_n_steps;
    options.record_every_run = record_every_run;
    options.directory = folder_.path().c_str();
    return runhook_profiler_hook_create(&options, error_.out());
  }
  const Folder folder_;
  Caught error_;
};

runhook_timing timing_at(const runhook_timings* timings, size_t index) {
  runhook_timing timing = RUNHOOK_TIMING_INIT;
  EXPECT_EQ(runhook_timings_at(timings, index, &timing, nullptr), RUNHOOK_OK);
  return timing;
}

TEST_F(Observe, TimingsTellOfStepSessionAndEachCallback) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [](runhook_context*) {
    std::this_thread::sleep_for(50ms);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK);
  runhook_timings* timings = runhook_monitored_session_timings(loop.session, error_.out());
  ASSERT_NE(timings, nullptr);
  EXPECT_EQ(runhook_timings_runs(timings), 1);
  runhook_timing step = RUNHOOK_TIMING_INIT;
  EXPECT_EQ(runhook_timings_step(timings, &step, nullptr), RUNHOOK_OK);
  EXPECT_STREQ(step.callback, "step");
  EXPECT_EQ(step.samples, 1);
  EXPECT_GE(step.mean_ns, 50'000'000);
  EXPECT_GT(step.p99_ns, 45'000'000);
  runhook_timing run = RUNHOOK_TIMING_INIT;
  EXPECT_EQ(runhook_timings_session_run(timings, &run, nullptr), RUNHOOK_OK);
  EXPECT_STREQ(run.callback, "run");
  EXPECT_EQ(run.samples, 1);
  ASSERT_EQ(runhook_timings_count(timings), 4U);  // begin, after_create_session, before_run, after_run
  const runhook_timing after = timing_at(timings, 3);
  EXPECT_STREQ(after.hook, "scripted");
  EXPECT_STREQ(after.callback, "after_run");
  EXPECT_GE(after.total_ns, 50'000'000);
  EXPECT_GT(after.share, 0.5);
  EXPECT_LE(after.share, 1.0);
  runhook_timing beyond = RUNHOOK_TIMING_INIT;
  EXPECT_EQ(runhook_timings_at(timings, 4, &beyond, nullptr), RUNHOOK_ERR_NOT_FOUND);
  beyond.struct_size = 8;
  EXPECT_EQ(runhook_timings_at(timings, 0, &beyond, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_timings_at(timings, 0, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_timings_destroy(timings);
}

TEST_F(Observe, HookBeyondItsBudgetIsAWarning) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [](runhook_context*) {
    std::this_thread::sleep_for(1ms);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_set_hook_budget(loop.config, -1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_hook_budget(loop.config, 0.1, nullptr), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 50, nullptr, nullptr), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_warnings(outcome), 1);
  EXPECT_EQ(runhook_error_code(runhook_outcome_first_warning(outcome)), RUNHOOK_ERR_RESOURCE_EXHAUSTED);
  runhook_outcome_destroy(outcome);
}

TEST_F(Observe, ProfilerWritesTracesAndCanBeDumped) {
  Loop loop;
  runhook_builtin_hook* hook = profiler(2, 1);
  ASSERT_NE(hook, nullptr) << error_.message();
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 3, nullptr, nullptr), RUNHOOK_OK);
  const std::string path = folder_.path() + "/dump.json";
  EXPECT_EQ(runhook_profiler_dump(hook, path.c_str(), error_.out()), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  for (const char* file : {"/dump.json", "/timeline-2.json"}) {
    std::ifstream stream(folder_.path() + file);
    ASSERT_TRUE(stream) << file;
    EXPECT_GT(nlohmann::json::parse(stream).at("traceEvents").size(), 3U) << file;
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/timeline-1.json"));
  runhook_builtin_hook_destroy(hook);
}

TEST_F(Observe, ProfilerOfSamplesLeavesAFileOfAFailureThatTellsOfTheError) {
  runhook_profiler_options options = RUNHOOK_PROFILER_OPTIONS_INIT;
  options.record_samples = 1;
  options.directory = folder_.path().c_str();
  runhook_builtin_hook* hook = runhook_profiler_hook_create(&options, error_.out());
  ASSERT_NE(hook, nullptr) << error_.message();
  Loop loop;
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 3, nullptr, nullptr), RUNHOOK_OK);
  const char* const why = "a bad \"disk\"";
  EXPECT_EQ(runhook_monitored_session_fail(loop.session, RUNHOOK_ERR_DATA_LOSS, why, nullptr), RUNHOOK_OK);
  loop.close();
  std::ifstream stream(folder_.path() + "/timeline-failure.json");
  ASSERT_TRUE(stream);
  const nlohmann::json trace = nlohmann::json::parse(stream);
  int steps = 0;
  std::string message;
  for (const nlohmann::json& event : trace.at("traceEvents")) {
    steps += event.at("name").get<std::string>().starts_with("step ") ? 1 : 0;
    if (event.at("ph") == "i") message = event.at("args").at("message");
  }
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(message, why);
}

TEST_F(Observe, BadOptionsOfAProfilerAreRefused) {
  EXPECT_EQ(profiler(0), nullptr);
  EXPECT_EQ(profiler(-1), nullptr);
  runhook_profiler_options options = RUNHOOK_PROFILER_OPTIONS_INIT;
  options.every_n_steps = options.every_ns = 1;
  EXPECT_EQ(runhook_profiler_hook_create(&options, nullptr), nullptr);
  options.every_ns = 0;
  options.trace_level = 9;
  EXPECT_EQ(runhook_profiler_hook_create(&options, nullptr), nullptr);
  options.trace_level = 0;
  options.record_samples = 2;
  EXPECT_EQ(runhook_profiler_hook_create(&options, nullptr), nullptr);
  options.record_samples = 1;
  options.reserved = 1;
  EXPECT_EQ(runhook_profiler_hook_create(&options, nullptr), nullptr);
  runhook_builtin_hook* other = runhook_final_ops_hook_create(nullptr, nullptr);
  EXPECT_EQ(runhook_profiler_dump(other, "nowhere", error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_NE(error_.message().find("profiler"), std::string::npos);
  runhook_builtin_hook_destroy(other);
}

TEST_F(Observe, WatchdogNamesTheHookThatHangsAndAsksForAStop) {
  static std::atomic<bool> told;
  told = false;
  ScriptedHook hook;
  Loop loop;
  runhook_watchdog_options options = RUNHOOK_WATCHDOG_OPTIONS_INIT;
  options.timeout_ns = 1'000'000'000;
  options.action = RUNHOOK_STALL_STOP;
  runhook_builtin_hook* watchdog = runhook_watchdog_hook_create(&options, error_.out());
  ASSERT_NE(watchdog, nullptr) << error_.message();
  EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, watchdog, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(watchdog);
  runhook_log log = RUNHOOK_LOG_INIT;
  log.write = [](const runhook_log_record* record, void*) {
    EXPECT_TRUE(record->step < 0 || record->hook == nullptr || std::string(record->hook) == "scripted");
    if (std::string(record->message).find("'scripted': after_run has been going on") != std::string::npos) told = true;
  };
  runhook_config_set_log(loop.config, &log, nullptr);
  hook.on["after_run"] = [](runhook_context*) {
    while (!told) std::this_thread::sleep_for(1ms);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  int64_t completed = 0;
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 5, &completed, nullptr), RUNHOOK_OK);
  EXPECT_EQ(completed, 1);
}

TEST_F(Observe, BadOptionsOfAWatchdogAreRefused) {
  runhook_watchdog_options options = RUNHOOK_WATCHDOG_OPTIONS_INIT;
  options.signal_number = -2;
  EXPECT_EQ(runhook_watchdog_hook_create(&options, nullptr), nullptr);
  options = RUNHOOK_WATCHDOG_OPTIONS_INIT;
  options.action = 4;
  EXPECT_EQ(runhook_watchdog_hook_create(&options, nullptr), nullptr);
  runhook_builtin_hook* defaults = runhook_watchdog_hook_create(nullptr, error_.out());
  EXPECT_NE(defaults, nullptr) << error_.message();
  runhook_builtin_hook_destroy(defaults);
}

TEST_F(Observe, TriggerAfterFirstLeavesTheFirstRunOut) {
  runhook_trigger* steps = runhook_trigger_every_steps(2, nullptr);
  runhook_trigger* trigger = runhook_trigger_after_first(steps, nullptr);
  runhook_trigger_destroy(steps);
  ScriptedHook hook;
  Loop loop;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.trigger = trigger;
  ASSERT_EQ(loop.add(hook, &options), RUNHOOK_OK);
  runhook_trigger_destroy(trigger);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 5, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(hook.count("before_run"), 2);
}

}  // namespace
