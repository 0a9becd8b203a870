/* runhook/hook.h -- the table of callbacks that a hook is, and how it is registered */
#ifndef RUNHOOK_HOOK_H_
#define RUNHOOK_HOOK_H_

#include "runhook/trigger.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A hook: callbacks around the steps of a monitored session. A table; see runhook_function for the rules.
 *
 * All callbacks run one at a time, on the thread that called the session, with no lock held. They may call
 * runhook_context_*(). Running or closing the monitored session from one gives RUNHOOK_ERR_REENTRANT, and destroying
 * the session takes effect when the outermost call returns. A callback that is NULL is not called. A failure does what
 * the failure policy says; it never keeps other hooks from getting after_run, end or cleanup.
 *
 * \since 1.0
 */
typedef struct runhook_hook {
  size_t struct_size;                    /* sizeof(runhook_hook); set by RUNHOOK_HOOK_INIT */
  void* user_data;                       /* opaque to runhook; may be an integer handle */
  void (*destroy)(void* user_data);      /* exactly once, after the last callback; may be NULL */
  const char* name;                      /* for messages and reasons; copied; NULL: "hook#<number>" */
  runhook_callback begin;                /* once, before any session exists: last chance to add to a graph */
  runhook_callback after_create_session; /* after each creation of a session, so again after every recovery */
  runhook_callback before_run; /* before each attempt; may ask for more with runhook_context_add_fetch() etc. */
  runhook_callback after_run;  /* after the step, with the results that this hook asked for */
  runhook_callback on_error;   /* instead of after_run, if the attempt did not get there; in reverse order */
  runhook_callback end;        /* once, when the run has ended and did not fail */
  runhook_callback cleanup;    /* once for each hook that began, always, last, in reverse order */
  runhook_callback on_values;  /* after a step in which it was due and values were logged: logged_value.h */
  /* For the state of the hook itself in checkpoints. */
  runhook_callback save;    /* when the session is saved; answers with runhook_context_set_state() */
  runhook_callback restore; /* before after_create_session, if the session goes on from what a hook of this name has
                               saved: runhook_context_state() */
  /* End of 1.0. Append only, below this line. */
} runhook_hook;
#define RUNHOOK_HOOK_INIT \
  { sizeof(runhook_hook), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/* Phases: hooks are called phase by phase, within a phase in the order in which they were added. */
enum {
  RUNHOOK_PHASE_DEFAULT = 0, /* a built-in hook's own; for any other RUNHOOK_PHASE_NORMAL */
  RUNHOOK_PHASE_GUARD = 1,   /* checks that come first */
  RUNHOOK_PHASE_NORMAL = 2,
  RUNHOOK_PHASE_SAVER = 3 /* so that nothing is saved that a guard has just rejected */
};

/* What a hook's failure does; one whose begin has failed is called for cleanup only. */
enum {
  RUNHOOK_POLICY_DEFAULT = 0, /* a built-in hook's own; for any other RUNHOOK_POLICY_FAIL */
  RUNHOOK_POLICY_FAIL = 1,    /* fails the run */
  RUNHOOK_POLICY_WARN = 2,    /* is logged and counted in the outcome; the run goes on */
  RUNHOOK_POLICY_DISABLE = 3  /* as warn; after max_failures of them the hook is called no more, except for cleanup */
};

/**
 * How a hook is registered. The caller sets struct_size; growth follows the rules of runhook_function.
 *
 * \since 1.0
 */
typedef struct runhook_hook_options {
  size_t struct_size;
  int32_t phase;          /* RUNHOOK_PHASE_* */
  int32_t failure_policy; /* RUNHOOK_POLICY_* */
  int32_t max_failures;   /* for RUNHOOK_POLICY_DISABLE; 0: the first one disables the hook; not negative */
  int32_t chief_only; /* 1: a worker's training config drops and destroys the hook; in any other it is put before the
                         hooks that are not chief_only */
  const runhook_trigger*
      trigger;                /* in which runs the hook is called; copied; NULL: a built-in hook's own, else in all */
  const char* name;           /* for messages and reasons, in place of the hook's own; copied; NULL: the hook's own */
  const char* const* fetches; /* asked for in each of these runs, before before_run is called, as by
                                 runhook_context_add_fetch() without a key: a hook that always wants the same needs no
                                 before_run; copied; NULL: nothing. A hook that asks for fetches as a whole, as the
                                 built-in ones do that have names, cannot have them */
  size_t fetch_count;
  /* End of 1.0. Append only, below this line. */
} runhook_hook_options;
#define RUNHOOK_HOOK_OPTIONS_INIT \
  { sizeof(runhook_hook_options), 0, 0, 0, 0, NULL, NULL, NULL, 0 }

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_HOOK_H_ */
