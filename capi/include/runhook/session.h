/* runhook/session.h -- sessions, which execute steps, and the tables by which engines implement them */
#ifndef RUNHOOK_SESSION_H_
#define RUNHOOK_SESSION_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Scopes of a session's variables; saved state holds the global ones. */
enum { RUNHOOK_VARIABLES_GLOBAL = 0, RUNHOOK_VARIABLES_LOCAL = 1 };

/**
 * An engine: what can execute a step. A table; see runhook_function for the rules.
 *
 * Callbacks are called on the thread that uses the session, one at a time; only cancel may be called on another thread
 * meanwhile. Beside each callback stands what it may call.
 *
 * \since 1.0
 */
typedef struct runhook_session_table {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  runhook_callback resolve; /* required; gets a name by runhook_engine_name() and answers with
                               runhook_engine_set_node(), or fails with NOT_FOUND. Called once for each name */
  runhook_callback run;     /* required; makes one step, see runhook_engine_*(); OUT_OF_RANGE is the end of input, of a
                               step that has changed nothing that is saved; after CANCELLED for an urgent stop nothing
                               more is saved */
  void (*cancel)(void* user_data); /* on any thread: has run fail with CANCELLED soon; NULL: cannot be cancelled */
  runhook_callback close;          /* once, before destroy; NULL: none. ABORTED and UNAVAILABLE are logged only */
  const char* global_step; /* name of the node that holds the global step, an integer scalar; copied; NULL: none.
                              Before the first step it is read by read_variable, if that is not NULL */
  /* Variables; all NULL: there are none. */
  runhook_callback list_variables; /* runhook_engine_scope(), runhook_engine_add_name() for each */
  runhook_callback uninitialized;  /* as list_variables, for those without a value; NULL: all have one */
  runhook_callback initialize;     /* runhook_engine_scope() */
  runhook_callback read_variable;  /* runhook_engine_name(), runhook_engine_set_value(); or fails with NOT_FOUND */
  runhook_callback write_variable; /* runhook_engine_name(), runhook_engine_value() */
  /* End of 1.0. Append only, below this line. */
} runhook_session_table;
#define RUNHOOK_SESSION_TABLE_INIT \
  { sizeof(runhook_session_table), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }

/**
 * Makes a session out of an engine's functions.
 *
 * \returns owned. Whoever is given the session shares it.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_session_create(const runhook_session_table* table, runhook_error** error);

/**
 * Makes a session that executes a step by calling one function: for programs that have a loop body already.
 *
 * \param step may call runhook_step_*().
 * \param outputs names that the function may publish, and that can be fetched; may be NULL if there are none.
 * \param inputs names that can be fed; may be NULL if there are none.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_function_session_create(const runhook_function* step, const char* const* outputs,
                                                             size_t output_count, const char* const* inputs,
                                                             size_t input_count, runhook_error** error);

/**
 * Destroys a handle; with its last use the session is closed. A borrowed one is left alone. During a step of the
 * session it takes effect after that step.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_session_destroy(runhook_session* session);

/**
 * Returns the user_data of the table or function that the session was made from.
 *
 * \returns NULL for a session that was made from neither, e.g. of a graph, and for a handle that is not valid. Owned by
 *   the session, so that it is valid as long as that.
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API void* runhook_session_user_data(const runhook_session* session);

/**
 * Executes one step without hooks, stop check and recovery.
 *
 * \param args NULL: nothing is fetched or fed.
 * \param results filled; NULL: not wanted.
 * \returns what the session failed with; RUNHOOK_ERR_REENTRANT during a step of the same session; RUNHOOK_ERR_CLOSED.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_run(runhook_session* session, const runhook_run_args* args,
                                               runhook_results* results, runhook_error** error);

/**
 * Cancels the step in progress, if there is one and the engine can cancel it.
 *
 * \threadsafety Any thread, while the handle is not destroyed.
 * \since 1.0
 */
RUNHOOK_API void runhook_session_cancel(runhook_session* session);

