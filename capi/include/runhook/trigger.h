/* runhook/trigger.h -- when a hook is due */
#ifndef RUNHOOK_TRIGGER_H_
#define RUNHOOK_TRIGGER_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A trigger says in which runs a hook is called; it is given with the hook's registration, in runhook_hook_options.
 * While it is not due, the hook is called neither before nor after the run. begin, after_create_session, end and
 * cleanup are called all the same.
 *
 * Whether it is due is decided once for each run, even if the run takes several attempts, by the global step and the
 * time at which the run begins. A run may advance the step by more than one. A trigger with an interval is due in the
 * first run, and then counts from the run in which it was last due. After a recovery that goes back to an earlier step
 * it counts from that step.
 *
 * Each registration has a copy of its own, which remembers when it was last due. */

/**
 * Due every so many steps.
 *
 * \param steps above 0.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for 0 and below.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_steps(int64_t steps, runhook_error** error);

/**
 * Due every so many runs of the session, whether or not they advance the global step. runhook_trigger_due() takes the
 * step that it is given for the number of the run.
 *
 * \param runs above 0.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for 0 and below.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_runs(int64_t runs, runhook_error** error);

/**
 * Due every so many nanoseconds of the session's clock.
 *
 * \param ns above 0.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for 0 and below.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_ns(int64_t ns, runhook_error** error);

/**
 * Due after so many steps or so much time, whichever comes first; both then count anew.
 *
 * \param steps above 0.
 * \param ns above 0.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for 0 and below.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every(int64_t steps, int64_t ns, runhook_error** error);

/**
 * Due once for each of these steps, in the first run that begins there or later.
 *
 * \param steps copied; at least one, in any order.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_at_steps(const int64_t* steps, size_t count, runhook_error** error);

/**
 * Due in every run that begins at a step within a window.
 *
 * \param from_step the first step of the window; INT64_MIN for a window that has no beginning.
 * \param before_step the first step after it; INT64_MAX for one that has no end.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_within(int64_t from_step, int64_t before_step, runhook_error** error);

/**
 * Due in the first run, and again after a recovery to an earlier step.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_first(runhook_error** error);

/**
 * Due in the first run only, even after a recovery. Joined to another by runhook_trigger_and() it makes that one due
 * once.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_once(runhook_error** error);

/**
 * Due in a run that is known beforehand to be the last: the one with which runhook_monitored_session_run_until_stop()
 * has made max_steps, or the one that reaches the step announced by runhook_context_announce_last_step().
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_last(runhook_error** error);

/**
 * Never due.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_never(runhook_error** error);

/**
 * Due when a function says so.
 *
 * \param predicate called once for each run, on the thread that runs the session. It may call
 *   runhook_context_global_step(), which gives the step before the run, and runhook_context_now_ns(), and answers with
 *   runhook_context_set_due(). If it fails, so does the run. All copies of the trigger share it.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_when(const runhook_function* predicate, runhook_error** error);

/**
 * Due when both are.
 *
 * \param a copied.
 * \param b copied.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_and(const runhook_trigger* a, const runhook_trigger* b,
                                                 runhook_error** error);

/**
 * Due when one of them is. Both then count anew, whichever it was.
 *
 * \param a copied.
 * \param b copied.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_or(const runhook_trigger* a, const runhook_trigger* b,
                                                runhook_error** error);

/**
 * Due when the other is not.
 *
 * \param trigger copied.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_not(const runhook_trigger* trigger, runhook_error** error);

/**
 * Due as the other, but not in the first run. Intervals count from the beginning of the first run, which is itself the
 * first of the steps: runhook_trigger_every_steps(3) is then due in the third run, the sixth, and so on.
 *
 * \param trigger copied.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_after_first(const runhook_trigger* trigger, runhook_error** error);

/**
 * Destroys a trigger.
 *
 * \param trigger NULL is allowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_trigger_destroy(runhook_trigger* trigger);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_TRIGGER_H_ */
