/* runhook/types.h -- handles, the callback form, and what all other headers need. */
#ifndef RUNHOOK_TYPES_H_
#define RUNHOOK_TYPES_H_

#include <stddef.h>
#include <stdint.h>

#include "runhook/export.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t runhook_status; /* a RUNHOOK_* code; not an enum: its width must not depend on the compiler */

typedef struct runhook_context runhook_context;             /* borrowed; valid during one callback */
typedef struct runhook_error runhook_error;                 /* owned, or borrowed from a context or outcome */
typedef struct runhook_value runhook_value;                 /* reference-counted */
typedef struct runhook_run_options runhook_run_options;     /* owned, or borrowed */
typedef struct runhook_run_args runhook_run_args;           /* owned, or borrowed from a context */
typedef struct runhook_results runhook_results;             /* owned, or borrowed from a context */
typedef struct runhook_metadata runhook_metadata;           /* borrowed */
typedef struct runhook_stop_source runhook_stop_source;     /* owned; may outlive the session */
typedef struct runhook_stop_listener runhook_stop_listener; /* owned */
typedef struct runhook_logger runhook_logger;               /* owned; may outlive the session */
typedef struct runhook_outcome runhook_outcome;             /* owned, or borrowed from a context */
typedef struct runhook_clock runhook_clock;                 /* owned */
typedef struct runhook_coordinator runhook_coordinator;     /* owned; handles of one coordinator share its state */
typedef struct runhook_thread runhook_thread;               /* owned by the thread it stands for */
typedef struct runhook_snapshot runhook_snapshot;           /* owned */
typedef struct runhook_saver runhook_saver;                 /* owned */
typedef struct runhook_checkpoint_store runhook_checkpoint_store;     /* owned */
typedef struct runhook_checkpoint_watcher runhook_checkpoint_watcher; /* owned */
typedef struct runhook_metric_history runhook_metric_history;         /* owned */
typedef struct runhook_session runhook_session;                       /* owned, or borrowed from a context */
typedef struct runhook_graph runhook_graph;                           /* owned */
typedef struct runhook_scaffold runhook_scaffold;                     /* owned */
typedef struct runhook_trigger runhook_trigger;                       /* owned */
typedef struct runhook_builtin_hook runhook_builtin_hook;             /* owned; registrations share what is behind it */
typedef struct runhook_summary_writer runhook_summary_writer;         /* owned; hooks share what is behind it */
typedef struct runhook_timings runhook_timings;                       /* owned */
typedef struct runhook_stop_flag runhook_stop_flag;                   /* owned; hooks share what is behind it */
typedef struct runhook_session_manager runhook_session_manager;       /* owned */
typedef struct runhook_session_creator runhook_session_creator;       /* owned */
typedef struct runhook_config runhook_config;                         /* owned */
typedef struct runhook_monitored_session runhook_monitored_session;   /* owned, or borrowed from a context */
typedef struct runhook_signal_subscription runhook_signal_subscription; /* owned */

/**
 * The form of every callback.
 *
 * What may be asked of `context` depends on the callback; asking for anything else gives
 * RUNHOOK_ERR_FAILED_PRECONDITION or the neutral value.
 *
 * A callback of another language that raises or throws gives C 0, garbage, or what the call before it has returned:
 * with ctypes and koffi the return slot stays as it was. So no constant can stand for success. `ok` is of this call
 * alone, and never 0, 1 or a negative number. Return it as the last thing on the path that has succeeded; do not keep
 * it, compute it or use it for anything else. A function that hands a call on to another hands `ok` on, too, before it
 * calls anything else.
 *
 * In bindings: ctypes declares the third argument as c_int32; with cffi `error` stays 0; with koffi the callback
 * catches everything, and an async function never succeeds; in Go a named result that begins as
 * RUNHOOK_CALLBACK_FAILED, with a deferred recover; in Rust catch_unwind, and `ok` in its Ok arm only; with JNA an int,
 * not an Integer; in LuaJIT pcall.
 *
 * \param context borrowed; valid until the callback returns.
 * \param user_data of the table that the callback was given in.
 * \param ok what to return on success.
 * \returns `ok` on success. Anything else, known or not, is a failure.
 */
typedef int32_t (*runhook_callback)(runhook_context* context, void* user_data, int32_t ok);

/* What runhook_context_fail() returns, for a callback to return. Any other value but `ok` is a failure as well. */
enum { RUNHOOK_CALLBACK_FAILED = 0 };

/**
 * One callback with its data: the form in which runhook takes single functions.
 *
 * All tables of runhook begin with struct_size, user_data and destroy. A table is copied when it is given to runhook.
 * struct_size says how many bytes the caller's table has: fewer than in release 1.0, or more than 4096, are refused. If
 * there are more than this library knows, it accepts the table when the bytes that it does not know are zero, and gives
 * RUNHOOK_ERR_UNIMPLEMENTED otherwise.
 *
 * Ownership: the call that is given the table makes runhook the owner of user_data, whether the call succeeds or not.
 * destroy then runs exactly once, after the last callback has returned, on the thread that dropped the last use. Only
 * if the table is NULL or its struct_size is refused does user_data stay the caller's.
 *
 * \since 1.0
 */
typedef struct runhook_function {
  size_t struct_size;               /* sizeof(runhook_function); set by RUNHOOK_FUNCTION_INIT */
  void* user_data;                  /* opaque; may be an integer handle */
  void (*destroy)(void* user_data); /* may be NULL */
  runhook_callback call;            /* required */
  /* End of 1.0. Append only, below this line. */
} runhook_function;
#define RUNHOOK_FUNCTION_INIT \
  { sizeof(runhook_function), NULL, NULL, NULL }

/* Options are structs that begin with their size, and all follow one rule: a struct whose other bytes are zero means
 * what its INIT macro means, and what NULL means where that is allowed: all defaults.
 *
 * 0 and NULL: not set, the default. A negative time limit (`*timeout*`, `*deadline*`, `max_wait*`, `*grace*`) is for
 * ever; a negative period (`every_*`, `*_interval_ns`, back-offs) is off. A number that can be neither is refused when
 * it is negative, with RUNHOOK_ERR_INVALID_ARGUMENT. So "at once" and "in every run" are 1. Of two periods one that is
 * positive switches the other off; two are refused, and so is none if the hook has nothing else to do. Where a member
 * says otherwise, its text says why. The numbers that functions take as arguments are what they say.
 *
 * Tables that options point to are consumed, as tables given to a function are: whether the call succeeds or not,
 * except if the struct_size of the options is refused. */

/**
 * Counts the handles that exist, to find leaks.
 *
 * \returns the number of owned handles not yet destroyed, and of borrowed ones whose owner lives.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_live_handles(void);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_TYPES_H_ */
