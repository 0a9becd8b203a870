/* runhook/logging.h -- built-in hooks that show what a run does */
#ifndef RUNHOOK_LOGGING_H_
#define RUNHOOK_LOGGING_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* These hooks write on threads of their own: no step waits for a disk, a terminal or a pipe. If writing fails, the run
 * goes on, and its outcome counts a warning. */

/**
 * Formats values as a line. A table; see runhook_function for the rules.
 *
 * \since 1.0
 */
typedef struct runhook_log_formatter {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Required; on the session's thread. Writes a line, without a newline and with a NUL at its end, to `line`, which has
     `capacity` bytes, 4096 or more. Tags and values are borrowed, and in the order of the tags; a value is NULL if
     there is none. Returns `ok`, as a runhook_callback does; anything else fails the hook. */
  int32_t (*format)(const char* const* tags, runhook_value* const* values, size_t count, char* line, size_t capacity,
                    void* user_data, int32_t ok);
  /* End of 1.0. Append only, below this line. */
} runhook_log_formatter;
#define RUNHOOK_LOG_FORMATTER_INIT \
  { sizeof(runhook_log_formatter), NULL, NULL, NULL }

/**
 * When and where values are logged. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_logging_options {
  size_t struct_size;
  const char* const* names; /* of the values to fetch; copied; NULL: only what is logged is printed */
  size_t name_count;
  const char* const* tags; /* one for each name; lines are then in the order of the tags; copied; NULL: the names are
                              their own tags, in the order in which they are given */
  int64_t every_n_iter;    /* interval in runs, which need not advance the global step; 0: 100, unless every_ns is
                              given; negative: off */
  int64_t every_ns;        /* interval in time of the session's clock; 1: every run; 0 or negative: off */
  int32_t at_end;          /* 1: once more at the end of a run that has not failed; only then if both are off */
  int32_t descriptor;      /* the file descriptor to write to if there is no log; not closed; 0: standard error */
  const runhook_log* log;  /* gets the lines, at RUNHOOK_LOG_INFO; consumed; NULL: they are written to the descriptor */
  const runhook_log_formatter* formatter; /* makes the lines; consumed; NULL: they are as shown below */
  int32_t time_of_day; /* 1: each line begins with its time of day: local time with its distance from UTC, e.g.
                          "2026-01-31T23:59:59+01:00". Its file can then be read a month later */
  int32_t reserved;    /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_logging_options;
#define RUNHOOK_LOGGING_OPTIONS_INIT \
  { sizeof(runhook_logging_options), NULL, 0, NULL, 0, 0, 0, 0, NULL, NULL, 0, 0 }

/**
 * Makes a hook that prints values as "step 900: tag = value, tag = value (1.234 sec)", in the first run and then at an
 * interval. The step is the global step after the run, the time that since the last line. In other runs nothing is
 * fetched. If the session does not know one of the names, its creation fails.
 *
 * With at_end the values are fetched by a run without hooks. That run does all that is needed for these values: a
 * function session makes another step.
 *
 * What is logged (logged_value.h) is printed behind what is fetched: the newest of each name that was not printed yet.
 *
 * \param options NULL: all defaults.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if both intervals are given, if both are off without at_end,
 *   and without a name for at_end and for a formatter.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_logging_hook_create(const runhook_logging_options* options,
                                                              runhook_error** error);

/**
 * Receives numbers with their tags and steps. A table; see runhook_function for the rules.
 *
 * \since 1.0
 */
typedef struct runhook_scalar_sink {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Required; on the session's thread. Returns `ok`, as a runhook_callback does; anything else fails the hook. */
  int32_t (*write)(const char* tag, double value, int64_t step, void* user_data, int32_t ok);
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
  int64_t every_n_steps;              /* 0: 100, unless every_ns is given; negative: off */
  int64_t every_ns;                   /* of the session's clock; 1: every run; 0 or negative: off */
  const char* global_step_name;       /* the tag is this with "/sec" behind it; copied; NULL: "global_step" */
  const runhook_scalar_sink* scalars; /* gets each rate; consumed; NULL: not wanted */
  const runhook_log* log; /* gets each rate as a line, at RUNHOOK_LOG_INFO, e.g. "step 900: global_step/sec = 125";
                             consumed; NULL: the session's log does */
  /* End of 1.0. Append only, below this line. */
} runhook_step_counter_options;
#define RUNHOOK_STEP_COUNTER_OPTIONS_INIT \
  { sizeof(runhook_step_counter_options), 0, 0, NULL, NULL, NULL }

/**
 * Makes a hook that measures how many global steps are made in a second. The first time that it is due begins the
 * measurement; the time of a recovery does not count. If the global step stands still there is a warning, at most five
 * times.
 *
 * \param options NULL: every 100 steps.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT if both intervals are given, or both are off.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_step_counter_hook_create(const runhook_step_counter_options* options,
                                                                   runhook_error** error);

/**
 * How progress is shown. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_progress_options {
  size_t struct_size;
  const char* const* names; /* of values to show with it; copied; NULL: none */
  size_t name_count;
  int64_t last_step; /* the step at which the run ends; 0: as announced, e.g. by the stop-at-step hook, or that of a
                        call with max_steps; not negative */
  int64_t values_interval_ns;   /* time between two runs in which values are fetched; 0: 1 s; negative: none are */
  int64_t terminal_interval_ns; /* time between two updates of a terminal; 0: 0.15 s; negative: at the end only */
  int64_t line_interval_ns;     /* time between two lines in a file or a pipe; 0: 10 s; negative: at the end only */
  int32_t descriptor;           /* the file descriptor to write to; not closed; 0: standard error */
  int32_t time_of_day;          /* 1: in front of each line in a file or a pipe, as of runhook_logging_options */
  const char* label;            /* in front of each line, e.g. "train"; copied; NULL: none */
  /* End of 1.0. Append only, below this line. */
} runhook_progress_options;
#define RUNHOOK_PROGRESS_OPTIONS_INIT \
  { sizeof(runhook_progress_options), NULL, 0, 0, 0, 0, 0, 0, 0, NULL }

