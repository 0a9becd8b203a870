// Engines of C as sessions.
#include <atomic>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

// An engine with the nodes "out" (1), "in" (2), "step" (3) and one variable "w".
struct Engine {
  double w = 0;
  bool has_value = false;
  bool step_is_variable = false;
  int64_t step = 0;
  int resolved = 0, runs = 0, closed = 0, destroyed = 0, cancelled = 0;
  Callback on_run;

  runhook_session_table table() {
    runhook_session_table engine = RUNHOOK_SESSION_TABLE_INIT;
    engine.user_data = this;
    engine.destroy = [](void* self) { ++static_cast<Engine*>(self)->destroyed; };
    engine.resolve = [](runhook_context* context, void* self, int32_t ok) {
      ++static_cast<Engine*>(self)->resolved;
      const std::string name = runhook_engine_name(context);
      const std::map<std::string, uint32_t> nodes = {{"out", 1}, {"in", 2}, {"step", 3}};
      const auto found = nodes.find(name);
      if (found == nodes.end()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such node");
      return runhook_engine_set_node(context, found->second, nullptr) == RUNHOOK_OK ? ok : 0;
    };
    engine.run = [](runhook_context* context, void* self, int32_t ok) {
      return answer(static_cast<Engine*>(self)->run(context), ok);
    };
    engine.cancel = [](void* self) { ++static_cast<Engine*>(self)->cancelled; };
    engine.close = [](runhook_context*, void* self, int32_t ok) {
      ++static_cast<Engine*>(self)->closed;
      return ok;
    };
    engine.global_step = "step";
    engine.list_variables = [](runhook_context* context, void*, int32_t ok) {
      if (runhook_engine_scope(context) == RUNHOOK_VARIABLES_GLOBAL) {
        EXPECT_EQ(runhook_engine_add_name(context, "w", nullptr), RUNHOOK_OK);
      }
      return ok;
    };
    engine.uninitialized = [](runhook_context* context, void* self, int32_t ok) {
      if (runhook_engine_scope(context) == RUNHOOK_VARIABLES_GLOBAL && !static_cast<Engine*>(self)->has_value) {
        EXPECT_EQ(runhook_engine_add_name(context, "w", nullptr), RUNHOOK_OK);
      }
      return ok;
    };
    engine.initialize = [](runhook_context*, void* self, int32_t ok) {
      static_cast<Engine*>(self)->has_value = true;
      return ok;
    };
    engine.read_variable = [](runhook_context* context, void* self, int32_t ok) {
      auto& engine_of = *static_cast<Engine*>(self);
      const std::string name = runhook_engine_name(context);
      if (name != "w" && !(name == "step" && engine_of.step_is_variable)) {
        return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such variable");
      }
      runhook_value* value = name == "w" ? runhook_value_create_double(engine_of.w, nullptr)
                                         : runhook_value_create_int64(engine_of.step, nullptr);
      EXPECT_EQ(runhook_engine_set_value(context, value, nullptr), RUNHOOK_OK);
      runhook_value_destroy(value);
      return ok;
    };
    engine.write_variable = [](runhook_context* context, void* self, int32_t ok) {
      EXPECT_EQ(runhook_value_get_double(runhook_engine_value(context), &static_cast<Engine*>(self)->w, nullptr),
                RUNHOOK_OK);
      return ok;
    };
    return engine;
  }
  int32_t run(runhook_context* context) {
    ++runs;
    ++step;
    if (on_run) return on_run(context);
    double in = 1;
    for (size_t i = 0; i < runhook_engine_feed_count(context); ++i) {
      EXPECT_EQ(runhook_engine_feed_node_at(context, i), 2U);
      EXPECT_EQ(runhook_value_get_double(runhook_engine_feed_value_at(context, i), &in, nullptr), RUNHOOK_OK);
    }
    for (size_t i = 0; i < runhook_engine_fetch_count(context); ++i) {
      const uint32_t node = runhook_engine_fetch_at(context, i);
      runhook_value* value =
          node == 3 ? runhook_value_create_int64(step, nullptr) : runhook_value_create_double(10 * in, nullptr);
      EXPECT_EQ(runhook_engine_set_result(context, i, value, nullptr), RUNHOOK_OK);
      runhook_value_destroy(value);
    }
    EXPECT_EQ(runhook_engine_set_result(context, 99, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_engine_fetch_at(context, 99), 0U);
    EXPECT_EQ(runhook_engine_feed_value_at(context, 99), nullptr);
    if (runhook_run_options_trace_level(runhook_context_options(context)) > RUNHOOK_TRACE_NONE) {
      EXPECT_EQ(runhook_engine_add_node_stats(context, "out", 5, 7, nullptr), RUNHOOK_OK);
    }
    return kOk;
  }
};

class CApiSession : public NoHandlesLeft {};

TEST_F(CApiSession, EngineRunsRaw) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  ASSERT_NE(session, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_results* results = runhook_results_create(nullptr);
  runhook_value* four = runhook_value_create_double(4, nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "out", nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_run_args_add_feed(args, "in", four, nullptr), RUNHOOK_OK);
  runhook_run_options_set_trace_level(runhook_run_args_options(args), RUNHOOK_TRACE_FULL, nullptr);
  runhook_value_destroy(four);
  ASSERT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
  double number = 0;
  EXPECT_EQ(runhook_results_get_double(results, "out", &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, 40);
  EXPECT_EQ(runhook_metadata_node_count(runhook_results_metadata(results)), 1U);
  EXPECT_EQ(runhook_metadata_node_end_ns_at(runhook_results_metadata(results), 0), 7);
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);
  runhook_session_destroy(session);
  EXPECT_EQ(engine.closed, 1);
  EXPECT_EQ(engine.destroyed, 1);
}

TEST_F(CApiSession, UnknownNameIsNotFound) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "nothing", nullptr), RUNHOOK_OK);
  Caught error;
  EXPECT_EQ(runhook_session_run(session, args, nullptr, error.out()), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_NE(error.message().find("no such node"), std::string::npos);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

TEST_F(CApiSession, VariablesAndSnapshots) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  EXPECT_EQ(runhook_session_variable_count(session, RUNHOOK_VARIABLES_GLOBAL), 1U);
  EXPECT_EQ(runhook_session_variable_count(session, RUNHOOK_VARIABLES_LOCAL), 0U);
  EXPECT_EQ(runhook_session_variable_count(session, 7), 0U);
  EXPECT_STREQ(runhook_session_variable_name_at(session, RUNHOOK_VARIABLES_GLOBAL, 0), "w");
  EXPECT_EQ(runhook_session_variable_name_at(session, RUNHOOK_VARIABLES_GLOBAL, 1), nullptr);
  EXPECT_EQ(runhook_session_initialize(session, 7, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  runhook_value* five = runhook_value_create_double(5, nullptr);
  EXPECT_EQ(runhook_session_write_variable(session, "w", five, nullptr), RUNHOOK_OK);
  runhook_value_destroy(five);
  runhook_snapshot* snapshot = runhook_session_save(session, nullptr);
  ASSERT_NE(snapshot, nullptr);
  engine.w = 0;
  EXPECT_EQ(runhook_session_restore(session, snapshot, nullptr), RUNHOOK_OK);
  EXPECT_EQ(engine.w, 5);
  runhook_snapshot_destroy(snapshot);
  runhook_value* read = runhook_session_read_variable(session, "w", nullptr);
  EXPECT_NE(read, nullptr);
  runhook_value_destroy(read);
  runhook_session_destroy(session);
}

TEST_F(CApiSession, ClosedSessionIsClosedOnce) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  EXPECT_EQ(runhook_session_close(session, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_close(session, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(runhook_session_read_variable(session, "w", nullptr), nullptr);
  runhook_session_destroy(session);
  EXPECT_EQ(engine.closed, 1);
  EXPECT_EQ(engine.destroyed, 1);
  EXPECT_EQ(runhook_session_close(session, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiSession, EngineCannotReenterItsSession) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  engine.on_run = [&](runhook_context*) {
    EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_session_close(session, nullptr), RUNHOOK_ERR_REENTRANT);
    EXPECT_EQ(runhook_session_initialize(session, 0, nullptr), RUNHOOK_ERR_REENTRANT);
    std::thread([&] { EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_BUSY); }).join();
    return kOk;
  };
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(engine.runs, 1);
  runhook_session_destroy(session);
}

TEST_F(CApiSession, DestroyDuringAStepWaitsForItsEnd) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  engine.on_run = [&](runhook_context*) {
    runhook_session_destroy(session);
    EXPECT_EQ(engine.destroyed, 0);
    return kOk;
  };
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(engine.closed, 1);
  EXPECT_EQ(engine.destroyed, 1);
}

TEST_F(CApiSession, CancelReachesTheStep) {
  Engine engine;
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  engine.on_run = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_cancel_requested(context), 0);
    std::thread([&] { runhook_session_cancel(session); }).join();
    EXPECT_EQ(runhook_context_cancel_requested(context), 1);
    return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, nullptr);
  };
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_ERR_CANCELLED);
  EXPECT_EQ(engine.cancelled, 1);
  runhook_session_destroy(session);
}

