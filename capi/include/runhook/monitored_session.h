/* runhook/monitored_session.h -- the loop */
#ifndef RUNHOOK_MONITORED_SESSION_H_
#define RUNHOOK_MONITORED_SESSION_H_

#include "runhook/hook.h"
#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The loop: executes steps with hooks around them, recovers, stops and ends cleanly. It is used by one thread at a
 * time: a call that comes meanwhile gives RUNHOOK_ERR_BUSY on another thread, and RUNHOOK_ERR_REENTRANT in a
 * callback. */

/**
 * Calls begin of every hook, creates the session, calls after_create_session of every hook. If any of it fails, the
 * hooks that began get cleanup, and the session is closed.
 *
 * \returns owned. NULL with RUNHOOK_ERR_FAILED_PRECONDITION if the config has no session creator, or with what a hook
 *   or the creation failed with. NULL with RUNHOOK_ERR_ALREADY_EXISTS, without calling anything, if the config, its
 *   session creator or a built-in hook in it belongs to a session that has not ended: two sessions that are open at
 *   once need a config each, with a creator and built-in hooks of its own.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_monitored_session* runhook_monitored_session_create(const runhook_config* config,
                                                                        runhook_error** error);

/**
 * Closes and destroys the session; errors of closing go to the log. What a call has returned before is not repeated on
 * standard error. In a callback, or while another thread is in a call
 * of this session, it takes effect when that call returns. For a call that only reads, such as
 * runhook_monitored_session_timings(), it waits.
 *
 * \threadsafety Any thread. Meanwhile and afterwards nobody may begin another call with this handle, except of a
 *   function that any thread may call: it finds that the handle is not valid.
 * \since 1.0
 */
RUNHOOK_API void runhook_monitored_session_destroy(runhook_monitored_session* session);

