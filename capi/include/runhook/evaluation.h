/* runhook/evaluation.h -- evaluating, once and during training */
#ifndef RUNHOOK_EVALUATION_H_
#define RUNHOOK_EVALUATION_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * How many evaluations to make. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_after_n_evals_options {
  size_t struct_size;
  int64_t num_evals;                  /* how many; 0: until something else ends the run, e.g. the end of input; not
                                         negative */
  const char* evals_per_run_variable; /* the variable by which a session that makes several evaluations in a run is told
                                         how many; the hook sets it so that no more than num_evals are made; copied;
                                         NULL: there is none */
  int64_t evals_per_run;              /* what the hook sets it to before that; 0: 1; not negative */
  int32_t quiet;                      /* 0: "Evaluation [3/10]" is logged about ten times, or after each of fewer than
                                         20. 1: nothing is logged */
  int32_t reserved;                   /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_after_n_evals_options;
#define RUNHOOK_STOP_AFTER_N_EVALS_OPTIONS_INIT \
  { sizeof(runhook_stop_after_n_evals_options), 0, NULL, 0, 0, 0 }

/**
 * Makes a hook that counts evaluations and asks for a stop after num_evals. If the session is made anew, the count
 * begins anew.
 *
 * \param options NULL: the defaults: evaluations are counted and logged.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_after_n_evals_hook_create(
    const runhook_stop_after_n_evals_options* options, runhook_error** error);

/**
 * What an evaluation consists of. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_evaluation_options {
  size_t struct_size;
  const runhook_run_args* args;      /* what each run asks for; copied; NULL: nothing is run but the final ops. A choice
                                        of hooks in its options is one among those of the config: the evaluations are
                                        counted, and a stop is heeded, in any case */
  const runhook_run_args* final_ops; /* fetched once at the end, as by runhook_final_ops_hook_create(); copied; NULL:
                                        none */
  const runhook_stop_after_n_evals_options* evals; /* how many runs; copied; NULL: until the end of input */
  /* End of 1.0. Append only, below this line. */
} runhook_evaluation_options;
#define RUNHOOK_EVALUATION_OPTIONS_INIT \
  { sizeof(runhook_evaluation_options), NULL, NULL, NULL }

/**
 * The result of an evaluation, besides values. The caller sets struct_size; runhook fills as much as fits.
 *
 * \since 1.0
 */
typedef struct runhook_evaluation_result {
  size_t struct_size;
  int64_t step;        /* global step of what was evaluated */
  int64_t evaluations; /* how many were made: evals_per_run for each completed run. The run in which the input has ended
                          is none of them, so that there may be fewer than num_evals, with `complete` all the same */
  int32_t complete;    /* 0: a stop has cut it short */
  int32_t outcome;     /* RUNHOOK_OUTCOME_* of its session */
  /* End of 1.0. Append only, below this line. */
} runhook_evaluation_result;
#define RUNHOOK_EVALUATION_RESULT_INIT \
  { sizeof(runhook_evaluation_result), 0, 0, 0, 0 }

