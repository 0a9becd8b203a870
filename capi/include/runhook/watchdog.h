/* runhook/watchdog.h -- a built-in hook that tells where a run hangs */
#ifndef RUNHOOK_WATCHDOG_H_
#define RUNHOOK_WATCHDOG_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is done about a stall after it has been reported. */
enum {
  RUNHOOK_STALL_REPORT = 0,   /* nothing */
  RUNHOOK_STALL_STOP = 1,     /* a stop is asked for, after the step */
  RUNHOOK_STALL_STOP_NOW = 2, /* a stop is asked for that also cancels the step, if the engine can do that */
  RUNHOOK_STALL_ABORT = 3     /* the process is ended by abort(); the report goes to standard error, not to the log */
};

/**
 * How long each phase may take, in nanoseconds of real time. 0: timeout_ns is used; negative: it is not watched. The
 * time of a callback is that of one hook. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_watchdog_options {
  size_t struct_size;
  int64_t timeout_ns; /* of all phases that are 0; 0: 10 minutes */
  int64_t before_run_ns;
  int64_t session_run_ns;    /* and of a step function */
  int64_t after_run_ns;      /* and of on_error, and of a save that was asked for */
  int64_t create_session_ns; /* begin, creating the session, after_create_session, recovery without its waits */
  int64_t end_ns;            /* end, closing the session, cleanup */
  int64_t between_runs_ns;   /* the caller's own work; 0: not watched, since a caller may take its time */
  int32_t action;            /* RUNHOOK_STALL_* */
  int32_t signal_number;     /* sent to the thread that hangs, to have it report its stack; 0: SIGURG; -1: none */
  /* End of 1.0. Append only, below this line. */
} runhook_watchdog_options;
#define RUNHOOK_WATCHDOG_OPTIONS_INIT \
  { sizeof(runhook_watchdog_options), 0, 0, 0, 0, 0, 0, 0, RUNHOOK_STALL_REPORT, 0 }

/**
 * Makes a hook that starts a thread which watches the session, at no cost to its steps. If a phase takes longer than it
 * may, that is reported once: as a warning in the outcome, with hook, callback and step, and in the session's log, with
 * the native stack of the thread that hangs, and after it with commands for a shell by which addr2line names those of
 * its functions that the program does not export. A report of the run has them, too. The log is called on the
 * watchdog's thread.
 *
 * For the stack a handler of the signal is installed while the hook is in use; the handler that was there before is
 * called for signals that are not the hook's. The signal interrupts sleeps of the thread that hangs.
 *
 * \param options NULL: ten minutes for each, and only reports.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_watchdog_hook_create(const runhook_watchdog_options* options,
                                                               runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_WATCHDOG_H_ */
