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
 * Whether it is due is asked once for each run, also if the run takes several attempts, and depends on the global step
 * and the time at which the run begins: so it is right, too, if a run advances the step by more than one. One that
 * counts from when it was last due is due in the first run. After a recovery that goes back to an earlier step it
 * counts from there.
 *
 * Registrations take a copy, with a memory of its own. */

/**
 * Due every so many steps.
 *
 * \param steps above 0.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_steps(int64_t steps, runhook_error** error);

/**
 * Due every so many runs of the session, whatever these do to the global step. runhook_trigger_due(), which knows of no
 * runs, takes the step for the number of the run.
 *
 * \param runs above 0.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_runs(int64_t runs, runhook_error** error);

/**
 * Due every so many nanoseconds of the session's clock.
 *
 * \param ns above 0.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_every_ns(int64_t ns, runhook_error** error);

/**
 * Due after so many steps or so much time, whichever comes first; both count from then on.
 *
 * \returns owned.
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
 * Due in every run that begins at a step of a window.
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
 * Due once, whatever happens to the step. With runhook_trigger_and(): once, when the other is due.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_trigger* runhook_trigger_once(runhook_error** error);

/**
 * Due in the run that is known beforehand to be the last: the last that runhook_monitored_session_run_until_stop() may
 * make, or the one that reaches the step announced by runhook_context_announce_last_step().
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
 * \param predicate called once for each run, on the thread that runs the session; may ask
 *   runhook_context_global_step(), the step before the run, and runhook_context_now_ns(), and answers with
 *   runhook_context_set_due(). If it fails, so does the run. Shared by the copies of the trigger.
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
 * Due when one of them is. Whichever makes it due, both count from then on.
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
 * Due as the other, but not in the first run, and counting from there: the steps from the run itself, the time from
 * when it begins. Of runhook_trigger_every_steps(3) that makes the third run, the sixth, and so on.
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

/* For hooks that ask a trigger of their own, e.g. after the run. */

/**
 * Tells whether it is due. Changes nothing, but calls the predicate if there is one.
 *
 * \param due set to 1 or 0.
 * \returns what the predicate failed with.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_due(const runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                               int32_t* due, runhook_error** error);

/**
 * Says that what it is for was done. It counts from there.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_fired(runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                                 runhook_error** error);

/**
 * Says that it was not due, and that nothing was done. Only one made with runhook_trigger_after_first() wants to know.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_passed(runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                                  runhook_error** error);

/**
 * Says that the run goes on from an earlier step.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_rewind(runhook_trigger* trigger, int64_t step, runhook_error** error);

/**
 * Makes it as if it had never been due.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_reset(runhook_trigger* trigger, runhook_error** error);

/**
 * Returns what it remembers, as one line of numbers.
 *
 * \returns borrowed until the next call with this trigger; NULL on failure.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_trigger_state(const runhook_trigger* trigger, int64_t now_ns, runhook_error** error);

/**
 * Makes it go on where the trigger went that had this state and was made alike.
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if it is the state of another; then nothing is changed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_restore(runhook_trigger* trigger, const char* state, int64_t now_ns,
                                                   runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_TRIGGER_H_ */