TEST_F(CApiSession, UserDataIsDestroyedOnceOnFailure) {
  Engine engine;
  auto table = engine.table();
  table.run = nullptr;
  EXPECT_EQ(runhook_session_create(&table, nullptr), nullptr);
  EXPECT_EQ(engine.destroyed, 1);
  table = engine.table();
  table.global_step = "\xff";
  EXPECT_EQ(runhook_session_create(&table, nullptr), nullptr);
  EXPECT_EQ(engine.destroyed, 2);
  table = engine.table();
  table.struct_size = sizeof table - 8;
  EXPECT_EQ(runhook_session_create(&table, nullptr), nullptr);
  EXPECT_EQ(engine.destroyed, 2);

  Callback body = [](runhook_context*) { return kOk; };
  int destroyed = 0;
  runhook_function function = function_of(body, &destroyed);
  const char* const twice[] = {"y", "y"};
  Caught error;
  EXPECT_EQ(runhook_function_session_create(&function, twice, 2, nullptr, 0, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CApiSession, OutputThatWasNotDeclaredFailsTheStepThoughItIsIgnored) {
  const Callback set_double = [](runhook_context* context) {
    EXPECT_EQ(runhook_step_set_double(context, "z", 1, nullptr), RUNHOOK_ERR_NOT_FOUND);
    return kOk;
  };
  const Callback set_output = [](runhook_context* context) {
    runhook_value* one = runhook_value_create_double(1, nullptr);
    EXPECT_EQ(runhook_step_set_output(context, "z", one, nullptr), RUNHOOK_ERR_NOT_FOUND);
    runhook_value_destroy(one);
    return kOk;
  };
  for (const Callback& body : {set_double, set_output}) {
    Loop loop;
    const Callback good = std::exchange(loop.step, body);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_NOT_FOUND);
    EXPECT_NE(loop.error.message().find("'z'"), std::string::npos) << loop.error.message();
    loop.step = good;
    EXPECT_EQ(loop.run(), RUNHOOK_OK) << "it fails the step in which it was set only";
  }
}

TEST_F(CApiSession, UnexplainedFailureNamesTheSuccessValue) {
  Loop loop;
  loop.step = [](runhook_context*) { return 1; };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(loop.error.message(), unexplained_failure("the function of runhook_function_session_create()", 1));

  Engine engine;
  engine.on_run = [](runhook_context*) { return -1; };
  const auto table = engine.table();
  runhook_session* session = runhook_session_create(&table, nullptr);
  Caught error;
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, error.out()), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(error.message(), unexplained_failure("run of the runhook_session_table", -1));
  error.out();
  runhook_session_destroy(session);
}

