/* runhook/metric_history.h -- reads what was written to event files, e.g. by an evaluation */
#ifndef RUNHOOK_METRIC_HISTORY_H_
#define RUNHOOK_METRIC_HISTORY_H_

#include "runhook/logging.h"
#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads all numbers from the event files in a directory, i.e. files with "tfevents" in their names, in the order of the
 * names. Of two values with the same step and name the later one is kept, and of a run that has gone back, e.g. since
 * its process was killed, nothing of what it has undone, as TensorBoard does it. Numbers are floats, as the format has
 * them. A file that is being written is read as far as it goes.
 *
 * \param directory if there is none, or no such file in it, the history is empty.
 * \param log is warned of each file that is damaged or cannot be read: values before the damage are kept, the rest of
 *   the file is skipped. Consumed; NULL: standard error.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a directory.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_metric_history* runhook_metric_history_read(const char* directory, const runhook_log* log,
                                                                runhook_error** error);

/**
 * Destroys a history, and the names that it has given.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_metric_history_destroy(runhook_metric_history* history);

/**
 * Tells how many values a history has.
 *
 * \returns 0 for NULL and for what is no history.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_metric_history_count(const runhook_metric_history* history);

/**
 * Tells one of the values, which are in the order of steps, those of one step in the order of names.
 *
 * \param index from 0, below the count.
 * \param step set to the value's global step; may be NULL.
 * \param value set to the value, which may be NaN or infinite; may be NULL.
 * \returns its name, borrowed from the history; NULL if there is no such value, and then nothing is set.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_metric_history_value(const runhook_metric_history* history, size_t index, int64_t* step,
                                                     double* value);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_METRIC_HISTORY_H_ */
