/* Three steps of a function session with a hook that counts, in C99. */
#include <stdio.h>

#include "runhook/runhook.h"

struct counts {
  int steps;
  int before;
  int after;
  int destroyed;
};

static int32_t step(runhook_context* context, void* user_data, int32_t ok) {
  (void)context;
  ++((struct counts*)user_data)->steps;
  return ok;
}

static int32_t before_run(runhook_context* context, void* user_data, int32_t ok) {
  (void)context;
  ++((struct counts*)user_data)->before;
  return ok;
}

static int32_t after_run(runhook_context* context, void* user_data, int32_t ok) {
  (void)context;
  ++((struct counts*)user_data)->after;
  return ok;
}

static void destroy(void* user_data) { ++((struct counts*)user_data)->destroyed; }

static int failed(const char* what, runhook_error* error) {
  fprintf(stderr, "%s: %s\n", what, runhook_error_message(error));
  return 1;
}

int main(void) {
  struct counts counts = {0, 0, 0, 0};
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  runhook_error* error = NULL;
  runhook_session* session;
  runhook_config* config;
  runhook_monitored_session* monitored;
  int64_t completed = 0;

  if (runhook_check_version(RUNHOOK_VERSION, &error) != RUNHOOK_OK) return failed("version", error);
  function.user_data = &counts;
  function.call = step;
  session = runhook_function_session_create(&function, NULL, 0, NULL, 0, &error);
  if (session == NULL) return failed("session", error);
  config = runhook_config_create(&error);
  if (config == NULL) return failed("config", error);
  if (runhook_config_set_session(config, session, &error) != RUNHOOK_OK) return failed("set_session", error);
  hook.user_data = &counts;
  hook.destroy = destroy;
  hook.before_run = before_run;
  hook.after_run = after_run;
  if (runhook_config_add_hook(config, &hook, NULL, &error) != RUNHOOK_OK) return failed("add_hook", error);
  monitored = runhook_monitored_session_create(config, &error);
  if (monitored == NULL) return failed("create", error);
  if (runhook_monitored_session_run_until_stop(monitored, NULL, 3, &completed, &error) != RUNHOOK_OK)
    return failed("run", error);
  if (runhook_monitored_session_close(monitored, &error) != RUNHOOK_OK) return failed("close", error);
  runhook_monitored_session_destroy(monitored);
  runhook_config_destroy(config);
  runhook_session_destroy(session);

  printf("%d steps, %d before_run, %d after_run, %d destroyed, %d handles left\n", counts.steps, counts.before,
         counts.after, counts.destroyed, (int)runhook_live_handles());
  return completed == 3 && counts.steps == 3 && counts.before == 3 && counts.after == 3 && counts.destroyed == 1 &&
                 runhook_live_handles() == 0
             ? 0
             : 1;
}
