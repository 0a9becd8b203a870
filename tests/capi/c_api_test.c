/* The whole C ABI once, as a user in C writes it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "runhook/runhook.h"
#include "runhook/standalone.h"

static int failures = 0;

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      ++failures;                                                             \
    }                                                                         \
  } while (0)

/* A call that has to succeed. */
#define OK(call)                                                                                 \
  do {                                                                                           \
    runhook_error* ok_error = NULL;                                                              \
    runhook_error** error = &ok_error;                                                           \
    if ((call) != RUNHOOK_OK || ok_error != NULL) {                                              \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call,                              \
              ok_error != NULL ? runhook_error_to_string(ok_error) : "failed without an error"); \
      ++failures;                                                                                \
    }                                                                                            \
    runhook_error_destroy(ok_error);                                                             \
  } while (0)

/* A call that has to fail with this code, and to say so twice. */
#define FAILS(expected, call)                                                                      \
  do {                                                                                             \
    runhook_error* ok_error = NULL;                                                                \
    runhook_error** error = &ok_error;                                                             \
    const runhook_status got = (call);                                                             \
    if (got != (expected) || runhook_error_code(ok_error) != got) {                                \
      fprintf(stderr, "%s:%d: %s gave %s\n", __FILE__, __LINE__, #call, runhook_status_name(got)); \
      ++failures;                                                                                  \
    }                                                                                              \
    runhook_error_destroy(ok_error);                                                               \
  } while (0)

typedef struct counts {
  int begin, after_create_session, before_run, after_run, on_error, end, cleanup, destroyed;
  int64_t step;
  double loss;
} counts;

static void destroy_counts(void* user_data) { ++((counts*)user_data)->destroyed; }

static int32_t on_begin(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->begin;
  CHECK(runhook_context_session(context) == NULL);
  CHECK(strcmp(runhook_context_callback_name(context), "begin") == 0);
  CHECK(runhook_context_monitored_session(context) != NULL);
  return ok;
}

static int32_t on_after_create_session(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->after_create_session;
  CHECK(runhook_context_session(context) != NULL);
  return ok;
}

static int32_t on_before_run(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->before_run;
  CHECK(strcmp(runhook_context_hook_name(context), "watch") == 0);
  if (runhook_context_add_fetch(context, "loss", "loss", NULL) != RUNHOOK_OK) return RUNHOOK_CALLBACK_FAILED;
  return ok;
}

static int32_t on_after_run(runhook_context* context, void* user_data, int32_t ok) {
  counts* seen = user_data;
  ++seen->after_run;
  seen->step = runhook_context_global_step(context);
  if (runhook_context_get_double(context, "loss", &seen->loss, NULL) != RUNHOOK_OK) return RUNHOOK_CALLBACK_FAILED;
  CHECK(runhook_results_count(runhook_context_results(context)) == 1);
  CHECK(runhook_context_result(context, "loss") != NULL);
  CHECK(runhook_context_result(context, "other") == NULL);
  CHECK(runhook_context_options(context) != NULL);
  CHECK(runhook_run_args_fetch_count(runhook_context_original_args(context)) == 1);
  if (seen->step >= 5) runhook_context_request_stop(context, 42, "far enough", RUNHOOK_STOP_AFTER_STEP);
  return ok;
}

static int32_t on_error(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->on_error;
  CHECK(runhook_context_error(context) != NULL);
  return ok;
}

static int32_t on_end(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->end;
  CHECK(runhook_context_session(context) != NULL);
  return ok;
}

static int32_t on_cleanup(runhook_context* context, void* user_data, int32_t ok) {
  ++((counts*)user_data)->cleanup;
  CHECK(runhook_outcome_kind(runhook_context_outcome(context)) != RUNHOOK_OUTCOME_RUNNING);
  return ok;
}

static runhook_hook watching_hook(counts* seen) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  hook.user_data = seen;
  hook.destroy = destroy_counts;
  hook.name = "watch";
  hook.begin = on_begin;
  hook.after_create_session = on_after_create_session;
  hook.before_run = on_before_run;
  hook.after_run = on_after_run;
  hook.on_error = on_error;
  hook.end = on_end;
  hook.cleanup = on_cleanup;
  return hook;
}

