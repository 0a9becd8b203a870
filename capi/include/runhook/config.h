/* runhook/config.h -- what a monitored session is made from */
#ifndef RUNHOOK_CONFIG_H_
#define RUNHOOK_CONFIG_H_

#include "runhook/hook.h"
#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a monitored session gets its sessions from. */

/**
 * Makes a creator out of a function. RUNHOOK_ERR_OUT_OF_RANGE is a failure like any other here: if a session cannot be
 * made anew because of it, input has not ended, and the run fails with RUNHOOK_ERR_INTERNAL, to which it is attached.
 *
 * \param create answers with runhook_context_set_session() and, if it restored a state, also calls
 *   runhook_context_set_restored_step().
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_session_creator* runhook_session_creator_create(const runhook_function* create,
                                                                    runhook_error** error);

/**
 * Makes a creator that makes a session ready by restoring saved state or, if there is none, initialising it.
 *
 * \param factory makes a session that is not ready, and answers with runhook_context_set_session().
 * \param scaffold shared, and finalized; NULL: a new one.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session_creator* runhook_chief_session_creator_create(const runhook_function* factory,
                                                                          runhook_scaffold* scaffold,
                                                                          runhook_error** error);

/**
 * Makes a creator that waits until the chief has made the model ready; a stop request ends the wait.
 *
 * \param factory as for a chief.
 * \param scaffold shared, and finalized; NULL: a new one.
 * \param max_wait_ns negative: for ever.
 * \param poll_ns time between two tries.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session_creator* runhook_worker_session_creator_create(const runhook_function* factory,
                                                                           runhook_scaffold* scaffold,
                                                                           int64_t max_wait_ns, int64_t poll_ns,
                                                                           runhook_error** error);

/**
 * Makes a chief's creator whose factory makes sessions of a graph.
 *
 * \param graph shared.
 * \param scaffold shared, and finalized; NULL: a new one.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session_creator* runhook_graph_session_creator_create(runhook_graph* graph,
                                                                          runhook_scaffold* scaffold,
                                                                          runhook_error** error);

/**
 * Destroys a handle. Configs that the creator was given to keep it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_session_creator_destroy(runhook_session_creator* creator);

/**
 * When and how a failed session is made anew. A table; see runhook_function for the rules.
 *
 * At most max_attempts sessions are made for a step that keeps failing. The wait before the first is
 * initial_backoff_ns; it doubles each time, up to max_backoff_ns. Once a stop is pending there is no wait, and making a
 * session anew is not retried: if it fails, so does the run, with the cause. An urgent stop ends a recovery at once.
 *
 * Errors that threads report through the coordinator count, too. If a thread has reported a recoverable error, and then
 * a step fails with one that is not, the thread's error is taken for the cause: it becomes the primary error, and is
 * recovered from. If a step fails with a recoverable error while a thread has reported one that is not, the step is
 * recovered from, and closing returns the thread's error. A recoverable error of a thread is dealt with at the next
 * run, before anything else of it; if there is none, it fails nothing, and is in the outcome.
 *
 * \since 1.0
 */
typedef struct runhook_recovery_policy {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* runhook_context_error(), runhook_context_set_recoverable(). Called on the thread that reports the error. If it
   * fails, the error is not recovered from and carries the failure among its suppressed ones. NULL: ABORTED and
   * UNAVAILABLE are recovered from. */
  runhook_callback classify;
  runhook_callback on_recovery; /* called before a session is made anew; a failure ends the recovery; may be NULL */
  int64_t max_attempts;         /* 0: 5; negative: no recovery */
  int64_t initial_backoff_ns;   /* 0: 0.1 s; negative: no wait */
  int64_t max_backoff_ns;       /* 0: 30 s; negative: no wait */
  int64_t deadline_ns; /* gives up once this much time has passed since the first failure; 0 or negative: never */
  double jitter; /* up to 1: each wait is shortened by up to this fraction, at random; 0: 0.5; negative: not at all */
  /* End of 1.0. Append only, below this line. */
} runhook_recovery_policy;
#define RUNHOOK_RECOVERY_POLICY_INIT \
  { sizeof(runhook_recovery_policy), NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0 }

/* Log levels. */
enum { RUNHOOK_LOG_INFO = 0, RUNHOOK_LOG_WARNING = 1, RUNHOOK_LOG_ERROR = 2 };

/**
 * What is logged. Made by runhook, which sets struct_size: a library that is newer than the program's header may have
 * more members. Its texts are borrowed; they live until write returns.
 *
 * \since 1.0
 */
