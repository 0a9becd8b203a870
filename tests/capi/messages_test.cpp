// What is said of each mistake, word for word: a message says what is wrong, what there is instead, and what to call.
// A function that can be used wrongly in a way of its own gets a row here.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

struct Row {
  std::string mistake;  // the name of the test
  std::function<runhook_status(Caught&)> make;
  runhook_status status;
  std::string text;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.mistake; }

class Messages : public NoHandlesLeft, public testing::WithParamInterface<Row> {};

TEST_P(Messages, SaysWhatToDo) {
  const Row& row = GetParam();
  {
    Caught error;
    EXPECT_EQ(row.make(error), row.status);
    EXPECT_EQ(error.code(), row.status);
    EXPECT_EQ(error.message(), row.text);
  }
}

// Makes a mistake in a callback of a hook, in a loop whose step publishes "y" and can be fed "x".
struct InHook {
  std::string callback = "after_run";
  std::function<runhook_status(runhook_context*, runhook_error**)> mistake;
  std::vector<const char*> fetched = {"y"};
  bool publishes = true;

  runhook_status operator()(Caught& error) const {
    ScriptedHook hook;  // which the loop needs until its end
    Loop loop;
    if (!publishes) loop.step = [](runhook_context*) { return kOk; };
    runhook_status status = RUNHOOK_OK;
    hook.on["before_run"] = [this](runhook_context* context) {
      for (const char* name : fetched)
        EXPECT_EQ(runhook_context_add_fetch(context, nullptr, name, nullptr), RUNHOOK_OK);
      return kOk;
    };
    hook.on[callback] = [&](runhook_context* context) {
      status = mistake(context, error.out());
      return kOk;
    };
    EXPECT_EQ(loop.add(hook), RUNHOOK_OK);
    EXPECT_TRUE(loop.start()) << loop.error.message();
    if (loop.session != nullptr) loop.run();
    return status;
  }
};

runhook_status get_double(runhook_context* context, const char* key, runhook_error** error) {
  double number = 0;
  return runhook_context_get_double(context, key, &number, error);
}

// The status of a call that returns a handle, which it must not.
template <class Handle>
runhook_status no_handle(const Handle* handle, const Caught& error) {
  EXPECT_EQ(handle, nullptr);
  return error.code();
}

struct Graph {
  Graph() {
    runhook_value* zero = runhook_value_create_double(0, nullptr);
    for (const char* name : {"weights", "bias"}) {
      runhook_graph_add_variable(graph, name, zero, RUNHOOK_VARIABLES_GLOBAL, nullptr);
    }
    runhook_value_destroy(zero);
    runhook_graph_add_placeholder(graph, "input", RUNHOOK_FLOAT64, nullptr, 0, nullptr);
    session = runhook_graph_session_create(graph, nullptr);
  }
  ~Graph() {
    runhook_session_destroy(session);
    runhook_graph_destroy(graph);
  }
  runhook_status fetch(const char* name, Caught& error) const {
    runhook_run_args* args = runhook_run_args_create(nullptr);
    runhook_run_args_add_fetch(args, nullptr, name, nullptr);
    const runhook_status status = runhook_session_run(session, args, nullptr, error.out());
    runhook_run_args_destroy(args);
    return status;
  }
  runhook_graph* graph = runhook_graph_create(nullptr);
  runhook_session* session = nullptr;
};

