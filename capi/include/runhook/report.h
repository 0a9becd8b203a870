/* runhook/report.h -- a built-in hook that leaves a page behind that says what a run was */
#ifndef RUNHOOK_REPORT_H_
#define RUNHOOK_REPORT_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What the page shows. The caller sets struct_size; growth follows the rules of runhook_function. All of it is copied.
 *
 * \since 1.0
 */
typedef struct runhook_report_options {
  size_t struct_size;
  const char* path;           /* of the page, which is replaced; directories are made */
  const char* title;          /* NULL: "Run report" */
  const char* const* metrics; /* names to fetch and draw; scalars; NULL if there are none */
  size_t metric_count;
  const char* const* fact_names; /* what else is to be said of the run, e.g. "Batch size"; NULL if nothing */
  const char* const* fact_texts; /* and the text for each, e.g. "64" */
  size_t fact_count;
  int64_t interval_ns; /* of the session's clock, between fetches; 0: in every run */
  int64_t refresh_ns;  /* between pages while the run goes on; 0: at its end only */
  /* End of 1.0. Append only, below this line. */
} runhook_report_options;
#define RUNHOOK_REPORT_OPTIONS_INIT \
  { sizeof(runhook_report_options), NULL, NULL, NULL, 0, NULL, NULL, 0, 1000000000, INT64_C(30000000000) }

/**
 * Makes a hook that writes one HTML page, complete in itself: how the run ended, who asked for it and why, metrics as
 * charts, how long steps took, the time of each hook, warnings and errors. It needs no network and no script.
 *
 * Fetches the metrics in the runs in which it is due. What it keeps of them is bounded: of long runs the resolution
 * goes down, but no peak is lost. The page is also written while the run goes on, so that one is there whatever becomes
 * of the run; by a thread of its own, so that no step waits for a disk. Nothing of it fails a run: a name that is not
 * known, a value that is no number, and a file that cannot be written are warnings.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a path, and for a metric without a name or a negative
 *   time.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_report_hook_create(const runhook_report_options* options,
                                                             runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_REPORT_H_ */
