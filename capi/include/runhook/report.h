/* runhook/report.h -- a built-in hook that writes a report of the run as an HTML page */
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
  const char* path;           /* of the page; an older one is replaced; directories are created */
  const char* title;          /* NULL: "Run report" */
  const char* const* metrics; /* names to fetch and draw; scalars; NULL if there are none */
  size_t metric_count;
  const char* const* fact_names; /* of other facts to be shown, e.g. "Batch size"; NULL if there are none */
  const char* const* fact_texts; /* the text of each, e.g. "64" */
  size_t fact_count;
  int64_t interval_ns; /* time of the session's clock between two fetches; 0: 1 s; 1: every run; negative: there are
                          none, so no metrics are drawn */
  int64_t refresh_ns; /* time after which the page is written anew during the run, more often in the beginning (after 1,
                         2, 4, ... s); 0: 30 s; negative: at the end only */
  /* End of 1.0. Append only, below this line. */
} runhook_report_options;
#define RUNHOOK_REPORT_OPTIONS_INIT \
  { sizeof(runhook_report_options), NULL, NULL, NULL, 0, NULL, NULL, 0, 0, 0 }

/**
 * Makes a hook that writes one HTML page: how the run ended, who asked for it and why, warnings and errors, the last,
 * lowest and highest value of each metric, the command line of the process, links to the files beside the page, metrics
 * as charts, steps per second over the run with evaluations, recoveries, stalls and saves, how long steps took, and the
 * time of each hook. The page needs no other file, no network and no script.
 *
 * Metrics whose names differ only in the part of the data that they are of are lines of one chart: "train/loss" and
 * "validation/loss", "loss" and "val_loss", "loss/train" and "loss/test". The words for this are train, training, val,
 * valid, validation, dev, eval, evaluation and test. Charts are grouped by what is before the first '/' of their names.
 *
 * The metrics are fetched in the runs in which the hook is due. A bounded number of values is kept: in a long run
 * neighbouring ones are merged, but no peak is lost. The page is also written during the run, so that there is one even
 * if the process dies, and by a thread of the hook, so that no step waits for a disk. A failure of the hook never fails
 * the run: a name that is not known, a value that is no number, and a file that cannot be written are warnings.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if there is no path, or a metric has no name.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_report_hook_create(const runhook_report_options* options,
                                                             runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_REPORT_H_ */
