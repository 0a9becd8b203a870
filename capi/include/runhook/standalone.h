/* runhook/standalone.h -- contexts and triggers outside a loop: for tests of hooks, and for bindings
 *
 * What a program needs for its runs is in runhook.h, which does not include this header. */
#ifndef RUNHOOK_STANDALONE_H_
#define RUNHOOK_STANDALONE_H_

#include "runhook/context.h"
#include "runhook/trigger.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The callbacks of a hook can be called with a context that belongs to no loop. */

/**
 * Makes a context outside a loop, with which all functions for hooks may be called at any time.
 *
 * \param args what the caller is taken to have asked of the run; copied; NULL: nothing.
 * \param session shared.
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_context* runhook_context_create(const runhook_run_args* args, runhook_session* session,
                                                    runhook_error** error);

/**
 * Outside a loop: runs the session once with the args of the context and what the hook has asked for, so that after_run
 * can be called and finds results. What is asked for after that begins a new attempt.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_execute(runhook_context* context, runhook_error** error);

/**
 * Destroys a context made by runhook_context_create(). Any other is left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_context_destroy(runhook_context* context);

/* A trigger can be asked by whoever decides when it is due. It is told what was done: runhook_trigger_fired() or
 * runhook_trigger_passed() after each runhook_trigger_due(). */

/**
 * Tells whether a trigger is due. Does not change it, but calls the predicate if there is one.
 *
 * \param due set to 1 or 0.
 * \returns what the predicate failed with.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_due(const runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                               int32_t* due, runhook_error** error);

/**
 * Tells a trigger that it was due and the hook has acted. The trigger counts from this step and time.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_fired(runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                                 runhook_error** error);

/**
 * Tells a trigger that it was not due. Needed only for one made with runhook_trigger_after_first().
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_passed(runhook_trigger* trigger, int64_t step, int64_t now_ns,
                                                  runhook_error** error);

/**
 * Tells a trigger that the run goes on from an earlier step.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_rewind(runhook_trigger* trigger, int64_t step, runhook_error** error);

/**
 * Has a trigger forget when it was due.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_reset(runhook_trigger* trigger, runhook_error** error);

/**
 * Returns what a trigger remembers, as one line of numbers.
 *
 * \returns borrowed until the next call with this trigger; NULL on failure.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_trigger_state(const runhook_trigger* trigger, int64_t now_ns, runhook_error** error);

/**
 * Has a trigger go on from a state that runhook_trigger_state() returned for one that was made in the same way.
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the state is that of another kind of trigger; then nothing is changed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_trigger_restore(runhook_trigger* trigger, const char* state, int64_t now_ns,
                                                   runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_STANDALONE_H_ */
