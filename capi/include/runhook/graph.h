/* runhook/graph.h -- the embedded session, a dataflow graph whose kernels are the caller's */
#ifndef RUNHOOK_GRAPH_H_
#define RUNHOOK_GRAPH_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The embedded session: a small dataflow graph of placeholders, variables and function nodes whose kernels are the
 * caller's. A step runs exactly the nodes that its fetches need, each once, in the order in which they were added. A
 * fed node is not run, nor are nodes that only it needs. A variable that is fetched has the value that it has after the
 * step; one that is the input of a node, the value when that node runs. Each session has variables of its own. */

enum { RUNHOOK_ANY_EXTENT = -1 }; /* in the shape of a placeholder: any extent is allowed */

/**
 * Makes an empty graph.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_graph* runhook_graph_create(runhook_error** error);

/**
 * Destroys a handle. Sessions and configs that use the graph keep it.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API void runhook_graph_destroy(runhook_graph* graph);

/**
 * Adds a value that must be fed if anything needs it.
 *
 * \param shape `rank` extents, copied; a feed is checked against them.
 * \returns RUNHOOK_ERR_ALREADY_EXISTS if the name is in use; RUNHOOK_ERR_FAILED_PRECONDITION if the graph is frozen;
 *   RUNHOOK_ERR_INVALID_ARGUMENT for an empty name or one with ':' or '/'.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_placeholder(runhook_graph* graph, const char* name, int32_t dtype,
                                                         const int64_t* shape, size_t rank, runhook_error** error);

/**
 * Adds a variable: a value that is kept from step to step.
 *
 * \param initial a CPU tensor; copied when a session initialises its variables.
 * \param scope RUNHOOK_VARIABLES_*.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_variable(runhook_graph* graph, const char* name,
                                                      const runhook_value* initial, int32_t scope,
                                                      runhook_error** error);

/**
 * Adds a variable that is a scalar of RUNHOOK_FLOAT64, as runhook_graph_add_variable() any.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_variable_double(runhook_graph* graph, const char* name, double initial,
                                                             int32_t scope, runhook_error** error);

/**
 * The same for one of RUNHOOK_INT64.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_variable_int64(runhook_graph* graph, const char* name, int64_t initial,
                                                            int32_t scope, runhook_error** error);

/**
 * A node computed by a kernel. A table; see runhook_function for the rules. All arrays and texts are copied.
 *
 * The kernel may call runhook_kernel_*(). It runs on the thread that runs the step.
 *
 * \since 1.0
 */
typedef struct runhook_node {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  const char* name;          /* required */
  runhook_callback kernel;   /* required */
  const char* const* inputs; /* names of nodes that exist: "node", or "node:1" for its second output */
  size_t input_count;
  size_t output_count;        /* 0: an operation; fetching it runs it and gives an absent result */
  const char* const* updates; /* variables that the kernel may change */
  size_t update_count;
  const char* const* after; /* nodes that are run before this one, although they are no inputs */
  size_t after_count;
  /* End of 1.0. Append only, below this line. */
} runhook_node;
#define RUNHOOK_NODE_INIT \
  { sizeof(runhook_node), NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, 0, NULL, 0 }

/**
 * Adds a node. Fetch it by its name, its later outputs as "name:1".
 *
 * \returns RUNHOOK_ERR_NOT_FOUND for an input that does not exist; RUNHOOK_ERR_ALREADY_EXISTS if the name is in use;
 *   RUNHOOK_ERR_FAILED_PRECONDITION if the graph is frozen.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_node(runhook_graph* graph, const runhook_node* node,
                                                  runhook_error** error);

/**
 * Adds an int64 scalar variable, initially 0, that is the global step. At most one.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_global_step(runhook_graph* graph, const char* name, runhook_error** error);

/**
 * Adds an operation that adds to the global step.
 *
 * \param after nodes that are run before it, so that fetching it makes a whole training step; copied. May be NULL if
 *   there are none.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_add_increment(runhook_graph* graph, const char* name, const char* const* after,
                                                       size_t after_count, int64_t increment, runhook_error** error);

/**
 * Admits no more nodes. The first session does this, too.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_graph_freeze(runhook_graph* graph, runhook_error** error);

/**
 * Returns 1 if the graph admits no more nodes.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_graph_frozen(const runhook_graph* graph);

/**
 * Returns the number of nodes.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_graph_node_count(const runhook_graph* graph);

/**
 * Returns the name of a node.
 *
 * \returns borrowed from `graph` until the next call of this function; NULL if the index is too large.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API const char* runhook_graph_node_name_at(runhook_graph* graph, size_t index);

/**
 * Makes a session of the graph, which is frozen by it. Its variables have no values before
 * runhook_session_initialize(), which a session creator calls.
 *
 * \returns owned.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_session* runhook_graph_session_create(runhook_graph* graph, runhook_error** error);

/* For kernels. All take the context of the call. */

/**
 * Returns the number of inputs.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_kernel_input_count(runhook_context* context);

/**
 * Returns an input, which must not be changed.
 *
 * \returns borrowed; NULL if the index is too large.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_kernel_input(runhook_context* context, size_t index);

/**
 * Returns a tensor to be written to, which becomes an output; its content is undefined. The memory of the last step is
 * used again if dtype and shape are the same and nobody kept it, so that no step need allocate.
 *
 * \returns borrowed.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_kernel_output(runhook_context* context, size_t index, int32_t dtype,
                                                 const int64_t* shape, size_t rank, runhook_error** error);

/**
 * Makes any value an output, e.g. a string.
 *
 * \param value shared.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_kernel_set_output(runhook_context* context, size_t index, runhook_value* value,
                                                     runhook_error** error);

/**
 * Makes a number an output, a scalar of RUNHOOK_FLOAT64. The memory of the last step is used again, as by
 * runhook_kernel_output().
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the node has no such output.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_kernel_set_output_double(runhook_context* context, size_t index, double number,
                                                            runhook_error** error);

/**
 * The same for one of RUNHOOK_INT64.
 *
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_kernel_set_output_int64(runhook_context* context, size_t index, int64_t number,
                                                           runhook_error** error);

/**
 * Returns a variable that the node declared as updated, to be changed in place. It is copied first if somebody kept
 * its value.
 *
 * \returns borrowed. NULL with RUNHOOK_ERR_FAILED_PRECONDITION if it has no value yet.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_kernel_variable(runhook_context* context, size_t index, runhook_error** error);

/**
 * Replaces the value of a variable that the node declared as updated.
 *
 * \param value shared; of the same dtype and shape.
 * \threadsafety One thread at a time per object.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_kernel_assign(runhook_context* context, size_t index, runhook_value* value,
                                                 runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_GRAPH_H_ */
