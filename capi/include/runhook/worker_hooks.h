/* runhook/worker_hooks.h -- for several workers: a flag by which they stop together, and waiting for a step */
#ifndef RUNHOOK_WORKER_HOOKS_H_
#define RUNHOOK_WORKER_HOOKS_H_

#include "runhook/builtin_hook.h"
#include "runhook/stop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A stop flag stops the sessions of several threads together, one session for each worker. Each session observes it
 * with a hook, so that a worker may still be stopped alone. Once raised it stays raised: a new run needs a new flag. It
 * is not a variable of a session, so saved state does not hold it. It reaches the threads of one process only. */

/**
 * Makes a stop flag.
 *
 * \param source shared. A stop request to this source, or to the session that it belongs to, raises the flag, too.
 *   NULL: only runhook_stop_flag_raise() and the predicate of a hook do.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_flag* runhook_stop_flag_create(const runhook_stop_source* source, runhook_error** error);

/**
 * Destroys the handle. Hooks of the flag keep it.
 *
 * \param flag NULL is allowed.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void runhook_stop_flag_destroy(runhook_stop_flag* flag);

/**
 * Raises the flag.
 *
 * \param who raises it; NULL for nobody in particular; cut to 63 bytes, and before what is not UTF-8.
 * \param text why; NULL for none; cut to 255 bytes, and before what is not UTF-8.
 * \returns 1 if this call was the first, 0 if it was raised before.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_flag_raise(const runhook_stop_flag* flag, const char* who, const char* text);

/**
 * Returns 1 if the flag is raised.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_flag_raised(const runhook_stop_flag* flag);

/**
 * Tells who raised the flag first, and why.
 *
 * \param reason filled; its texts are borrowed from the flag.
 * \returns RUNHOOK_ERR_NOT_FOUND if nobody has raised it.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_stop_flag_reason(const runhook_stop_flag* flag, runhook_stop_reason* reason,
                                                    runhook_error** error);

/**
 * How a session observes a stop flag. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_flag_options {
  size_t struct_size;
  const runhook_stop_flag* flag;     /* required; shared */
  const runhook_function* predicate; /* for the chief: asked after a run whether to raise the flag; gets the context of
                                        after_run, and answers with runhook_context_set_due(); consumed. NULL: a worker,
                                        which only observes */
  const runhook_trigger* ask; /* after which runs the predicate is called; copied; NULL: after the first, and then once
                                 a minute */
  const char* reason;         /* the text with which the predicate raises the flag; copied; NULL: that it holds */
  int32_t same_step;          /* 1: all hooks of the flag with same_step stop at the same global step, the highest that
                                 any of them has reached or is about to reach. They have to begin at the same step, and
                                 to advance by the same number in each run. 0: each stops as soon as it can */
  int32_t reserved;           /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_flag_options;
#define RUNHOOK_STOP_FLAG_OPTIONS_INIT \
  { sizeof(runhook_stop_flag_options), NULL, NULL, NULL, NULL, 0, 0 }

/**
 * Makes a hook that asks its session to stop once the flag is raised: before the first run, between two runs, or after
 * one. Each session has a hook of its own.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a flag.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_flag_hook_create(const runhook_stop_flag_options* options,
                                                                runhook_error** error);

/**
 * How to wait for a step. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_global_step_waiter_options {
  size_t struct_size;
  int64_t wait_until_step; /* 0 or less: there is no wait */
  int64_t poll_ns;         /* time between two reads of the global step; 0: 0.5 s; not negative */
  int64_t timeout_ns;      /* how long to wait at most; 0 or negative: for ever */
  /* End of 1.0. Append only, below this line. */
} runhook_global_step_waiter_options;
#define RUNHOOK_GLOBAL_STEP_WAITER_OPTIONS_INIT \
  { sizeof(runhook_global_step_waiter_options), 0, 0, 0 }

/**
 * Makes a hook that waits before the first run until the session's global step, which others advance, has reached a
 * step. A stop ends the wait, and the run is not made. The run fails with RUNHOOK_ERR_FAILED_PRECONDITION if nobody
 * else can advance the session's step, and with RUNHOOK_ERR_DEADLINE_EXCEEDED if the wait takes too long.
 *
 * \param options NULL: the defaults.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_global_step_waiter_hook_create(
    const runhook_global_step_waiter_options* options, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_WORKER_HOOKS_H_ */
