/* runhook/error.h -- what went wrong, where, and what else went wrong after it */
#ifndef RUNHOOK_ERROR_H_
#define RUNHOOK_ERROR_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes an error, for a function of the caller's that reports failure as runhook's do.
 *
 * \param code RUNHOOK_OK and numbers that are no code become RUNHOOK_ERR_UNKNOWN.
 * \param message one line; NULL for none; text that is not UTF-8 is replaced by a remark.
 * \returns owned; never NULL: without memory it is an error that needs none.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_error* runhook_error_create(runhook_status code, const char* message);

/**
 * Returns the code of the primary error.
 *
 * \param error borrowed; NULL: there is none.
 * \returns RUNHOOK_OK for NULL, which is what a call that succeeds leaves; RUNHOOK_ERR_INVALID_ARGUMENT for what is no
 *   error.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_error_code(const runhook_error* error);

/**
 * Returns the message of the primary error: one line, no trailing period.
 *
 * \returns borrowed from `error`; never NULL.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_error_message(const runhook_error* error);

/**
 * Returns the name of the hook that failed.
 *
 * \returns borrowed from `error`; empty if it was no hook; never NULL.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_error_hook(const runhook_error* error);

/**
 * Returns the name of the callback that failed, e.g. "before_run".
 *
 * \returns borrowed from `error`; empty if unknown; never NULL.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_error_callback(const runhook_error* error);

/**
 * Returns the name of the coordinated thread that reported the error; see runhook_coordinator_report_error().
 *
 * \returns borrowed from `error`; empty if it was none, or its name is unknown; never NULL.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_error_thread(const runhook_error* error);

/**
 * Returns the global step at which the error happened, or -1 if that is unknown.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_error_step(const runhook_error* error);

/**
 * Returns how many later errors are attached, at most 64.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_error_suppressed_count(const runhook_error* error);

/**
 * Returns an attached error.
 *
 * \param index below runhook_error_suppressed_count().
 * \returns borrowed from `error`; NULL if the index is too large.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const runhook_error* runhook_error_suppressed_at(const runhook_error* error, size_t index);

/**
 * Returns how many later errors were not kept.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API uint64_t runhook_error_suppressed_dropped(const runhook_error* error);

/**
 * Returns the whole error as one line: code, place, message, number of suppressed errors.
 *
 * \returns borrowed from `error`; never NULL.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_error_to_string(const runhook_error* error);

/**
 * Destroys an owned error. NULL, and an error that is borrowed, are left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_error_destroy(runhook_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_ERROR_H_ */
