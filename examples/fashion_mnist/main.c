/* train_fashion_mnist: trains a small network until its test accuracy reaches a target.
 *
 * The loop is runhook's; what happens around a step is in hooks.c, the step itself in model.c. With --dir it leaves a
 * report, event files, metrics, traces and checkpoints behind, and goes on from the newest of these when it is started
 * again. Ctrl-C and SIGTERM end it as a stop that a hook asks for does: after the step, with every hook told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"
#include "model.h"

typedef struct settings {
  const char* data;
  const char* dir; /* NULL: leaves nothing behind */
  double target;
  int64_t max_steps;
  int64_t every;
  int64_t batch;
  uint64_t seed;
} settings;

static int parse(int argc, char** argv, settings* options) {
  for (int i = 1; i < argc; i += 2) {
    const char* name = argv[i];
    const char* value = argv[i + 1]; /* argv ends with a NULL */
    char* rest = "";
    if (value == NULL) return 0;
    if (strcmp(name, "--data") == 0) {
      options->data = value;
    } else if (strcmp(name, "--dir") == 0) {
      options->dir = value;
    } else if (strcmp(name, "--target") == 0) {
      options->target = strtod(value, &rest);
    } else if (strcmp(name, "--max-steps") == 0) {
      options->max_steps = strtoll(value, &rest, 10);
    } else if (strcmp(name, "--eval-every") == 0) {
      options->every = strtoll(value, &rest, 10);
    } else if (strcmp(name, "--batch") == 0) {
      options->batch = strtoll(value, &rest, 10);
    } else if (strcmp(name, "--seed") == 0) {
      options->seed = strtoull(value, &rest, 10);
    } else {
      return 0;
    }
    if (rest == value || *rest != '\0') return 0;
  }
  return options->max_steps > 0 && options->every > 0 && options->batch > 0;
}

/* What one expects of a training run, e.g. that a signal stops it. */
static int add_library_hooks(runhook_config* config, const char* dir, runhook_error** error) {
  const char* const scalars[] = {FASHION_LOSS, FASHION_ACCURACY};
  runhook_default_hooks hooks = RUNHOOK_DEFAULT_HOOKS_INIT;
  if (dir == NULL) {
    runhook_builtin_hook* hook = runhook_stop_on_signal_hook_create(NULL, error);
    const int added = hook != NULL && runhook_config_add_builtin_hook(config, hook, NULL, error) == RUNHOOK_OK;
    runhook_builtin_hook_destroy(hook);
    return added;
  }
  hooks.dir = dir;
  hooks.title = "Fashion-MNIST";
  hooks.scalars = scalars;
  hooks.scalar_count = 2;
  return runhook_config_add_default_hooks(config, &hooks, error) == RUNHOOK_OK;
}

static int configure(runhook_config* config, runhook_graph* graph, const fashion_dataset* test_set,
                     const settings* options, evaluation* latest, runhook_error** error) {
  return runhook_config_set_graph(config, graph, error) == RUNHOOK_OK &&
         add_library_hooks(config, options->dir, error) &&
         add_evaluation_hook(config, test_set, options->every, latest, error) == RUNHOOK_OK &&
         add_target_hook(config, options->target, error) == RUNHOOK_OK &&
         (options->dir != NULL || add_progress_hook(config, latest, error) == RUNHOOK_OK);
}

/* With a directory the run goes on from the newest checkpoint that is there. */
static int run(runhook_monitored_session* session, int64_t max_steps, runhook_error** error) {
  const int64_t left = max_steps - runhook_monitored_session_global_step(session);
  runhook_run_args* args = runhook_run_args_create(error);
  const int done =
      args != NULL && runhook_run_args_add_fetch(args, NULL, FASHION_TRAIN, error) == RUNHOOK_OK &&
      (left <= 0 || runhook_monitored_session_run_until_stop(session, args, left, NULL, error) == RUNHOOK_OK);
  runhook_run_args_destroy(args);
  /* Closing tells the hooks that it is over. After a failure it would only report the same error again. */
  return runhook_monitored_session_close(session, done ? error : NULL) == RUNHOOK_OK && done;
}

static int train(const fashion_dataset* training_set, const fashion_dataset* test_set, const settings* options,
                 evaluation* latest, runhook_error** error) {
  runhook_graph* graph = NULL;
  runhook_config* config = NULL;
  runhook_monitored_session* session = NULL;
  runhook_outcome* outcome = NULL;
  int done = 0;
  if ((graph = fashion_model_create(training_set, options->batch, options->seed, 0.1, error)) != NULL &&
      (config = runhook_config_create(error)) != NULL && configure(config, graph, test_set, options, latest, error) &&
      (session = runhook_monitored_session_create(config, error)) != NULL) {
    done = run(session, options->max_steps, error);
    outcome = runhook_monitored_session_outcome(session, NULL);
    if (done) printf("%s\n", runhook_outcome_to_string(outcome)); /* main prints the error of a run that has failed */
  }
  runhook_outcome_destroy(outcome);
  runhook_monitored_session_destroy(session);
  runhook_config_destroy(config);
  runhook_graph_destroy(graph);
  return done;
}

int main(int argc, char** argv) {
  settings options = {FASHION_DEFAULT_DIRECTORY, NULL, 0.83, 10000, 100, 64, 1};
  char message[4352];
  evaluation latest = {-1, 0.0};
  runhook_error* error = NULL;
  int done = 0;
  if (!parse(argc, argv, &options)) {
    fprintf(
        stderr,
        "usage: %s [--dir DIR] [--target 0.83] [--max-steps N] [--eval-every N] [--batch N] [--seed N] [--data DIR]\n",
        argv[0]);
    return 2;
  }
  fashion_dataset* training_set = fashion_dataset_load(options.data, "train", message, sizeof(message));
  fashion_dataset* test_set = NULL;
  if (training_set != NULL) test_set = fashion_dataset_load(options.data, "t10k", message, sizeof(message));
  if (test_set == NULL) {
    fprintf(stderr, "%s\n", message);
  } else if (options.batch > training_set->count) {
    fprintf(stderr, "--batch must be at most %lld\n", (long long)training_set->count);
  } else {
    done = train(training_set, test_set, &options, &latest, &error);
    if (!done) fprintf(stderr, "training failed: %s\n", error != NULL ? runhook_error_to_string(error) : "no memory");
    runhook_error_destroy(error);
  }
  fashion_dataset_destroy(test_set);
  fashion_dataset_destroy(training_set);
  if (!done) return 2;
  printf("test accuracy %.4f after %lld steps\n", latest.accuracy, (long long)latest.step);
  return latest.accuracy >= options.target ? EXIT_SUCCESS : EXIT_FAILURE;
}
