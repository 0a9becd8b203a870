/* runhook/watchdog.h -- a built-in hook that tells where a run hangs */
#ifndef RUNHOOK_WATCHDOG_H_
#define RUNHOOK_WATCHDOG_H_

#include "runhook/builtin_hook.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {                             /* what is done when there is a stall, after it has been reported */
       RUNHOOK_STALL_REPORT = 0,   /* nothing */
       RUNHOOK_STALL_STOP = 1,     /* a stop is asked for, after the step */
       RUNHOOK_STALL_STOP_NOW = 2, /* an urgent one, which cancels the step where that can be done */
       RUNHOOK_STALL_ABORT = 3 /* the process is ended by abort(); the report goes to standard error, not to the log */
};

/**
 * How long each may take, in nanoseconds of real time; of a callback, of one hook. 0: it is not watched, -1: timeout_ns
 * counts. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_watchdog_options {
  size_t struct_size;
  int64_t timeout_ns; /* where nothing else is said */
  int64_t before_run_ns;
  int64_t session_run_ns;    /* and a step function */
  int64_t after_run_ns;      /* and on_error, and a save that was asked for */
  int64_t create_session_ns; /* begin, creating the session, after_create_session, recovery but for its waiting */
  int64_t end_ns;            /* end, closing the session, cleanup */
  int64_t between_runs_ns;   /* the caller's own work; -1 is not allowed here */
  int32_t action;            /* RUNHOOK_STALL_* */
  int32_t signal_number;     /* that makes the thread that hangs tell its stack; -1: SIGURG, 0: it is not asked */
  /* End of 1.0. Append only, below this line. */
} runhook_watchdog_options;
#define RUNHOOK_WATCHDOG_OPTIONS_INIT \
  { sizeof(runhook_watchdog_options), 600000000000, -1, -1, -1, -1, -1, 0, RUNHOOK_STALL_REPORT, -1 }

/**
 * Makes a hook that starts a thread which watches the session, at no cost for it. What takes longer than it may is
 * reported once: as a warning in the outcome, with hook, callback and step, and in the log, with the native stack of
 * the thread that hangs. The log is called on the watchdog's thread.
 *
 * For the stack a handler of the signal is installed while the hook is in use; the former one is called for signals
 * that are not ours. The signal interrupts sleeps of the thread that hangs.
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
