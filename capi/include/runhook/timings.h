/* runhook/timings.h -- where the time of a session's steps goes */
#ifndef RUNHOOK_TIMINGS_H_
#define RUNHOOK_TIMINGS_H_

#include "runhook/monitored_session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A session measures its first runs, and later as many as it can without slowing the loop down by more than about half
 * a percent. Runs in which a trigger is due and runs in which none is are sampled separately. Callbacks outside of runs
 * are all measured. Runs that fail or are skipped are not counted. */

/**
 * The time that one thing takes, in nanoseconds. The estimated time of reading the clock is subtracted.
 *
 * The caller sets struct_size; runhook fills as much as fits. Texts are borrowed from the timings.
 *
 * \since 1.0
 */
typedef struct runhook_timing {
  size_t struct_size;
  const char* hook;     /* never NULL; empty for the session and the step */
  const char* callback; /* e.g. "before_run"; "run" for the session, "step" for the step */
  int64_t samples;      /* how many were measured */
  int64_t mean_ns;      /* estimate for all runs: samples are weighted by how many runs each stands for */
  int64_t max_ns;       /* of the samples */
  int64_t total_ns;     /* estimate for all runs, measured or not */
  int64_t p50_ns;       /* percentiles, exact to within 7 %; of the step only, otherwise 0 */
  int64_t p90_ns;
  int64_t p99_ns;
  double share; /* of the time of all steps; 0 outside of steps */
  /* End of 1.0. Append only, below this line. */
} runhook_timing;
#define RUNHOOK_TIMING_INIT \
  { sizeof(runhook_timing), NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Tells where the time has gone so far.
 *
 * \returns owned: a copy.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_timings* runhook_monitored_session_timings(const runhook_monitored_session* session,
                                                               runhook_error** error);

/**
 * Returns how many completed runs the estimates stand for.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_timings_runs(const runhook_timings* timings);

/**
 * Tells the time of whole steps, from the first callback to the last.
 *
 * \param timing filled.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_timings_step(const runhook_timings* timings, runhook_timing* timing,
                                                runhook_error** error);

/**
 * Tells the time that the session takes to execute a step.
 *
 * \param timing filled.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_timings_session_run(const runhook_timings* timings, runhook_timing* timing,
                                                       runhook_error** error);

/**
 * Returns how many callbacks of hooks have been measured.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_timings_count(const runhook_timings* timings);

/**
 * Tells the time of one callback of one hook; the entries are in the order of the hooks.
 *
 * \param timing filled.
 * \returns RUNHOOK_ERR_NOT_FOUND for an index that is too large.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_timings_at(const runhook_timings* timings, size_t index, runhook_timing* timing,
                                              runhook_error** error);

/**
 * Destroys timings.
 *
 * \param timings NULL is allowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_timings_destroy(runhook_timings* timings);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_TIMINGS_H_ */
