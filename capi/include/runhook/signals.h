/* runhook/signals.h -- signals that stop a run, or have it saved
 *
 * Nothing is installed before a program asks for it: with the hook, which subscribes a session to signals as long as it
 * runs, or with a subscription of its own. Signals belong to the process. So there is one registration in it, which all
 * sessions share. It installs its handlers with the first subscription to a signal and puts back what was there with
 * the last, unless somebody else has installed a handler since; then its own stays where it is, without effect. What
 * the handler may not do itself, such as cancelling a step, a thread does, which lives as long as there is a
 * subscription. In a child made by fork() there are no subscriptions, and signals do what they did before the first
 * one.
 *
 * For bindings: in a language whose runtime handles signals itself, leave them to it, and call
 * runhook_stop_source_request_stop() from its handler, which is a plain function there (Python: signal.signal; Node:
 * process.on; Go: os/signal; Rust: tokio or signal-hook). A subscription replaces the runtime's handler in the kernel
 * and calls it in turn, so that Python's KeyboardInterrupt still comes, but then in the midst of an orderly end. Python
 * calls its handlers on the main thread only, between two of its instructions: run the loop on another thread, or
 * return to Python now and then. */
#ifndef RUNHOOK_SIGNALS_H_
#define RUNHOOK_SIGNALS_H_

#include "runhook/builtin_hook.h"
#include "runhook/config.h"
#include "runhook/outcome.h"
#include "runhook/stop.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {                                  /* what a signal asks for */
       RUNHOOK_SIGNAL_STOP = 0,         /* a stop after the step in progress */
       RUNHOOK_SIGNAL_STOP_NOW = 1,     /* a stop that also cancels the step */
       RUNHOOK_SIGNAL_SAVE = 2,         /* a save; the run goes on */
       RUNHOOK_SIGNAL_SAVE_AND_STOP = 3 /* a save, and a stop after the step */
};

enum {                              /* what the same signal does when it comes again after it has asked for a stop */
       RUNHOOK_REPEAT_USUAL = 0,    /* ESCALATE for SIGINT; IGNORE for the others, which launchers send twice */
       RUNHOOK_REPEAT_IGNORE = 1,   /* nothing */
       RUNHOOK_REPEAT_ESCALATE = 2, /* the second one stops now, the third one does what DEFAULT_ACTION says */
       RUNHOOK_REPEAT_DEFAULT_ACTION = 3 /* the second one does what the signal does by default: the process ends */
};

/**
 * What one signal does. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_signal_rule {
  size_t struct_size;
  int32_t signal;          /* ends the process by default and is no fault, e.g. SIGTERM, SIGINT, SIGHUP, SIGUSR1 */
  int32_t action;          /* RUNHOOK_SIGNAL_* */
  int32_t repeat;          /* RUNHOOK_REPEAT_* */
  int32_t reserved;        /* 0 */
  int64_t min_interval_ns; /* one that comes sooner after the last one that counted is that one delivered twice */
  /* End of 1.0. Append only, below this line. */
} runhook_signal_rule;
#define RUNHOOK_SIGNAL_RULE_INIT \
  { sizeof(runhook_signal_rule), 0, RUNHOOK_SIGNAL_STOP, RUNHOOK_REPEAT_USUAL, 0, 1000000000 }

/**
 * Which signals do what. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_signal_options {
  size_t struct_size;
  const runhook_signal_rule* const* rules; /* copied; NULL: SIGTERM and SIGINT, which ask for a stop */
  size_t rule_count;                       /* 0 if rules is NULL */
  int32_t chain;         /* 1: the handler that was there is called after ours. It is not if one subscription says 0 */
  int32_t force_ignored; /* 1: also signals that the process has been told to ignore, e.g. by nohup, are handled */
  int64_t exit_deadline_ns; /* so long after the first signal that asks for a stop the process is ended, with
                               _exit(128 + signal), if the subscription is still there; 0: never */
  /* End of 1.0. Append only, below this line. */
} runhook_signal_options;
#define RUNHOOK_SIGNAL_OPTIONS_INIT \
  { sizeof(runhook_signal_options), NULL, 0, 1, 0, 0 }

/**
 * Lets signals stop whatever a stop source stops, until the subscription is destroyed. Any number may exist, of the
 * same signal, too: each follows its own rules, and where one of them has the process ended it ends.
 *
 * \param source its stop state is shared; the handle may be destroyed.
 * \param options NULL: the defaults.
 * \param log gets a line for each signal that has had an effect, on a thread of the library's; it must not block, since
 *   that thread also keeps the deadline. NULL: the line goes to standard error.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for rules that are not allowed, RUNHOOK_ERR_RESOURCE_EXHAUSTED
 *   if the system gives no thread or descriptor.
 * \threadsafety Any thread. Not in a signal handler.
 * \since 1.0
 */
RUNHOOK_API runhook_signal_subscription* runhook_signal_subscription_create(const runhook_stop_source* source,
                                                                            const runhook_signal_options* options,
                                                                            const runhook_log* log,
                                                                            runhook_error** error);

/**
 * Ends a subscription. When it returns the log is not called any more, unless it is the log that calls it.
 *
 * \param subscription NULL is allowed.
 * \threadsafety One thread at a time per object. Not in a signal handler.
 * \since 1.0
 */
RUNHOOK_API void runhook_signal_subscription_destroy(runhook_signal_subscription* subscription);

/**
 * Returns how many signals of this number have come since the subscription was made, those without effect included.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_signal_subscription_received(const runhook_signal_subscription* subscription,
                                                          int32_t signal);

/**
 * Makes a hook that subscribes its session to signals from begin to cleanup.
 *
 * \param options NULL: the defaults.
 * \param log as for runhook_signal_subscription_create(). NULL: the line goes to standard error.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for rules that cannot be.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_on_signal_hook_create(const runhook_signal_options* options,
                                                                     const runhook_log* log, runhook_error** error);

/**
 * Returns 1 if the run failed or has not ended, also for a handle that is not valid, 128 + n if signal n stopped it, as
 * shells say it, and 0 if it ended as it should: what the process should exit with.
 *
 * Launchers take 0 for success, also of a run that was to be continued.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_outcome_exit_status(const runhook_outcome* outcome);

/**
 * Ends the process by the signal that stopped the run, so that whoever waits for it sees that. Functions given to
 * atexit() are not called, and nothing is flushed.
 *
 * \returns RUNHOOK_OK if no signal stopped the run, and in a process that the signal cannot end: the first one of a
 *   container.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_outcome_raise_again(const runhook_outcome* outcome, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SIGNALS_H_ */