/* weight -= rate * weight; loss = weight * weight */
static int32_t train(runhook_context* context, void* user_data, int32_t ok) {
  runhook_value* rate = runhook_kernel_input(context, 0);
  runhook_value* weight = runhook_kernel_variable(context, 0, NULL);
  runhook_value* loss = runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, NULL, 0, NULL);
  double* w = runhook_value_mutable_data(weight);
  (void)user_data;
  CHECK(runhook_kernel_input_count(context) == 1);
  if (rate == NULL || w == NULL || loss == NULL) {
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "something is missing");
  }
  *w -= *(const double*)runhook_value_data(rate) * *w;
  *(double*)runhook_value_mutable_data(loss) = *w * *w;
  return ok;
}

static runhook_graph* make_graph(void) {
  runhook_graph* graph = runhook_graph_create(NULL);
  runhook_value* rate = runhook_value_create_double(0.5, NULL);
  runhook_value* weight = runhook_value_create_double(8.0, NULL);
  const char* inputs[] = {"rate"};
  const char* updates[] = {"weight"};
  const char* after[] = {"loss"};
  runhook_node node = RUNHOOK_NODE_INIT;
  node.name = "loss";
  node.kernel = train;
  node.inputs = inputs;
  node.input_count = 1;
  node.output_count = 1;
  node.updates = updates;
  node.update_count = 1;
  OK(runhook_graph_add_variable(graph, "rate", rate, RUNHOOK_VARIABLES_GLOBAL, error));
  OK(runhook_graph_add_variable(graph, "weight", weight, RUNHOOK_VARIABLES_GLOBAL, error));
  OK(runhook_graph_add_node(graph, &node, error));
  OK(runhook_graph_add_global_step(graph, "global_step", error));
  OK(runhook_graph_add_increment(graph, "train", after, 1, 1, error));
  FAILS(RUNHOOK_ERR_ALREADY_EXISTS, runhook_graph_add_node(graph, &node, error));
  runhook_value_destroy(rate);
  runhook_value_destroy(weight);
  return graph;
}

static void train_with_hooks(void) {
  counts seen = {0};
  runhook_graph* graph = make_graph();
  runhook_config* config = runhook_config_create(NULL);
  runhook_hook hook = watching_hook(&seen);
  runhook_run_args* args = runhook_run_args_create(NULL);
  runhook_results* results = runhook_results_create(NULL);
  runhook_monitored_session* session;
  runhook_outcome* outcome;
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  int steps = 0;

  OK(runhook_config_set_graph(config, graph, error));
  OK(runhook_config_add_hook(config, &hook, NULL, error));
  FAILS(RUNHOOK_ERR_ALREADY_EXISTS, runhook_config_add_hook(config, &hook, NULL, error));
  CHECK(seen.destroyed == 0);
  session = runhook_monitored_session_create(config, NULL);
  CHECK(session != NULL);
  runhook_config_destroy(config);
  runhook_graph_destroy(graph);
  OK(runhook_run_args_add_fetch(args, NULL, "train", error));

  while (!runhook_monitored_session_should_stop(session)) {
    OK(runhook_monitored_session_run(session, args, results, error));
    CHECK(runhook_results_value_at(results, 0) == NULL);
    ++steps;
  }
  CHECK(steps == 5);
  CHECK(runhook_monitored_session_global_step(session) == 5);
  CHECK(fabs(seen.loss - 0.0625) < 1e-12);
  FAILS(RUNHOOK_ERR_STOPPED, runhook_monitored_session_run(session, args, results, error));
  OK(runhook_monitored_session_close(session, error));
  OK(runhook_monitored_session_close(session, error));
  FAILS(RUNHOOK_ERR_CLOSED, runhook_monitored_session_run(session, args, results, error));

  outcome = runhook_monitored_session_outcome(session, NULL);
  CHECK(runhook_outcome_kind(outcome) == RUNHOOK_OUTCOME_STOPPED);
  CHECK(runhook_outcome_runs(outcome) == 5);
  OK(runhook_outcome_stop_reason(outcome, &reason, error));
  CHECK(reason.origin == RUNHOOK_STOP_BY_HOOK && reason.code == 42);
  CHECK(strcmp(reason.who, "watch") == 0 && strcmp(reason.text, "far enough") == 0);
  runhook_outcome_destroy(outcome);

  CHECK(seen.begin == 1 && seen.after_create_session == 1 && seen.before_run == 5 && seen.after_run == 5);
  CHECK(seen.on_error == 0 && seen.end == 1 && seen.cleanup == 1 && seen.destroyed == 0);
  runhook_monitored_session_destroy(session);
  CHECK(seen.destroyed == 1);
  runhook_monitored_session_destroy(session);
  FAILS(RUNHOOK_ERR_INVALID_ARGUMENT, runhook_monitored_session_run(session, args, results, error));
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);
}

