/* first_hook: a loop that stays where it is, and a hook that ends it when the loss is small enough. */
#include <runhook/runhook.h>

static int32_t before_run(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  return runhook_context_add_fetch(context, NULL, "loss", NULL) == RUNHOOK_OK ? ok : RUNHOOK_CALLBACK_FAILED;
}

static int32_t after_run(runhook_context* context, void* enough, int32_t ok) {
  double loss = 0.0;
  if (runhook_context_get_double(context, "loss", &loss, NULL) != RUNHOOK_OK) return RUNHOOK_CALLBACK_FAILED;
  if (loss <= *(double*)enough) runhook_context_request_stop(context, 0, "small enough", RUNHOOK_STOP_AFTER_STEP);
  return ok;
}

int main(void) {
  double x = 10.0, enough = 1e-3;
  runhook_hook hook = {.struct_size = sizeof hook, .name = "target", .user_data = &enough};
  hook.before_run = before_run;
  hook.after_run = after_run;
  const runhook_hook* const hooks[] = {&hook};
  runhook_loop_options options = {.struct_size = sizeof options, .hooks = hooks, .hook_count = 1};
  runhook_error* error = NULL;
  runhook_context* step;
  runhook_monitored_session* loop = runhook_loop_open(&options, &error);
  while (error == NULL && (step = runhook_monitored_session_next(loop, &error)) != NULL) {
    x -= 0.1 * 2.0 * x; /* the body, where it always was */
    runhook_step_set_double(step, "loss", x * x, &error);
  }
  return runhook_loop_finish(loop, error);
}
