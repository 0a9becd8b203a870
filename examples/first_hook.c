/* first_hook: a loop that stays where it is, and a hook that ends it when the loss is small enough. */
#include <runhook/runhook.h>

static int32_t on_values(runhook_context* context, void* enough, int32_t ok) {
  double loss;
  if (!runhook_context_logged_double(context, "loss", &loss)) return ok; /* not logged in this step */
  if (loss <= *(double*)enough) runhook_context_request_stop(context, 0, "small enough", RUNHOOK_STOP_IF_COMPLETED);
  return ok;
}

int main(void) {
  double x = 10.0, enough = 1e-3;
  runhook_hook hook = {.struct_size = sizeof hook, .name = "target", .user_data = &enough, .on_values = on_values};
  const runhook_hook* const hooks[] = {&hook};
  runhook_loop_options options = {.struct_size = sizeof options, .hooks = hooks, .hook_count = 1};
  runhook_error* error = NULL;
  runhook_context* step;
  runhook_monitored_session* loop = runhook_loop_open(&options, &error);
  while (error == NULL && (step = runhook_monitored_session_next(loop, &error)) != NULL) {
    x -= 0.1 * 2.0 * x; /* the body, where it always was */
    runhook_context_log_scalar(step, "loss", x * x, &error);
  }
  return runhook_loop_finish(loop, error);
}