/* A loop body that exists already. */
static int32_t body(runhook_context* context, void* user_data, int32_t ok) {
  int* calls = user_data;
  runhook_value* input = runhook_step_input(context, "x");
  double x = 0;
  if (++*calls == 4) return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "no more rows");
  if (input != NULL) OK(runhook_value_get_double(input, &x, error));
  if (runhook_step_wanted(context, "y")) OK(runhook_step_set_double(context, "y", 2 * x, error));
  return ok;
}

/* One that publishes an output which was not declared, and does not look whether it could. */
static int32_t careless_body(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  FAILS(RUNHOOK_ERR_NOT_FOUND, runhook_step_set_double(context, "z", 1, error));
  return ok;
}

static void run_a_function(void) {
  int calls = 0;
  int64_t completed = -1;
  const char* outputs[] = {"y"};
  const char* inputs[] = {"x"};
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  runhook_session* raw;
  runhook_session* careless;
  runhook_config* config = runhook_config_create(NULL);
  runhook_monitored_session* session;
  runhook_run_args* args = runhook_run_args_create(NULL);
  runhook_results* results = runhook_results_create(NULL);
  runhook_value* three = runhook_value_create_double(3, NULL);
  double y = 0;
  runhook_outcome* outcome;

  function.call = body;
  function.user_data = &calls;
  raw = runhook_function_session_create(&function, outputs, 1, inputs, 1, NULL);
  CHECK(raw != NULL);
  OK(runhook_run_args_add_fetch(args, NULL, "y", error));
  OK(runhook_run_args_add_feed(args, "x", three, error));
  runhook_value_destroy(three);
  OK(runhook_session_run(raw, args, results, error));
  OK(runhook_results_get_double(results, NULL, &y, error));
  CHECK(y == 6);

  function.call = careless_body;
  careless = runhook_function_session_create(&function, outputs, 1, inputs, 1, NULL);
  FAILS(RUNHOOK_ERR_NOT_FOUND, runhook_session_run(careless, NULL, NULL, error));
  runhook_session_destroy(careless);

  OK(runhook_config_set_session(config, raw, error));
  runhook_session_destroy(raw);
  session = runhook_monitored_session_create(config, NULL);
  OK(runhook_monitored_session_run_until_stop(session, args, 0, &completed, error));
  CHECK(completed == 2);
  CHECK(runhook_monitored_session_should_stop(session) == 1);
  OK(runhook_monitored_session_close(session, error));
  outcome = runhook_monitored_session_outcome(session, NULL);
  CHECK(runhook_outcome_kind(outcome) == RUNHOOK_OUTCOME_END_OF_INPUT);
  runhook_outcome_destroy(outcome);
  runhook_monitored_session_destroy(session);
  runhook_config_destroy(config);
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);
}

/* A step function with two runs in it. */
static int32_t two_runs(runhook_context* context, void* user_data, int32_t ok) {
  runhook_results* results = runhook_results_create(NULL);
  OK(runhook_context_run_with_hooks(context, user_data, results, error));
  OK(runhook_context_run_with_hooks(context, NULL, NULL, error));
  runhook_results_destroy(results);
  runhook_context_request_stop(context, 7, "done", RUNHOOK_STOP_AFTER_STEP);
  return ok;
}

