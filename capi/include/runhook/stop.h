/* runhook/stop.h -- stopping a session, also from other threads and from signal handlers */
#ifndef RUNHOOK_STOP_H_
#define RUNHOOK_STOP_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Who asked for a stop. */
enum {
  RUNHOOK_STOP_BY_NONE = 0,
  RUNHOOK_STOP_BY_CALLER = 1,
  RUNHOOK_STOP_BY_HOOK = 2,
  RUNHOOK_STOP_BY_SOURCE = 3,
  RUNHOOK_STOP_BY_COORDINATOR = 4,
  RUNHOOK_STOP_BY_STEP_FUNCTION = 5,
  RUNHOOK_STOP_BY_SIGNAL = 6,
  RUNHOOK_STOP_BY_SESSION = 7
};

/* How soon to stop. */
enum {
  RUNHOOK_STOP_AFTER_STEP = 0,   /* the step in progress completes */
  RUNHOOK_STOP_NOW = 1,          /* the step in progress is cancelled, if the engine can do that */
  RUNHOOK_STOP_IF_COMPLETED = 2, /* for who asks because of what the step has reached: counts once it is completed, and
                                    goes with it if it is recovered from; outside of a step RUNHOOK_STOP_AFTER_STEP */
  RUNHOOK_STOP_PLANNED = 16      /* to be added to one of these: the run has come to where it was to end, which is told
                                    as a success */
};

/**
 * One request to stop, as told by runhook.
 *
 * The caller sets struct_size; runhook fills as much as fits. who is cut to 63 bytes and text to 255; both are borrowed
 * from the object that the reason was read from.
 *
 * \since 1.0
 */
typedef struct runhook_stop_reason {
  size_t struct_size;
  int32_t origin;   /* RUNHOOK_STOP_BY_* */
  int32_t urgency;  /* RUNHOOK_STOP_AFTER_STEP or RUNHOOK_STOP_NOW */
  int32_t code;     /* the requester's own number; the signal's number for RUNHOOK_STOP_BY_SIGNAL */
  int32_t planned;  /* 1: with RUNHOOK_STOP_PLANNED */
  int64_t step;     /* the global step when the request was made; -1 if unknown */
  int64_t time_ns;  /* monotonic */
  const char* who;  /* e.g. the hook's name; never NULL */
  const char* text; /* why; never NULL */
  /* End of 1.0. Append only, below this line. */
} runhook_stop_reason;
#define RUNHOOK_STOP_REASON_INIT \
  { sizeof(runhook_stop_reason), 0, 0, 0, 0, -1, 0, NULL, NULL }

/* A stop source asks one session to stop, from any thread; it may outlive the session. A stop is sticky: if it is asked
 * for before the first run, no step is made. It cannot be withdrawn. The first request is the reason of the stop; up to
 * 15 later ones are kept behind it. */

/**
 * Makes a source that belongs to no session yet, e.g. for runhook_config_set_stop_source().
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_source* runhook_stop_source_create(runhook_error** error);

/**
 * Makes another handle to the same source, e.g. for another thread.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_source* runhook_stop_source_share(const runhook_stop_source* source, runhook_error** error);

/**
 * Destroys a handle; the session is not affected.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void runhook_stop_source_destroy(runhook_stop_source* source);

/**
 * Asks for a stop.
 *
 * \param code the caller's own number, kept with the reason.
 * \param text why; NULL for none; cut to 255 bytes.
 * \param urgency RUNHOOK_STOP_NOW; anything else is RUNHOOK_STOP_AFTER_STEP. RUNHOOK_STOP_PLANNED may be added.
 * \returns 1 if this was the first request, 0 if it was a later one, or if the handle is not valid and so nothing was
 *   asked for.
 * \threadsafety Any thread. Takes no lock, except that RUNHOOK_STOP_NOW calls the session's cancel under one. Calls
 *   listeners.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_source_request_stop(const runhook_stop_source* source, int32_t code, const char* text,
                                                     int32_t urgency);

/**
 * Asks for a stop from a signal handler. The only function of runhook that may be called there. Keeps errno. With
 * RUNHOOK_STOP_NOW, steps that ask runhook_context_cancel_requested() see that they are cancelled; the engine's cancel
 * is not called.
 *
 * \returns 1 if this was the first request, else 0.
 * \threadsafety Any thread, and a signal handler: a lock-free store and a wake-up that does not block.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_source_request_stop_from_signal(const runhook_stop_source* source,
                                                                 int32_t signal_number, int32_t urgency);

/**
 * Asks for the state to be saved at the end of a step, and for the run to go on.
 *
 * \threadsafety Any thread. Takes no lock.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_stop_source_request_save(const runhook_stop_source* source, runhook_error** error);

/**
 * Returns 1 if anyone has asked for a stop.
 *
 * \threadsafety Any thread. Takes no lock.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_source_stop_requested(const runhook_stop_source* source);

/**
 * Blocks until a stop is asked for.
 *
 * \param timeout_ns negative: no limit.
 * \returns 1 if a stop has been asked for, 0 after the time-out.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_stop_source_wait(const runhook_stop_source* source, int64_t timeout_ns);

/**
 * Returns how many requests are kept.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_stop_source_reason_count(const runhook_stop_source* source);

/**
 * Tells a kept request: index 0 is the reason of the stop, the others follow in the order in which they came.
 *
 * \param reason filled; its texts are borrowed from `source`.
 * \returns RUNHOOK_ERR_NOT_FOUND if the index is too large.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_stop_source_reason_at(const runhook_stop_source* source, size_t index,
                                                         runhook_stop_reason* reason, runhook_error** error);

/**
 * Returns how many requests were not kept.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_stop_source_reasons_dropped(const runhook_stop_source* source);

/**
 * What a stop listener is told with.
 *
 * \since 1.0
 */
typedef struct runhook_stop_listener_table {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  /* Called once, with the first request, borrowed until it returns. Required. It may ask for a stop, destroy the
   * listener, and wait for the loop to end. */
  void (*on_stop)(const runhook_stop_reason* reason, void* user_data);
  /* End of 1.0. Append only, below this line. */
} runhook_stop_listener_table;
#define RUNHOOK_STOP_LISTENER_TABLE_INIT \
  { sizeof(runhook_stop_listener_table), NULL, NULL, NULL }

/**
 * Has a function called once when a stop is asked for, on the thread that asks; at once if that has happened already.
 * After std::stop_callback.
 *
 * A signal handler calls nobody: after a stop by one that runhook has installed the function is called on a thread of
 * its own, and after a stop by another one on the session's thread, when that notices the stop.
 *
 * \param source which may be destroyed before the listener.
 * \param table consumed.
 * \returns owned. NULL for a source that is not valid, and for a table without on_stop.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_listener* runhook_stop_listener_create(const runhook_stop_source* source,
                                                                const runhook_stop_listener_table* table,
                                                                runhook_error** error);

/**
 * Ends the listening. Waits for a call in progress on another thread.
 *
 * \threadsafety Any thread, on_stop included.
 * \since 1.0
 */
RUNHOOK_API void runhook_stop_listener_destroy(runhook_stop_listener* listener);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_STOP_H_ */
