// Callbacks that destroy or change what the call around them uses: gone handles are refused, nothing crashes.
#include "capi/scripted.hpp"
#include "runhook/standalone.h"

namespace {

using namespace runhook_test;

class CApiPins : public NoHandlesLeft {};

// A session over an engine of C whose functions can be scripted. Nodes are numbered as they are asked for.
struct Engine {
  Callback resolve = [](runhook_context*) { return kOk; };
  Callback run = [](runhook_context*) { return kOk; };
  Callback write = [](runhook_context*) { return kOk; };
  uint32_t nodes = 0;

  runhook_session* session() {
    runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
    table.user_data = this;
    table.resolve = [](runhook_context* context, void* self, int32_t ok) {
      auto& engine = *static_cast<Engine*>(self);
      runhook_engine_set_node(context, engine.nodes++, nullptr);
      return answer(engine.resolve(context), ok);
    };
    table.run = [](runhook_context* context, void* self, int32_t ok) {
      return answer(static_cast<Engine*>(self)->run(context), ok);
    };
    table.write_variable = [](runhook_context* context, void* self, int32_t ok) {
      return answer(static_cast<Engine*>(self)->write(context), ok);
    };
    return runhook_session_create(&table, nullptr);
  }
};

runhook_run_args* args_feeding(const char* name, double number) {
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_value* value = runhook_value_create_double(number, nullptr);
  EXPECT_EQ(runhook_run_args_add_feed(args, name, value, nullptr), RUNHOOK_OK);
  runhook_value_destroy(value);
  return args;
}

double fed(runhook_context* context) {
  double number = 0;
  EXPECT_EQ(runhook_value_get_double(runhook_step_input(context, "x"), &number, nullptr), RUNHOOK_OK);
  return number;
}

// Every change of args that a run is using is refused.
void expect_busy(runhook_run_args* args) {
  Caught error;
  runhook_value* value = runhook_value_create_double(7, nullptr);
  EXPECT_EQ(runhook_run_args_add_feed(args, "x", value, error.out()), RUNHOOK_ERR_BUSY);
  EXPECT_EQ(error.message(), "run args: in use by a call that is under way");
  EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, "y", nullptr), RUNHOOK_ERR_BUSY);
  EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_ERR_BUSY);
  runhook_run_options* options = runhook_run_args_options(args);
  EXPECT_EQ(runhook_run_options_add_watch(options, "w", error.out()), RUNHOOK_ERR_BUSY);
  EXPECT_EQ(error.message(), "run options: in use by a call that is under way");
  runhook_value_destroy(value);
}

TEST_F(CApiPins, ArgsOfARunCannotChangeInItsCallbacks) {
  Loop loop;
  runhook_run_args* args = args_feeding("x", 5);
  int steps = 0;
  loop.step = [&](runhook_context* context) {
    ++steps;
    expect_busy(args);
    EXPECT_EQ(fed(context), 5);
    return kOk;
  };
  Callback body = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_run_with_hooks(context, args, nullptr, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_run_args_add_feed(args, "x", runhook_run_args_feed_value_at(args, 0), nullptr), RUNHOOK_OK);
    return kOk;
  };
  const runhook_function function = function_of(body);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(args), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, args, 2, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_run_step_fn(loop.session, &function, nullptr), RUNHOOK_OK);
  runhook_session* raw = runhook_monitored_session_session(loop.session, nullptr);
  EXPECT_EQ(runhook_session_run(raw, args, nullptr, nullptr), RUNHOOK_OK);
  runhook_session_destroy(raw);
  EXPECT_EQ(steps, 5);
  EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_OK) << "the runs are over";
  runhook_run_args_destroy(args);
}

