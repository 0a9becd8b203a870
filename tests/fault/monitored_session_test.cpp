// Monitored sessions with hooks, closed and abandoned.
#include "monitored_session.hpp"

#include <cstdint>

#include "scenario.hpp"

namespace runhook_test {
namespace {

runhook_hook optioned_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook with options");
  hook.before_run = [](runhook_context* context, void* self, int32_t ok) {
    before_run_of(self);
    runhook_error* error = nullptr;
    runhook_run_options* options = runhook_run_options_create(&error);
    runhook_status status = options == nullptr ? runhook_error_code(error) : RUNHOOK_OK;
    if (status == RUNHOOK_OK) status = runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr);
    if (status == RUNHOOK_OK) status = runhook_run_options_add_watch(options, "a watch of some length, too", nullptr);
    if (status == RUNHOOK_OK) status = runhook_context_add_options(context, options, nullptr);
    runhook_run_options_destroy(options);
    runhook_error_destroy(error);
    return Trial::returned(context, status, ok);
  };
  return hook;
}

void monitored_session(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  const auto all = [&] {
    return add(trial, config, fetching_hook(trial)) && add(trial, config, feeding_hook(trial)) &&
           add(trial, config, optioned_hook(trial));
  };
  runhook_monitored_session* session =
      all() ? trial.made(runhook_monitored_session_create(config, trial.error())) : nullptr;
  runhook_config_destroy(config);
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  if (args != nullptr && trial.ok(runhook_run_args_add_fetch(args, nullptr, "y", trial.error()))) {
    for (int i = 0; i < 3; ++i) trial.ok(runhook_monitored_session_run(session, args, results, trial.error()));
  }
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);

  const runhook_function step = function_of(trial, [](runhook_context* context, void*, int32_t ok) {
    return Trial::returned(context, runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr), ok);
  });
  trial.ok(runhook_monitored_session_run_step_fn(session, &step, trial.error()));

  const runhook_hook late = counted_hook(trial, "late");
  uint64_t id = 0;
  if (trial.ok(runhook_monitored_session_add_hook(session, &late, nullptr, &id, trial.error()))) {
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
    trial.ok(runhook_monitored_session_remove_hook(session, id, trial.error()), {RUNHOOK_ERR_NOT_FOUND});
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
  }
  int64_t completed = 0;
  trial.ok(runhook_monitored_session_run_until_stop(session, nullptr, 2, &completed, trial.error()));
  runhook_stop_source* source = trial.made(runhook_monitored_session_stop_source(session, trial.error()));
  runhook_stop_source_request_stop(source, 1, "enough", RUNHOOK_STOP_AFTER_STEP);
  runhook_stop_source_destroy(source);
  finish(trial, session);
}

// The session is destroyed without being closed, with threads of its coordinator running.
void abandoned_session(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  runhook_monitored_session* session =
      add(trial, config, counted_hook(trial, "first")) && add(trial, config, feeding_hook(trial))
          ? trial.made(runhook_monitored_session_create(config, trial.error()))
          : nullptr;
  runhook_config_destroy(config);
  if (session == nullptr) return;
  runhook_coordinator* threads = trial.made(runhook_monitored_session_coordinator(session, trial.error()));
  if (threads != nullptr) {
    const runhook_function body = function_of(trial, [](runhook_context*, void*, int32_t ok) { return ok; });
    trial.ok(runhook_coordinator_start_thread(threads, "thread", &body, trial.error()));
  }
  runhook_coordinator_destroy(threads);
  trial.ok(runhook_monitored_session_fail(session, RUNHOOK_ERR_DATA_LOSS, "the caller has failed", trial.error()));
  runhook_monitored_session_destroy(session);
}

// Makes the session and three steps.
void three_steps(Trial& trial, const runhook_config* config) {
  runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
  if (session == nullptr) return;
  for (int i = 0; i < 3; ++i) trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
  finish(trial, session);
}

// A hook that fails in before_run is left out of the step, the other one is not.
void hook_left_out(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  runhook_hook failing = counted_hook(trial, "a hook that fails");
  failing.before_run = [](runhook_context* context, void* self, int32_t) {
    before_run_of(self);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "on purpose");
  };
  runhook_hook_options tolerated = RUNHOOK_HOOK_OPTIONS_INIT;
  tolerated.failure_policy = RUNHOOK_POLICY_WARN;
  if (add(trial, config, failing, &tolerated) && add(trial, config, fetching_hook(trial))) three_steps(trial, config);
  runhook_config_destroy(config);
}

void skipped_step(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  runhook_hook skipping = counted_hook(trial, "a hook with a long name that skips a step");
  skipping.before_run = [](runhook_context* context, void* self, int32_t ok) {
    const bool skips = ++before_run_of(self).number == 2;
    return Trial::returned(context, skips ? runhook_context_skip_step(context, nullptr) : RUNHOOK_OK, ok);
  };
  if (add(trial, config, skipping) && add(trial, config, fetching_hook(trial))) three_steps(trial, config);
  runhook_config_destroy(config);
}

constexpr Named kScenarios[] = {{"monitored_session", monitored_session},
                                {"abandoned_session", abandoned_session},
                                {"hook_left_out", hook_left_out},
                                {"skipped_step", skipped_step}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