// A loop that stays where it is, with two outputs and an input.
struct Inline {
  explicit Inline(Caught& error) {
    runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
    options.outputs = outputs;
    options.output_count = 2;
    options.inputs = inputs;
    options.input_count = 1;
    runhook_test::quieten(config);
    EXPECT_EQ(runhook_config_set_inline(config, &options, error.out()), RUNHOOK_OK);
    loop = runhook_monitored_session_create(config, error.out());
  }
  ~Inline() {
    runhook_monitored_session_destroy(loop);
    runhook_config_destroy(config);
    runhook_run_args_destroy(args);
  }
  const char* const outputs[2] = {"loss", "accuracy"};
  const char* const inputs[1] = {"rate"};
  runhook_config* config = runhook_config_create(nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_monitored_session* loop = nullptr;
};

std::vector<Row> names() {
  return {
      {"ResultWithoutAFetch",
       InHook{"after_run", [](auto* context, auto** error) { return get_double(context, "y", error); }, {}},
       RUNHOOK_ERR_NOT_FOUND,
       "there is no result 'y': nothing was fetched; a hook calls runhook_context_add_fetch() in before_run, who runs "
       "a "
       "step runhook_run_args_add_fetch()"},
      {"ResultOfAnotherName",
       InHook{"after_run", [](auto* context, auto** error) { return get_double(context, "yy", error); }},
       RUNHOOK_ERR_NOT_FOUND, "there is no result 'yy'; did you mean 'y'?"},
      {"OnlyResultOfTwo",
       InHook{"after_run", [](auto* context, auto** error) { return get_double(context, nullptr, error); }, {"y", "x"}},
       RUNHOOK_ERR_NOT_FOUND, "the key is NULL, which stands for the only result; there are 'y' and 'x'"},
      {"ResultThatTheStepHasNotPublished",
       InHook{"after_run", [](auto* context, auto** error) { return get_double(context, "y", error); }, {"y"}, false},
       RUNHOOK_ERR_FAILED_PRECONDITION, "'y' has no value: it was fetched, but the step has not published it"},
      {"ResultsInBeforeRun",
       InHook{"before_run", [](auto* context, auto** error) { return get_double(context, "y", error); }},
       RUNHOOK_ERR_FAILED_PRECONDITION, "there are results in after_run only, of what was asked for in before_run"},
      {"ResultThatIsNoNumber",
       [](Caught& error) {
         runhook_results* results = runhook_results_create(nullptr);
         runhook_run_args* args = runhook_run_args_create(nullptr);
         Loop loop;
         loop.step = [](runhook_context* context) {
           const int64_t three = 3;
           runhook_value* value = runhook_value_create_tensor(RUNHOOK_FLOAT64, &three, 1, nullptr, nullptr);
           runhook_step_set_output(context, "y", value, nullptr);
           runhook_value_destroy(value);
           return kOk;
         };
         runhook_run_args_add_fetch(args, nullptr, "y", nullptr);
         EXPECT_TRUE(loop.start() && loop.run(args, results) == RUNHOOK_OK);
         double number = 0;
         const runhook_status status = runhook_results_get_double(results, nullptr, &number, error.out());
         runhook_results_destroy(results);
         runhook_run_args_destroy(args);
         return status;
       },
       RUNHOOK_ERR_FAILED_PRECONDITION, "'y': the tensor has 3 elements, not one"},
      {"FetchOfAnUnknownName",
       InHook{"before_run",
              [](auto* context, auto** error) { return runhook_context_add_fetch(context, nullptr, "loss", error); }},
       RUNHOOK_ERR_NOT_FOUND, "'loss' is neither an output nor an input; there are 'y' and 'x'"},
      {"OutputThatIsNotDeclared",
       [](Caught& error) {
         Inline body(error);
         return runhook_step_set_double(runhook_monitored_session_next(body.loop, nullptr), "lsos", 1, error.out());
       },
       RUNHOOK_ERR_NOT_FOUND, "'lsos' is not an output; did you mean 'loss'? there are 'loss' and 'accuracy'"},
      {"FetchThatALoopDoesNotHave",
       [](Caught& error) {
         Inline body(error);
         runhook_run_args_add_fetch(body.args, nullptr, "Accurcy", nullptr);
         return no_handle(runhook_monitored_session_begin_step(body.loop, body.args, error.out()), error);
       },
       RUNHOOK_ERR_NOT_FOUND,
       "'Accurcy' is neither an output nor an input; did you mean 'accuracy'? there are 'loss', 'accuracy' and 'rate'"},
      {"FeedOfAnOutput",
       [](Caught& error) {
         Inline body(error);
         runhook_value* value = runhook_value_create_double(1, nullptr);
         runhook_run_args_add_feed(body.args, "loss", value, nullptr);
         runhook_value_destroy(value);
         return no_handle(runhook_monitored_session_begin_step(body.loop, body.args, error.out()), error);
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "'loss' is an output and cannot be fed; what can be fed is declared as an input"},
      {"FetchThatTheBodyDoesNotPublish",
       [](Caught& error) {
         Inline body(error);
         runhook_run_args_add_fetch(body.args, nullptr, "loss", nullptr);
         runhook_context* step = runhook_monitored_session_begin_step(body.loop, body.args, error.out());
         runhook_step_set_double(step, "accuracy", 1, nullptr);
         return runhook_monitored_session_end_step(body.loop, error.out());
       },
       RUNHOOK_ERR_NOT_FOUND, "'loss' is fetched, but the step has not published it; it has published 'accuracy'"},
      {"NodeThatAGraphDoesNotHave", [](Caught& error) { return Graph().fetch("wieghts", error); },
       RUNHOOK_ERR_NOT_FOUND,
       "the graph has no 'wieghts'; did you mean 'weights'? there are 'weights', 'bias' and 'input'"},
      {"OutputThatANodeDoesNotHave", [](Caught& error) { return Graph().fetch("bias:1", error); },
       RUNHOOK_ERR_NOT_FOUND, "the graph has no 'bias:1': node 'bias' has 1 output, counted from 0"},
      {"VariableThatAGraphDoesNotHave",
       [](Caught& error) {
         const Graph graph;
         return no_handle(runhook_session_read_variable(graph.session, "input", error.out()), error);
       },
       RUNHOOK_ERR_NOT_FOUND, "the session has no variable 'input'; there are 'weights' and 'bias'"},
      {"HookThatASessionDoesNotHave",
       [](Caught& error) {
         ScriptedHook hook;
         Loop loop;
         hook.name = "progress";
         loop.add(hook);
         uint64_t id = 0;
         EXPECT_TRUE(loop.start());
         return runhook_monitored_session_find_hook(loop.session, "progres", &id, error.out());
       },
       RUNHOOK_ERR_NOT_FOUND, "there is no hook named 'progres'; did you mean 'progress'?"},
  };
}

std::vector<Row> sessions() {
  return {
      {"ConfigWithoutASession",
       [](Caught& error) {
         runhook_config* config = runhook_config_create(nullptr);
         const auto status = no_handle(runhook_monitored_session_create(config, error.out()), error);
         runhook_config_destroy(config);
         return status;
       },
       RUNHOOK_ERR_FAILED_PRECONDITION,
       "the config has no session: call runhook_config_set_inline() for a loop that stays where it is, or "
       "runhook_config_set_session(), _set_graph() or _set_session_creator()"},
      {"ConfigOfTwoSessions",
       [](Caught& error) {
         Loop loop;
         EXPECT_TRUE(loop.start());
         return no_handle(runhook_monitored_session_create(loop.config, error.out()), error);
       },
       RUNHOOK_ERR_ALREADY_EXISTS,
       "the config, or its session creator, belongs to another session, which has not ended; each open session needs a "
       "config with a session creator of its own, or close the other one first"},
      {"OneSessionForTwoLoops",
       [](Caught& error) {
         const Graph graph;
         runhook_config* config = runhook_config_create(nullptr);
         runhook_test::quieten(config);
         runhook_config_set_session(config, graph.session, nullptr);
         runhook_monitored_session_destroy(runhook_monitored_session_create(config, nullptr));
         const auto status = no_handle(runhook_monitored_session_create(config, error.out()), error);
         runhook_config_destroy(config);
         return status;
       },
       RUNHOOK_ERR_FAILED_PRECONDITION,
       "the only session has been handed out already; who needs one more than once gives the config a session creator"},
      {"HookAddedTwice",
       [](Caught& error) {
         ScriptedHook hook;
         Loop loop;
         hook.name = "saver";
         loop.add(hook);
         const runhook_hook table = hook.table();
         return runhook_config_add_hook(loop.config, &table, nullptr, error.out());
       },
       RUNHOOK_ERR_ALREADY_EXISTS, "hook 'saver' has been added already"},
      {"HookAddedTwiceToASession",
       [](Caught& error) {
         ScriptedHook hook;
         Loop loop;
         hook.name = "saver";
         loop.add(hook);
         EXPECT_TRUE(loop.start());
         const runhook_hook table = hook.table();
         return runhook_monitored_session_add_hook(loop.session, &table, nullptr, nullptr, error.out());
       },
       RUNHOOK_ERR_ALREADY_EXISTS, "hook 'saver' has been added already"},
      {"BuiltinHookAddedTwice",
       [](Caught& error) {
         Loop loop;
         runhook_builtin_hook* hook = runhook_watchdog_hook_create(nullptr, nullptr);
         runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr);
         const auto status = runhook_config_add_builtin_hook(loop.config, hook, nullptr, error.out());
         runhook_builtin_hook_destroy(hook);
         return status;
       },
       RUNHOOK_ERR_ALREADY_EXISTS, "hook 'stall watchdog' has been added already"},
      {"StepFunctionThatReturnsSomethingElse",
       [](Caught& error) {
         Loop loop;
         loop.step = [](runhook_context*) { return 0; };
         EXPECT_TRUE(loop.start());
         return runhook_monitored_session_run(loop.session, nullptr, nullptr, error.out());
       },
       RUNHOOK_ERR_UNKNOWN, unexplained_failure("the function of runhook_function_session_create()", 0)},
      {"EngineThatReturnsSomethingElse",
       [](Caught& error) {
         runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
         table.resolve = [](runhook_context*, void*, int32_t) { return int32_t{0}; };
         table.run = [](runhook_context*, void*, int32_t) { return int32_t{7}; };
         runhook_session* session = runhook_session_create(&table, nullptr);
         const auto status = runhook_session_run(session, nullptr, nullptr, error.out());
         runhook_session_destroy(session);
         return status;
       },
       RUNHOOK_ERR_UNKNOWN, unexplained_failure("run of the runhook_session_table", 7)},
      {"StepThatFailsWithoutAText",
       [](Caught& error) {
         Loop loop;
         loop.step = [](runhook_context* context) {
           return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, nullptr);
         };
         EXPECT_TRUE(loop.start());
         Caught failure;
         EXPECT_EQ(runhook_monitored_session_run(loop.session, nullptr, nullptr, failure.out()), RUNHOOK_ERR_DATA_LOSS);
         EXPECT_STREQ(runhook_error_to_string(failure.get()), "DATA_LOSS in run at step 0");
         // The error of a call is passed on by the test, which wants a text.
         return runhook_monitored_session_fail(loop.session, RUNHOOK_OK, nullptr, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "the code is RUNHOOK_OK"},
  };
}

template <class Struct>
std::string wrong_size(const char* name, const char* macro, std::size_t given) {
  return std::string("struct_size of the ") + name + " is " + std::to_string(given) + ", but it has " +
         std::to_string(sizeof(Struct)) + " bytes: begin with " + macro;
}

std::vector<Row> structs_and_handles() {
  return {
      {"TableWithoutASize",
       [](Caught& error) {
         const Loop loop;
         runhook_hook hook{};
         return runhook_config_add_hook(loop.config, &hook, nullptr, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, wrong_size<runhook_hook>("runhook_hook", "RUNHOOK_HOOK_INIT", 0)},
      {"OptionsOfAWrongSize",
       [](Caught& error) {
         const Loop loop;
         runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
         options.struct_size = 12;
         return runhook_config_set_inline(loop.config, &options, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT,
       wrong_size<runhook_inline_options>("runhook_inline_options", "RUNHOOK_INLINE_OPTIONS_INIT", 12)},
      {"RuleOfWhichNothingCounts",
       [](Caught& error) {
         runhook_metric_rule rule = RUNHOOK_METRIC_RULE_INIT;
         rule.name = "accuracy";
         rule.target = 0.9;
         const runhook_metric_rule* const rules[] = {&rule};
         runhook_early_stopping_options options = RUNHOOK_EARLY_STOPPING_OPTIONS_INIT;
         options.rules = rules;
         options.rule_count = 1;
         EXPECT_EQ(runhook_early_stopping_hook_create(&options, error.out()), nullptr);
         return error.code();
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "given is 0: it says by RUNHOOK_RULE_* which members of the rule count"},
      {"AnswerOfAWrongSize",
       [](Caught& error) {
         runhook_stop_source* source = runhook_stop_source_create(nullptr);
         runhook_stop_reason reason{};
         reason.struct_size = 1;
         const auto status = runhook_stop_source_reason_at(source, 0, &reason, error.out());
         runhook_stop_source_destroy(source);
         return status;
       },
       RUNHOOK_ERR_INVALID_ARGUMENT,
       wrong_size<runhook_stop_reason>("runhook_stop_reason", "RUNHOOK_STOP_REASON_INIT", 1)},
      {"TableThatIsNull",
       [](Caught& error) {
         const Loop loop;
         return runhook_config_add_hook(loop.config, nullptr, nullptr, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "the runhook_hook is NULL"},
      {"HandleThatIsNull", [](Caught& error) { return runhook_monitored_session_close(nullptr, error.out()); },
       RUNHOOK_ERR_INVALID_ARGUMENT, "not a valid monitored session: it is NULL"},
      {"HandleThatHasBeenDestroyed",
       [](Caught& error) {
         runhook_config* config = runhook_config_create(nullptr);
         runhook_config_destroy(config);
         return no_handle(runhook_monitored_session_create(config, error.out()), error);
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "not a valid config: it has been destroyed"},
      {"HandleOfAnotherKind",
       [](Caught& error) {
         const Graph graph;
         auto* const wrong = reinterpret_cast<runhook_monitored_session*>(graph.session);
         return runhook_monitored_session_close(wrong, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "not a valid monitored session: it is of another kind: session"},
      {"PointerThatIsNoHandle",
       [](Caught& error) {
         int object = 0;
         return runhook_monitored_session_close(reinterpret_cast<runhook_monitored_session*>(&object), error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "not a valid monitored session: it is no handle of this library"},
      {"ContextOfACallbackThatHasReturned",
       [](Caught& error) {
         Loop loop;
         runhook_context* kept = nullptr;
         Callback create = loop.create;
         loop.create = [&](runhook_context* context) {
           kept = context;
           return create(context);
         };
         EXPECT_TRUE(loop.start());
         return runhook_context_set_session(kept, nullptr, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT,
       "not a valid context: it has been destroyed, or was lent to a callback that has returned"},
      {"StepThatIsOver",
       [](Caught& error) {
         Inline body(error);
         runhook_context* step = runhook_monitored_session_next(body.loop, nullptr);
         runhook_monitored_session_next(body.loop, nullptr);
         return runhook_step_set_double(step, "loss", 1, error.out());
       },
       RUNHOOK_ERR_FAILED_PRECONDITION, "the step is over: next() and begin_step() give another one"},
      {"ValueThatIsNull",
       [](Caught& error) {
         Inline body(error);
         return runhook_run_args_add_feed(body.args, "rate", nullptr, error.out());
       },
       RUNHOOK_ERR_INVALID_ARGUMENT, "not a valid value: it is NULL"},
  };
}

std::string name_of(const testing::TestParamInfo<Row>& row) { return row.param.mistake; }
INSTANTIATE_TEST_SUITE_P(Names, Messages, testing::ValuesIn(names()), name_of);
INSTANTIATE_TEST_SUITE_P(Sessions, Messages, testing::ValuesIn(sessions()), name_of);
INSTANTIATE_TEST_SUITE_P(StructsAndHandles, Messages, testing::ValuesIn(structs_and_handles()), name_of);

}  // namespace
