/* runhook/logging.h -- built-in hooks that show what a run does */
#ifndef RUNHOOK_LOGGING_H_
#define RUNHOOK_LOGGING_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What these hooks write is written by threads of their own: no step waits for a disk, a terminal or a pipe. If writing
 * fails, the run goes on, and its outcome counts a warning. */

/**
 * When and where values are logged. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_logging_options {
  size_t struct_size;
  const char* const* tags; /* one for each name; lines are then in the order of the tags; copied; NULL: the names are
                              their own tags, in the order in which they are given */
  int64_t every_n_iter;    /* so many runs, whatever they do to the global step; -1: every_ns counts */
  int64_t every_ns;        /* so much time of the session's clock; 0: every run; -1: every_n_iter counts */
  int32_t at_end;          /* 1: once more at the end of a run that has not failed; with both above -1: only then */
  int32_t descriptor;      /* that is written to if there is no log; not closed */
  /* End of 1.0. Append only, below this line. */
} runhook_logging_options;
#define RUNHOOK_LOGGING_OPTIONS_INIT \
  { sizeof(runhook_logging_options), NULL, 100, -1, 0, 2 }

/**
 * Makes lines of values. A table; see runhook_function for the rules.
 *
 * \since 1.0
 */
typedef struct runhook_log_formatter {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Required; on the session's thread. Puts a line, without its end, as a NUL-terminated text into `line`, which has
     `capacity` bytes, 4096 or more. Tags and values are borrowed, and in the order of the tags; a value is NULL if
     there is none. Returns RUNHOOK_CALLBACK_OK; anything else fails the hook. */
  int32_t (*format)(const char* const* tags, runhook_value* const* values, size_t count, char* line, size_t capacity,
                    void* user_data);
  /* End of 1.0. Append only, below this line. */
} runhook_log_formatter;
#define RUNHOOK_LOG_FORMATTER_INIT \
  { sizeof(runhook_log_formatter), NULL, NULL, NULL }

/**
 * Makes a hook that prints values, "tag = value, tag = value (1.234 sec)", in the first run and again every so many
 * runs or so often. Nothing is fetched in between. A name that the session has not fails its creation.
 *
 * Those at the end are fetched by a run without hooks, which does whatever the session does to give these values: a
 * session that is one function makes another step.
 *
 * \param names of what is to be fetched; at least one; copied.
 * \param options NULL: those of RUNHOOK_LOGGING_OPTIONS_INIT, every 100 runs to standard error.
 * \param log gets the lines, at RUNHOOK_LOG_INFO; consumed. NULL: they are written to the descriptor.
 * \param formatter makes the lines; consumed. NULL: they are as said above.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for both intervals, and for neither without at_end.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_logging_hook_create(const char* const* names, size_t count,
                                                              const runhook_logging_options* options,
                                                              const runhook_log* log,
                                                              const runhook_log_formatter* formatter,
                                                              runhook_error** error);

/**
 * Takes numbers that belong to steps. A table; see runhook_function for the rules.
 *
 * \since 1.0
 */
typedef struct runhook_scalar_sink {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Required; on the session's thread. Returns RUNHOOK_CALLBACK_OK; anything else fails the hook. */
  int32_t (*write)(const char* tag, double value, int64_t step, void* user_data);
  /* End of 1.0. Append only, below this line. */
} runhook_scalar_sink;
#define RUNHOOK_SCALAR_SINK_INIT \
  { sizeof(runhook_scalar_sink), NULL, NULL, NULL }

/**
 * How often steps are counted. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_step_counter_options {
  size_t struct_size;
  int64_t every_n_steps;        /* -1: every_ns counts */
  int64_t every_ns;             /* time of the session's clock; 0: every run; -1: every_n_steps counts */
  const char* global_step_name; /* the tag is this with "/sec" behind it; copied; NULL: "global_step" */
  /* End of 1.0. Append only, below this line. */
} runhook_step_counter_options;
#define RUNHOOK_STEP_COUNTER_OPTIONS_INIT \
  { sizeof(runhook_step_counter_options), 100, -1, NULL }

