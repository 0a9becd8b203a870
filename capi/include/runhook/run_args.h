/* runhook/run_args.h -- what is asked of a run, its options and its results */
#ifndef RUNHOOK_RUN_ARGS_H_
#define RUNHOOK_RUN_ARGS_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Trace levels. */
enum { RUNHOOK_TRACE_NONE = 0, RUNHOOK_TRACE_SOFTWARE = 1, RUNHOOK_TRACE_HARDWARE = 2, RUNHOOK_TRACE_FULL = 3 };

/* Which hooks take part in a run. */
enum { RUNHOOK_HOOKS_ALL = 0, RUNHOOK_HOOKS_NONE = 1, RUNHOOK_HOOKS_NAMED = 2 };

/* Options of one run. Those of the caller and of the hooks are merged into a copy, in the order of the hooks:
 *  - The trace level is the highest that is asked for.
 *  - The time-out is the longest that anyone has set. 0, not set, is neutral: a hook may impose a time-out where the
 *    caller sets none, and one that asks for something else leaves the caller's alone. Negative, for ever, is the
 *    longest, and is merged to -1.
 *  - Watches are appended.
 *  - Engine options are united; two values for one key give RUNHOOK_ERR_INVALID_ARGUMENT. A flag of the engine is set
 *    if anyone sets it.
 * Which hooks take part is up to the caller alone. */

/**
 * Makes options with nothing set.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_run_options* runhook_run_options_create(runhook_error** error);

/**
 * Destroys owned options. Borrowed ones are left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_run_options_destroy(runhook_run_options* options);

/**
 * Asks the session for a trace of the run.
 *
 * \param level RUNHOOK_TRACE_*.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_set_trace_level(runhook_run_options* options, int32_t level,
                                                               runhook_error** error);

/**
 * Limits the session's time for the step; if it takes longer it fails with RUNHOOK_ERR_DEADLINE_EXCEEDED. The longest
 * time-out that the caller or a hook has set holds, and for ever is the longest. Where nobody has set one there is no
 * limit.
 *
 * \param timeout_ns 0: not set; negative: for ever.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_set_timeout_ns(runhook_run_options* options, int64_t timeout_ns,
                                                              runhook_error** error);

/**
 * Adds a debug watch for engines that know them, even if it is there already.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_add_watch(runhook_run_options* options, const char* watch,
                                                         runhook_error** error);

/**
 * Sets an option that only the engine understands. Replaces the value set before.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_set_engine_option(runhook_run_options* options, const char* key,
                                                                 const char* value, runhook_error** error);

/**
 * Sets a flag that only the engine understands, e.g. "output_partition_graphs". Setting it again changes nothing.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_set_engine_flag(runhook_run_options* options, const char* flag,
                                                               runhook_error** error);

/**
 * Chooses which hooks take part in the run. Recovery applies in any case.
 *
 * \param selection RUNHOOK_HOOKS_*.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_set_hooks(runhook_run_options* options, int32_t selection,
                                                         runhook_error** error);

/**
 * Adds a hook for RUNHOOK_HOOKS_NAMED.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_options_add_hook_name(runhook_run_options* options, const char* name,
                                                             runhook_error** error);

/**
 * Returns RUNHOOK_TRACE_*.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_run_options_trace_level(const runhook_run_options* options);

/**
 * Returns the time-out in nanoseconds; 0: not set; negative: for ever.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_run_options_timeout_ns(const runhook_run_options* options);

/**
 * Returns the number of watches.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_run_options_watch_count(const runhook_run_options* options);

/**
 * Returns a watch.
 *
 * \returns borrowed from `options`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_run_options_watch_at(const runhook_run_options* options, size_t index);

/**
 * Returns the value of an engine option.
 *
 * \returns borrowed from `options`; NULL if it is not set.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_run_options_engine_option(const runhook_run_options* options, const char* key);

/**
 * Returns 1 if a flag of the engine is set, else 0.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_run_options_engine_flag(const runhook_run_options* options, const char* flag);

/* What a caller asks of a run: things to fetch, under keys; things to feed; options. */

