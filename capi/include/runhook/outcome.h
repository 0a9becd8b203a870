/* runhook/outcome.h -- how a run ended */
#ifndef RUNHOOK_OUTCOME_H_
#define RUNHOOK_OUTCOME_H_

#include "runhook/stop.h"
#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a run ended. */
enum {
  RUNHOOK_OUTCOME_RUNNING = 0,
  RUNHOOK_OUTCOME_COMPLETED = 1,
  RUNHOOK_OUTCOME_STOPPED = 2,
  RUNHOOK_OUTCOME_END_OF_INPUT = 3,
  RUNHOOK_OUTCOME_FAILED = 4
};

/**
 * Returns RUNHOOK_OUTCOME_*.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_outcome_kind(const runhook_outcome* outcome);

/**
 * Tells the first stop request, even if the run did not end by it.
 *
 * \param reason filled; its texts are borrowed from `outcome`.
 * \returns RUNHOOK_ERR_NOT_FOUND if nobody asked for a stop.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_outcome_stop_reason(const runhook_outcome* outcome, runhook_stop_reason* reason,
                                                       runhook_error** error);

/**
 * Returns the error of a failed run.
 *
 * \returns borrowed from `outcome`; NULL if it did not fail.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const runhook_error* runhook_outcome_error(const runhook_outcome* outcome);

/**
 * Returns the global step at the end.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_outcome_step(const runhook_outcome* outcome);

/**
 * Returns how many runs were completed.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_outcome_runs(const runhook_outcome* outcome);

/**
 * Returns how often a session was made anew.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_outcome_recoveries(const runhook_outcome* outcome);

/**
 * Returns the number of warnings: failures that did not fail the run as a whole, because a hook's failure policy says
 * so, or because the caller went on and a later run completed, also one within a step function; what hooks have warned
 * of; and recoverable errors of threads after which no run came that could have recovered. If the run has failed, the
 * latter are attached to its error.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_outcome_warnings(const runhook_outcome* outcome);

/**
 * Returns the first warning.
 *
 * \returns borrowed from `outcome`; NULL if there was none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const runhook_error* runhook_outcome_first_warning(const runhook_outcome* outcome);

/* How many warnings an outcome keeps. */
enum { RUNHOOK_OUTCOME_MAX_WARNINGS = 16 };

/**
 * Returns a warning. Only the first RUNHOOK_OUTCOME_MAX_WARNINGS are kept.
 *
 * \param index from 0, in the order in which they happened.
 * \returns borrowed from `outcome`; NULL if there were not so many, or it was not kept.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const runhook_error* runhook_outcome_warning(const runhook_outcome* outcome, size_t index);

/**
 * Returns the whole outcome as one line.
 *
 * \returns borrowed from `outcome`; never NULL.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_outcome_to_string(const runhook_outcome* outcome);

/**
 * Destroys an owned outcome. A borrowed one is left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_outcome_destroy(runhook_outcome* outcome);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_OUTCOME_H_ */