TEST_F(CApiPins, ArgsOfARunMayBeDestroyedInItsCallbacks) {
  Loop loop;
  runhook_run_args* args = nullptr;
  loop.step = [&](runhook_context* context) {
    runhook_run_args_destroy(args);
    runhook_run_args_destroy(args);
    EXPECT_EQ(runhook_run_args_feed_count(args), 0U);
    EXPECT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(fed(context), 5);
    return kOk;
  };
  Callback body = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_run_with_hooks(context, args, nullptr, nullptr), RUNHOOK_OK);
    return kOk;
  };
  const runhook_function function = function_of(body);
  ASSERT_TRUE(loop.start());
  args = args_feeding("x", 5);
  EXPECT_EQ(loop.run(args), RUNHOOK_OK);
  EXPECT_EQ(loop.run(args), RUNHOOK_ERR_INVALID_ARGUMENT);
  args = args_feeding("x", 5);
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, args, 3, nullptr, nullptr), RUNHOOK_OK);
  args = args_feeding("x", 5);
  EXPECT_EQ(runhook_monitored_session_run_step_fn(loop.session, &function, nullptr), RUNHOOK_OK);
  runhook_session* raw = runhook_monitored_session_session(loop.session, nullptr);
  args = args_feeding("x", 5);
  EXPECT_EQ(runhook_session_run(raw, args, nullptr, nullptr), RUNHOOK_OK);
  runhook_session_destroy(raw);
}

