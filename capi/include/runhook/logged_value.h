/* runhook/logged_value.h -- values for people to look at: logged by one call, shown by every output */
#ifndef RUNHOOK_LOGGED_VALUE_H_
#define RUNHOOK_LOGGED_VALUE_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of logged values. */
enum { RUNHOOK_LOGGED_NUMBER = 0, RUNHOOK_LOGGED_INTEGER = 1, RUNHOOK_LOGGED_TEXT = 2 };

/**
 * Says "this value, at this step": it reaches every output that is there (event files, metrics, report, progress, log
 * lines) and the hooks that subscribe with on_values. None is lost because an output was not due: an output writes the
 * newest value of each name, with the step in which it was logged, when it is next due and at the end, and the first
 * value of a name at once.
 *
 * It may be called in every callback of a hook but on_values and cleanup, in a step function, in a session's own step
 * and in the body of a loop, where it also publishes the value if an output has the name. The value is that of the step
 * that is reached, and goes out when the step has been completed. If the step is recovered from it is dropped; if the
 * step fails for good it is marked as failed. In begin, after_create_session and end it is of the present global step.
 * Of a name that is logged twice in a step the last value counts. A failing output fails no call. A call that is
 * refused in the body of a loop or in the function of a session fails the step, even if that goes on.
 *
 * \param name UTF-8 of 1 to 255 bytes without control characters; `/` makes groups; copied. Not "step", "wall_time",
 *   "elapsed", "session", "attempt" or "event".
 * \param number any; NaN and infinity are values, too.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for another name, and for one that was used for another kind of value;
 *   RUNHOOK_ERR_FAILED_PRECONDITION where nothing can be logged, and for a step that is over.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_log_scalar(runhook_context* context, const char* name, double number,
                                                      runhook_error** error);

/**
 * Logs an integer, as runhook_context_log_scalar() a number.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_log_int64(runhook_context* context, const char* name, int64_t number,
                                                     runhook_error** error);

/**
 * Logs a text, as runhook_context_log_scalar() a number.
 *
 * \param text UTF-8; copied.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_context_log_text(runhook_context* context, const char* name, const char* text,
                                                    runhook_error** error);

/* For on_values of a hook: what was logged in the step, each name once, in the order in which it was logged, and after
 * that what other threads have logged meanwhile. In after_run it is what has been logged in the step so far, if
 * there is anybody who wants logged values: an output, or a hook that subscribes. */

/**
 * Returns how many values there are; 0 outside on_values and after_run.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_context_logged_count(runhook_context* context);

/**
 * Returns the name of a value.
 *
 * \returns borrowed until the callback returns; NULL if the index is too large.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_context_logged_name_at(runhook_context* context, size_t index);

/**
 * Returns RUNHOOK_LOGGED_*; RUNHOOK_LOGGED_NUMBER if the index is too large.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_logged_kind_at(runhook_context* context, size_t index);

/**
 * Returns a number, or an integer as a number; 0 for a text, and if the index is too large.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API double runhook_context_logged_double_at(runhook_context* context, size_t index);

/**
 * Finds a number, or an integer as a number, by its name: the last one if there are several.
 *
 * \param number set if it is found; may be NULL.
 * \returns 1 if it was logged, 0 if not, or not as a number.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_context_logged_double(runhook_context* context, const char* name, double* number);

/**
 * Returns an integer; 0 for another kind, and if the index is too large.
 *
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_logged_int64_at(runhook_context* context, size_t index);

/**
 * Returns a text.
 *
 * \returns borrowed until the callback returns; NULL for another kind, and if the index is too large.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_context_logged_text_at(runhook_context* context, size_t index);

/**
 * Returns the global step of a value; another one than that of the step only if another thread has logged it.
 *
 * \returns -1 if the index is too large.
 * \threadsafety The callback's thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_context_logged_step_at(runhook_context* context, size_t index);

/* For other threads: a loader that counts its samples, an evaluation that runs beside the training. */

/* For the step of a value: the last one that has been completed. */
enum { RUNHOOK_LAST_COMPLETED = -1 };

/**
 * Makes a logger of a session, for threads that are in none of its callbacks.
 *
 * Its values wait until the session has completed a step, or ends; then they go to every output and to the hooks that
 * subscribe, with the steps that they were given. 4,096 can wait; what comes on top of these is dropped, and so is what
 * comes once the session has called `end` of its hooks. The first time that any is found to be dropped the session adds
 * a warning.
 *
 * \returns owned; it may outlive the session.
 * \threadsafety Any thread, the callbacks of the session included, from begin on.
 * \since 1.0
 */
RUNHOOK_API runhook_logger* runhook_logger_create(const runhook_monitored_session* session, runhook_error** error);

/**
 * Logs a value, as runhook_context_log_scalar() does in a callback.
 *
 * \param step the global step that the value is of, or RUNHOOK_LAST_COMPLETED.
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT for a name that cannot be logged and for another negative step. A name that was
 *   used for another kind of value is found out later: the value is dropped.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_logger_log_scalar(const runhook_logger* logger, const char* name, double number,
                                                     int64_t step, runhook_error** error);

/**
 * Logs an integer, as runhook_logger_log_scalar() a number.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_logger_log_int64(const runhook_logger* logger, const char* name, int64_t number,
                                                    int64_t step, runhook_error** error);

/**
 * Logs a text, as runhook_logger_log_scalar() a number.
 *
 * \param text UTF-8; copied.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_logger_log_text(const runhook_logger* logger, const char* name, const char* text,
                                                   int64_t step, runhook_error** error);

/**
 * Returns how many values of the session were dropped so far, whichever logger had them.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_logger_dropped(const runhook_logger* logger);

/**
 * Destroys a logger. What it has logged stays.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void runhook_logger_destroy(runhook_logger* logger);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_LOGGED_VALUE_H_ */