TEST_F(CApiSession, EngineInALoopTellsItsGlobalStep) {
  for (const bool step_is_variable : {false, true}) {
    Engine engine;
    engine.step = 40;
    engine.step_is_variable = step_is_variable;
    const auto table = engine.table();
    runhook_session* session = runhook_session_create(&table, nullptr);
    {
      Loop loop;
      ASSERT_EQ(runhook_config_set_session(loop.config, session, nullptr), RUNHOOK_OK);
      runhook_session_destroy(session);
      ASSERT_TRUE(loop.start()) << loop.error.message();
      if (step_is_variable) {
        EXPECT_EQ(runhook_monitored_session_global_step(loop.session), 40);
      }
      EXPECT_EQ(loop.run(), RUNHOOK_OK);
      EXPECT_EQ(runhook_monitored_session_global_step(loop.session), engine.step);
      engine.on_run = [](runhook_context* context) {
        return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "gone");
      };
      EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED) << "one session cannot be made anew";
    }
    EXPECT_EQ(engine.closed, 1);
    EXPECT_EQ(engine.destroyed, 1);
  }
}

TEST_F(CApiSession, ResultsOfAFailedRunAreAsTheyWere) {
  bool failing = false;
  Callback step = [&](runhook_context* context) {
    if (failing) return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "no");
    EXPECT_EQ(runhook_step_set_double(context, "y", 3, nullptr), RUNHOOK_OK);
    return kOk;
  };
  const runhook_function function = function_of(step);
  const char* const outputs[] = {"y"};
  runhook_session* session = runhook_function_session_create(&function, outputs, 1, nullptr, 0, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_run_args_add_fetch(args, nullptr, "y", nullptr);
  runhook_results* results = runhook_results_create(nullptr);
  EXPECT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
  runhook_value* value = runhook_results_get(results, "y", nullptr);
  failing = true;
  EXPECT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(runhook_results_get(results, "y", nullptr), value);
  double number = 0;
  EXPECT_EQ(runhook_results_get_double(results, "y", &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, 3);
  failing = false;
  EXPECT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_ABSENT) << "a value of the run before last was kept";
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

TEST_F(CApiSession, ExceptionThatLeavesCancelIsSwallowed) {
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.resolve = [](runhook_context*, void*, int32_t ok) { return ok; };
  table.run = table.resolve;
  table.cancel = [](void*) { throw std::runtime_error("must not leave a callback"); };
  runhook_session* session = runhook_session_create(&table, nullptr);
  runhook_session_cancel(session);
  EXPECT_EQ(runhook_session_run(session, nullptr, nullptr, nullptr), RUNHOOK_OK);
  runhook_session_destroy(session);
}

}  // namespace