/**
 * Executes one step.
 *
 * \param args NULL: nothing is fetched or fed.
 * \param results filled; NULL: not wanted.
 * \returns RUNHOOK_ERR_STOPPED, without calling anything, once a stop has been asked for or input has ended;
 *   RUNHOOK_ERR_CLOSED, RUNHOOK_ERR_REENTRANT, RUNHOOK_ERR_BUSY; or what the step or a hook failed with, of which
 *   RUNHOOK_ERR_OUT_OF_RANGE is the end of input.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_run(runhook_monitored_session* session,
                                                         const runhook_run_args* args, runhook_results* results,
                                                         runhook_error** error);

/**
 * Executes steps until a stop is asked for or input ends, which is no error here.
 *
 * \param args for every step. NULL: nothing is fetched or fed.
 * \param max_steps 0: no limit. Steps that a recovery has undone are made again, and count once.
 * \param completed set to the number of completed steps, also on failure; may be NULL.
 * \returns what a step or a hook failed with.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_run_until_stop(runhook_monitored_session* session,
                                                                    const runhook_run_args* args, int64_t max_steps,
                                                                    int64_t* completed, runhook_error** error);

/**
 * Calls a function that uses the session as it likes. If the function fails with a recoverable error, or a run within
 * it did, it is called again from its start with a fresh session.
 *
 * \param step_fn may call runhook_context_session(), runhook_context_run_with_hooks() and
 *   runhook_context_request_stop().
 * \returns as runhook_monitored_session_run(); RUNHOOK_ERR_STOPPED also if the function asked for a stop, and if it
 *   fails because a hook's stop has refused it a further run. If it succeeds after that, so does this. The stop is the
 *   hook's.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_run_step_fn(runhook_monitored_session* session,
                                                                 const runhook_function* step_fn,
                                                                 runhook_error** error);

/**
 * Returns 1 if a stop has been asked for, or input has ended, or the session is closed; also for a handle that is not
 * valid. Changes nothing.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_monitored_session_should_stop(const runhook_monitored_session* session);

/**
 * Asks for a stop.
 *
 * \param text why; NULL for none; cut to 255 bytes.
 * \param urgency RUNHOOK_STOP_NOW; anything else is RUNHOOK_STOP_AFTER_STEP. RUNHOOK_STOP_PLANNED may be added.
 * \returns 1 if this was the first request, else 0.
 * \threadsafety Any thread, while the handle is not destroyed; a stop source has no such limit.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_monitored_session_request_stop(const runhook_monitored_session* session, int32_t code,
                                                           const char* text, int32_t urgency);

/**
 * Asks for the state to be saved at the end of the step in progress, or of the next one, by the scaffold's saver. The
 * run goes on.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_request_save(const runhook_monitored_session* session,
                                                                  runhook_error** error);

/**
 * Returns a handle by which other threads can ask for a stop; it may outlive the session.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_source* runhook_monitored_session_stop_source(const runhook_monitored_session* session,
                                                                       runhook_error** error);

/**
 * Says that input has been refilled: runs are possible again after RUNHOOK_ERR_OUT_OF_RANGE.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_clear_end_of_input(runhook_monitored_session* session,
                                                                        runhook_error** error);

/**
 * Adds a hook; also from a callback, but not while the session is being created. Its begin and after_create_session are
 * called before the next step.
 *
 * \param options NULL: RUNHOOK_HOOK_OPTIONS_INIT.
 * \param id set to a number for runhook_monitored_session_remove_hook(); may be NULL.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS as runhook_config_add_hook(); RUNHOOK_ERR_CLOSED once the session has begun to
 *   close; RUNHOOK_ERR_BUSY.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_add_hook(runhook_monitored_session* session,
                                                              const runhook_hook* hook,
                                                              const runhook_hook_options* options, uint64_t* id,
                                                              runhook_error** error);

/**
 * Removes a hook; also from a callback, but not while the session is being created. It still takes part in the step in
 * progress; its cleanup is called before the next step, or at the end.
 *
 * \returns RUNHOOK_ERR_NOT_FOUND, RUNHOOK_ERR_CLOSED, RUNHOOK_ERR_BUSY.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_remove_hook(runhook_monitored_session* session, uint64_t id,
                                                                 runhook_error** error);

/**
 * Finds the number of the first hook of this name.
 *
 * \returns RUNHOOK_ERR_NOT_FOUND.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_find_hook(const runhook_monitored_session* session,
                                                               const char* name, uint64_t* id, runhook_error** error);

/**
 * Marks the run as failed by the caller, so that closing calls no `end`. RUNHOOK_ERR_STOPPED and
 * RUNHOOK_ERR_OUT_OF_RANGE are no failures: they mark a stop and the end of input instead.
 *
 * \param code not RUNHOOK_OK.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_fail(runhook_monitored_session* session, runhook_status code,
                                                          const char* message, runhook_error** error);

/**
 * Ends the run: calls `end` of every hook unless the run failed, joins threads, closes the session, and calls `cleanup`
 * of every hook. All of it is done, whatever fails. Closing again does nothing.
 *
 * How the run has ended is logged: at RUNHOOK_LOG_ERROR if it has failed, else as information, which standard error
 * does not get. It does not get a failure either that a call has put into `error`, or that was given to
 * runhook_monitored_session_fail(): whoever has the error reports it, so that it is reported once. Where `error` was
 * NULL, standard error gets it here. A log that was given with runhook_config_set_log() gets it in any case.
 *
 * \returns the first new error, with the others suppressed: of a thread, of `end`, of closing, of `cleanup`. An error
 *   that a run has returned already is in the outcome only. What the session's own close fails with is logged only, and
 *   no failure of the run, if the recovery policy calls it recoverable, also where nothing is recovered.
 *   If a thread has reported an error that is not recovered from before this is called, the run has failed, and no
 *   `end` is called. One that comes during it, while `end` is called or threads are joined, fails the run, too, but
 *   `end` has been called by then: only `cleanup` is told. An error that is recovered from fails nothing; see
 *   runhook_recovery_policy.
 *   RUNHOOK_ERR_REENTRANT in a callback.
 *   While another thread is in a call of the session, it is waited for, for as long as the grace period
 *   (runhook_config_set_stop_grace_period_ns()) lasts; whoever wants that call to end soon asks for a stop first. Then
 *   RUNHOOK_ERR_BUSY; RUNHOOK_ERR_BUSY at once while a step is open that another thread has begun, and
 *   RUNHOOK_ERR_REENTRANT at once on a thread of the session's coordinator, for which that call may be waiting.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_close(runhook_monitored_session* session, runhook_error** error);

/**
 * Closes after an error: runhook_monitored_session_fail() and runhook_monitored_session_close() in one call.
 *
 * \param failure consumed, whatever comes: what a call has failed with, of this library or not. It fails the run, so
 *   that no `end` is called, except that RUNHOOK_ERR_STOPPED and RUNHOOK_ERR_OUT_OF_RANGE are a stop and the end of
 *   input. One that a run of the session has returned is known already and does not count twice. It is the caller's no
 *   more, so that it is logged, also on standard error. NULL: there is none.
 * \returns as runhook_monitored_session_close(): what closing fails with. The failure is in the outcome.
 *   RUNHOOK_ERR_INVALID_ARGUMENT, and nothing is done, if `failure` is neither NULL nor an error.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_monitored_session_close_after(runhook_monitored_session* session,
                                                                 runhook_error* failure, runhook_error** error);

/**
 * Returns 1 once the session is closed; also for a handle that is not valid.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_monitored_session_closed(const runhook_monitored_session* session);

/**
 * Tells how the run ended; RUNHOOK_OUTCOME_RUNNING until it is closed.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_outcome* runhook_monitored_session_outcome(const runhook_monitored_session* session,
                                                               runhook_error** error);

/**
 * Returns the session that executes the steps. Recovery replaces it. Running it bypasses the hooks.
 *
 * \returns owned. NULL with RUNHOOK_ERR_CLOSED if there is none any more.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_monitored_session_session(const runhook_monitored_session* session,
                                                               runhook_error** error);

/**
 * Returns the coordinator of the present session. Recovery replaces it.
 *
 * \returns owned. NULL with RUNHOOK_ERR_CLOSED if there is none any more.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_coordinator* runhook_monitored_session_coordinator(const runhook_monitored_session* session,
                                                                       runhook_error** error);

/**
 * Returns the global step after the last completed run; -1 for a handle that is not valid.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_monitored_session_global_step(const runhook_monitored_session* session);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_MONITORED_SESSION_H_ */
