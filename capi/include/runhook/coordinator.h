/* runhook/coordinator.h -- threads that stop together and whose first error is kept */
#ifndef RUNHOOK_COORDINATOR_H_
#define RUNHOOK_COORDINATOR_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Threads that stop together: when one of them fails or asks for a stop, the others see it, and the first error is
 * kept. Every thread should have a handle of its own. A thread that fails with a clean-stop code has ended well. */

/**
 * Makes a coordinator outside a session, whose clean-stop codes are RUNHOOK_ERR_OUT_OF_RANGE and RUNHOOK_ERR_STOPPED.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_coordinator* runhook_coordinator_create(runhook_error** error);

/**
 * Makes a coordinator outside a session with clean-stop codes of the caller's choice.
 *
 * \param clean_stop_codes `count` codes, copied; may be NULL if count is 0.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_coordinator* runhook_coordinator_create_with_codes(const runhook_status* clean_stop_codes,
                                                                       size_t count, runhook_error** error);

/**
 * Makes another handle to the same coordinator, e.g. for another thread.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_coordinator* runhook_coordinator_share(const runhook_coordinator* coordinator,
                                                           runhook_error** error);

/**
 * Destroys a handle. The coordinator lives on with its other handles and threads.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_coordinator_destroy(runhook_coordinator* coordinator);

/**
 * Asks all threads, and the session that the coordinator belongs to, to stop.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_request_stop(const runhook_coordinator* coordinator,
                                                            runhook_error** error);

/**
 * Reports a failure and asks all threads to stop. The first error is recorded, and later ones are attached to it as
 * suppressed; a clean-stop code is no error. In a session a recoverable error leads to recovery instead of a stop.
 * runhook_error_thread() of a recorded error says which thread it came from, if that has registered itself and is not
 * the one that made the coordinator, which is a session's own thread; or if the library has started it.
 *
 * \param code not RUNHOOK_OK.
 * \returns RUNHOOK_OK; after runhook_coordinator_join() the reported error itself, which is recorded all the same.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_report_error(const runhook_coordinator* coordinator, runhook_status code,
                                                            const char* message, runhook_error** error);

/**
 * Returns 1 if the threads are to stop.
 *
 * \threadsafety Any thread. Takes no lock.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_coordinator_should_stop(const runhook_coordinator* coordinator);

/**
 * Blocks until the threads are to stop.
 *
 * \param timeout_ns negative: no limit.
 * \returns 1 if they are, 0 after the time-out.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_coordinator_wait_for_stop(const runhook_coordinator* coordinator, int64_t timeout_ns);

/**
 * Makes a coordinator usable again: forgets the stop, the errors, and that it was joined. Registered threads stay
 * registered.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION if it belongs to a session that has been asked to stop.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_clear_stop(const runhook_coordinator* coordinator,
                                                          runhook_error** error);

/**
 * Registers a thread of the caller's, for which runhook_coordinator_join() then waits.
 *
 * \param name for the message that lists the threads still running, and for the errors of a thread that registers
 *   itself; copied.
 * \returns owned; runhook_thread_destroy() says that the thread is about to end.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_thread* runhook_coordinator_register_thread(const runhook_coordinator* coordinator,
                                                                const char* name, runhook_error** error);

/**
 * Says that a registered thread is about to end.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void runhook_thread_destroy(runhook_thread* thread);

/**
 * Starts and registers a thread that calls a function. All signals are blocked in it.
 *
 * \param name for the message that lists the threads still running; copied.
 * \param body called once, on that thread; it may call runhook_context_coordinator() and runhook_context_fail(). A
 *   failure is reported as by runhook_coordinator_report_error().
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_start_thread(const runhook_coordinator* coordinator, const char* name,
                                                            const runhook_function* body, runhook_error** error);

/**
 * A function that is called again and again on a thread. A table; see runhook_function for the rules.
 *
 * All callbacks run on the looper's thread, where runhook_context_coordinator() and runhook_context_fail() may be
 * called.
 *
 * \since 1.0
 */
typedef struct runhook_looper {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  runhook_callback start_loop; /* once, first; may be NULL */
  runhook_callback run_loop;   /* until the coordinator stops; required */
  runhook_callback stop_loop;  /* once, last, also after a failure; may be NULL */
  /* End of 1.0. Append only, below this line. */
} runhook_looper;
#define RUNHOOK_LOOPER_INIT \
  { sizeof(runhook_looper), NULL, NULL, NULL, NULL, NULL }

/**
 * Starts a looper.
 *
 * \param interval_ns time between two calls of run_loop, counted from the start; calls that come late are made up for
 *   without a wait. 0: never wait. Negative is refused.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_start_looper(const runhook_coordinator* coordinator, const char* name,
                                                            int64_t interval_ns, const runhook_looper* looper,
                                                            runhook_error** error);

/**
 * Waits until all threads registered so far have ended or a stop is asked for, and after a stop for at most grace_ns
 * more. Threads still running then are not waited for any more. A thread that the coordinator has started does not
 * wait for itself.
 *
 * \param grace_ns nanoseconds.
 * \param ignore_live_threads 1: threads still running are no error.
 * \returns the recorded error; else RUNHOOK_ERR_FAILED_PRECONDITION with the names of the threads still running.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_coordinator_join(const runhook_coordinator* coordinator, int64_t grace_ns,
                                                    int32_t ignore_live_threads, runhook_error** error);

/**
 * Returns 1 once it has been joined.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_coordinator_joined(const runhook_coordinator* coordinator);

/**
 * Returns how many registered threads have not ended.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_coordinator_live_threads(const runhook_coordinator* coordinator);

/**
 * Returns the recorded error.
 *
 * \returns owned; NULL if there is none.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_error* runhook_coordinator_error(const runhook_coordinator* coordinator);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_COORDINATOR_H_ */
