// Sessions made for a worker, for a chief, from a scaffold and by a session manager.
#include <cstdint>
#include <utility>

#include "graph_session.hpp"
#include "monitored_session.hpp"
#include "scenario.hpp"

namespace runhook_test {
namespace {

void worker(Trial& trial) {
  runhook_clock* clock = trial.made(runhook_manual_clock_create(0, trial.error()));
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  runhook_session_creator* creator = nullptr;
  if (clock != nullptr && config != nullptr) {
    const runhook_function factory = function_of(trial, create_session<plain_step>);
    creator = trial.made(runhook_worker_session_creator_create(&factory, nullptr, 1000, 10, trial.error()));
  }
  if (creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error())) &&
      trial.ok(runhook_config_set_clock(config, clock, trial.error())) && quieten(trial, config) &&
      add(trial, config, counted_hook(trial, "only"))) {
    run_once(trial, config);
  }
  runhook_session_creator_destroy(creator);
  runhook_config_destroy(config);
  runhook_clock_destroy(clock);
}

// A chief, with the hooks of a chief only.
void training(Trial& trial) {
  const runhook_function factory = function_of(trial, create_session<plain_step>);
  const runhook_training_options options = RUNHOOK_TRAINING_OPTIONS_INIT;
  runhook_config* config = trial.made(runhook_training_config_create(&factory, nullptr, &options, trial.error()));
  if (config == nullptr) return;
  const runhook_hook hook = counted_hook(trial, "of the chief");
  runhook_hook_options registration = RUNHOOK_HOOK_OPTIONS_INIT;
  registration.chief_only = 1;
  registration.phase = RUNHOOK_PHASE_SAVER;
  registration.failure_policy = RUNHOOK_POLICY_WARN;
  runhook_stop_source* source = trial.made(runhook_stop_source_create(trial.error()));
  if (trial.ok(runhook_config_add_hook(config, &hook, &registration, trial.error())) && source != nullptr &&
      trial.ok(runhook_config_set_stop_source(config, source, trial.error())) && quieten(trial, config)) {
    run_once(trial, config);
  }
  runhook_stop_source_destroy(source);
  runhook_config_destroy(config);
}

void scaffold(Trial& trial) {
  runhook_scaffold* pieces = trial.made(runhook_scaffold_create(trial.error()));
  runhook_session* session = new_graph_session(trial);
  if (pieces != nullptr && session != nullptr) {
    const runhook_function init = function_of(trial, [](runhook_context* context, void*, int32_t ok) {
      runhook_context_session(context);
      return ok;
    });
    trial.ok(runhook_scaffold_set(pieces, RUNHOOK_PIECE_INIT_FN, &init, trial.error()));
    const runhook_function ready = function_of(trial, [](runhook_context* context, void*, int32_t ok) {
      return Trial::returned(context, runhook_context_add_missing(context, "something of some length", nullptr), ok);
    });
    trial.ok(runhook_scaffold_set(pieces, RUNHOOK_PIECE_READY_OP, &ready, trial.error()));
    runhook_scaffold* copy = trial.made(runhook_scaffold_copy(pieces, trial.error()));
    runhook_scaffold_destroy(copy);
    if (trial.ok(runhook_scaffold_finalize(pieces, trial.error()))) {
      trial.ok(runhook_scaffold_run(pieces, RUNHOOK_PIECE_INIT_OP, session, trial.error()));
      trial.ok(runhook_scaffold_run(pieces, RUNHOOK_PIECE_INIT_FN, session, trial.error()), {RUNHOOK_ERR_NOT_FOUND});
      const runhook_status status = runhook_scaffold_run(pieces, RUNHOOK_PIECE_READY_OP, session, trial.error());
      if (status == RUNHOOK_ERR_FAILED_PRECONDITION) {
        runhook_error_destroy(std::exchange(*trial.error(), nullptr));
      } else {
        trial.ok(status);
      }
    }
  }
  const runhook_function factory = function_of(trial, create_session<plain_step>);
  runhook_session_manager* manager = trial.made(runhook_session_manager_create(&factory, nullptr, 1, trial.error()));
  if (manager != nullptr) {
    int32_t is_ready = 0;
    runhook_session* made = trial.made(runhook_session_manager_recover(manager, &is_ready, trial.error()));
    runhook_session_destroy(made);
  }
  runhook_session_manager_destroy(manager);
  runhook_session_destroy(session);
  runhook_scaffold_destroy(pieces);
}

constexpr Named kScenarios[] = {{"worker", worker}, {"training", training}, {"scaffold", scaffold}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
