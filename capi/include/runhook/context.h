/* runhook/context.h -- what a callback sees and asks */
#ifndef RUNHOOK_CONTEXT_H_
#define RUNHOOK_CONTEXT_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a callback sees and asks. The first part is for every callback. */

/**
 * Says why the callback fails. Only the first call counts. The callback has failed even if it then returns
 * `ok`.
 *
 * \param code not RUNHOOK_OK; RUNHOOK_ERR_OUT_OF_RANGE is the end of input, RUNHOOK_ERR_ABORTED and
 *   RUNHOOK_ERR_UNAVAILABLE are recovered from by default.
 * \param message copied; NULL for none. If the callback caught an exception or panic, pass its text, with
 *   RUNHOOK_ERR_UNKNOWN as the code.
 * \returns RUNHOOK_CALLBACK_FAILED, to be returned from the callback.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_fail(runhook_context* context, runhook_status code, const char* message);

/**
 * As runhook_context_fail(), with an error that a function gave; its suppressed errors are kept.
 *
 * \param error owned, and consumed; NULL or not valid: RUNHOOK_ERR_UNKNOWN without a message.
 * \returns RUNHOOK_CALLBACK_FAILED, to be returned from the callback.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_fail_with(runhook_context* context, runhook_error* error);

/**
 * Returns the name of the callback, e.g. "before_run".
 *
 * \returns borrowed; NULL for a handle that is not valid.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_context_callback_name(runhook_context* context);

/**
 * Returns the session: in a hook or step function that of this attempt, in a saver's or scaffold's function the one to
 * be saved, restored or made ready. Running it bypasses hooks, the stop check and recovery.
 *
 * \returns borrowed; NULL in begin, where there is none yet, and where there is none any more.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_context_session(runhook_context* context);

/**
 * Returns the coordinator: in a hook or step function that of the session, on a coordinator's thread its own.
 *
 * \returns owned. NULL with RUNHOOK_ERR_FAILED_PRECONDITION where there is none.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_coordinator* runhook_context_coordinator(runhook_context* context, runhook_error** error);

/**
 * In a session's step or a kernel: returns 1 if the step is to be cancelled; it should then fail with
 * RUNHOOK_ERR_CANCELLED.
 *
 * \threadsafety The callback's thread, and threads that work for it.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_cancel_requested(runhook_context* context);

/**
 * In after_run and in a session's step: returns the merged options of the run.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_run_options* runhook_context_options(runhook_context* context);

/* For hooks. Those that only read may also be called in functions given to runhook_monitored_session_run_step_fn().
 * request_stop, stop_requested and request_save may be called there, too, and in a session's own step, which is run of
 * a runhook_session_table, the function of a function session, or a kernel. The origin of a stop is then
 * RUNHOOK_STOP_BY_SESSION. */

