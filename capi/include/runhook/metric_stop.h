/* runhook/metric_stop.h -- a built-in hook that asks for a stop by what an evaluation has written */
#ifndef RUNHOOK_METRIC_STOP_H_
#define RUNHOOK_METRIC_STOP_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* When to stop. */
enum {
  RUNHOOK_STOP_IF_HIGHER = 1,
  RUNHOOK_STOP_IF_LOWER = 2,
  RUNHOOK_STOP_IF_NO_INCREASE = 3,
  RUNHOOK_STOP_IF_NO_DECREASE = 4
};

/**
 * When to stop by the history of a metric. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_metric_stop_options {
  size_t struct_size;
  const char* metric;    /* the tag; copied */
  const char* directory; /* of event files, which are all read anew each time; copied */
  int32_t kind;          /* RUNHOOK_STOP_IF_*; required */
  int32_t reserved;      /* 0 */
  double threshold;      /* for RUNHOOK_STOP_IF_HIGHER and RUNHOOK_STOP_IF_LOWER: when any value was beyond it */
  int64_t max_steps;     /* for the others: when the last value comes so many steps or more after the best one; not
                            negative */
  int64_t min_steps;     /* values of steps before this one do not count; not negative */
  int64_t every_ns;      /* time of the session's clock between two looks; 0: a minute, unless every_steps is given;
                            negative: off */
  int64_t every_steps;   /* steps between two looks; 0 or negative: off */
  /* End of 1.0. Append only, below this line. */
} runhook_metric_stop_options;
#define RUNHOOK_METRIC_STOP_OPTIONS_INIT \
  { sizeof(runhook_metric_stop_options), NULL, NULL, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Makes a hook that reads a metric from the event files of a directory, in the first run and then at an interval, and
 * asks for a stop when its values meet the condition. The files are read on the session's thread. Steps without the
 * metric do not count; NaN is beyond no threshold, and never the best. For a damaged file there is one warning; what
 * comes before the damage counts. Values that an earlier run has written to the directory count, too.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if metric, directory or kind is missing, both intervals are
 *   given or off, or the threshold is NaN.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_metric_stop_hook_create(const runhook_metric_stop_options* options,
                                                                  runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_METRIC_STOP_H_ */
