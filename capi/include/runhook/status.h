/* runhook/status.h -- the canonical status codes */
#ifndef RUNHOOK_STATUS_H_
#define RUNHOOK_STATUS_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are frozen; append only. */
enum {
  RUNHOOK_OK = 0, /* the only success */
  RUNHOOK_ERR_CANCELLED = 1,
  RUNHOOK_ERR_UNKNOWN = 2,
  RUNHOOK_ERR_INVALID_ARGUMENT = 3,
  RUNHOOK_ERR_DEADLINE_EXCEEDED = 4,
  RUNHOOK_ERR_NOT_FOUND = 5,
  RUNHOOK_ERR_ALREADY_EXISTS = 6,
  RUNHOOK_ERR_PERMISSION_DENIED = 7,
  RUNHOOK_ERR_RESOURCE_EXHAUSTED = 8,
  RUNHOOK_ERR_FAILED_PRECONDITION = 9,
  RUNHOOK_ERR_ABORTED = 10,      /* recoverable by default */
  RUNHOOK_ERR_OUT_OF_RANGE = 11, /* end of input */
  RUNHOOK_ERR_UNIMPLEMENTED = 12,
  RUNHOOK_ERR_INTERNAL = 13,
  RUNHOOK_ERR_UNAVAILABLE = 14, /* recoverable by default */
  RUNHOOK_ERR_DATA_LOSS = 15,
  RUNHOOK_ERR_UNAUTHENTICATED = 16,
  RUNHOOK_ERR_STOPPED = 100,     /* a stop had been requested; not a failure */
  RUNHOOK_ERR_CLOSED = 101,      /* the session has been closed */
  RUNHOOK_ERR_REENTRANT = 102,   /* called from a callback, where this is not allowed */
  RUNHOOK_ERR_BUSY = 103,        /* another thread is using the object */
  RUNHOOK_ERR_HOOK_FAILED = 104, /* a hook failed without saying why; used for nothing else */
  RUNHOOK_ERR_NO_MEMORY = 105
};

/**
 * Returns the name of a code, e.g. "OUT_OF_RANGE".
 *
 * \returns borrowed; "UNKNOWN" for a number that is no code.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_status_name(runhook_status status);

/**
 * Finds the code of a name that runhook_status_name() returns, e.g. "OUT_OF_RANGE".
 *
 * \param status set on success only.
 * \returns RUNHOOK_ERR_NOT_FOUND for any other text; RUNHOOK_ERR_INVALID_ARGUMENT if a pointer is NULL.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_status_from_name(const char* name, runhook_status* status, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_STATUS_H_ */
