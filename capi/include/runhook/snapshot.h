/* runhook/snapshot.h -- saved variables in memory, and savers that keep them */
#ifndef RUNHOOK_SNAPSHOT_H_
#define RUNHOOK_SNAPSHOT_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes an empty snapshot.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_snapshot_create(runhook_error** error);

/**
 * Destroys a snapshot.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_snapshot_destroy(runhook_snapshot* snapshot);

/**
 * Returns the number of variables.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_snapshot_count(const runhook_snapshot* snapshot);

/**
 * Returns the name of a variable.
 *
 * \returns borrowed from `snapshot`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_snapshot_name_at(const runhook_snapshot* snapshot, size_t index);

/**
 * Returns the value of a variable, which must not be changed.
 *
 * \returns borrowed from `snapshot`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_snapshot_value_at(runhook_snapshot* snapshot, size_t index);

/**
 * Returns the value of a variable, which must not be changed.
 *
 * \returns borrowed from `snapshot`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_snapshot_find(runhook_snapshot* snapshot, const char* name);

/**
 * Adds or replaces a variable.
 *
 * \param value shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_set(runhook_snapshot* snapshot, const char* name, runhook_value* value,
                                                runhook_error** error);

/**
 * Adds or replaces a variable with a copy of an array.
 *
 * \param dtype RUNHOOK_FLOAT64 etc.
 * \param shape `rank` extents, row-major; NULL for rank 0, a scalar.
 * \param data as many elements as the shape says; NULL if that is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_set_array(runhook_snapshot* snapshot, const char* name, int32_t dtype,
                                                      size_t rank, const int64_t* shape, const void* data,
                                                      runhook_error** error);

/**
 * Copies a variable to an array.
 *
 * \param dtype that the array has.
 * \param count how many elements it has.
 * \param data where they go; NULL if there are none.
 * \returns RUNHOOK_ERR_NOT_FOUND if there is no such variable, RUNHOOK_ERR_INVALID_ARGUMENT if it is of another dtype
 *   or has another number of elements. Then nothing is copied.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_copy_array(const runhook_snapshot* snapshot, const char* name,
                                                       int32_t dtype, size_t count, void* data, runhook_error** error);

/**
 * Adds or replaces a state: bytes that only their owner understands, e.g. of a random number generator.
 *
 * \param name one that begins with "runhook/" is of the library.
 * \param data copied; NULL if size is 0.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_set_state(runhook_snapshot* snapshot, const char* name, const void* data,
                                                      size_t size, runhook_error** error);

/**
 * Returns a state.
 *
 * \param size set to how many bytes it has, or to 0; may be NULL.
 * \returns borrowed from `snapshot`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const void* runhook_snapshot_state(const runhook_snapshot* snapshot, const char* name, size_t* size);

/**
 * Adds or replaces a metric, by which, e.g., the best checkpoints are kept.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_set_metric(runhook_snapshot* snapshot, const char* name, double number,
                                                       runhook_error** error);

/**
 * Returns a metric.
 *
 * \param number set to it, if there is one; may be NULL.
 * \returns 1 if there is one, else 0.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_snapshot_metric(const runhook_snapshot* snapshot, const char* name, double* number);

/**
 * Returns the global step that the variables belong to.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_snapshot_global_step(const runhook_snapshot* snapshot);

/**
 * Sets the global step that the variables belong to.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_snapshot_set_global_step(runhook_snapshot* snapshot, int64_t global_step,
                                                            runhook_error** error);

/**
 * Saves and restores the state of sessions. A table; see runhook_function for the rules.
 *
 * \since 1.0
 */
typedef struct runhook_saver_table {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  runhook_callback save;    /* required; may call runhook_context_session() and runhook_context_global_step(), and keeps
                               what runhook_context_snapshot() has, too: the states of hooks, and metrics */
  runhook_callback restore; /* required; may call runhook_context_session(); if it has restored a state it calls
                               runhook_context_set_restored_step(), and otherwise it does not; puts what it has kept
                               besides into runhook_context_snapshot() */
  /* End of 1.0. Append only, below this line. */
} runhook_saver_table;
#define RUNHOOK_SAVER_TABLE_INIT \
  { sizeof(runhook_saver_table), NULL, NULL, NULL, NULL }

/**
 * Makes a saver out of functions.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_saver* runhook_saver_create(const runhook_saver_table* table, runhook_error** error);

/**
 * Makes a saver that keeps the newest state in memory; a recovery goes on from there.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_saver* runhook_memory_saver_create(runhook_error** error);

/**
 * Saves the state of a session.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_saver_save(runhook_saver* saver, runhook_session* session, int64_t global_step,
                                              runhook_error** error);

/**
 * Restores the newest saved state into a session.
 *
 * \param restored set to 1 if there was a saved state, else to 0; may be NULL.
 * \param global_step set to the global step of that state, if there was one; may be NULL.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_saver_restore(runhook_saver* saver, runhook_session* session, int32_t* restored,
                                                 int64_t* global_step, runhook_error** error);

/**
 * Returns what a memory saver saved last.
 *
 * \returns owned. NULL with RUNHOOK_ERR_NOT_FOUND if nothing was saved, RUNHOOK_ERR_FAILED_PRECONDITION if it is no
 *   memory saver.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_memory_saver_latest(const runhook_saver* saver, runhook_error** error);

/**
 * Returns how often a memory saver has saved.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_memory_saver_save_count(const runhook_saver* saver);

/**
 * Destroys a handle. Scaffolds that the saver was given to keep it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_saver_destroy(runhook_saver* saver);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SNAPSHOT_H_ */
