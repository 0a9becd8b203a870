/* runhook/feed_hooks.h -- built-in hooks that feed values from a function, and that fetch values at the end */
#ifndef RUNHOOK_FEED_HOOKS_H_
#define RUNHOOK_FEED_HOOKS_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a hook that calls a function before each attempt for what to feed; if an attempt has failed, it is called again
 * for the next. If the caller or another hook feeds the same name, the run fails.
 *
 * \param function gets the context of before_run, and feeds with runhook_context_add_feed(); it need not feed
 *   anything. RUNHOOK_ERR_OUT_OF_RANGE says that there is no more input.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_feed_fn_hook_create(const runhook_function* function, runhook_error** error);

/**
 * Makes a hook that runs the session once more at the end, without hooks, and keeps the results. After a run that has
 * failed there are none. If the session has no input left for this, a warning says what the reason may be, and closing
 * fails with RUNHOOK_ERR_OUT_OF_RANGE.
 *
 * \param args what to fetch and feed; copied; NULL: nothing. If nothing is fetched, nothing is run.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_final_ops_hook_create(const runhook_run_args* args, runhook_error** error);

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
