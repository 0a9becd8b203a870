/* first_hook: the smallest useful hook. It looks at the loss after each step and asks for a stop when it is small. */
#include <runhook/runhook.h>
#include <stdio.h>

/* The hook: two callbacks. */

static int32_t before_run(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  runhook_context_add_fetch(context, NULL, "loss", NULL); /* if there is no "loss", the run fails and says so */
  return ok;
}

static int32_t after_run(runhook_context* context, void* user_data, int32_t ok) {
  const double* enough = user_data;
  double loss = 0.0;
  if (runhook_context_get_double(context, "loss", &loss, NULL) != RUNHOOK_OK) {
    return runhook_context_fail(context, RUNHOOK_ERR_FAILED_PRECONDITION, "the loss is not a number");
  }
  if (loss <= *enough) runhook_context_request_stop(context, 0, "the loss is small enough", RUNHOOK_STOP_AFTER_STEP);
  return ok;
}

/* What it watches: one step of your program. Here it descends the parabola x * x. */

static int32_t step(runhook_context* context, void* user_data, int32_t ok) {
  double* x = user_data;
  *x -= 0.1 * 2.0 * *x;
  runhook_step_set_double(context, "loss", *x * *x, NULL);
  return ok;
}

int main(void) {
  double x = 10.0;
  double enough = 1e-3;
  const char* const outputs[] = {"loss"};
  runhook_session* session = NULL;
  runhook_config* config = NULL;
  runhook_monitored_session* loop = NULL;
  runhook_outcome* outcome = NULL;
  runhook_error* error = NULL;

  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = step;
  function.user_data = &x;

  runhook_hook hook = RUNHOOK_HOOK_INIT;
  hook.name = "small enough";
  hook.user_data = &enough;
  hook.before_run = before_run;
  hook.after_run = after_run;

  if ((session = runhook_function_session_create(&function, outputs, 1, NULL, 0, &error)) != NULL &&
      (config = runhook_config_create(&error)) != NULL &&
      runhook_config_set_session(config, session, &error) == RUNHOOK_OK &&
      runhook_config_add_hook(config, &hook, NULL, &error) == RUNHOOK_OK &&
      (loop = runhook_monitored_session_create(config, &error)) != NULL &&
      runhook_monitored_session_run_until_stop(loop, NULL, 1000, NULL, &error) == RUNHOOK_OK &&
      runhook_monitored_session_close(loop, &error) == RUNHOOK_OK &&
      (outcome = runhook_monitored_session_outcome(loop, &error)) != NULL) {
    printf("%s\nx = %.4f\n", runhook_outcome_to_string(outcome), x);
  } else {
    fprintf(stderr, "%s\n", runhook_error_to_string(error));
  }

  const int ended_well = error == NULL;
  runhook_error_destroy(error);
  runhook_outcome_destroy(outcome);
  runhook_monitored_session_destroy(loop);
  runhook_config_destroy(config);
  runhook_session_destroy(session);
  return ended_well ? 0 : 1;
}
