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
  int64_t every_n_steps;    /* profiles a run every so many global steps; 0: not by steps */
  int64_t every_ns;         /* the same by time of the session's clock; at most one of the two */
  const char* directory;    /* of the files; made if need be; copied; NULL: the current one */
  int64_t capacity;         /* spans that are kept; 0: 16384 */
  int32_t record_every_run; /* 1: all runs are recorded; then there need not be an interval */
  int32_t trace_level;      /* RUNHOOK_TRACE_*, that profiled runs ask for */
  /* End of 1.0. Append only, below this line. */
} runhook_profiler_options;
#define RUNHOOK_PROFILER_OPTIONS_INIT \
  { sizeof(runhook_profiler_options), 0, 0, NULL, 0, 0, RUNHOOK_TRACE_FULL }

/**
 * Makes a hook that records what the session does, with every hook's callbacks and the session's own nodes, and writes
 * for each profiled run `timeline-<step>.json`, a trace that Perfetto opens; when a run fails, `timeline-failure.json`
 * with all that is recorded. The first run only starts the count. Files are made by a thread of the hook's own.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for both intervals, and for none without record_every_run.
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
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the hook is no profiler; why the file could not be written.
 * \threadsafety Any thread; better not the session's.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_profiler_dump(const runhook_builtin_hook* hook, const char* path,
                                                 runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_PROFILER_H_ */
