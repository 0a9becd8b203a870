// Evaluations in C.
#include <string>
#include <vector>

#include "capi/scripted.hpp"
#include "folder.hpp"

namespace {

using namespace runhook_test;

// Adds `add` to the first variable that a node updates.
int32_t add_to_variable(runhook_context* context, double add) {
  double value = 0;
  runhook_value_get_double(runhook_kernel_variable(context, 0, nullptr), &value, nullptr);
  runhook_value* next = runhook_value_create_double(value + add, nullptr);
  const runhook_status status = runhook_kernel_assign(context, 0, next, nullptr);
  runhook_value_destroy(next);
  return status == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
}

// A config over a graph with a global variable "w", and a node "work" that adds to a variable.
class Model {
 public:
  Model(const char* counter, int32_t scope, double initial_w, double added) {
    runhook_graph* graph = runhook_graph_create(nullptr);
    variable(graph, "w", initial_w, RUNHOOK_VARIABLES_GLOBAL);
    if (std::string(counter) != "w") variable(graph, counter, 0, scope);
    work_ = [added](runhook_context* context) { return add_to_variable(context, added); };
    runhook_node node = RUNHOOK_NODE_INIT;
    const runhook_function kernel = function_of(work_);
    node.user_data = kernel.user_data;
    node.destroy = kernel.destroy;
    node.kernel = kernel.call;
    const char* const updates[] = {counter};
    node.name = "work";
    node.updates = updates;
    node.update_count = 1;
    node.output_count = 0;
    EXPECT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
    runhook_session_creator* creator = runhook_graph_session_creator_create(graph, nullptr, nullptr);
    EXPECT_EQ(runhook_config_set_session_creator(config, creator, nullptr), RUNHOOK_OK);
    runhook_session_creator_destroy(creator);
    runhook_graph_destroy(graph);
    runhook_log quiet = RUNHOOK_LOG_INIT;
    quiet.write = [](const runhook_log_record*, void*) {};
    runhook_config_set_log(config, &quiet, nullptr);
  }
  ~Model() { runhook_config_destroy(config); }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  runhook_config* config = runhook_config_create(nullptr);