/**
 * Returns the name of the hook being called.
 *
 * \returns borrowed; empty outside a hook; NULL for a handle that is not valid.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_context_hook_name(runhook_context* context);

/**
 * Returns what the monitored session is known by in all that it leaves behind, e.g. "20260131-235959-8f03c2d1": its
 * time in UTC and digits that make it unique.
 *
 * \returns borrowed, as long as the session; empty where there is none, in a session's own step; NULL for a handle that
 *   is not valid.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_context_session_id(runhook_context* context);

/**
 * Returns the global step: before the run in before_run and in a session's step, also in the body of a loop, where
 * runhook_step_number() is the step that is being made; after the run in after_run; -1 if unknown.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_global_step(runhook_context* context);

/**
 * Returns the number of the attempt: 1, or more after recoveries within the run.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_attempt(runhook_context* context);

/**
 * Returns the time of the session's clock, in nanoseconds. The clock is read at most once in an attempt: all callbacks
 * of the attempt get the same time.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_now_ns(runhook_context* context);

/**
 * Waits for a time of the session's clock, or until a stop is asked for, whichever comes first. The next
 * runhook_context_now_ns() reads the clock again.
 *
 * \param ns how long; negative counts as 0.
 * \returns 1 if a stop has been asked for, 0 if not.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_wait_for_stop(runhook_context* context, int64_t ns);

/**
 * Returns the monitored session, e.g. to add a hook.
 *
 * \returns borrowed; NULL outside a loop, and in an evaluation.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_monitored_session* runhook_context_monitored_session(runhook_context* context);

/**
 * Asks for a stop of the session after this step. It cannot be withdrawn, and holds through errors and recovery. The
 * other hooks are still called.
 *
 * \param code the hook's own number, kept with the reason.
 * \param text why; NULL for none; cut to 255 bytes, and before what is not UTF-8.
 * \param urgency RUNHOOK_STOP_NOW: the step, if it has not ended, is cancelled, too. RUNHOOK_STOP_IF_COMPLETED: the
 *   request counts once the step has been completed; contexts of the step see it at once. In the body of a loop that is
 *   what RUNHOOK_STOP_AFTER_STEP does. Anything else is RUNHOOK_STOP_AFTER_STEP. RUNHOOK_STOP_PLANNED may be added.
 * \returns 1 if this was the first request; 0 if it was a later one, or this callback may not ask for a stop.
 * \threadsafety The callback's thread. Other threads use a stop source.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_request_stop(runhook_context* context, int32_t code, const char* text,
                                                 int32_t urgency);

/**
 * Returns 1 if anyone has asked for a stop. May also be called in a session creator, and in wait_ns of a clock.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_stop_requested(runhook_context* context);

/**
 * Returns a handle by which other threads can ask for a stop.
 *
 * \returns owned.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_stop_source* runhook_context_stop_source(runhook_context* context, runhook_error** error);

/**
 * Asks for the state to be saved at the end of this step, and for the run to go on.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_request_save(runhook_context* context, runhook_error** error);

/**
 * In after_create_session, after_run and end, for callbacks that take long, e.g. since they evaluate: makes a save now
 * that has been asked for, of the step that was completed last. Hooks that come later have not been told of it yet.
 *
 * \param saved set to 1 if there was such a request, or in end if a signal has stopped a run whose checkpoint hook
 *   knows a grace; else to 0; may be NULL.
 * \returns what the save fails with.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_save_if_requested(runhook_context* context, int32_t* saved,
                                                             runhook_error** error);

/**
 * Writes a message to the session's log: what runhook_config_set_log() has set or, without it, standard error, which
 * gets warnings and errors only.
 *
 * \param level RUNHOOK_LOG_INFO, RUNHOOK_LOG_WARNING or RUNHOOK_LOG_ERROR.
 * \param text one line.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_log(runhook_context* context, int32_t level, const char* text,
                                               runhook_error** error);

/**
 * Adds a warning, which does not fail the run: it is logged, and counted in the outcome.
 *
 * \param code not RUNHOOK_OK.
 * \param message may be NULL.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_warn(runhook_context* context, runhook_status code, const char* message,
                                                runhook_error** error);

/**
 * Says that the run is going to be stopped once the global step has reached `step`. Hooks with runhook_trigger_last()
 * are called in the run that reaches it. The lowest step announced counts.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_announce_last_step(runhook_context* context, int64_t step,
                                                              runhook_error** error);

/**
 * Returns what the caller asked of the run, with its options, and without what hooks have added.
 *
 * \returns borrowed; NULL outside a run.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_run_args* runhook_context_original_args(runhook_context* context);

/**
 * In before_run: asks for a result, which runhook_context_result() gives in after_run.
 *
 * \param key under which the result is found; NULL: the name.
 * \param name what the session is asked for.
 * \returns RUNHOOK_ERR_NOT_FOUND if the session does not know the name, RUNHOOK_ERR_ALREADY_EXISTS if the key is in
 *   use. The attempt then fails even if the callback returns `ok`.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_fetch(runhook_context* context, const char* key, const char* name,
                                                     runhook_error** error);

/**
 * In before_run: feeds a value.
 *
 * \param value shared.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT, naming both hooks, if an earlier hook feeds the same name;
 *   RUNHOOK_ERR_NOT_FOUND if the session does not know the name. The attempt then fails; it also fails if the caller
 *   feeds the same name.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_feed(runhook_context* context, const char* name, runhook_value* value,
                                                    runhook_error** error);

/**
 * In before_run: feeds a number, as runhook_context_add_feed() a value.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_feed_double(runhook_context* context, const char* name, double number,
                                                           runhook_error** error);

/**
 * The same for an integer.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_feed_int64(runhook_context* context, const char* name, int64_t number,
                                                          runhook_error** error);

/**
 * In before_run: merges options into those of the run.
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT, naming both, if the caller or an earlier hook gives an engine option another
 *   value. The attempt then fails.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_options(runhook_context* context, const runhook_run_options* options,
                                                       runhook_error** error);

/**
 * In before_run: asks for everything in `args` at once.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_request(runhook_context* context, const runhook_run_args* args,
                                                   runhook_error** error);

/**
 * In before_run: has the step not executed. The remaining hooks still get before_run; then all get on_error with
 * RUNHOOK_ERR_CANCELLED.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_skip_step(runhook_context* context, runhook_error** error);

/**
 * In after_run: returns a result that this hook asked for.
 *
 * \param key NULL: the only result.
 * \returns borrowed until the callback returns; NULL if there is no such key, or for an operation, which has no output.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_context_result(runhook_context* context, const char* key);

/**
 * In after_run: reads a result that is a real scalar.
 *
 * \param key NULL: the only result.
 * \param number set on success only.
 * \returns RUNHOOK_ERR_NOT_FOUND for a key that this hook has not fetched; RUNHOOK_ERR_FAILED_PRECONDITION for what is
 *   no single number or has not been published in the step, and elsewhere than in after_run.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_get_double(runhook_context* context, const char* key, double* number,
                                                      runhook_error** error);

/**
 * In after_run: reads a result that is a real scalar as an integer; a fraction is cut off.
 *
 * \param key NULL: the only result.
 * \param number set on success only.
 * \returns as runhook_context_get_double(); RUNHOOK_ERR_FAILED_PRECONDITION also for a number beyond 64 bits.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_get_int64(runhook_context* context, const char* key, int64_t* number,
                                                     runhook_error** error);

/**
 * In after_run: returns everything that this hook asked for.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_results* runhook_context_results(runhook_context* context);

/**
 * In after_run: returns what the session reported about the run.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_metadata* runhook_context_metadata(runhook_context* context);

/**
 * In after_run: has the caller not get the step's results.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_discard_result(runhook_context* context, runhook_error** error);

/**
 * In on_error, and in the callbacks of a recovery policy: returns the error.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_error* runhook_context_error(runhook_context* context);

/**
 * In cleanup: returns how the run ended.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_outcome* runhook_context_outcome(runhook_context* context);

/* For step functions, creators, savers, scaffolds, recovery policies and clocks. */