typedef struct runhook_log_record {
  size_t struct_size;
  const char* message; /* one line: in names and texts that come from elsewhere line ends are replaced by spaces, other
                          control characters by escapes */
  const char* hook;    /* the hook that it comes from or is about; NULL: none */
  int64_t step;        /* the global step of the session that it is about; -1: of none */
  int64_t time_ns;     /* of the wall clock, by which logs of several programs are compared: since 1970-01-01 UTC */
  int32_t level;       /* RUNHOOK_LOG_* */
  int32_t reserved;    /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_log_record;

/**
 * Where messages go. A table; see runhook_function for the rules.
 *
 * write has a form of its own, since it cannot fail: a log that fails must not fail the run.
 *
 * \since 1.0
 */
typedef struct runhook_log {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Required. Called on the thread that has something to say: the session's, and those of built-in hooks that have one
   * of their own. */
  void (*write)(const runhook_log_record* record, void* user_data);
  /* End of 1.0. Append only, below this line. */
} runhook_log;
#define RUNHOOK_LOG_INIT \
  { sizeof(runhook_log), NULL, NULL, NULL }

/* What a monitored session is made from. Several sessions can be made from one config; they share its hooks. The hooks
 * that come with the library serve one session at a time: the next can be made once the session before has ended. */

/**
 * Makes a config with defaults and without a session creator.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_config* runhook_config_create(runhook_error** error);

/**
 * Who a training config is for. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_training_options {
  size_t struct_size;
  int32_t is_worker;            /* 1: waits for the chief; 0: is the chief, which initialises or restores */
  int32_t reserved;             /* 0 */
  int64_t max_wait_ns;          /* how long a worker waits; 0: 2 hours; negative: for ever */
  int64_t poll_ns;              /* time between two tries of a worker; 0: 30 s; not negative */
  int64_t stop_grace_period_ns; /* how long closing waits for threads; 0: 120 s; negative: for ever */
  /* End of 1.0. Append only, below this line. */
} runhook_training_options;
#define RUNHOOK_TRAINING_OPTIONS_INIT \
  { sizeof(runhook_training_options), 0, 0, 0, 0, 0 }

/**
 * Makes the config of a chief or a worker, as tf.train.MonitoredTrainingSession does. Hooks with chief_only come first
 * for a chief, and are dropped for a worker. The hooks that a training run is expected to have are added with
 * runhook_config_add_default_hooks().
 *
 * \param factory makes a session that is not ready, and answers with runhook_context_set_session().
 * \param scaffold shared, and finalized; NULL: a new one.
 * \param options NULL: a chief with the defaults.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_config* runhook_training_config_create(const runhook_function* factory, runhook_scaffold* scaffold,
                                                           const runhook_training_options* options,
                                                           runhook_error** error);

/**
 * Destroys a config. Sessions made from it are not affected.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_config_destroy(runhook_config* config);

/**
 * Uses one session that exists already. It cannot be made anew, so nothing is recovered.
 *
 * \param session shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_session(runhook_config* config, runhook_session* session,
                                                      runhook_error** error);

/**
 * Uses sessions of a graph, initialised by a default scaffold.
 *
 * \param graph shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_graph(runhook_config* config, runhook_graph* graph,
                                                    runhook_error** error);

/**
 * Sets where sessions come from.
 *
 * \param creator shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_session_creator(runhook_config* config, runhook_session_creator* creator,
                                                              runhook_error** error);

/**
 * Adds a hook.
 *
 * \param options copied; NULL: the defaults.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS for a table with the same user_data (not NULL) and the same callbacks as one
 *   that was added: the hook is added once, and destroyed once.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_add_hook(runhook_config* config, const runhook_hook* hook,
                                                   const runhook_hook_options* options, runhook_error** error);

/**
 * Sets the recovery policy.
 *
 * \param policy NULL: the defaults, as without this call.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_recovery(runhook_config* config, const runhook_recovery_policy* policy,
                                                       runhook_error** error);

/**
 * Sets the clock.
 *
 * \param clock shared; NULL: the machine's.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_clock(runhook_config* config, runhook_clock* clock,
                                                    runhook_error** error);

/**
 * Sets how long closing waits for threads.
 *
 * \param grace_ns nanoseconds, not negative; 120 s by default.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_stop_grace_period_ns(runhook_config* config, int64_t grace_ns,
                                                                   runhook_error** error);

/**
 * Sets which part of a step's time a hook may take on average, e.g. 0.05. The first time that a hook takes more, a
 * warning in log and outcome names it, with the callback and the figures.
 *
 * \param part 0: no limit, as by default.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_hook_budget(runhook_config* config, double part, runhook_error** error);

/**
 * Sets where messages go.
 *
 * \param log NULL: warnings and errors go to standard error, with the step that they are about unless they name one,
 *   and except for an error that a call returns to its caller.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_log(runhook_config* config, const runhook_log* log,
                                                  runhook_error** error);

/**
 * Has the session obey a stop source that exists already, so that a stop can be asked for while the session is still
 * being created.
 *
 * \param source shared.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_stop_source(runhook_config* config, const runhook_stop_source* source,
                                                          runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_CONFIG_H_ */
