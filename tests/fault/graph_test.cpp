// Sessions of a graph, by themselves, saved and restored, and monitored.
#include <cstdint>

#include "graph_session.hpp"
#include "monitored_session.hpp"
#include "scenario.hpp"

namespace runhook_test {
namespace {

void graph(Trial& trial) {
  runhook_session* session = new_graph_session(trial);
  if (session == nullptr) return;
  bool good = trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
              trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_LOCAL, trial.error()));
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  good = good && args != nullptr && results != nullptr && value != nullptr &&
         trial.ok(runhook_run_args_add_fetch(args, nullptr, "train", trial.error())) &&
         trial.ok(runhook_run_args_add_fetch(args, nullptr, "increment", trial.error())) &&
         trial.ok(runhook_run_args_add_feed(args, "input", value, trial.error()));
  for (int i = 0; good && i < 3; ++i) trial.ok(runhook_session_run(session, args, results, trial.error()));
  if (good) {
    runhook_session_variable_count(session, RUNHOOK_VARIABLES_GLOBAL);
    runhook_session_variable_name_at(session, RUNHOOK_VARIABLES_GLOBAL, 0);
    runhook_value* read = trial.made(runhook_session_read_variable(session, "weight", trial.error()));
    if (read != nullptr) trial.ok(runhook_session_write_variable(session, "weight", read, trial.error()));
    runhook_value_destroy(read);
    runhook_snapshot* saved = trial.made(runhook_session_save(session, trial.error()));
    if (saved != nullptr) trial.ok(runhook_session_restore(session, saved, trial.error()));
    runhook_snapshot_destroy(saved);
  }
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  trial.ok(runhook_session_close(session, trial.error()));
  runhook_session_destroy(session);
}

void snapshots(Trial& trial) {
  runhook_session* session = new_graph_session(trial);
  if (session == nullptr) return;
  runhook_saver* saver = trial.made(runhook_memory_saver_create(trial.error()));
  if (saver != nullptr && trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
      trial.ok(runhook_saver_save(saver, session, 7, trial.error()))) {
    runhook_snapshot* latest = trial.made(runhook_memory_saver_latest(saver, trial.error()));
    runhook_snapshot_destroy(latest);
    int32_t restored = 0;
    int64_t step = 0;
    trial.ok(runhook_saver_restore(saver, session, &restored, &step, trial.error()));
  }
  runhook_snapshot* snapshot = trial.made(runhook_snapshot_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(3, trial.error()));
  if (snapshot != nullptr && value != nullptr &&
      trial.ok(runhook_snapshot_set(snapshot, "weight", value, trial.error())) &&
      trial.ok(runhook_snapshot_set_global_step(snapshot, 3, trial.error()))) {
    runhook_snapshot_find(snapshot, "weight");
    runhook_snapshot_value_at(snapshot, 0);
    trial.ok(runhook_session_restore(session, snapshot, trial.error()));
  }
  runhook_value_destroy(value);
  runhook_snapshot_destroy(snapshot);
  runhook_saver_destroy(saver);
  runhook_session_destroy(session);
}

// A monitored session of a graph.
void monitored_graph(Trial& trial) {
  runhook_graph* graph = nullptr;
  runhook_session* probe = new_graph_session(trial, &graph);
  runhook_session_destroy(probe);
  if (graph == nullptr) return;
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (config != nullptr && args != nullptr && value != nullptr &&
      trial.ok(runhook_config_set_graph(config, graph, trial.error())) && quieten(trial, config) &&
      add(trial, config, counted_hook(trial, "only")) &&
      trial.ok(runhook_run_args_add_fetch(args, nullptr, "increment", trial.error())) &&
      trial.ok(runhook_run_args_add_feed(args, "input", value, trial.error()))) {
    runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
    if (session != nullptr) {
      for (int i = 0; i < 3; ++i) trial.ok(runhook_monitored_session_run(session, args, nullptr, trial.error()));
      if (!trial.failed() && runhook_monitored_session_global_step(session) != 3) {
        trial.problem("%s%s", "not at step 3", "");
      }
      runhook_session* raw = trial.made(runhook_monitored_session_session(session, trial.error()));
      runhook_session_destroy(raw);
      finish(trial, session);
    }
  }
  runhook_value_destroy(value);
  runhook_run_args_destroy(args);
  runhook_config_destroy(config);
  runhook_graph_destroy(graph);
}

constexpr Named kScenarios[] = {{"graph", graph}, {"snapshots", snapshots}, {"monitored_graph", monitored_graph}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
