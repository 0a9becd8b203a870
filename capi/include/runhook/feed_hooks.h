/* runhook/feed_hooks.h -- built-in hooks that feed what a function gives, and that fetch what is wanted of the end */
#ifndef RUNHOOK_FEED_HOOKS_H_
#define RUNHOOK_FEED_HOOKS_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes a hook that asks a function before each attempt what to feed. After an attempt that has failed it is asked
 * again. A name that the caller or another hook feeds as well fails the run.
 *
 * \param function gets the context of before_run, and feeds with runhook_context_add_feed(); it need not feed
 *   anything. RUNHOOK_ERR_OUT_OF_RANGE says that there is no more input.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_feed_fn_hook_create(const runhook_function* function, runhook_error** error);

/**
 * Makes a hook that runs the session once more at the end, without hooks, and keeps what it gave. A run that has failed
 * has no end, so no values. If the session has no input left then, a warning says what the reason may be, and closing
 * fails with RUNHOOK_ERR_OUT_OF_RANGE.
 *
 * \param args what to fetch, with what to feed; copied. What fetches nothing runs nothing. NULL: nothing.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_final_ops_hook_create(const runhook_run_args* args, runhook_error** error);

/**
 * Copies what a hook of runhook_final_ops_hook_create() has fetched: nothing before the end, or if there was nothing to
 * fetch.
 *
 * \param hook of that kind; else RUNHOOK_ERR_INVALID_ARGUMENT.
 * \param results is filled.
 * \threadsafety The thread that uses the session.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_final_ops_values(const runhook_builtin_hook* hook, runhook_results* results,
                                                    runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_FEED_HOOKS_H_ */
