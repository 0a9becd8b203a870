// A session that is made anew after a failure.
#include <cstdint>

#include "monitored_session.hpp"
#include "scenario.hpp"

namespace runhook_test {
namespace {

int32_t aborting_step(runhook_context* context, void* data, int32_t ok) {
  Trial& trial = *static_cast<Trial*>(data);
  if (++trial.number == 2) return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "the second step is aborted");
  return plain_step(context, nullptr, ok);
}

// The second step fails; a memory saver has the state of the first.
void recovery(Trial& trial) {
  runhook_scaffold* scaffold = trial.made(runhook_scaffold_create(trial.error()));
  runhook_saver* saver = trial.made(runhook_memory_saver_create(trial.error()));
  runhook_session_creator* creator = nullptr;
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  bool good = scaffold != nullptr && saver != nullptr && config != nullptr &&
              trial.ok(runhook_scaffold_set_saver(scaffold, saver, trial.error()));
  if (good) {
    const runhook_function factory = function_of(trial, create_session<aborting_step>);
    creator = trial.made(runhook_chief_session_creator_create(&factory, scaffold, trial.error()));
    good = creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error()));
  }
  if (good) {
    runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
    trial.own(policy);
    policy.initial_backoff_ns = -1;
    policy.classify = [](runhook_context* context, void*, int32_t ok) {
      const runhook_error* error = runhook_context_error(context);
      const int32_t yes = error != nullptr && runhook_error_code(error) == RUNHOOK_ERR_ABORTED ? 1 : 0;
      return Trial::returned(context, runhook_context_set_recoverable(context, yes, nullptr), ok);
    };
    policy.on_recovery = [](runhook_context*, void*, int32_t ok) { return ok; };
    good = trial.ok(runhook_config_set_recovery(config, &policy, trial.error())) &&
           add(trial, config, fetching_hook(trial)) && add(trial, config, counted_hook(trial, "second"));
    good = good && quieten(trial, config);
  }
  runhook_monitored_session* session =
      good ? trial.made(runhook_monitored_session_create(config, trial.error()), {RUNHOOK_ERR_ABORTED}) : nullptr;
  runhook_config_destroy(config);
  runhook_session_creator_destroy(creator);
  runhook_scaffold_destroy(scaffold);
  if (session == nullptr) {
    runhook_saver_destroy(saver);
    return;
  }
  trial.ok(runhook_monitored_session_request_save(session, trial.error()));
  for (int i = 0; i < 3; ++i) {
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()), {RUNHOOK_ERR_ABORTED});
  }
  if (!trial.failed()) {
    const bool as_meant = runhook_memory_saver_save_count(saver) == 1 && trial.number == 4;
    if (!as_meant) trial.problem("%s%s", "nothing was saved, or recovered", "");
  }
  finish(trial, session);
  runhook_saver_destroy(saver);
}

constexpr Named kScenarios[] = {{"recovery", recovery}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