/**
 * Makes args that ask for nothing.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_run_args* runhook_run_args_create(runhook_error** error);

/**
 * Destroys owned args. Borrowed ones are left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_run_args_destroy(runhook_run_args* args);

/**
 * Asks for a result.
 *
 * \param key under which the result is found; `a/b` names a leaf of a nested structure. NULL: the name.
 * \param name what the session is asked for.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS if the key is in use.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_args_add_fetch(runhook_run_args* args, const char* key, const char* name,
                                                      runhook_error** error);

/**
 * Feeds a value; replaces what was fed to the same name. The session sees it in place of the node of this name.
 *
 * \param value shared: the args take a reference of their own.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_args_add_feed(runhook_run_args* args, const char* name, runhook_value* value,
                                                     runhook_error** error);

/**
 * Feeds a number, as runhook_run_args_add_feed() a value.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_args_add_feed_double(runhook_run_args* args, const char* name, double number,
                                                            runhook_error** error);

/**
 * The same for an integer.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_args_add_feed_int64(runhook_run_args* args, const char* name, int64_t number,
                                                           runhook_error** error);

/**
 * Removes all fetches and feeds and resets the options.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_run_args_clear(runhook_run_args* args, runhook_error** error);

/**
 * Returns the options.
 *
 * \returns borrowed from `args`; may be changed in place, unless the args are borrowed themselves.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_run_options* runhook_run_args_options(const runhook_run_args* args);

/**
 * Returns the number of fetches.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_run_args_fetch_count(const runhook_run_args* args);

/**
 * Returns the key of a fetch.
 *
 * \returns borrowed from `args`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_run_args_fetch_key_at(const runhook_run_args* args, size_t index);

/**
 * Returns the name of a fetch.
 *
 * \returns borrowed from `args`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_run_args_fetch_name_at(const runhook_run_args* args, size_t index);

/**
 * Returns the number of feeds.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_run_args_feed_count(const runhook_run_args* args);

/**
 * Returns the name of a feed.
 *
 * \returns borrowed from `args`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_run_args_feed_name_at(const runhook_run_args* args, size_t index);

/**
 * Returns the value of a feed.
 *
 * \returns borrowed from `args`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_run_args_feed_value_at(const runhook_run_args* args, size_t index);

/* Results of a run, under the keys given with the fetches. The same object can be filled by one run after another. */

/**
 * Makes an empty place for results.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_results* runhook_results_create(runhook_error** error);

/**
 * Destroys owned results. Borrowed ones are left alone.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_results_destroy(runhook_results* results);

/**
 * Returns the number of results.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_results_count(const runhook_results* results);

/**
 * Returns the key of a result.
 *
 * \returns borrowed from `results`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_results_key_at(const runhook_results* results, size_t index);

/**
 * Returns a result.
 *
 * \returns borrowed from `results`, until they are filled again; NULL if there is none, or for an operation, which has
 *   no output.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_results_value_at(runhook_results* results, size_t index);

/**
 * Returns the result under a key.
 *
 * \param key NULL: the only result.
 * \returns borrowed from `results`, until they are filled again. NULL with RUNHOOK_ERR_NOT_FOUND if there is no such
 *   key; NULL without an error for an operation, which has no output.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_results_get(runhook_results* results, const char* key, runhook_error** error);

/**
 * Reads a result that is a real scalar.
 *
 * \param key NULL: the only result.
 * \param number set on success only.
 * \returns RUNHOOK_ERR_NOT_FOUND for a key that was not fetched; RUNHOOK_ERR_FAILED_PRECONDITION for what is no single
 *   number or was not published in the step.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_results_get_double(const runhook_results* results, const char* key, double* number,
                                                      runhook_error** error);

/**
 * Reads a result that is a real scalar as an integer; a fraction is cut off.
 *
 * \param key NULL: the only result.
 * \param number set on success only.
 * \returns as runhook_results_get_double(); RUNHOOK_ERR_FAILED_PRECONDITION also for a number beyond 64 bits.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_results_get_int64(const runhook_results* results, const char* key, int64_t* number,
                                                     runhook_error** error);

/**
 * Returns 1 if a hook skipped the step, so that there are no values.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_results_skipped(const runhook_results* results);

/**
 * Returns 1 if a hook discarded the step's result, so that there are no values.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_results_discarded(const runhook_results* results);

/* What a session reported about a run: when its nodes ran. Filled if the trace level was above RUNHOOK_TRACE_NONE. */

/**
 * Returns what the session reported about the run.
 *
 * \returns borrowed from `results`.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const runhook_metadata* runhook_results_metadata(runhook_results* results);

/**
 * Returns the number of nodes that were timed.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_metadata_node_count(const runhook_metadata* metadata);

/**
 * Returns the name of a node.
 *
 * \returns borrowed from `metadata`; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_metadata_node_name_at(const runhook_metadata* metadata, size_t index);

/**
 * Returns when the node began, in nanoseconds of the machine's monotonic clock.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_metadata_node_start_ns_at(const runhook_metadata* metadata, size_t index);

/**
 * Returns when the node ended, in nanoseconds of the machine's monotonic clock.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_metadata_node_end_ns_at(const runhook_metadata* metadata, size_t index);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_RUN_ARGS_H_ */
