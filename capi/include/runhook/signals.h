/* runhook/signals.h -- signals that stop a run, or have it saved
 *
 * No handler is installed before a program asks for it: with the hook, which subscribes a session to signals while it
 * runs, or with runhook_signal_subscription_create(). Since signals belong to the process, all subscriptions share one
 * handler for each signal. It is installed with the first subscription to the signal. With the end of the last one the
 * handler that was there before is put back, unless somebody else has installed one meanwhile: then ours stays, without
 * effect. What a signal handler may not do, such as cancelling a step, is done by a thread, which lives as long as
 * there is a subscription. In a child made by fork() there are no subscriptions, and signals do what they did before
 * the first one.
 *
 * For bindings: in a language whose runtime handles signals itself, leave them to it, and call
 * runhook_stop_source_request_stop() from its handler, which is a plain function there (Python: signal.signal; Node:
 * process.on; Go: os/signal; Rust: tokio or signal-hook). A subscription replaces the runtime's handler and calls it in
 * turn, so that Python's KeyboardInterrupt is still raised, but in the middle of an orderly end. Python calls its
 * handlers on the main thread only, between two of its instructions: run the loop on another thread, or return to
 * Python now and then. */
#ifndef RUNHOOK_SIGNALS_H_
#define RUNHOOK_SIGNALS_H_

#include "runhook/builtin_hook.h"
#include "runhook/config.h"
#include "runhook/outcome.h"
#include "runhook/stop.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a signal asks for. */
enum {
  RUNHOOK_SIGNAL_STOP = 0,         /* a stop after the step in progress */
  RUNHOOK_SIGNAL_STOP_NOW = 1,     /* a stop that also cancels the step */
  RUNHOOK_SIGNAL_SAVE = 2,         /* a save; the run goes on */
  RUNHOOK_SIGNAL_SAVE_AND_STOP = 3 /* a save, and a stop after the step */
};

/* What the same signal does when it comes again after it has asked for a stop. */
enum {
  RUNHOOK_REPEAT_USUAL = 0,         /* ESCALATE for SIGINT; IGNORE for the others, which launchers send twice */
  RUNHOOK_REPEAT_IGNORE = 1,        /* nothing */
  RUNHOOK_REPEAT_ESCALATE = 2,      /* the second one stops now, the third one does what DEFAULT_ACTION says */
  RUNHOOK_REPEAT_DEFAULT_ACTION = 3 /* the second one does what the signal does by default: the process ends */
};

/**
 * What one signal does. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_signal_rule {
  size_t struct_size;
  int32_t signal;   /* required: one that ends the process by default and reports no fault, e.g. SIGTERM, SIGINT */
  int32_t action;   /* RUNHOOK_SIGNAL_* */
  int32_t repeat;   /* RUNHOOK_REPEAT_* */
  int32_t reserved; /* 0 */
  int64_t min_interval_ns; /* a signal that comes sooner than this after one that counted is taken for the same one,
                              delivered twice; 0: 1 s; negative: each one counts */
  /* End of 1.0. Append only, below this line. */
} runhook_signal_rule;
#define RUNHOOK_SIGNAL_RULE_INIT \
  { sizeof(runhook_signal_rule), 0, RUNHOOK_SIGNAL_STOP, RUNHOOK_REPEAT_USUAL, 0, 0 }

/**
 * Which signals do what. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_signal_options {
  size_t struct_size;
  const runhook_signal_rule* const* rules; /* copied; NULL: SIGTERM and SIGINT, which ask for a stop */
  size_t rule_count;                       /* 0 if rules is NULL */
  int32_t no_chain;         /* 0: the handler that was there before is called after ours, unless another subscription to
                            the signal says 1 */
  int32_t force_ignored;    /* 1: also signals that the process has been told to ignore, e.g. by nohup, are handled */
  int64_t exit_deadline_ns; /* if the subscription still exists so long after the first signal that asks for a stop,
                               the process is ended with _exit(128 + signal); 0 or negative: never */
  const runhook_log* log;   /* gets a line for each signal that has had an effect, on a thread of the library; consumed.
                               It must not block, since that thread also watches the deadline. NULL: the line goes to
                               standard error */
  /* End of 1.0. Append only, below this line. */
} runhook_signal_options;
#define RUNHOOK_SIGNAL_OPTIONS_INIT \
  { sizeof(runhook_signal_options), NULL, 0, 0, 0, 0, NULL }

/**
 * Has signals ask for a stop or a save through a stop source, until the subscription is destroyed. Any number of
 * subscriptions may exist, also to the same signal: each follows its own rules, and if the rules of one end the
 * process, it ends.
 *
 * \param source shared; the handle may be destroyed.
 * \param options NULL: the defaults.
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for rules that are not allowed, RUNHOOK_ERR_RESOURCE_EXHAUSTED
 *   if the system gives no thread or descriptor.
 * \threadsafety Any thread. Not in a signal handler.
 * \since 1.0
 */
RUNHOOK_API runhook_signal_subscription* runhook_signal_subscription_create(const runhook_stop_source* source,
                                                                            const runhook_signal_options* options,
                                                                            runhook_error** error);

/**
 * Ends a subscription. After it has returned the log is not called any more. The log itself may call it.
 *
 * \param subscription NULL is allowed.
 * \threadsafety One thread at a time per object. Not in a signal handler.
 * \since 1.0
 */
RUNHOOK_API void runhook_signal_subscription_destroy(runhook_signal_subscription* subscription);

/**
 * Returns how many signals of this number have come since the subscription was made, with or without effect.
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
 * \returns owned. NULL with RUNHOOK_ERR_INVALID_ARGUMENT for rules that are not allowed.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_builtin_hook* runhook_stop_on_signal_hook_create(const runhook_signal_options* options,
                                                                     runhook_error** error);

/**
 * Returns the status that the process should exit with: 0 if the run ended without a failure, and 128 + n, as in
 * shells, if signal n stopped it. Returns 1 if the run failed or has not ended; also for a handle that is not valid.
 *
 * A launcher that sees 0 takes the run for complete, and does not start it again.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_outcome_exit_status(const runhook_outcome* outcome);

/**
 * Ends the process by the signal that stopped the run, so that its parent process sees which it was. Functions given to
 * atexit() are not called, and nothing is flushed.
 *
 * \returns RUNHOOK_OK if no signal stopped the run, or if the signal cannot end this process, which is the first one of
 *   a container.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_outcome_raise_again(const runhook_outcome* outcome, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SIGNALS_H_ */