/**
 * Makes a hook that shows the step, the rate and the time that is left: on one line of a terminal, which is redrawn,
 * or as lines in a file, a pipe or a terminal that is dumb according to TERM. A thread of the hook reads the session's
 * step, so that steps cost no more.
 *
 * The redrawn line is overwritten by what else is written to the terminal, and is drawn again below that. So log
 * lines, and what runhook_print_line() prints, stand above it; other output of the program is mixed with it. Of
 * several such hooks of this process on one terminal, the first has the line; the others write lines above it, as
 * often as to a file, until it has ended. Those of several processes overwrite each other: leave out all but one, or
 * give descriptors that differ.
 *
 * \param options NULL: the defaults, to standard error.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_progress_hook_create(const runhook_progress_options* options,
                                                               runhook_error** error);

/**
 * Prints a line, or several, above what a progress hook shows on the same terminal, which is drawn again at once;
 * anywhere else it is written as it is. For messages of the program: what it prints otherwise is mixed with the
 * progress line. Written at once, in front of what stdio has buffered. It waits as write() does. A pipe without a
 * reader raises no signal.
 *
 * \param descriptor the file descriptor to write to; 0: standard error.
 * \param text has no newline at its end.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a negative descriptor and NULL, RUNHOOK_ERR_UNKNOWN for what cannot be
 *   written.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_print_line(int32_t descriptor, const char* text, runhook_error** error);

/* Formats of metrics. */
enum { RUNHOOK_METRICS_JSON_LINES = 0, RUNHOOK_METRICS_CSV = 1 };

/**
 * How metrics are written. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_metrics_options {
  size_t struct_size;
  const char* path;         /* of the file; required; copied */
  const char* const* names; /* of the values to fetch; copied; NULL: only what is logged is written */
  size_t name_count;
  const char* const* tags; /* keys or columns, one for each name; rows have the order of the tags; copied; NULL: the
                                names, in the order in which they are given */
  int32_t format;          /* RUNHOOK_METRICS_JSON_LINES or RUNHOOK_METRICS_CSV */
  int32_t fail_run;        /* 1: a failure of the output fails the run. 0: it is a warning */
  int64_t every_n_steps;   /* steps from row to row; 0: a row for every run, unless every_ns is given; negative: off */
  int64_t every_ns;        /* time of the session's clock from row to row; 1: every run; 0 or negative: off */
  int64_t buffer_bytes;    /* memory for rows not written yet; rows that do not fit are dropped, with a warning; 0:
                                1 MiB; not negative */
  int64_t flush_interval_ns; /* how long a row may wait before it is written; 0: 0.2 s; negative: until the run ends */
  int64_t close_timeout_ns;  /* how long the end of the run waits for the last rows to be written; 0: 5 s; negative: for
                                ever */
  const char* const* logged_columns; /* of CSV: columns of logged values, behind those of what is fetched; any other
                                        logged value gets one behind these when it comes up; copied */
  size_t logged_column_count;
  int32_t keep_all;  /* 1: every logged value is written. 0: the newest of each name when a row is due */
  int32_t reserved;  /* 0 */
  int64_t max_bytes; /* how large the file may become, its older half `<name>.1.<ending>` included, which is replaced
                        each time that the file is begun anew; 0 or negative: there is no limit */
  /* End of 1.0. Append only, below this line. */
} runhook_metrics_options;
#define RUNHOOK_METRICS_OPTIONS_INIT \
  { sizeof(runhook_metrics_options), NULL, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0 }

/**
 * Makes a hook that appends a row to a file after each run in which it is due, and for the last step: "step", the
 * global step; "wall_time", in seconds since 1970; "elapsed", in seconds of the session's clock; "session",
 * runhook_context_session_id(); "attempt", 1, and one more after each recovery; "event"; and what was fetched.
 *
 * Tensors are nested lists. In JSON, NaN and the infinities are the strings "NaN", "Infinity" and "-Infinity". CSV is
 * that of RFC 4180, with a header; a file that has other columns gets those that it lacks.
 *
 * Rows are appended to a file that exists. Each session, and each attempt, begins with a row of which "event" is
 * "start": rows of later steps that stand before it are obsolete, since the run has gone on from the step of this row.
 * "event" is "failed" for values of a step that has failed for good or that a hook has rejected. Without what is
 * obsolete:
 *
 *   pandas  df[df.step <= df.step.where(df.event == "start", float("inf"))[::-1].cummin()[::-1]]
 *   DuckDB  FROM 'metrics.jsonl' QUALIFY step <= coalesce(min(step) FILTER (event = 'start')
 *             OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), step)
 *
 * What is logged (logged_value.h) is in the row of the step in which it was logged: the newest value of each name when
 * a row is due and at the end, and the first one at once. Of a name that is fetched and logged the logged value counts.
 *
 * Before the session is saved, rows of its step and those before it are written; a run that goes on from there writes
 * what this one would have written, if that does not depend on the time. A value that waited for its row then may be in
 * two rows, of the same step.
 *
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT without a path, if both intervals are given, or if both are
 *   off.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_metrics_hook_create(const runhook_metrics_options* options,
                                                              runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_LOGGING_H_ */
