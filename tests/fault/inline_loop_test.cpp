// Loops that stay where they are, closed and destroyed in their step.
#include "runhook/inline_loop.h"

#include <cstdint>

#include "monitored_session.hpp"
#include "scenario.hpp"

namespace runhook_test {
namespace {

int bodies = 0;     // that were entered
int completed = 0;  // steps, as the first hook sees it

// No step is completed whose body was not entered, because nobody was given it.
runhook_hook watching_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook that watches");
  hook.after_run = [](runhook_context*, void* self, int32_t ok) {
    Trial& its_trial = after_run_of(self);
    if (++completed > bodies) its_trial.problem("%s%s", "a step without a body was completed", "");
    return ok;
  };
  return hook;
}

runhook_config* new_inline_config(Trial& trial) {
  bodies = completed = 0;
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  if (config == nullptr) return nullptr;
  const char* const outputs[] = {"loss", "another output with a long name"};
  const char* const inputs[] = {"x"};
  runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
  options.outputs = outputs;
  options.output_count = 2;
  options.inputs = inputs;
  options.input_count = 1;
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.initial_backoff_ns = 0;
  if (trial.ok(runhook_config_set_inline(config, &options, trial.error())) && quieten(trial, config) &&
      trial.ok(runhook_config_set_recovery(config, &policy, trial.error())) &&
      add(trial, config, watching_hook(trial))) {
    return config;
  }
  runhook_config_destroy(config);
  return nullptr;
}

runhook_monitored_session* open_loop(Trial& trial, runhook_config* config) {
  runhook_monitored_session* loop = trial.made(runhook_monitored_session_create(config, trial.error()));
  runhook_config_destroy(config);
  return loop;
}

// Returns the step, whose body is entered then, or NULL, which no step of these scenarios is meant to be.
runhook_context* next(Trial& trial, runhook_monitored_session* loop) {
  runhook_context* step = trial.made(runhook_monitored_session_next(loop, trial.error()));
  if (step != nullptr) ++bodies;
  return step;
}

void publish(Trial& trial, runhook_context* step) {
  if (step != nullptr) trial.ok(runhook_step_set_double(step, "loss", 0.5, trial.error()));
}

// Steps of the fast path: nobody asks anything of them.
void quiet_steps(Trial& trial) {
  runhook_config* config = new_inline_config(trial);
  runhook_monitored_session* loop = config != nullptr ? open_loop(trial, config) : nullptr;
  if (loop == nullptr) return;
  for (int i = 0; i < 4; ++i) next(trial, loop);
  finish(trial, loop);
}

void asked_steps(Trial& trial) {
  runhook_config* config = new_inline_config(trial);
  if (config == nullptr) return;
  const bool good = add(trial, config, fetching_hook(trial)) && add(trial, config, feeding_hook(trial));
  runhook_monitored_session* loop = good ? open_loop(trial, config) : (runhook_config_destroy(config), nullptr);
  if (loop == nullptr) return;
  for (int i = 0; i < 3; ++i) publish(trial, next(trial, loop));
  trial.ok(runhook_monitored_session_end_step(loop, trial.error()), {RUNHOOK_ERR_FAILED_PRECONDITION});
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  if (args != nullptr &&
      trial.ok(runhook_run_args_add_fetch(args, "of the caller", "another output with a long name", trial.error()))) {
    runhook_context* step =
        trial.made(runhook_monitored_session_begin_step(loop, args, trial.error()), {RUNHOOK_ERR_REENTRANT});
    if (step != nullptr) {
      ++bodies;
      publish(trial, step);
      trial.ok(runhook_step_set_double(step, "another output with a long name", 1, trial.error()));
    }
  }
  runhook_run_args_destroy(args);
  finish(trial, loop);
}

void failing_and_abandoned_steps(Trial& trial) {
  runhook_config* config = new_inline_config(trial);
  if (config == nullptr) return;
  runhook_monitored_session* loop = open_loop(trial, config);
  if (loop == nullptr) return;
  if (runhook_context* step = next(trial, loop)) runhook_context_fail(step, RUNHOOK_ERR_ABORTED, "to be made again");
  if (runhook_context* step = next(trial, loop)) {
    trial.ok(runhook_step_set_global_step(step, 10, trial.error()), {RUNHOOK_ERR_FAILED_PRECONDITION});
  }
  if (runhook_context* step = next(trial, loop)) trial.ok(runhook_step_abandon(step, trial.error()));
  next(trial, loop);
  const runhook_hook late = feeding_hook(trial);
  uint64_t id = 0;
  trial.ok(runhook_monitored_session_add_hook(loop, &late, nullptr, &id, trial.error()));
  next(trial, loop);
  finish(trial, loop);
}

// In the body, and as another thread would.
void logged_steps(Trial& trial) {
  runhook_config* config = new_inline_config(trial);
  if (config == nullptr) return;
  runhook_hook subscriber = counted_hook(trial, "a hook that subscribes");
  subscriber.on_values = [](runhook_context*, void*, int32_t ok) { return ok; };
  const bool good = add(trial, config, subscriber);
  runhook_monitored_session* loop = good ? open_loop(trial, config) : (runhook_config_destroy(config), nullptr);
  if (loop == nullptr) return;
  runhook_logger* logger = trial.made(runhook_logger_create(loop, trial.error()));
  for (int i = 0; i < 2; ++i) {
    runhook_context* step = next(trial, loop);
    if (step != nullptr) trial.ok(runhook_context_log_scalar(step, "a loss with a long name", 0.5, trial.error()));
    if (logger == nullptr) continue;
    trial.ok(runhook_logger_log_scalar(logger, "another loss with a long name", 0.5, i, trial.error()));
    trial.ok(runhook_logger_log_text(logger, "a phase with a long name", "one that is not short", i, trial.error()));
  }
  finish(trial, loop);
  runhook_logger_destroy(logger);
}

void destroyed_in_the_step(Trial& trial) {
  runhook_config* config = new_inline_config(trial);
  if (config == nullptr) return;
  runhook_monitored_session* loop = open_loop(trial, config);
  if (loop == nullptr) return;
  next(trial, loop);
  if (next(trial, loop) != nullptr) --bodies;  // it was left: it does not count
  runhook_monitored_session_destroy(loop);
}

constexpr Named kScenarios[] = {{"quiet_steps", quiet_steps},
                                {"asked_steps", asked_steps},
                                {"failing_and_abandoned_steps", failing_and_abandoned_steps},
                                {"logged_steps", logged_steps},
                                {"destroyed_in_the_step", destroyed_in_the_step}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
