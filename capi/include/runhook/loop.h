/* runhook/loop.h -- a monitored loop in one call to open it and one to finish it */
#ifndef RUNHOOK_LOOP_H_
#define RUNHOOK_LOOP_H_

#include "runhook/checkpoint.h"
#include "runhook/hook.h"
#include "runhook/inline_loop.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a loop is to have. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_loop_options {
  size_t struct_size;
  const char* dir; /* for the run's files: with it the loop has the hooks of runhook_config_add_default_hooks(); NULL:
                      it has none of these, and there are no files, no progress and no log lines */
  /* Names that the body logs in every step, e.g. the loss; copied; NULL: none. They are checked for NaN, which fails
   * the run; a step that does not log one of them fails. Other names are not to be declared: whatever is logged is
   * written. */
  const char* const* scalars;
  size_t scalar_count;
  const runhook_hook* const* hooks; /* further hooks; each table is consumed; NULL: none */
  size_t hook_count;
  int64_t max_steps;   /* how many steps this loop makes, wherever it goes on from; those that a recovery has undone
                          count once. To end at a step, however often the program is started, add the hook of
                          runhook_stop_at_step_hook_create(). 0: no limit */
  int64_t interval_ns; /* between two rows, points and log lines of the hooks of dir; 0: a second; 1: every step */
  int32_t keep_all;    /* 1: every logged value is in the files of dir. 0: the newest of each name, at the interval */
  int32_t quiet;       /* 1: standard error gets warnings and errors only: no progress, no log lines, and no word of an
                          end that is no failure. 0: all of these */
  const char* parameters; /* of the run, e.g. hyperparameters, for run.json in dir: the text of a JSON object; copied;
                             NULL: none */
  int64_t max_bytes; /* how large the metrics, and the event files of this run, may become: then their older half is
                        begun anew; 0 or negative: there is no limit */
  const runhook_checkpoint_options* checkpoints; /* saves the loop, and has it go on from there: its state is in the
                                                    `memory` or the `state` of these; their directory may be NULL with
                                                    a dir: then it is `checkpoints` there; NULL: nothing is saved */
  /* End of 1.0. Append only, below this line. */
} runhook_loop_options;
#define RUNHOOK_LOOP_OPTIONS_INIT \
  { sizeof(runhook_loop_options), NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, NULL, 0, NULL }

/**
 * Opens a loop that stays where it is, for runhook_monitored_session_next(). The first SIGINT or SIGTERM ends it after
 * its step; a second SIGINT, a second or more later, asks the body to give up (runhook_context_cancel_requested()), and
 * a third ends the process. A SIGINT that the process ignores, as in the background of a shell script, stays ignored.
 *
 * Hooks with options, e.g. a trigger, are added with runhook_monitored_session_add_hook() afterwards; one that saves is
 * too late by then to go on from what is saved.
 *
 * \param options NULL: those of RUNHOOK_LOOP_OPTIONS_INIT. Unless its struct_size is refused the hooks are consumed,
 *   whether the call succeeds or not.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for a negative max_steps or interval_ns, a hook that is NULL,
 *   a list without its count or a count without its list, scalars or parameters without a dir, and parameters that are
 *   no JSON object; or with what adding the hooks or
 *   creating a session fails with.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_monitored_session* runhook_loop_open(const runhook_loop_options* options, runhook_error** error);

/**
 * Closes a loop, says on standard error how it has ended, and destroys it. A failure is said here and nowhere else, so
 * that the program has nothing to print; of a quiet loop nothing else is said.
 *
 * Each call sets `*error` anew. What a call that logs or publishes in the body was refused for fails the step, even if
 * nobody looks at it; after another call look at `error` before the next one, or what was refused is lost.
 *
 * \param loop consumed; NULL if it could not be opened.
 * \param error consumed: what opening the loop, a step or a call in its body has failed with. The run has failed then;
 *   if it had ended before, the error is said and the exit status is 1. NULL: there is none. If it is not valid nothing
 *   is done.
 * \returns the exit status for main: runhook_outcome_exit_status(). Returns 1 if there is no loop, also for a handle
 *   that is not valid.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_loop_finish(runhook_monitored_session* loop, runhook_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_LOOP_H_ */
