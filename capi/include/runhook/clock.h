/* runhook/clock.h -- the injectable monotonic clock */
#ifndef RUNHOOK_CLOCK_H_
#define RUNHOOK_CLOCK_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A clock of the caller's own. A table; see runhook_function for the rules.
 *
 * Its callbacks may be called on any thread, and on several at a time. If one fails, or gives no answer, the run goes
 * on: the clock then tells the last time that it was given, or 0, and waits in real time. The first failure is kept for
 * runhook_clock_error(), and each monitored session with this clock logs it once.
 *
 * \since 1.0
 */
typedef struct runhook_clock_table {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  runhook_callback now_ns;  /* required; answers with runhook_context_set_now_ns(); must not go back */
  runhook_callback wait_ns; /* waits as long as runhook_context_wait_ns() says, or until
                               runhook_context_stop_requested() returns 1; NULL: the same in real time */
  /* End of 1.0. Append only, below this line. */
} runhook_clock_table;
#define RUNHOOK_CLOCK_TABLE_INIT \
  { sizeof(runhook_clock_table), NULL, NULL, NULL, NULL }

/**
 * Makes a clock out of functions.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_clock* runhook_clock_create(const runhook_clock_table* table, runhook_error** error);

/**
 * Makes a clock that stands still until it is moved. A wait ends at once, and moves it by the time to be waited.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_clock* runhook_manual_clock_create(int64_t start_ns, runhook_error** error);

/**
 * Moves a manual clock.
 *
 * \param ns not negative.
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION if it is no manual clock.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_manual_clock_advance(runhook_clock* clock, int64_t ns, runhook_error** error);

/**
 * Returns the clock's time.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_clock_now_ns(const runhook_clock* clock);

/**
 * Returns the first failure of the callbacks of a clock.
 *
 * \returns owned; NULL if there was none.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_error* runhook_clock_error(const runhook_clock* clock);

/**
 * Destroys a handle. Configs and sessions that the clock was given to keep it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_clock_destroy(runhook_clock* clock);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_CLOCK_H_ */
