/* runhook/run_record.h -- a record of the run in its directory */
#ifndef RUNHOOK_RUN_RECORD_H_
#define RUNHOOK_RUN_RECORD_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What runhook_run_record_hook_create() is to do. The caller sets struct_size; growth follows the rules of
 * runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_run_record_options {
  size_t struct_size;
  const char* dir;        /* of the run; created if it does not exist; copied; required */
  const char* title;      /* copied; NULL: none */
  const char* parameters; /* of the run, e.g. hyperparameters: the text of a JSON object; copied; NULL or "": none */
  int64_t refresh_ns;     /* time of the session's clock after which the record is brought up to date during the run;
                             0: 30 s; negative: it is written at the begin and the end only */
  /* End of 1.0. Append only, below this line. */
} runhook_run_record_options;
#define RUNHOOK_RUN_RECORD_OPTIONS_INIT \
  { sizeof(runhook_run_record_options), NULL, NULL, NULL, 0 }

/**
 * Makes a hook that keeps `<dir>/run.json`, from which a program reads what ran and how it ended: the session's id,
 * which is that of the rows of metrics, the command, host and process, versions, parameters, begin, end, outcome,
 * runhook_outcome_exit_status() of that, the newest value of each name, and the files of the directory. Until the run
 * has ended "end" and "exit_status" are null and the outcome's kind is "running".
 *
 * What an earlier run has left is kept: its run.json, report.html and timeline-*.json are moved to
 * `<dir>/earlier/<session>/` before this run writes anything. If that run has not said how it ended, its process was
 * killed: the kind of its outcome becomes "lost". A run.json that is no record of a run is left alone. If another run
 * is writing in the directory, that is a warning; the record, report and traces of this one are in earlier/<session>/
 * then. A failure of the hook never fails the run.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a directory, and for parameters that are not the text
 *   of a JSON object.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_run_record_hook_create(const runhook_run_record_options* options,
                                                                 runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_RUN_RECORD_H_ */
