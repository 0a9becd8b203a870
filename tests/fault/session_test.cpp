// Raw sessions: of a function, of a table of callbacks, and a context that drives one.
#include <cstddef>
#include <cstdint>

#include "function_session.hpp"
#include "runhook/standalone.h"
#include "scenario.hpp"

namespace runhook_test {
namespace {

void function_session(Trial& trial) {
  runhook_session* session = new_function_session(trial, plain_step);
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  if (args != nullptr && results != nullptr &&
      trial.ok(runhook_run_args_add_fetch(args, "group/y", "y", trial.error())) &&
      trial.ok(runhook_run_args_add_fetch(args, "group/loss", "loss", trial.error()))) {
    for (int i = 0; i < 3; ++i) {
      if (!trial.ok(runhook_session_run(session, args, results, trial.error()))) continue;
      double number = 0;
      trial.ok(runhook_results_get_double(results, "group/y", &number, trial.error()));
      runhook_results_value_at(results, 0);
      runhook_results_key_at(results, 1);
    }
  }
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);
  runhook_session_destroy(session);
}

void engine(Trial& trial) {
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.resolve = [](runhook_context* context, void*, int32_t ok) {
    const char* const name = runhook_engine_name(context);
    return Trial::returned(context,
                           runhook_engine_set_node(context, name != nullptr && name[0] == 's' ? 1 : 2, nullptr), ok);
  };
  table.run = [](runhook_context* context, void*, int32_t ok) {
    runhook_status status = RUNHOOK_OK;
    for (size_t i = 0; i < runhook_engine_feed_count(context); ++i) runhook_engine_feed_value_at(context, i);
    for (size_t i = 0; status == RUNHOOK_OK && i < runhook_engine_fetch_count(context); ++i) {
      runhook_value* value = runhook_value_create_int64(5, nullptr);
      status = value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_engine_set_result(context, i, value, nullptr);
      runhook_value_destroy(value);
    }
    if (status == RUNHOOK_OK) status = runhook_engine_add_node_stats(context, "a node of some length", 1, 2, nullptr);
    runhook_context_options(context);
    return Trial::returned(context, status, ok);
  };
  table.close = [](runhook_context*, void*, int32_t ok) { return ok; };
  table.global_step = "step";
  table.list_variables = table.uninitialized = [](runhook_context* context, void*, int32_t ok) {
    return Trial::returned(context, runhook_engine_add_name(context, "a variable of some length", nullptr), ok);
  };
  table.initialize = [](runhook_context*, void*, int32_t ok) { return ok; };
  table.read_variable = [](runhook_context* context, void*, int32_t ok) {
    runhook_value* value = runhook_value_create_double(1, nullptr);
    const runhook_status status =
        value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_engine_set_value(context, value, nullptr);
    runhook_value_destroy(value);
    return Trial::returned(context, status, ok);
  };
  table.write_variable = [](runhook_context* context, void*, int32_t ok) {
    return runhook_engine_value(context) != nullptr ? ok
                                                    : runhook_context_fail(context, RUNHOOK_ERR_NO_MEMORY, nullptr);
  };
  trial.own(table);
  runhook_session* session = trial.made(runhook_session_create(&table, trial.error()));
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (args != nullptr && results != nullptr && value != nullptr &&
      trial.ok(runhook_run_args_add_fetch(args, nullptr, "out", trial.error())) &&
      trial.ok(runhook_run_args_add_feed(args, "in", value, trial.error()))) {
    for (int i = 0; i < 2; ++i) {
      trial.ok(runhook_session_run(session, args, results, trial.error()), {RUNHOOK_ERR_INVALID_ARGUMENT});
    }
  }
  runhook_snapshot* saved = trial.made(runhook_session_save(session, trial.error()));
  if (saved != nullptr) trial.ok(runhook_session_restore(session, saved, trial.error()));
  runhook_snapshot_destroy(saved);
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

void context_outside(Trial& trial) {
  runhook_session* session = new_function_session(trial, plain_step);
  runhook_context* context =
      session != nullptr ? trial.made(runhook_context_create(nullptr, session, trial.error())) : nullptr;
  if (context != nullptr) {
    if (trial.ok(runhook_context_add_fetch(context, nullptr, "loss", trial.error()))) {
      runhook_context_requested(context);
      if (trial.ok(runhook_context_execute(context, trial.error()))) {
        double number = 0;
        trial.ok(runhook_context_get_double(context, nullptr, &number, trial.error()));
        runhook_context_results(context);
      }
    }
    runhook_stop_source* source = trial.made(runhook_context_stop_source(context, trial.error()));
    runhook_stop_source_destroy(source);
    runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "a message that is long enough to be allocated");
  }
  runhook_context_destroy(context);
  runhook_session_destroy(session);
}

constexpr Named kScenarios[] = {
    {"function_session", function_session}, {"engine", engine}, {"context_outside", context_outside}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