/**
 * Runs an evaluation with a session of its own and closes it.
 *
 * \param config its session creator, hooks, clock and log are used; hooks begin anew in each evaluation. A stop request
 *   through its stop source ends the evaluation before the next run. The evaluation itself requests no stop there.
 * \param options what the evaluation consists of.
 * \param snapshot what to evaluate: its values are written to all global variables of the session. If it lacks one,
 *   that is RUNHOOK_ERR_NOT_FOUND. NULL: the session is evaluated as its creator makes it.
 * \param result filled; NULL: not wanted.
 * \param last_values filled with the results of the last run; NULL: not wanted.
 * \param final_values filled with the results of the final ops; NULL: not wanted.
 * \threadsafety Any thread; also in a callback.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_evaluate_once(const runhook_config* config,
                                                 const runhook_evaluation_options* options,
                                                 const runhook_snapshot* snapshot, runhook_evaluation_result* result,
                                                 runhook_results* last_values, runhook_results* final_values,
                                                 runhook_error** error);

/**
 * Waits for the next checkpoint that a watcher finds, and evaluates it: a loop over this evaluates what another process
 * saves, one checkpoint after the other.
 *
 * \param config, options, result, last_values, final_values as in runhook_evaluate_once(); all global variables of the
 *   session are written from the checkpoint, or the evaluation fails with RUNHOOK_ERR_NOT_FOUND.
 * \param watcher what it finds is not deleted before it finds another. Without a stop source of its own that of
 *   `config` ends its wait.
 * \returns RUNHOOK_ERR_DEADLINE_EXCEEDED if none came in time; RUNHOOK_ERR_STOPPED if a stop has been asked for, which
 *   also cuts an evaluation short. One that is cut short or fails has no result: the next call evaluates the same
 *   checkpoint again, unless runhook_checkpoint_watcher_next() has found another meanwhile.
 * \threadsafety Any thread, one at a time with one watcher; also in a callback, but RUNHOOK_ERR_BUSY in one of an
 *   evaluation that the same watcher is used for.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_evaluate_next(const runhook_config* config,
                                                 const runhook_evaluation_options* options,
                                                 runhook_checkpoint_watcher* watcher, runhook_evaluation_result* result,
                                                 runhook_results* last_values, runhook_results* final_values,
                                                 runhook_error** error);

/**
 * What is evaluated while another session runs, and how often. The caller sets struct_size; growth follows the rules of
 * runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_in_memory_evaluator_options {
  size_t struct_size;
  const runhook_config* config; /* required; as for runhook_evaluate_once(); copied. If it has no log or clock, those of
                                   the run are used; its stop source is not used. If its session creator has a saver or
                                   an init_fn, begin fails with RUNHOOK_ERR_INVALID_ARGUMENT */
  const runhook_evaluation_options* evaluation; /* what an evaluation consists of; required; copied */
  int64_t every_n_runs; /* 0: 100; negative: off, so that only the first and the last state are evaluated */
  const runhook_function* on_result; /* called after each evaluation, whose result runhook_in_memory_evaluator_result()
                                        then gives; consumed. It gets the context of the callback in which the run
                                        evaluates, and may ask the run to stop. NULL: nothing is called */
  /* End of 1.0. Append only, below this line. */
} runhook_in_memory_evaluator_options;
#define RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT \
  { sizeof(runhook_in_memory_evaluator_options), NULL, NULL, 0, NULL }

/**
 * Makes a hook that evaluates the state of a run: before its first step, after every N runs, and at the end, unless
 * nothing has run since the last evaluation. Each evaluation has a session of its own, into which the global variables
 * that both sessions have are copied. The run waits for it. If a stop of the run cuts an evaluation short, it has no
 * result. The one at the end is not cut short; after an urgent stop it is not made. If an evaluation fails, the hook
 * fails with RUNHOOK_ERR_HOOK_FAILED.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a config or an evaluation.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_in_memory_evaluator_hook_create(
    const runhook_in_memory_evaluator_options* options, runhook_error** error);

/**
 * Tells the result of the last evaluation that a hook has made.
 *
 * \param hook made by runhook_in_memory_evaluator_hook_create().
 * \param result filled; NULL: not wanted.
 * \param last_values filled with the results of its last run; NULL: not wanted.
 * \param final_values filled with the results of its final ops; NULL: not wanted.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a hook of another kind, RUNHOOK_ERR_NOT_FOUND if there was no evaluation
 *   yet.
 * \threadsafety The thread that uses the session.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_in_memory_evaluator_result(const runhook_builtin_hook* hook,
                                                              runhook_evaluation_result* result,
                                                              runhook_results* last_values,
                                                              runhook_results* final_values, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_EVALUATION_H_ */
