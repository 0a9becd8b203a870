/* first_hook [DIR]: a loop that stays where it is, and a hook that ends it when the loss is small enough. With a
 * directory it is saved there, and goes on where it was when it is started again. */
#include <runhook/runhook.h>

static int32_t on_values(runhook_context* context, void* enough, int32_t ok) {
  double loss;
  if (!runhook_context_logged_double(context, "loss", &loss)) return ok; /* not logged in this step */
  if (loss <= *(double*)enough) runhook_context_request_stop(context, 0, "small enough", RUNHOOK_STOP_IF_COMPLETED);
  return ok;
}

int main(int argc, char** argv) {
  double x = 10.0, enough = 1e-3;
  runhook_hook hook = {.struct_size = sizeof hook, .name = "target", .user_data = &enough, .on_values = on_values};
  const runhook_hook* const hooks[] = {&hook};
  runhook_loop_options options = {.struct_size = sizeof options, .hooks = hooks, .hook_count = 1};
  const runhook_memory saved = {.name = "x", .data = &x, .count = 1, .dtype = RUNHOOK_FLOAT64};
  runhook_checkpoint_options checkpoints = {.struct_size = sizeof checkpoints, .memory = &saved, .memory_count = 1};
  if (argc > 1) checkpoints.directory = argv[1], options.checkpoints = &checkpoints;
  runhook_error* error = NULL;
  runhook_context* step;
  runhook_monitored_session* loop = runhook_loop_open(&options, &error);
  while (error == NULL && (step = runhook_monitored_session_next(loop, &error)) != NULL) {
    x -= 0.1 * 2.0 * x; /* the body, where it always was */
    runhook_context_log_scalar(step, "loss", x * x, &error);
  }
  return runhook_loop_finish(loop, error);
}
