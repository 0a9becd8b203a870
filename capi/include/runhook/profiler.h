/* runhook/profiler.h -- a built-in hook that shows where the time of runs goes */
#ifndef RUNHOOK_PROFILER_H_
#define RUNHOOK_PROFILER_H_

#include "runhook/builtin_hook.h"
#include "runhook/run_args.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What is profiled, and what is kept. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_profiler_options {
  size_t struct_size;
  int64_t every_n_steps;    /* global steps from one profiled run to the next; 0 or negative: off */
  int64_t every_ns;         /* time of the session's clock from one to the next; 0 or negative: off */
  const char* directory;    /* for the files; created if it does not exist; copied; NULL: the current one */
  int64_t capacity;         /* how many spans are kept, the newest; 0: 16384; not negative */
  int32_t record_every_run; /* 1: all runs are recorded; no interval need be given */
  int32_t trace_level; /* RUNHOOK_TRACE_*: what profiled runs ask of the session; 0: RUNHOOK_TRACE_FULL; -1: nothing,
                               since 0 cannot say so */
  /* End of 1.0. Append only, below this line. */
  int32_t record_samples; /* 1: what the session measures anyway is recorded: a sample of the runs at any speed, all of
                             them while a step takes 20 us or more on average; no interval need be given */
  int32_t reserved;       /* 0 */
} runhook_profiler_options;
#define RUNHOOK_PROFILER_OPTIONS_INIT \
  { sizeof(runhook_profiler_options), 0, 0, NULL, 0, 0, 0, 0, 0 }

/**
 * Makes a hook that records how long the session, its nodes and the callbacks of all hooks take. For each profiled run
 * it writes `timeline-<step>.json`, a trace that Perfetto opens; when a run fails it writes `timeline-failure.json`
 * with all that is recorded and an event that tells of the error. The interval begins with the first run, which is not
 * profiled. Files are written by a thread of the hook. It sets no time-out: a profiled run has the caller's, which has
 * to leave time for the tracing.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if both intervals are given, or neither of them nor
 *   record_every_run or record_samples.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_profiler_hook_create(const runhook_profiler_options* options,
                                                               runhook_error** error);

/**
 * Writes what a profiler has recorded to a file, and waits until that is done.
 *
 * \param hook made by runhook_profiler_hook_create().
 * \param path of the file, which is replaced.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the hook is no profiler; the failure to write the file.
 * \threadsafety Any thread; on the session's it delays a step.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_profiler_dump(const runhook_builtin_hook* hook, const char* path,
                                                 runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_PROFILER_H_ */
