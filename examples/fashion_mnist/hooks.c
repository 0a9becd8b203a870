#define _POSIX_C_SOURCE 200809L /* isatty, fileno */
#include "hooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model.h"

#define TEST_ACCURACY "test accuracy"

/* Evaluation. */

typedef struct evaluation_hook {
  const fashion_dataset* test_set;
  int64_t every;
  evaluation* latest;
} evaluation_hook;

static int32_t evaluate(runhook_context* context, evaluation_hook* self, int32_t ok) {
  runhook_error* error = NULL;
  double accuracy = 0.0;
  /* The raw session: no hooks, no stop check, and the test images are no training step. */
  if (fashion_model_evaluate(runhook_context_session(context), self->test_set, &accuracy, &error) != RUNHOOK_OK) {
    return runhook_context_fail_with(context, error);
  }
  self->latest->step = runhook_context_global_step(context);
  self->latest->accuracy = accuracy;
  /* For every output that the run has, and for the hook below. */
  if (runhook_context_log_scalar(context, TEST_ACCURACY, accuracy, &error) != RUNHOOK_OK) {
    return runhook_context_fail_with(context, error);
  }
  return ok;
}

static int32_t evaluation_after_run(runhook_context* context, void* user_data, int32_t ok) {
  evaluation_hook* self = user_data;
  if (runhook_context_global_step(context) % self->every != 0) return ok;
  return evaluate(context, self, ok);
}

static int32_t evaluation_end(runhook_context* context, void* user_data, int32_t ok) {
  evaluation_hook* self = user_data;
  if (runhook_context_global_step(context) == self->latest->step) return ok;
  return evaluate(context, self, ok);
}

runhook_status add_evaluation_hook(runhook_config* config, const fashion_dataset* test_set, int64_t every,
                                   evaluation* latest, runhook_error** error) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  evaluation_hook* self = malloc(sizeof(*self));
  if (self == NULL) return RUNHOOK_ERR_NO_MEMORY;
  *self = (evaluation_hook){test_set, every, latest};
  hook.user_data = self;
  hook.destroy = free; /* the config owns `self` from here on, even if it refuses the hook */
  hook.name = "evaluation";
  hook.after_run = evaluation_after_run;
  hook.end = evaluation_end;
  return runhook_config_add_hook(config, &hook, NULL, error);
}

/* Target. */

/* Called for each step in which anything was logged. */
static int32_t target_on_values(runhook_context* context, void* user_data, int32_t ok) {
  const double target = *(const double*)user_data;
  double accuracy = 0.0;
  char why[96];
  if (!runhook_context_logged_double(context, TEST_ACCURACY, &accuracy) || accuracy < target) return ok;
  snprintf(why, sizeof(why), "test accuracy %.4f has reached %.4f", accuracy, target);
  /* It counts once this step is completed, and is what the run was for. */
  runhook_context_request_stop(context, 0, why, RUNHOOK_STOP_IF_COMPLETED | RUNHOOK_STOP_PLANNED);
  return ok;
}

runhook_status add_target_hook(runhook_config* config, double target, runhook_error** error) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  double* self = malloc(sizeof(*self));
  if (self == NULL) return RUNHOOK_ERR_NO_MEMORY;
  *self = target;
  hook.user_data = self;
  hook.destroy = free;
  hook.name = "target";
  hook.on_values = target_on_values;
  return runhook_config_add_hook(config, &hook, NULL, error);
}

/* Progress. */

typedef struct progress_hook {
  const evaluation* latest;
  int is_terminal;
  int64_t interval_ns;
  int64_t start_ns; /* -1 before the first step */
  int64_t start_step;
  int64_t shown_ns;         /* when the last line was shown */
  int64_t shown_evaluation; /* the step of the evaluation in it */
} progress_hook;

static void show(progress_hook* self, int64_t step, int64_t now_ns, double loss) {
  const double seconds = (double)(now_ns - self->start_ns) / 1e9;
  const double speed = seconds > 0.0 ? (double)(step - self->start_step) / seconds : 0.0;
  /* A terminal's line is written over and over; a file gets lines. */
  fprintf(stderr, "%sstep %" PRId64 "  loss %.4f  %.0f steps/s", self->is_terminal ? "\r\033[K" : "", step, loss,
          speed);
  if (self->latest->step >= 0) fprintf(stderr, "  test accuracy %.4f", self->latest->accuracy);
  if (!self->is_terminal) fputc('\n', stderr);
  self->shown_ns = now_ns;
  self->shown_evaluation = self->latest->step;
}

static int32_t progress_before_run(runhook_context* context, void* user_data, int32_t ok) {
  progress_hook* self = user_data;
  if (self->start_ns < 0) {
    self->start_ns = self->shown_ns = runhook_context_now_ns(context);
    self->start_step = runhook_context_global_step(context);
  }
  /* Training computes the loss anyway, so asking for it costs nothing. A name that does not exist would fail the run
   * without our doing, hence no check. */
  runhook_context_add_fetch(context, NULL, FASHION_LOSS, NULL);
  return ok;
}

static int32_t progress_after_run(runhook_context* context, void* user_data, int32_t ok) {
  progress_hook* self = user_data;
  const int64_t now_ns = runhook_context_now_ns(context);
  const int is_due = now_ns - self->shown_ns >= self->interval_ns || self->latest->step != self->shown_evaluation;
  runhook_error* error = NULL;
  double loss = 0.0;
  if (!is_due) return ok;
  if (runhook_context_get_double(context, FASHION_LOSS, &loss, &error) != RUNHOOK_OK)
    return runhook_context_fail_with(context, error);
  show(self, runhook_context_global_step(context), now_ns, loss);
  return ok;
}

/* Not `end`: the cursor has to leave the line after a failure, too. */
static int32_t progress_cleanup(runhook_context* context, void* user_data, int32_t ok) {
  const progress_hook* self = user_data;
  (void)context;
  if (self->is_terminal) fputc('\n', stderr);
  return ok;
}

runhook_status add_progress_hook(runhook_config* config, const evaluation* latest, runhook_error** error) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  const int is_terminal = isatty(fileno(stderr));
  progress_hook* self = malloc(sizeof(*self));
  if (self == NULL) return RUNHOOK_ERR_NO_MEMORY;
  *self = (progress_hook){latest, is_terminal, is_terminal ? 100000000 : 1000000000, -1, 0, 0, -1};
  hook.user_data = self;
  hook.destroy = free;
  hook.name = "progress";
  hook.before_run = progress_before_run;
  hook.after_run = progress_after_run;
  hook.cleanup = progress_cleanup;
  return runhook_config_add_hook(config, &hook, NULL, error);
}