/**
 * Releases what the session holds. Closing again does nothing. A monitored session closes its own.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_close(runhook_session* session, runhook_error** error);

/**
 * Returns the number of variables.
 *
 * \param scope RUNHOOK_VARIABLES_*.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_session_variable_count(runhook_session* session, int32_t scope);

/**
 * Returns the name of a variable.
 *
 * \returns borrowed from `session` until the next call of this function; NULL if the index is too large.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_session_variable_name_at(runhook_session* session, int32_t scope, size_t index);

/**
 * Gives all variables of a scope their initial values.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_initialize(runhook_session* session, int32_t scope, runhook_error** error);

/**
 * Reads a variable.
 *
 * \returns owned; a copy, unless its memory is not on the CPU, which is shared. NULL with RUNHOOK_ERR_NOT_FOUND if
 *   there is no such variable, or with RUNHOOK_ERR_FAILED_PRECONDITION if it has no value yet.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_session_read_variable(runhook_session* session, const char* name,
                                                         runhook_error** error);

/**
 * Writes a variable.
 *
 * \param value of the variable's dtype and shape; copied, unless its memory is not on the CPU, which is shared.
 * \returns RUNHOOK_ERR_NOT_FOUND if there is no such variable, RUNHOOK_ERR_INVALID_ARGUMENT for another dtype or shape.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_write_variable(runhook_session* session, const char* name,
                                                          const runhook_value* value, runhook_error** error);

/**
 * Reads a variable that is a real scalar.
 *
 * \param number set on success only.
 * \returns as runhook_session_read_variable(); RUNHOOK_ERR_FAILED_PRECONDITION also for what is no single number.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_read_double(runhook_session* session, const char* name, double* number,
                                                       runhook_error** error);

/**
 * The same as an integer; a fraction is cut off.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_read_int64(runhook_session* session, const char* name, int64_t* number,
                                                      runhook_error** error);

/**
 * Writes a variable that is a scalar of RUNHOOK_FLOAT64.
 *
 * \returns as runhook_session_write_variable().
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_write_double(runhook_session* session, const char* name, double number,
                                                        runhook_error** error);

/**
 * The same for one of RUNHOOK_INT64.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_write_int64(runhook_session* session, const char* name, int64_t number,
                                                       runhook_error** error);

/**
 * Copies all global variables.
 *
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_snapshot* runhook_session_save(runhook_session* session, runhook_error** error);

/**
 * Writes all variables of a snapshot.
 *
 * \returns RUNHOOK_ERR_NOT_FOUND if the session lacks one of them.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_session_restore(runhook_session* session, const runhook_snapshot* snapshot,
                                                   runhook_error** error);

/* For the function of a function session. All take the context of the call. */

/**
 * Returns what was fed under a name.
 *
 * \returns borrowed; NULL if nothing was fed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_step_input(runhook_context* context, const char* name);

/**
 * Returns 1 if anybody fetches this output in this step.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_step_wanted(runhook_context* context, const char* name);

/**
 * Publishes an output, whether or not it is fetched.
 *
 * \param value shared.
 * \returns RUNHOOK_ERR_NOT_FOUND for a name that was not declared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_step_set_output(runhook_context* context, const char* name, runhook_value* value,
                                                   runhook_error** error);

/**
 * Publishes a number.
 *
 * \returns RUNHOOK_ERR_NOT_FOUND for a name that was not declared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_step_set_double(runhook_context* context, const char* name, double number,
                                                   runhook_error** error);

/**
 * Publishes an integer.
 *
 * \returns RUNHOOK_ERR_NOT_FOUND for a name that was not declared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_step_set_int64(runhook_context* context, const char* name, int64_t number,
                                                  runhook_error** error);

/* For the callbacks of runhook_session_table. All take the context of the call. */

/**
 * Returns the name to resolve, read or write.
 *
 * \returns borrowed; NULL elsewhere.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_engine_name(runhook_context* context);

/**
 * In resolve: answers with a number of the engine's choice, which runhook_engine_fetch_at() and
 * runhook_engine_feed_node_at() then return for this name.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_engine_set_node(runhook_context* context, uint32_t node, runhook_error** error);

/**
 * In run: returns how many nodes are fetched, each once.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_engine_fetch_count(runhook_context* context);

/**
 * In run: returns a node that is fetched; 0 if there is none.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API uint32_t runhook_engine_fetch_at(runhook_context* context, size_t index);

/**
 * In run: returns how many nodes are fed, each once.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_engine_feed_count(runhook_context* context);

/**
 * In run: returns a node that is fed; 0 if there is none.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API uint32_t runhook_engine_feed_node_at(runhook_context* context, size_t index);

/**
 * In run: returns what is fed.
 *
 * \returns borrowed; NULL if there is none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_engine_feed_value_at(runhook_context* context, size_t index);

/**
 * In run: sets the result of a fetch. A result that is not set is absent, as that of an operation.
 *
 * \param value shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_engine_set_result(runhook_context* context, size_t index, runhook_value* value,
                                                     runhook_error** error);

/**
 * In run: reports when a node ran; needed only if the trace level of runhook_context_options() is above
 * RUNHOOK_TRACE_NONE.
 *
 * \param start_ns of the machine's monotonic clock, as is end_ns.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_engine_add_node_stats(runhook_context* context, const char* node, int64_t start_ns,
                                                         int64_t end_ns, runhook_error** error);

/**
 * In list_variables, uninitialized and initialize: returns RUNHOOK_VARIABLES_*.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_engine_scope(runhook_context* context);

/**
 * In list_variables and uninitialized: adds a name to the answer.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_engine_add_name(runhook_context* context, const char* name, runhook_error** error);

/**
 * In write_variable: returns what is to be written.
 *
 * \returns borrowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_engine_value(runhook_context* context);

/**
 * In read_variable: answers with a value.
 *
 * \param value shared. It should be a copy of the variable, which may change later.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_engine_set_value(runhook_context* context, runhook_value* value,
                                                    runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_SESSION_H_ */