// Args whose feed "x" is 5 for as long as it lives.
runhook_run_args* args_with_a_mortal_feed(double& number) {
  number = 5;
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.user_data = &number;
  buffer.data = &number;
  buffer.dtype = RUNHOOK_FLOAT64;
  buffer.destroy = [](void* fed_number) { *static_cast<double*>(fed_number) = -1; };
  runhook_value* value = runhook_value_adopt(&buffer, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  EXPECT_EQ(runhook_run_args_add_feed(args, "x", value, nullptr), RUNHOOK_OK);
  runhook_value_destroy(value);
  return args;
}

TEST_F(CApiPins, ContextThatLentTheArgsOfARunMayBeDestroyedInItsCallbacks) {
  ScriptedHook hook;
  Loop loop;
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  runhook_context* context = nullptr;
  hook.on["before_run"] = [&](runhook_context*) {
    runhook_context_destroy(context);
    return kOk;
  };
  int steps = 0;
  loop.step = [&](runhook_context* step) {
    runhook_context_destroy(context);
    EXPECT_EQ(fed(step), 5);
    ++steps;
    return kOk;
  };
  ASSERT_TRUE(loop.start());
  runhook_session* raw = runhook_monitored_session_session(loop.session, nullptr);
  double number = 0;
  const auto lent = [&] {
    runhook_run_args* args = args_with_a_mortal_feed(number);
    context = runhook_context_create(args, raw, nullptr);
    runhook_run_args_destroy(args);
    return const_cast<runhook_run_args*>(runhook_context_original_args(context));
  };
  Callback body = [&](runhook_context* step_function) {
    EXPECT_EQ(runhook_context_run_with_hooks(step_function, lent(), nullptr, nullptr), RUNHOOK_OK);
    return kOk;
  };
  const runhook_function function = function_of(body);
  EXPECT_EQ(loop.run(lent()), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, lent(), 1, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_run_step_fn(loop.session, &function, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(raw, lent(), nullptr, nullptr), RUNHOOK_OK);
  runhook_session_destroy(raw);
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(number, -1) << "nobody has it any more";
}

TEST_F(CApiPins, SessionThatLentTheArgsOfARunMayBeDestroyedInItsCallbacks) {
  ScriptedHook hook;
  Loop loop;
  const runhook_run_args* kept = nullptr;
  bool destroys = false;
  hook.on["before_run"] = [&](runhook_context* context) {
    if (destroys) runhook_monitored_session_destroy(loop.session);
    kept = runhook_context_original_args(context);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  ASSERT_NE(kept, nullptr);
  destroys = true;
  EXPECT_EQ(loop.run(const_cast<runhook_run_args*>(kept)), RUNHOOK_OK);
  EXPECT_EQ(hook.destroyed, 0) << "the config has it, too";
  EXPECT_EQ(hook.count("cleanup"), 1);
}

TEST_F(CApiPins, ArgsMayBeDestroyedByTheDestroyFunctionOfAFeed) {
  struct Data {
    runhook_run_args* args = runhook_run_args_create(nullptr);
    double number = 1;
    int destroyed = 0;
  } data;
  const auto feed = [&] {
    runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
    buffer.user_data = &data;
    buffer.data = &data.number;
    buffer.dtype = RUNHOOK_FLOAT64;
    buffer.destroy = [](void* self) {
      auto& its = *static_cast<Data*>(self);
      ++its.destroyed;
      EXPECT_NE(runhook_run_args_clear(its.args, nullptr), RUNHOOK_OK);
      runhook_run_args_destroy(its.args);
    };
    return runhook_value_adopt(&buffer, nullptr);
  };
  for (const char* const name : {"a", "b"}) {
    runhook_value* value = feed();
    EXPECT_EQ(runhook_run_args_add_feed(data.args, name, value, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
  }
  EXPECT_EQ(runhook_run_args_clear(data.args, nullptr), RUNHOOK_OK);
  EXPECT_EQ(data.destroyed, 2);
}

TEST_F(CApiPins, ResultsOfARunMayBeDestroyedInItsCallbacks) {
  ScriptedHook hook;
  Loop loop;
  runhook_results* results = nullptr;
  hook.on["after_run"] = [&](runhook_context*) {
    runhook_results_destroy(results);
    EXPECT_EQ(runhook_results_count(results), 0U);
    return kOk;
  };
  Callback body = [&](runhook_context* context) {
    results = runhook_results_create(nullptr);
    EXPECT_EQ(runhook_context_run_with_hooks(context, nullptr, results, nullptr), RUNHOOK_OK);
    return kOk;
  };
  const runhook_function function = function_of(body);
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_run_args_add_fetch(args, nullptr, "y", nullptr);
  results = runhook_results_create(nullptr);
  EXPECT_EQ(loop.run(args, results), RUNHOOK_OK);
  EXPECT_EQ(loop.run(args, results), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_monitored_session_run_step_fn(loop.session, &function, nullptr), RUNHOOK_OK);
  runhook_run_args_destroy(args);

  Engine engine;
  engine.run = [&](runhook_context*) {
    runhook_results_destroy(results);
    return kOk;
  };
  runhook_session* raw = engine.session();
  results = runhook_results_create(nullptr);
  EXPECT_EQ(runhook_session_run(raw, nullptr, results, nullptr), RUNHOOK_OK);
  runhook_session_destroy(raw);
}

TEST_F(CApiPins, ResultsThatACallIsFillingAreFilledByNoOther) {
  ScriptedHook hook;
  Loop loop;
  runhook_results* results = runhook_results_create(nullptr);
  Engine engine;
  runhook_session* other = engine.session();
  hook.on["before_run"] = [&](runhook_context*) {
    EXPECT_EQ(runhook_session_run(other, nullptr, results, nullptr), RUNHOOK_ERR_BUSY);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(nullptr, results), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(other, nullptr, results, nullptr), RUNHOOK_OK);
  runhook_session_destroy(other);
  runhook_results_destroy(results);
}

TEST_F(CApiPins, ManagerMayBeDestroyedInItsFactory) {
  Engine engine;
  runhook_session_manager* manager = nullptr;
  Callback factory = [&](runhook_context* context) {
    runhook_session_manager_destroy(manager);
    runhook_session* raw = engine.session();
    runhook_context_set_session(context, raw, nullptr);
    runhook_session_destroy(raw);
    return kOk;
  };
  Callback initialise = [](runhook_context*) { return kOk; };
  const runhook_function init_fn = function_of(initialise);
  runhook_scaffold* scaffold = runhook_scaffold_create(nullptr);
  EXPECT_EQ(runhook_scaffold_set(scaffold, RUNHOOK_PIECE_INIT_FN, &init_fn, nullptr), RUNHOOK_OK);
  const auto create = [&] {
    const runhook_function function = function_of(factory);
    return runhook_session_manager_create(&function, scaffold, 1000, nullptr);
  };
  manager = create();
  runhook_session* session = runhook_session_manager_prepare(manager, nullptr);
  EXPECT_NE(session, nullptr);
  runhook_session_destroy(session);
  EXPECT_EQ(runhook_session_manager_prepare(manager, nullptr), nullptr);
  manager = create();
  session = runhook_session_manager_recover(manager, nullptr, nullptr);
  EXPECT_NE(session, nullptr);
  runhook_session_destroy(session);
  manager = create();
  session = runhook_session_manager_wait(manager, 0, nullptr, nullptr, nullptr);
  EXPECT_NE(session, nullptr);
  runhook_session_destroy(session);
  runhook_scaffold_destroy(scaffold);
}

TEST_F(CApiPins, ContextOutsideALoopMayBeDestroyedInItsSession) {
  Engine engine;
  runhook_context* context = nullptr;
  const auto destroy = [&](runhook_context*) {
    EXPECT_EQ(runhook_context_skip_step(context, nullptr), RUNHOOK_ERR_BUSY);
    EXPECT_EQ(runhook_context_execute(context, nullptr), RUNHOOK_ERR_BUSY);
    runhook_context_destroy(context);
    EXPECT_EQ(runhook_context_execute(context, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    return kOk;
  };
  runhook_session* raw = engine.session();
  engine.run = destroy;
  context = runhook_context_create(nullptr, raw, nullptr);
  EXPECT_EQ(runhook_context_execute(context, nullptr), RUNHOOK_OK);
  engine.resolve = destroy;
  context = runhook_context_create(nullptr, raw, nullptr);
  EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "y", nullptr), RUNHOOK_OK);
  context = runhook_context_create(nullptr, raw, nullptr);
  runhook_run_args* args = args_feeding("x", 1);
  EXPECT_EQ(runhook_context_request(context, args, nullptr), RUNHOOK_OK);
  runhook_run_args_destroy(args);
  runhook_session_destroy(raw);
}

TEST_F(CApiPins, SnapshotMayBeDestroyedWhileItIsRestored) {
  Engine engine;
  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  runhook_value* value = runhook_value_create_double(3, nullptr);
  runhook_snapshot_set(snapshot, "a", value, nullptr);
  runhook_snapshot_set(snapshot, "b", value, nullptr);
  std::vector<std::string> written;
  engine.write = [&](runhook_context* context) {
    if (written.empty()) {
      EXPECT_EQ(runhook_snapshot_set(snapshot, "c", value, nullptr), RUNHOOK_ERR_BUSY);
      EXPECT_EQ(runhook_snapshot_set_global_step(snapshot, 3, nullptr), RUNHOOK_ERR_BUSY);
    }
    runhook_snapshot_destroy(snapshot);
    written.emplace_back(runhook_engine_name(context));
    return kOk;
  };
  runhook_session* raw = engine.session();
  EXPECT_EQ(runhook_session_restore(raw, snapshot, nullptr), RUNHOOK_OK);
  EXPECT_EQ(written, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(runhook_snapshot_count(snapshot), 0U);
  runhook_session_destroy(raw);
  runhook_value_destroy(value);
}

TEST_F(CApiPins, ConfigMayBeDestroyedByTheDestroyFunctionOfWhatItReplaces) {
  static runhook_config* config;
  config = runhook_config_create(nullptr);
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.classify = [](runhook_context*, void*, int32_t ok) { return ok; };
  policy.destroy = [](void*) { runhook_config_destroy(config); };
  EXPECT_EQ(runhook_config_set_recovery(config, &policy, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_set_recovery(config, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_set_recovery(config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);

  config = runhook_config_create(nullptr);
  Callback unused = [](runhook_context*) { return kOk; };
  runhook_function function = function_of(unused);
  function.destroy = [](void* data) {
    runhook_config_destroy(config);
    ::operator delete(data);
  };
  runhook_session_creator* creator = runhook_session_creator_create(&function, nullptr);
  EXPECT_EQ(runhook_config_set_session_creator(config, creator, nullptr), RUNHOOK_OK);
  runhook_session_creator_destroy(creator);
  Engine engine;
  runhook_session* raw = engine.session();
  EXPECT_EQ(runhook_config_set_session(config, raw, nullptr), RUNHOOK_OK);
  runhook_session_destroy(raw);
  EXPECT_EQ(runhook_config_set_clock(config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiPins, ScaffoldMayBeDestroyedByTheDestroyFunctionOfWhatItReplaces) {
  static runhook_scaffold* scaffold;
  scaffold = runhook_scaffold_create(nullptr);
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.save = [](runhook_context*, void*, int32_t ok) { return ok; };
  table.restore = table.save;
  table.destroy = [](void*) { runhook_scaffold_destroy(scaffold); };
  runhook_saver* saver = runhook_saver_create(&table, nullptr);
  EXPECT_EQ(runhook_scaffold_set_saver(scaffold, saver, nullptr), RUNHOOK_OK);
  runhook_saver_destroy(saver);
  saver = runhook_memory_saver_create(nullptr);
  EXPECT_EQ(runhook_scaffold_set_saver(scaffold, saver, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_scaffold_finalize(scaffold, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_saver_destroy(saver);
}

TEST_F(CApiPins, ClockMayBeDestroyedWhileItTellsTheTime) {
  struct Data {
    runhook_clock* clock = nullptr;
    int destroyed = 0;
  } data;
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.user_data = &data;
  table.destroy = [](void* self) { ++static_cast<Data*>(self)->destroyed; };
  table.now_ns = [](runhook_context* context, void* self, int32_t ok) {
    auto& its = *static_cast<Data*>(self);
    runhook_clock_destroy(its.clock);
    EXPECT_EQ(its.destroyed, 0) << "the callback has not returned yet";
    EXPECT_EQ(runhook_context_set_now_ns(context, 42, nullptr), RUNHOOK_OK);
    return ok;
  };
  data.clock = runhook_clock_create(&table, nullptr);
  EXPECT_EQ(runhook_clock_now_ns(data.clock), 42);
  EXPECT_EQ(data.destroyed, 1);
  EXPECT_EQ(runhook_clock_now_ns(data.clock), 0);
}

TEST_F(CApiPins, CoordinatorMayBeDestroyedByWhatItsErrorIsShownTo) {
  struct Data {
    runhook_coordinator* coordinator = nullptr;
    int classified = 0;
  } data;
  {
    Loop loop;
    runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
    policy.user_data = &data;
    policy.classify = [](runhook_context*, void* self, int32_t ok) {
      auto& its = *static_cast<Data*>(self);
      ++its.classified;
      runhook_coordinator_destroy(its.coordinator);
      return ok;
    };
    ASSERT_EQ(runhook_config_set_recovery(loop.config, &policy, nullptr), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    data.coordinator = runhook_monitored_session_coordinator(loop.session, nullptr);
  }
  // The handle is the last use of the coordinator by now.
  EXPECT_EQ(runhook_coordinator_report_error(data.coordinator, RUNHOOK_ERR_UNAVAILABLE, "gone", nullptr),
            RUNHOOK_ERR_UNAVAILABLE)
      << "reported after the join, it is the caller's";
  EXPECT_EQ(data.classified, 1);
  EXPECT_EQ(runhook_coordinator_should_stop(data.coordinator), 0);
}

}  // namespace
