// What monitored sessions are made from, and how they end.
#ifndef RUNHOOK_TESTS_FAULT_MONITORED_SESSION_HPP_
#define RUNHOOK_TESTS_FAULT_MONITORED_SESSION_HPP_

#include <cstdint>

#include "function_session.hpp"
#include "runhook/runhook.h"
#include "sweep.hpp"

namespace runhook_test {

// For the callbacks of a hook: counts them.
inline Trial& before_run_of(void* self) {
  auto& trial = *static_cast<Trial*>(self);
  ++trial.before_run;
  return trial;
}
inline Trial& after_run_of(void* self) {
  auto& trial = *static_cast<Trial*>(self);
  ++trial.after_run;
  return trial;
}

inline runhook_hook counted_hook(Trial& trial, const char* name) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  trial.own(hook);
  hook.name = name;
  hook.begin = [](runhook_context*, void* self, int32_t ok) {
    ++static_cast<Trial*>(self)->begun;
    return ok;
  };
  hook.cleanup = [](runhook_context* context, void* self, int32_t ok) {
    ++static_cast<Trial*>(self)->cleaned;
    runhook_context_outcome(context);
    return ok;
  };
  hook.before_run = [](runhook_context*, void* self, int32_t ok) {
    before_run_of(self);
    return ok;
  };
  hook.after_run = [](runhook_context*, void* self, int32_t ok) {
    after_run_of(self);
    return ok;
  };
  hook.on_error = [](runhook_context* context, void* self, int32_t ok) {
    after_run_of(self);
    runhook_context_error(context);
    return ok;
  };
  return hook;
}

inline runhook_hook fetching_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook that fetches");
  hook.before_run = [](runhook_context* context, void* self, int32_t ok) {
    before_run_of(self);
    runhook_context_original_args(context);
    return Trial::returned(context, runhook_context_add_fetch(context, "the/loss", "loss", nullptr), ok);
  };
  hook.after_run = [](runhook_context* context, void* self, int32_t ok) {
    after_run_of(self);
    double number = 0;
    runhook_context_results(context);
    runhook_context_metadata(context);
    runhook_context_options(context);
    runhook_context_session(context);
    return Trial::returned(context, runhook_context_get_double(context, nullptr, &number, nullptr), ok);
  };
  return hook;
}

inline runhook_hook feeding_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook that feeds");
  hook.before_run = [](runhook_context* context, void* self, int32_t ok) {
    before_run_of(self);
    runhook_value* value = runhook_value_create_double(1, nullptr);
    const runhook_status status =
        value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_context_add_feed(context, "x", value, nullptr);
    runhook_value_destroy(value);
    return Trial::returned(context, status, ok);
  };
  return hook;
}

inline bool add(Trial& trial, runhook_config* config, const runhook_hook& hook,
                const runhook_hook_options* options = nullptr) {
  return trial.ok(runhook_config_add_hook(config, &hook, options, trial.error()));
}

inline bool quieten(Trial& trial, runhook_config* config) {
  runhook_log quiet = RUNHOOK_LOG_INIT;
  quiet.write = [](const runhook_log_record*, void*) {};
  trial.own(quiet);
  return trial.ok(runhook_config_set_log(config, &quiet, trial.error()));
}

inline runhook_session_creator* new_creator(Trial& trial, runhook_callback create) {
  const runhook_function function = function_of(trial, create);
  return trial.made(runhook_session_creator_create(&function, trial.error()));
}

inline runhook_config* new_config(Trial& trial, runhook_callback create) {
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  if (config == nullptr) return nullptr;
  runhook_session_creator* creator = new_creator(trial, create);
  const bool good = creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error()));
  runhook_session_creator_destroy(creator);
  if (good && quieten(trial, config)) return config;
  runhook_config_destroy(config);
  return nullptr;
}

inline void finish(Trial& trial, runhook_monitored_session* session) {
  trial.ok(runhook_monitored_session_close(session, trial.error()));
  if (runhook_monitored_session_closed(session) != 1) trial.problem("%s%s", "the session is not closed", "");
  runhook_outcome* outcome = trial.made(runhook_monitored_session_outcome(session, trial.error()));
  if (outcome != nullptr) {
    runhook_outcome_to_string(outcome);
    if (const runhook_error* error = runhook_outcome_error(outcome)) {
      runhook_error_message(error);
      runhook_error_suppressed_at(error, 0);
    }
  }
  runhook_outcome_destroy(outcome);
  runhook_monitored_session_destroy(session);
}

// Makes the session, runs it once and closes it.
inline void run_once(Trial& trial, const runhook_config* config) {
  runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
  if (session == nullptr) return;
  trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
  finish(trial, session);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FAULT_MONITORED_SESSION_HPP_
