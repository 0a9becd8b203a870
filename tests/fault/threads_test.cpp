// Stop sources, and the threads of a coordinator.
#include <cstdint>

#include "scenario.hpp"

namespace runhook_test {
namespace {

void stop_sources(Trial& trial) {
  runhook_stop_source* source = trial.made(runhook_stop_source_create(trial.error()));
  if (source != nullptr) {
    runhook_stop_source* shared = trial.made(runhook_stop_source_share(source, trial.error()));
    for (int i = 0; i < 20; ++i) runhook_stop_source_request_stop(source, i, "because", RUNHOOK_STOP_AFTER_STEP);
    if (runhook_stop_source_stop_requested(source) != 1) trial.problem("%s%s", "the stop was lost", "");
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    trial.ok(runhook_stop_source_reason_at(source, 0, &reason, trial.error()));
    trial.ok(runhook_stop_source_reason_at(source, 3, &reason, trial.error()));
    runhook_stop_source_reason_count(source);
    runhook_stop_source_destroy(shared);
  }
  runhook_stop_source_destroy(source);
}

// A listener that was made is called, and what it holds is let go of once.
void stop_listener(Trial& trial) {
  static int calls = 0;
  calls = 0;
  runhook_stop_source* source = trial.made(runhook_stop_source_create(trial.error()));
  if (source == nullptr) return;
  runhook_stop_listener_table table = RUNHOOK_STOP_LISTENER_TABLE_INIT;
  trial.own(table);
  table.on_stop = [](const runhook_stop_reason*, void*) { ++calls; };
  runhook_stop_listener* listener = trial.made(runhook_stop_listener_create(source, &table, trial.error()));
  runhook_stop_source_request_stop(source, 0, "because", RUNHOOK_STOP_AFTER_STEP);
  if (listener != nullptr && calls != 1) trial.problem("%s%s", "the listener was not called", "");
  runhook_stop_listener_destroy(listener);
  runhook_stop_source_destroy(source);
}

void coordinator(Trial& trial) {
  runhook_coordinator* threads = trial.made(runhook_coordinator_create(trial.error()));
  if (threads == nullptr) return;
  const runhook_function body = function_of(trial, [](runhook_context* context, void*, int32_t ok) {
    runhook_error* error = nullptr;
    runhook_coordinator* own = runhook_context_coordinator(context, &error);
    const runhook_status status = own != nullptr ? RUNHOOK_OK : runhook_error_code(error);
    runhook_error_destroy(error);
    runhook_coordinator_destroy(own);
    return Trial::returned(context, status, ok);
  });
  trial.ok(runhook_coordinator_start_thread(threads, "a thread with a name of some length", &body, trial.error()));
  runhook_looper looper = RUNHOOK_LOOPER_INIT;
  looper.start_loop = looper.stop_loop = [](runhook_context*, void*, int32_t ok) { return ok; };
  looper.run_loop = [](runhook_context* context, void*, int32_t ok) {
    runhook_coordinator* own = runhook_context_coordinator(context, nullptr);
    runhook_coordinator_destroy(own);
    return ok;
  };
  trial.own(looper);
  trial.ok(runhook_coordinator_start_looper(threads, "looper", 1000000, &looper, trial.error()));
  runhook_thread* thread = trial.made(runhook_coordinator_register_thread(threads, "registered", trial.error()));
  runhook_thread_destroy(thread);
  trial.ok(runhook_coordinator_request_stop(threads, trial.error()));
  trial.ok(runhook_coordinator_join(threads, 10000000000, 0, trial.error()));
  if (runhook_coordinator_live_threads(threads) != 0) trial.problem("%s%s", "threads are left", "");
  runhook_error* kept = runhook_coordinator_error(threads);
  runhook_error_destroy(kept);
  runhook_coordinator_destroy(threads);
}

constexpr Named kScenarios[] = {
    {"stop_sources", stop_sources}, {"stop_listener", stop_listener}, {"coordinator", coordinator}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