/**
 * In a step function: makes one run with hooks. If it fails with a recoverable error, and the step function then fails,
 * too, the whole step function is called again with a fresh session.
 *
 * Gives RUNHOOK_ERR_STOPPED, without calling anything, once a stop has been asked for, e.g. by a hook in an earlier run
 * of the same function, or input has ended.
 *
 * \param args NULL: nothing is fetched or fed.
 * \param results filled; NULL: not wanted.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_run_with_hooks(runhook_context* context, const runhook_run_args* args,
                                                          runhook_results* results, runhook_error** error);

/**
 * In a session creator or factory: answers with a session.
 *
 * \param session shared: the callback still destroys its handle.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_session(runhook_context* context, runhook_session* session,
                                                       runhook_error** error);

/**
 * In save and restore of a runhook_saver_table: returns what is saved and restored besides the variables of the
 * session.
 *
 * \returns borrowed; valid during the callback. NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_context_snapshot(runhook_context* context);

/**
 * In a hook's save: says what the hook has to remember of the run, for its restore. What it has written so far should
 * be where it cannot be lost.
 *
 * \param data bytes that only the hook understands; copied; NULL if size is 0.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_state(runhook_context* context, const void* data, size_t size,
                                                     runhook_error** error);

/**
 * In a hook's restore: returns what a hook of this name has saved.
 *
 * \param size set to how many bytes it has, or to 0; may be NULL.
 * \returns borrowed; valid during the callback. NULL elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const void* runhook_context_state(runhook_context* context, size_t* size);

/**
 * In a saver's restore or a session creator: says that a state of this global step was restored.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_restored_step(runhook_context* context, int64_t global_step,
                                                             runhook_error** error);

/**
 * In a readiness function of a scaffold: names something that is missing. If nothing is named, the session is ready.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_add_missing(runhook_context* context, const char* name,
                                                       runhook_error** error);

/**
 * In classify of a recovery policy: answers whether runhook_context_error() is to be recovered from.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_recoverable(runhook_context* context, int32_t recoverable,
                                                           runhook_error** error);

/**
 * In on_recovery: returns the number of this recovery, counted from 1 after the last completed step; 0 elsewhere.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_recovery_attempt(runhook_context* context);

/**
 * In on_recovery: returns how long the loop is going to wait before it makes the session anew.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_backoff_ns(runhook_context* context);

/**
 * In a predicate, e.g. of a trigger, or of runhook_stop_when_hook_create(): answers 1 for yes and 0 for no.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_due(runhook_context* context, int32_t due, runhook_error** error);

/**
 * In now_ns of a clock: answers with the time.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_set_now_ns(runhook_context* context, int64_t now_ns, runhook_error** error);

/**
 * In wait_ns of a clock: returns how long to wait.
 *
 * \returns 0 elsewhere.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_wait_ns(runhook_context* context);

/**
 * Returns what the hook has asked for with this context so far in the attempt.
 *
 * \returns borrowed; NULL for a handle that is not valid.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const runhook_run_args* runhook_context_requested(runhook_context* context);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_CONTEXT_H_ */
