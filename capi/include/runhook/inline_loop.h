/* runhook/inline_loop.h -- a loop that stays where it is: its body is the step */
#ifndef RUNHOOK_INLINE_LOOP_H_
#define RUNHOOK_INLINE_LOOP_H_

#include "runhook/monitored_session.h"
#include "runhook/snapshot.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A loop of one's own becomes a monitored one without moving its body:
 *
 *   while ((step = runhook_monitored_session_next(loop, &error)) != NULL) {
 *     residual = sweep(grid);
 *     runhook_context_log_scalar(step, "residual", residual, &error);
 *     if (residual < tolerance) runhook_context_request_stop(step, 0, "converged", RUNHOOK_STOP_PLANNED);
 *   }
 *
 * What people look at is logged; what hooks fetch by its name, to compute with it, is published by
 * runhook_step_set_double() and its siblings. A value that is logged can be fetched as well. runhook_step_number()
 * tells which step it is; runhook_context_global_step() is the one before it.
 *
 * In the body the step is a context for runhook_context_fail() (then `continue`, and the next call ends the step so),
 * request_stop, stop_requested, cancel_requested, global_step, attempt, log and what else a session's step may ask, and
 * for runhook_step_set_double() and its siblings. After a recovery the same step is given again: a body counts with the
 * global step, never with a counter of its own. An urgent stop is seen in the body, by cancel_requested; a step that
 * ends nevertheless is completed.
 *
 * In the iteration callback of another library: runhook_monitored_session_next() before it starts, next in the
 * callback, and runhook_step_abandon() when it has returned, since the step that next has opened last is not going to
 * be made:
 *
 *   int on_iteration(void) { return (step = runhook_monitored_session_next(loop, &error)) == NULL; }
 *   ...
 *   step = runhook_monitored_session_next(loop, &error);
 *   minimize(f, on_iteration);
 *   if (step != NULL) runhook_step_abandon(step, &error);
 */

/**
 * What is known of a loop that stays where it is. The caller sets struct_size; growth follows the rules of
 * runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_inline_options {
  size_t struct_size;
  const char* const* outputs; /* names that the body publishes and that can be fetched; copied; NULL: any */
  size_t output_count;
  const char* const* inputs; /* names that can be fed; copied; NULL: any */
  size_t input_count;
  int64_t initial_step;       /* the global step at which a program that resumes by itself begins */
  int64_t max_steps;          /* how many steps the loop makes, wherever it goes on from; those that a recovery has
                                 undone count once; 0: no limit */
  const runhook_saver* saver; /* saves in next and end_step only, restores when the session is created; NULL: none */
  /* End of 1.0. Append only, below this line. */
} runhook_inline_options;
#define RUNHOOK_INLINE_OPTIONS_INIT \
  { sizeof(runhook_inline_options), NULL, 0, NULL, 0, 0, 0, NULL }

/**
 * Makes the loop's step the caller's own code, which runhook_monitored_session_next() begins and ends. It takes the
 * place of a session or a session creator.
 *
 * A name that is fetched in a step that has not published it fails the step with RUNHOOK_ERR_NOT_FOUND.
 *
 * \param options NULL: those of RUNHOOK_INLINE_OPTIONS_INIT.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a negative number or an empty name, RUNHOOK_ERR_ALREADY_EXISTS for a
 *   repeated one.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_config_set_inline(runhook_config* config, const runhook_inline_options* options,
                                                     runhook_error** error);

/**
 * Completes the step that is open, if one is, and opens the next one. Steps that a hook skips are over before it
 * returns.
 *
 * close completes an open step, too, so that the loop may be left by `break`. Destroying the session cancels it, and
 * so does runhook_monitored_session_fail() followed by close. A step that is given again after a recovery is given
 * although a stop was asked for in its first attempt.
 *
 * \returns borrowed; valid until the next call of next, end_step, abandon or close: later it gives
 *   RUNHOOK_ERR_FAILED_PRECONDITION. No thread owns the step: it may be handed on. NULL without an error once a stop
 *   has been asked for, input has ended, or max_steps are over. NULL with what completing or beginning a step has
 *   failed with, after which a later call goes on as a later run does; with RUNHOOK_ERR_CLOSED, RUNHOOK_ERR_REENTRANT
 *   in a callback of the session, RUNHOOK_ERR_BUSY while another call is under way, RUNHOOK_ERR_FAILED_PRECONDITION
 *   for a config without runhook_config_set_inline().
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_context* runhook_monitored_session_next(runhook_monitored_session* session, runhook_error** error);

/**
 * Opens the next step: one of the two halves of next, for event loops and for callbacks of other libraries.
 *
 * \param args of the step; copied; NULL for none.
 * \returns as runhook_monitored_session_next(); RUNHOOK_ERR_REENTRANT if a step is open.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_context* runhook_monitored_session_begin_step(runhook_monitored_session* session,
                                                                  const runhook_run_args* args, runhook_error** error);

/**
 * Completes the step that is open.
 *
 * \returns RUNHOOK_OK also after a recovery: the next step is then this one again, with the next attempt number. What
 *   the step has failed with, of which RUNHOOK_ERR_OUT_OF_RANGE is the end of input. RUNHOOK_ERR_FAILED_PRECONDITION if
 *   no step is open.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_end_step(runhook_monitored_session* session,
                                                              runhook_error** error);

/**
 * Gives the step up: hooks get on_error with RUNHOOK_ERR_CANCELLED, it does not count, and the run has not failed. If
 * an urgent stop has been asked for nothing more is saved, since what the step has changed may be half done; otherwise
 * it must not have changed anything that is saved.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION for a step that is over, and what a hook's on_error has failed with.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_step_abandon(runhook_context* step, runhook_error** error);

/**
 * Returns the global step that the open step reaches: 1 for the first one. With that number its values are logged and
 * shown, and that is what steps of triggers and limits count: every 50 steps is `number % 50 == 0`.
 *
 * \returns -1 for what is no step of a loop that stays where it is, or one that is over.
 * \threadsafety The thread that has the step.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_step_number(const runhook_context* step);

/**
 * Sets the global step that the step reaches, where it is not one more.
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a negative one, RUNHOOK_ERR_FAILED_PRECONDITION for a step that is over.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_step_set_global_step(runhook_context* step, int64_t global_step,
                                                        runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_INLINE_LOOP_H_ */
