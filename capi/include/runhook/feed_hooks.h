/* runhook/feed_hooks.h -- built-in hooks that feed values from a function, and that fetch values at the end */
#ifndef RUNHOOK_FEED_HOOKS_H_
#define RUNHOOK_FEED_HOOKS_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Where feeds come from. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_feed_fn_options {
  size_t struct_size;
  const runhook_function* function; /* required; consumed. Gets the context of before_run, and feeds with
                                       runhook_context_add_feed(); it need not feed anything. RUNHOOK_ERR_OUT_OF_RANGE
                                       says that there is no more input */
  /* End of 1.0. Append only, below this line. */
} runhook_feed_fn_options;
#define RUNHOOK_FEED_FN_OPTIONS_INIT \
  { sizeof(runhook_feed_fn_options), NULL }

/**
 * Makes a hook that calls a function before each attempt for what to feed; if an attempt has failed, it is called again
 * for the next. If the caller or another hook feeds the same name, the run fails.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a function.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_feed_fn_hook_create(const runhook_feed_fn_options* options,
                                                              runhook_error** error);

/**
 * What is fetched at the end. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_final_ops_options {
  size_t struct_size;
  const runhook_run_args* args; /* what to fetch and feed; copied; NULL: nothing, and then nothing is run */
  /* End of 1.0. Append only, below this line. */
} runhook_final_ops_options;
#define RUNHOOK_FINAL_OPS_OPTIONS_INIT \
  { sizeof(runhook_final_ops_options), NULL }

/**
 * Makes a hook that runs the session once more at the end, without hooks, and keeps the results. After a run that has
 * failed there are none. If the session has no input left for this, a warning says what the reason may be, and closing
 * fails with RUNHOOK_ERR_OUT_OF_RANGE.
 *
 * \param options NULL: the defaults: nothing is fetched.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_final_ops_hook_create(const runhook_final_ops_options* options,
                                                                runhook_error** error);

/**
 * Copies the results that a hook has kept. There are none before the end, or if nothing was fetched.
 *
 * \param hook made by runhook_final_ops_hook_create().
 * \param results filled.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a hook of another kind.
 * \threadsafety The thread that uses the session.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_final_ops_values(const runhook_builtin_hook* hook, runhook_results* results,
                                                    runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_FEED_HOOKS_H_ */
