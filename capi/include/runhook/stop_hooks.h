/* runhook/stop_hooks.h -- built-in hooks that ask for a stop */
#ifndef RUNHOOK_STOP_HOOKS_H_
#define RUNHOOK_STOP_HOOKS_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What runhook_stop_at_step_options.step is. */
enum {
  RUNHOOK_STOP_AT_LAST_STEP = 1, /* the global step at which to stop */
  RUNHOOK_STOP_AT_NUM_STEPS = 2  /* so many steps after the one at which the run begins */
};

/**
 * At which step to stop. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_at_step_options {
  size_t struct_size;
  int32_t target;                     /* RUNHOOK_STOP_AT_*; required */
  int32_t reserved;                   /* 0 */
  int64_t step;                       /* which, or how many; 0 is a number like any other: before the first step */
  const char* steps_per_run_variable; /* the variable by which a session that makes several steps in a run is told how
                                         many; the hook sets it so that the last run ends exactly at the step; copied;
                                         NULL: there is none */
  int64_t steps_per_run;              /* what the hook sets it to before that; required with a variable, else 1 */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_at_step_options;
#define RUNHOOK_STOP_AT_STEP_OPTIONS_INIT \
  { sizeof(runhook_stop_at_step_options), 0, 0, 0, NULL, 0 }

/**
 * Makes a hook that asks for a stop once the global step has reached a step, even before the first run. The step stays
 * the same through recoveries, and is announced as by runhook_context_announce_last_step(). A last step that has been
 * reached already, e.g. 0, and a number of 0 stop the run before its first step.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a target, for a negative number, and for a variable
 *   without steps_per_run.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_at_step_hook_create(const runhook_stop_at_step_options* options,
                                                                   runhook_error** error);

/**
 * How long a run may take. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_after_options {
  size_t struct_size;
  int64_t time_ns; /* of the session's clock, from the beginning of the run; positive */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_after_options;
#define RUNHOOK_STOP_AFTER_OPTIONS_INIT \
  { sizeof(runhook_stop_after_options), 0 }

/**
 * Makes a hook that asks for a stop after the first step that ends at least this long after the run began.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a time.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_after_hook_create(const runhook_stop_after_options* options,
                                                                 runhook_error** error);

/**
 * When a run is to end. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_at_time_options {
  size_t struct_size;
  int64_t unix_ns; /* nanoseconds since 1970-01-01 00:00 UTC; positive. Compared with the wall clock once, when the run
                      begins: setting that clock later changes nothing */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_at_time_options;
#define RUNHOOK_STOP_AT_TIME_OPTIONS_INIT \
  { sizeof(runhook_stop_at_time_options), 0 }

/**
 * Makes a hook that asks for a stop after the first step that ends at a point in time or later.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a time.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_at_time_hook_create(const runhook_stop_at_time_options* options,
                                                                   runhook_error** error);

/**
 * What ends a run. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_stop_when_options {
  size_t struct_size;
  const runhook_function* predicate; /* required; consumed. Gets the context of after_run, and answers with
                                        runhook_context_set_due(). If it fails, so does the hook */
  const char* reason; /* text of the stop request; copied; NULL: a text that says that the predicate holds */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_when_options;
#define RUNHOOK_STOP_WHEN_OPTIONS_INIT \
  { sizeof(runhook_stop_when_options), NULL, NULL }

/**
 * Makes a hook that calls a function after each step, and asks for a stop when the function says so.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a predicate.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_when_hook_create(const runhook_stop_when_options* options,
                                                                runhook_error** error);

/**
 * What a NaN guard checks. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_nan_guard_options {
  size_t struct_size;
  const char* const* names; /* of what is to be fetched and checked, e.g. the loss; copied */
  size_t name_count;
  const char* const* logged_names; /* of what is to be checked of the values that are logged; copied. There must be one
                                      name of either kind */
  size_t logged_name_count;
  int32_t stop_only;      /* 0: the run fails with RUNHOOK_ERR_DATA_LOSS. 1: a stop is asked for */
  int32_t allow_infinity; /* 0: infinite values count as well. 1: NaN only */
  int32_t roll_back;      /* 1: the step fails with RUNHOOK_ERR_ABORTED instead, so that the run goes on from its newest
                             checkpoint, as often in a row as its recovery policy says. Not together with stop_only */
  int32_t reserved;       /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_nan_guard_options;
#define RUNHOOK_NAN_GUARD_OPTIONS_INIT \
  { sizeof(runhook_nan_guard_options), NULL, 0, NULL, 0, 0, 0, 0, 0 }

/**
 * Makes a hook that fetches values and checks every element of them for NaN and infinity after each step, before
 * anything is saved; of logged values those that hooks which come later log are checked at the end of the step.
 * Integers, and values that are no tensor on the CPU, pass unchecked.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a name.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_nan_guard_hook_create(const runhook_nan_guard_options* options,
                                                                runhook_error** error);

/* Which values of a metric are better. */
enum { RUNHOOK_LOWER_IS_BETTER = 0, RUNHOOK_HIGHER_IS_BETTER = 1 };

/* For runhook_metric_rule.given: which of its members count. */
enum {
  RUNHOOK_RULE_PATIENCE_STEPS = 1,
  RUNHOOK_RULE_PATIENCE_NS = 2,
  RUNHOOK_RULE_BASELINE = 4,
  RUNHOOK_RULE_TARGET = 8,
  RUNHOOK_RULE_DIVERGENCE = 16
};

/**
 * What is expected of one metric. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_metric_rule {
  size_t struct_size;
  const char* name;       /* of a scalar that is fetched; copied */
  int32_t direction;      /* RUNHOOK_LOWER_IS_BETTER or RUNHOOK_HIGHER_IS_BETTER */
  uint32_t given;         /* RUNHOOK_RULE_* of the members that count; at least one besides the baseline */
  int64_t patience_steps; /* stop after so many steps without an improvement */
  int64_t patience_ns;    /* stop after so much time of the session's clock without an improvement */
  double min_delta;       /* what is better by no more than this is no improvement */
  int32_t relative;       /* 1: min_delta is a fraction of the best value so far */
  int32_t logged;         /* 1: the metric is not fetched but logged, and judged in the steps in which it is */
  double baseline;        /* only what is better than this is an improvement */
  double target;          /* stop when the metric is as good as this or better */
  double divergence;      /* stop when the metric is as bad as this or worse */
  /* End of 1.0. Append only, below this line. */
} runhook_metric_rule;
#define RUNHOOK_METRIC_RULE_INIT \
  { sizeof(runhook_metric_rule), NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * When metrics end a run. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_early_stopping_options {
  size_t struct_size;
  const runhook_metric_rule* const* rules; /* required; copied */
  size_t rule_count;
  int64_t warm_up_steps; /* global step before which no rule is applied; not negative */
  int32_t all;           /* 1: stop when all rules say so, each when it was judged last. 0: when one does */
  int32_t reserved;      /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_early_stopping_options;
#define RUNHOOK_EARLY_STOPPING_OPTIONS_INIT \
  { sizeof(runhook_early_stopping_options), NULL, 0, 0, 0, 0 }

/**
 * Makes a hook that follows metrics and asks for a stop when they no longer improve, have reached their target, or
 * diverge. NaN is no improvement. Best values, and the steps and times of the last improvements, are kept through
 * recoveries.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a rule.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_early_stopping_hook_create(const runhook_early_stopping_options* options,
                                                                     runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_STOP_HOOKS_H_ */