 private:
  static void variable(runhook_graph* graph, const char* name, double initial, int32_t scope) {
    runhook_value* value = runhook_value_create_double(initial, nullptr);
    EXPECT_EQ(runhook_graph_add_variable(graph, name, value, scope, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
  }
  Callback work_;
};

class Evaluation : public NoHandlesLeft {
 protected:
  void SetUp() override {
    work_ = args_for("work");
    w_ = args_for("w");
    last_ = runhook_results_create(nullptr);
    final_ = runhook_results_create(nullptr);
    options_.args = work_;
    options_.final_ops = w_;
    options_.evals = &evals_;
    evals_.num_evals = 3;
  }
  void TearDown() override {
    runhook_run_args_destroy(work_);
    runhook_run_args_destroy(w_);
    runhook_results_destroy(last_);
    runhook_results_destroy(final_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  static runhook_run_args* args_for(const char* name) {
    runhook_run_args* args = runhook_run_args_create(nullptr);
    runhook_run_args_add_fetch(args, name, name, nullptr);
    return args;
  }
  runhook_status evaluate(const Model& model, const runhook_snapshot* snapshot = nullptr) {
    return runhook_evaluate_once(model.config, &options_, snapshot, &result_, last_, final_, error_.out());
  }
  // A checkpoint that has "w". Returns its directory.
  static std::string save_w(const Folder& folder) {
    std::string directory = folder.file("checkpoints");
    runhook_checkpoint_store* store = runhook_checkpoint_store_create(directory.c_str(), nullptr, nullptr);
    runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
    runhook_value* value = runhook_value_create_double(1, nullptr);
    runhook_snapshot_set(snapshot, "w", value, nullptr);
    EXPECT_EQ(runhook_checkpoint_store_save(store, snapshot, nullptr, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
    runhook_snapshot_destroy(snapshot);
    runhook_checkpoint_store_destroy(store);
    return directory;
  }
  double final_w() {
    double w = -1;
    runhook_results_get_double(final_, "w", &w, nullptr);
    return w;
  }
  runhook_run_args* work_ = nullptr;
  runhook_run_args* w_ = nullptr;
  runhook_results* last_ = nullptr;
  runhook_results* final_ = nullptr;
  runhook_stop_after_n_evals_options evals_ = RUNHOOK_STOP_AFTER_N_EVALS_OPTIONS_INIT;
  runhook_evaluation_options options_ = RUNHOOK_EVALUATION_OPTIONS_INIT;
  runhook_evaluation_result result_ = RUNHOOK_EVALUATION_RESULT_INIT;
  Caught error_;
};

TEST_F(Evaluation, MakesSoManyRunsAndFetchesTheFinalOps) {
  const Model model("w", 0, 10, 1);
  ASSERT_EQ(evaluate(model), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(result_.evaluations, 3);
  EXPECT_EQ(result_.complete, 1);
  EXPECT_EQ(result_.outcome, RUNHOOK_OUTCOME_STOPPED);
  EXPECT_EQ(final_w(), 13);
  EXPECT_EQ(runhook_results_count(last_), 1U);
}

TEST_F(Evaluation, SnapshotIsWrittenOverTheInitialValues) {
  const Model model("count", RUNHOOK_VARIABLES_LOCAL, 10, 1);
  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  EXPECT_EQ(evaluate(model, snapshot), RUNHOOK_ERR_NOT_FOUND);
  runhook_value* value = runhook_value_create_double(70, nullptr);
  runhook_snapshot_set(snapshot, "w", value, nullptr);
  runhook_snapshot_set_global_step(snapshot, 12, nullptr);
  runhook_value_destroy(value);
  EXPECT_EQ(evaluate(model, snapshot), RUNHOOK_OK) << error_.message();
  runhook_snapshot_destroy(snapshot);
  EXPECT_EQ(final_w(), 70);
  EXPECT_EQ(result_.step, 12);
}

TEST_F(Evaluation, EachNewCheckpointIsEvaluated) {
  const Folder folder;
  runhook_checkpoint_watcher_options watched = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  const std::string directory = folder.file("checkpoints");
  watched.directory = directory.c_str();
  watched.timeout_ns = 1;
  runhook_checkpoint_watcher* watcher = runhook_checkpoint_watcher_create(&watched, nullptr);
  runhook_checkpoint_store_options kept = RUNHOOK_CHECKPOINT_STORE_OPTIONS_INIT;
  runhook_retention one = RUNHOOK_RETENTION_INIT;
  one.last = 1;
  kept.keep = &one;
  runhook_checkpoint_store* store = runhook_checkpoint_store_create(directory.c_str(), &kept, nullptr);
  const Model model("count", RUNHOOK_VARIABLES_LOCAL, 10, 1);
  const auto next = [&] {
    return runhook_evaluate_next(model.config, &options_, watcher, &result_, last_, final_, error_.out());
  };
  EXPECT_EQ(next(), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  for (const int64_t step : {5, 8}) {
    runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
    runhook_value* value = runhook_value_create_double(10.0 * static_cast<double>(step), nullptr);
    runhook_snapshot_set(snapshot, "w", value, nullptr);
    runhook_snapshot_set_global_step(snapshot, step, nullptr);
    EXPECT_EQ(runhook_checkpoint_store_save(store, snapshot, nullptr, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
    runhook_snapshot_destroy(snapshot);
    ASSERT_EQ(next(), RUNHOOK_OK) << error_.message();
    EXPECT_EQ(result_.step, step);
    EXPECT_EQ(result_.evaluations, 3);
    EXPECT_EQ(final_w(), 10.0 * static_cast<double>(step));
    EXPECT_EQ(next(), RUNHOOK_ERR_DEADLINE_EXCEEDED) << "it has been evaluated";
  }
  runhook_checkpoint_store_destroy(store);
  runhook_checkpoint_watcher_destroy(watcher);
  EXPECT_EQ(next(), RUNHOOK_ERR_INVALID_ARGUMENT) << "there is no such watcher any more";
}

TEST_F(Evaluation, CheckpointWhoseEvaluationWasCutShortIsEvaluatedAgain) {
  const Folder folder;
  const std::string directory = save_w(folder);
  runhook_checkpoint_watcher_options watched = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  watched.directory = directory.c_str();
  watched.timeout_ns = 1;
  runhook_checkpoint_watcher* watcher = runhook_checkpoint_watcher_create(&watched, nullptr);
  Model model("count", RUNHOOK_VARIABLES_LOCAL, 10, 1);
  runhook_stop_source* stop = runhook_stop_source_create(nullptr);
  runhook_config_set_stop_source(model.config, stop, nullptr);
  const auto next = [&] {
    return runhook_evaluate_next(model.config, &options_, watcher, &result_, nullptr, nullptr, error_.out());
  };
  ScriptedHook hook;
  bool stops = true;
  hook.on["after_run"] = [&](runhook_context*) {
    if (stops) runhook_stop_source_request_stop(stop, 0, nullptr, 0);
    return kOk;
  };
  const runhook_hook table = hook.table();
  ASSERT_EQ(runhook_config_add_hook(model.config, &table, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(next(), RUNHOOK_ERR_STOPPED);
  stops = false;
  runhook_stop_source* fresh = runhook_stop_source_create(nullptr);
  runhook_config_set_stop_source(model.config, fresh, nullptr);
  EXPECT_EQ(next(), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(next(), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  EXPECT_NE(error_.message().find(directory), std::string::npos) << error_.message();
  runhook_stop_source_destroy(stop);
  runhook_stop_source_destroy(fresh);
  runhook_checkpoint_watcher_destroy(watcher);
}

TEST_F(Evaluation, StopOfTheConfigEndsTheWaitForACheckpoint) {
  const Folder folder;
  const std::string directory = folder.file("none");
  runhook_checkpoint_watcher_options watched = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  watched.directory = directory.c_str();  // and for ever
  runhook_checkpoint_watcher* watcher = runhook_checkpoint_watcher_create(&watched, nullptr);
  const Model model("count", RUNHOOK_VARIABLES_LOCAL, 10, 1);
  runhook_stop_source* stop = runhook_stop_source_create(nullptr);
  runhook_config_set_stop_source(model.config, stop, nullptr);
  runhook_stop_source_request_stop(stop, 0, nullptr, 0);
  EXPECT_EQ(runhook_evaluate_next(model.config, &options_, watcher, nullptr, nullptr, nullptr, error_.out()),
            RUNHOOK_ERR_STOPPED);
  runhook_stop_source_destroy(stop);
  runhook_checkpoint_watcher_destroy(watcher);
}

TEST_F(Evaluation, WatcherThatIsUsedForAnEvaluationIsBusyInItsCallbacks) {
  const Folder folder;
  const std::string directory = save_w(folder);
  runhook_checkpoint_watcher_options watched = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  watched.directory = directory.c_str();
  runhook_checkpoint_watcher* watcher = runhook_checkpoint_watcher_create(&watched, nullptr);
  Model model("count", RUNHOOK_VARIABLES_LOCAL, 10, 1);
  ScriptedHook hook;
  hook.on["after_run"] = [&](runhook_context*) {
    EXPECT_EQ(runhook_checkpoint_watcher_next(watcher, nullptr, nullptr), RUNHOOK_ERR_BUSY);
    return kOk;
  };
  const runhook_hook table = hook.table();
  ASSERT_EQ(runhook_config_add_hook(model.config, &table, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_evaluate_next(model.config, &options_, watcher, &result_, nullptr, nullptr, error_.out()),
            RUNHOOK_OK)
      << error_.message();
  EXPECT_EQ(hook.count("after_run"), 3);
  runhook_checkpoint_watcher_destroy(watcher);
}

TEST_F(Evaluation, HooksOfCHaveTheirContexts) {
  Model model("w", 0, 10, 1);
  ScriptedHook hook;
  std::vector<int64_t> steps;
  hook.on["before_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_monitored_session(context), nullptr);
    return runhook_context_add_fetch(context, "w", "w", nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  hook.on["after_run"] = [&](runhook_context* context) {
    double w = 0;
    runhook_context_get_double(context, "w", &w, nullptr);
    steps.push_back(static_cast<int64_t>(w));
    if (steps.size() == 2) runhook_context_request_stop(context, 0, "two are enough", RUNHOOK_STOP_AFTER_STEP);
    return kOk;
  };
  const runhook_hook table = hook.table();
  ASSERT_EQ(runhook_config_add_hook(model.config, &table, nullptr, nullptr), RUNHOOK_OK);
  for (int round = 0; round < 2; ++round) {
    steps.clear();
    ASSERT_EQ(evaluate(model), RUNHOOK_OK) << error_.message();
    EXPECT_EQ(steps, (std::vector<int64_t>{11, 12}));
  }
  EXPECT_EQ(hook.count("begin"), 2);
  EXPECT_EQ(hook.count("cleanup"), 2);
}

TEST_F(Evaluation, FailureLeavesResultsAsTheyWere) {
  Model model("w", 0, 10, 1);
  ASSERT_EQ(evaluate(model), RUNHOOK_OK);
  result_.evaluations = 99;
  ScriptedHook hook;
  hook.on["end"] = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "no good");
  };
  const runhook_hook table = hook.table();
  ASSERT_EQ(runhook_config_add_hook(model.config, &table, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(evaluate(model), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(final_w(), 13);
  EXPECT_EQ(result_.evaluations, 99);
}

TEST_F(Evaluation, StopSourceOfTheConfigCutsItShort) {
  Model model("w", 0, 10, 1);
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_config_set_stop_source(model.config, source, nullptr);
  EXPECT_EQ(evaluate(model), RUNHOOK_OK);
  EXPECT_EQ(result_.complete, 1);
  EXPECT_EQ(runhook_stop_source_stop_requested(source), 0);
  runhook_stop_source_request_stop(source, 0, "", RUNHOOK_STOP_AFTER_STEP);
  EXPECT_EQ(evaluate(model), RUNHOOK_OK);
  EXPECT_EQ(result_.complete, 0);
  EXPECT_EQ(result_.evaluations, 0);
  runhook_stop_source_destroy(source);
}

TEST_F(Evaluation, BadOptionsAreRefused) {
  const Model model("w", 0, 10, 1);
  evals_.num_evals = -1;
  EXPECT_EQ(evaluate(model), RUNHOOK_ERR_INVALID_ARGUMENT);
  evals_.num_evals = 1;
  evals_.quiet = 2;
  EXPECT_EQ(evaluate(model), RUNHOOK_ERR_INVALID_ARGUMENT);
  evals_.quiet = 0;
  result_.struct_size = 8;
  EXPECT_EQ(evaluate(model), RUNHOOK_ERR_INVALID_ARGUMENT);
  result_.struct_size = sizeof result_;
  EXPECT_EQ(runhook_evaluate_once(model.config, &options_, nullptr, nullptr, last_, last_, error_.out()),
            RUNHOOK_ERR_BUSY);
}

TEST_F(Evaluation, StopAfterNEvalsStopsALoop) {
  Model model("w", 0, 10, 1);
  evals_.num_evals = 4;
  runhook_builtin_hook* hook = runhook_stop_after_n_evals_hook_create(&evals_, error_.out());
  ASSERT_EQ(runhook_config_add_builtin_hook(model.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_builtin_hook_destroy(hook);
  runhook_monitored_session* session = runhook_monitored_session_create(model.config, error_.out());
  int64_t completed = 0;
  EXPECT_EQ(runhook_monitored_session_run_until_stop(session, nullptr, 20, &completed, nullptr), RUNHOOK_OK);
  EXPECT_EQ(completed, 4);
  runhook_monitored_session_destroy(session);
}

TEST_F(Evaluation, InMemoryEvaluatorSeesWhatHasBeenLearnt) {
  Model trained("w", 0, 0, 1);
  const Model evaluated("count", RUNHOOK_VARIABLES_LOCAL, -1, 1);
  runhook_builtin_hook* hook = nullptr;
  std::vector<double> seen;
  Callback on_result = [&](runhook_context* context) {
    EXPECT_EQ(runhook_in_memory_evaluator_result(hook, &result_, last_, final_, error_.out()), RUNHOOK_OK);
    EXPECT_EQ(result_.evaluations, 3);
    seen.push_back(final_w());
    if (final_w() >= 4) runhook_context_request_stop(context, 0, "good enough", RUNHOOK_STOP_AFTER_STEP);
    return kOk;
  };
  int destroyed = 0;
  const runhook_function function = function_of(on_result, &destroyed);
  runhook_in_memory_evaluator_options options = RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT;
  options.config = evaluated.config;
  options.evaluation = &options_;
  options.every_n_runs = 2;
  options.on_result = &function;
  hook = runhook_in_memory_evaluator_hook_create(&options, error_.out());
  ASSERT_NE(hook, nullptr) << error_.message();
  EXPECT_EQ(runhook_in_memory_evaluator_result(hook, &result_, nullptr, nullptr, error_.out()), RUNHOOK_ERR_NOT_FOUND);
  ASSERT_EQ(runhook_config_add_builtin_hook(trained.config, hook, nullptr, nullptr), RUNHOOK_OK);
  runhook_monitored_session* session = runhook_monitored_session_create(trained.config, error_.out());
  ASSERT_NE(session, nullptr) << error_.message();
  int64_t completed = 0;
  EXPECT_EQ(runhook_monitored_session_run_until_stop(session, work_, 20, &completed, nullptr), RUNHOOK_OK);
  EXPECT_EQ(completed, 4);
  EXPECT_EQ(seen, (std::vector<double>{0, 2, 4}));
  runhook_monitored_session_destroy(session);
  runhook_builtin_hook_destroy(hook);
  runhook_config_destroy(trained.config);
  trained.config = nullptr;
  EXPECT_EQ(destroyed, 1);
}

}  // namespace