/**
 * Makes a hook that measures how many global steps are made in a second. The first time it is due only starts the
 * clock; the time of a recovery does not count. A global step that stands still is warned of, at most five times.
 *
 * \param options NULL: every 100 steps.
 * \param scalars gets each rate; consumed. NULL: nobody does.
 * \param log gets each rate as a line, at RUNHOOK_LOG_INFO; consumed. NULL: the session's log does.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for both or neither of the intervals.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_step_counter_hook_create(const runhook_step_counter_options* options,
                                                                   const runhook_scalar_sink* scalars,
                                                                   const runhook_log* log, runhook_error** error);

/**
 * How progress is shown. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_progress_options {
  size_t struct_size;
  int64_t last_step;            /* where the run ends; -1: as announced, e.g. by the stop-at-step hook */
  int64_t values_interval_ns;   /* how often values are fetched */
  int64_t terminal_interval_ns; /* between two looks at the step */
  int64_t line_interval_ns;     /* the same where there is no terminal */
  int32_t descriptor;           /* that is written to; not closed */
  int32_t reserved;             /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_progress_options;
#define RUNHOOK_PROGRESS_OPTIONS_INIT \
  { sizeof(runhook_progress_options), -1, 1000000000, 150000000, INT64_C(10000000000), 2, 0 }

/**
 * Makes a hook that shows the step, the rate and the time that is left: on one line of a terminal, which is drawn again
 * and again, or as whole lines in a file or a pipe. A terminal of which TERM says that it is dumb gets nothing. A
 * thread reads the session's step, so it costs no step anything.
 *
 * \param names of values to show with it, fetched now and then; copied. NULL: none, with a count of 0.
 * \param options NULL: those of RUNHOOK_PROGRESS_OPTIONS_INIT, to standard error.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_progress_hook_create(const char* const* names, size_t count,
                                                               const runhook_progress_options* options,
                                                               runhook_error** error);

enum { /* formats of metrics */
       RUNHOOK_METRICS_JSON_LINES = 0,
       RUNHOOK_METRICS_CSV = 1
};

/**
 * How metrics are written. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_metrics_options {
  size_t struct_size;
  const char* const* tags;   /* keys or columns, one for each name, which are then in their order; copied; NULL: the
                                names, in the order in which they are given */
  int32_t format;            /* RUNHOOK_METRICS_JSON_LINES or RUNHOOK_METRICS_CSV */
  int32_t fail_run;          /* 1: a failure of the output fails the run. 0: it is a warning */
  int64_t every_n_steps;     /* a row each; -1: every_ns counts */
  int64_t every_ns;          /* time of the session's clock; -1: every_n_steps counts; both -1: a row for every run */
  int64_t buffer_bytes;      /* what may wait to be written; what does not fit is dropped and warned of */
  int64_t flush_interval_ns; /* how long a row may wait */
  int64_t close_timeout_ns;  /* how long is waited at the end for what is left */
  /* End of 1.0. Append only, below this line. */
} runhook_metrics_options;
#define RUNHOOK_METRICS_OPTIONS_INIT \
  { sizeof(runhook_metrics_options), NULL, 0, 0, -1, -1, 1048576, 200000000, INT64_C(5000000000) }

/**
 * Makes a hook that appends a row to a file after each run in which it is due: "step", the global step; "wall_time", in
 * seconds since 1970; "elapsed", in seconds of the session's clock; and what was fetched.
 *
 * Tensors are nested lists. In JSON, NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity". CSV is
 * that of RFC 4180, with a header; a file with other columns is left alone, which is a failure of the output. A run
 * that goes on from an earlier step writes rows for the steps that it makes again: the last row of a step counts.
 *
 * \param path copied.
 * \param names of what is to be fetched; at least one; copied.
 * \param options NULL: those of RUNHOOK_METRICS_OPTIONS_INIT, JSON Lines with a row for every run.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_metrics_hook_create(const char* path, const char* const* names, size_t count,
                                                              const runhook_metrics_options* options,
                                                              runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_LOGGING_H_ */