static int32_t make_session(runhook_context* context, void* user_data, int32_t ok) {
  runhook_session* session = runhook_graph_session_create(user_data, NULL);
  const runhook_status status = runhook_context_set_session(context, session, NULL);
  runhook_session_destroy(session);
  return status == RUNHOOK_OK ? ok : RUNHOOK_CALLBACK_FAILED;
}

static void step_function_saver_and_training_config(void) {
  runhook_graph* graph = make_graph();
  runhook_scaffold* scaffold = runhook_scaffold_create(NULL);
  runhook_saver* saver = runhook_memory_saver_create(NULL);
  runhook_function factory = RUNHOOK_FUNCTION_INIT;
  runhook_function step = RUNHOOK_FUNCTION_INIT;
  runhook_config* config;
  runhook_monitored_session* session;
  runhook_run_args* args = runhook_run_args_create(NULL);
  runhook_snapshot* snapshot;
  runhook_stop_source* source = runhook_stop_source_create(NULL);

  OK(runhook_run_args_add_fetch(args, NULL, "train", error));
  OK(runhook_scaffold_set_saver(scaffold, saver, error));
  factory.call = make_session;
  factory.user_data = graph;
  config = runhook_training_config_create(&factory, scaffold, NULL, NULL);
  OK(runhook_config_set_stop_source(config, source, error));
  session = runhook_monitored_session_create(config, NULL);
  CHECK(session != NULL);
  OK(runhook_monitored_session_request_save(session, error));
  OK(runhook_monitored_session_run(session, args, NULL, error));
  CHECK(runhook_memory_saver_save_count(saver) == 1);
  snapshot = runhook_memory_saver_latest(saver, NULL);
  CHECK(runhook_snapshot_global_step(snapshot) == 1);
  CHECK(runhook_snapshot_find(snapshot, "weight") != NULL);
  runhook_snapshot_destroy(snapshot);

  step.call = two_runs;
  step.user_data = args;
  FAILS(RUNHOOK_ERR_STOPPED, runhook_monitored_session_run_step_fn(session, &step, error));
  CHECK(runhook_stop_source_stop_requested(source) == 1);
  OK(runhook_monitored_session_close(session, error));
  runhook_monitored_session_destroy(session);

  runhook_stop_source_destroy(source);
  runhook_config_destroy(config);
  runhook_saver_destroy(saver);
  runhook_scaffold_destroy(scaffold);
  runhook_graph_destroy(graph);
  runhook_run_args_destroy(args);
}

/* A hook without a loop. */
static void test_a_hook_without_a_loop(void) {
  counts seen = {0};
  runhook_hook hook = watching_hook(&seen);
  runhook_graph* graph = make_graph();
  runhook_session* session = runhook_graph_session_create(graph, NULL);
  runhook_context* context;
  OK(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, error));
  context = runhook_context_create(NULL, session, NULL);
  CHECK(context != NULL);
  OK(runhook_context_add_fetch(context, "loss", "loss", error));
  CHECK(runhook_run_args_fetch_count(runhook_context_requested(context)) == 1);
  OK(runhook_context_execute(context, error));
  OK(runhook_context_get_double(context, "loss", &seen.loss, error));
  CHECK(seen.loss == 16);
  runhook_context_destroy(context);
  CHECK(runhook_context_session(context) == NULL);
  runhook_session_destroy(session);
  runhook_graph_destroy(graph);
  (void)hook;
}

int main(void) {
  const uint64_t before = runhook_live_handles();
  OK(runhook_check_version(RUNHOOK_VERSION, error));
  CHECK(runhook_version() == RUNHOOK_VERSION);
  train_with_hooks();
  run_a_function();
  step_function_saver_and_training_config();
  test_a_hook_without_a_loop();
  CHECK(runhook_live_handles() == before);
  if (failures > 0) fprintf(stderr, "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
