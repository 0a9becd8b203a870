#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "nn_math.h"

enum { HIDDEN = 128 };

/* Access to the tensors of a kernel. */

static const void* input(runhook_context* context, size_t index) {
  return runhook_value_data(runhook_kernel_input(context, index));
}

static int64_t input_rows(runhook_context* context, size_t index) {
  return runhook_value_shape(runhook_kernel_input(context, index))[0];
}

/* Returns NULL after it has failed the callback: the caller only has to leave. Rank 0 makes a scalar. */
static void* output(runhook_context* context, size_t index, int32_t dtype, size_t rank, int64_t rows, int64_t columns) {
  runhook_error* error = NULL;
  const int64_t shape[] = {rows, columns};
  runhook_value* value = runhook_kernel_output(context, index, dtype, shape, rank, &error);
  if (value == NULL) runhook_context_fail_with(context, error);
  return runhook_value_mutable_data(value);
}

static float* matrix(runhook_context* context, size_t index, int64_t rows, int64_t columns) {
  return output(context, index, RUNHOOK_FLOAT32, 2, rows, columns);
}

static float* vector(runhook_context* context, size_t index, int64_t size) {
  return output(context, index, RUNHOOK_FLOAT32, 1, size, 0);
}

static float* scalar(runhook_context* context, size_t index) {
  return output(context, index, RUNHOOK_FLOAT32, 0, 0, 0);
}

/* The input pipeline. The batch is a function of the global step alone, so a session that was restored, or made anew
 * after a failure, goes on with exactly the images that were to come. */

typedef struct batcher {
  int64_t count;
  int64_t batch_size;
  uint64_t seed;
  int64_t epoch; /* that `order` is for */
  int32_t order[];
} batcher;

static batcher* batcher_create(int64_t count, int64_t batch_size, uint64_t seed) {
  batcher* self = malloc(sizeof(*self) + (size_t)count * sizeof(self->order[0]));
  if (self == NULL) return NULL;
  self->count = count;
  self->batch_size = batch_size;
  self->seed = seed;
  self->epoch = -1;
  return self;
}

static int32_t next_batch(runhook_context* context, void* user_data, int32_t ok) {
  batcher* self = user_data;
  if (self == NULL)
    return runhook_context_fail(context, RUNHOOK_ERR_NO_MEMORY, "no memory for the order of the images");
  const int64_t step = *(const int64_t*)input(context, 0);
  const int64_t batches = self->count / self->batch_size;
  if (self->epoch != step / batches) {
    self->epoch = step / batches;
    nn_shuffle(self->order, (size_t)self->count, self->seed + (uint64_t)self->epoch);
  }
  int32_t* indices = output(context, 0, RUNHOOK_INT32, 1, self->batch_size, 0);
  if (indices == NULL) return RUNHOOK_CALLBACK_FAILED;
  memcpy(indices, self->order + step % batches * self->batch_size, (size_t)self->batch_size * sizeof(*indices));
  return ok;
}

static int32_t gather_images(runhook_context* context, void* user_data, int32_t ok) {
  const fashion_dataset* data = user_data;
  const int64_t rows = input_rows(context, 0);
  const int32_t* indices = input(context, 0);
  uint8_t* images = output(context, 0, RUNHOOK_UINT8, 2, rows, FASHION_PIXELS);
  if (images == NULL) return RUNHOOK_CALLBACK_FAILED;
  for (int64_t i = 0; i < rows; i++) {
    memcpy(images + i * FASHION_PIXELS, data->images + (int64_t)indices[i] * FASHION_PIXELS, FASHION_PIXELS);
  }
  return ok;
}

static int32_t gather_labels(runhook_context* context, void* user_data, int32_t ok) {
  const fashion_dataset* data = user_data;
  const int64_t rows = input_rows(context, 0);
  const int32_t* indices = input(context, 0);
  uint8_t* labels = output(context, 0, RUNHOOK_UINT8, 1, rows, 0);
  if (labels == NULL) return RUNHOOK_CALLBACK_FAILED;
  for (int64_t i = 0; i < rows; i++) labels[i] = data->labels[indices[i]];
  return ok;
}

/* The network. */

static int32_t scale(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const int64_t rows = input_rows(context, 0);
  float* x = matrix(context, 0, rows, FASHION_PIXELS);
  if (x == NULL) return RUNHOOK_CALLBACK_FAILED;
  nn_scale_pixels(input(context, 0), (size_t)rows * FASHION_PIXELS, x);
  return ok;
}

static int32_t hidden_layer(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const int64_t rows = input_rows(context, 0);
  float* y = matrix(context, 0, rows, HIDDEN);
  if (y == NULL) return RUNHOOK_CALLBACK_FAILED;
  nn_dense(input(context, 0), input(context, 1), input(context, 2), (size_t)rows, FASHION_PIXELS, HIDDEN, y);
  nn_relu(y, (size_t)rows * HIDDEN);
  return ok;
}

static int32_t output_layer(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const int64_t rows = input_rows(context, 0);
  float* y = matrix(context, 0, rows, FASHION_CLASSES);
  if (y == NULL) return RUNHOOK_CALLBACK_FAILED;
  nn_dense(input(context, 0), input(context, 1), input(context, 2), (size_t)rows, HIDDEN, FASHION_CLASSES, y);
  return ok;
}

static int32_t softmax_loss(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const int64_t rows = input_rows(context, 0);
  float* loss = scalar(context, 0);
  float* d_logits = matrix(context, 1, rows, FASHION_CLASSES);
  if (loss == NULL || d_logits == NULL) return RUNHOOK_CALLBACK_FAILED;
  *loss = nn_softmax_loss(input(context, 0), input(context, 1), (size_t)rows, FASHION_CLASSES, d_logits);
  return ok;
}

static int32_t measure_accuracy(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  float* accuracy = scalar(context, 0);
  if (accuracy == NULL) return RUNHOOK_CALLBACK_FAILED;
  *accuracy = nn_accuracy(input(context, 0), input(context, 1), (size_t)input_rows(context, 0), FASHION_CLASSES);
  return ok;
}

static int32_t output_gradient(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const int64_t rows = input_rows(context, 0);
  const float* hidden = input(context, 0);
  const float* d_logits = input(context, 1);
  float* dw = matrix(context, 0, HIDDEN, FASHION_CLASSES);
  float* db = vector(context, 1, FASHION_CLASSES);
  float* d_hidden = matrix(context, 2, rows, HIDDEN);
  if (dw == NULL || db == NULL || d_hidden == NULL) return RUNHOOK_CALLBACK_FAILED;
  nn_dense_gradient(hidden, d_logits, (size_t)rows, HIDDEN, FASHION_CLASSES, dw, db);
  nn_relu_gradient(hidden, d_logits, input(context, 2), (size_t)rows, HIDDEN, FASHION_CLASSES, d_hidden);
  return ok;
}

static int32_t hidden_gradient(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const size_t rows = (size_t)input_rows(context, 0);
  float* dw = matrix(context, 0, FASHION_PIXELS, HIDDEN);
  float* db = vector(context, 1, HIDDEN);
  if (dw == NULL || db == NULL) return RUNHOOK_CALLBACK_FAILED;
  nn_dense_gradient(input(context, 0), input(context, 1), rows, FASHION_PIXELS, HIDDEN, dw, db);
  return ok;
}

/* Input 0 is the learning rate; behind it comes one gradient for each variable that the node updates. */
static int32_t descend(runhook_context* context, void* user_data, int32_t ok) {
  (void)user_data;
  const float rate = *(const float*)input(context, 0);
  for (size_t i = 0; i + 1 < runhook_kernel_input_count(context); i++) {
    runhook_error* error = NULL;
    runhook_value* variable = runhook_kernel_variable(context, i, &error);
    if (variable == NULL) return runhook_context_fail_with(context, error);
    nn_descend(runhook_value_mutable_data(variable), input(context, i + 1),
               (size_t)runhook_value_element_count(variable), rate);
  }
  return ok;
}

/* The graph. */

static size_t count_names(const char* const* names) {
  size_t count = 0;
  while (names[count] != NULL) count++;
  return count;
}

static int add_variable(runhook_graph* graph, const char* name, size_t rank, int64_t rows, int64_t columns,
                        uint64_t seed, runhook_error** error) {
  const int64_t shape[] = {rows, columns};
  runhook_value* initial = runhook_value_create_tensor(RUNHOOK_FLOAT32, shape, rank, NULL, error);
  if (initial == NULL) return 0;
  if (rank == 2) { /* weights; biases start from zero */
    nn_random_weights(runhook_value_mutable_data(initial), (size_t)(rows * columns), (size_t)rows, seed);
  }
  const runhook_status status = runhook_graph_add_variable(graph, name, initial, RUNHOOK_VARIABLES_GLOBAL, error);
  runhook_value_destroy(initial);
  return status == RUNHOOK_OK;
}

/* Local: a hook may change it with runhook_session_write_variable(), but it is no part of the saved state. */
static int add_learning_rate(runhook_graph* graph, double learning_rate, runhook_error** error) {
  const float rate = (float)learning_rate;
  runhook_value* initial = runhook_value_create_tensor(RUNHOOK_FLOAT32, NULL, 0, &rate, error);
  if (initial == NULL) return 0;
  const runhook_status status =
      runhook_graph_add_variable(graph, "learning_rate", initial, RUNHOOK_VARIABLES_LOCAL, error);
  runhook_value_destroy(initial);
  return status == RUNHOOK_OK;
}

static int add_nodes(runhook_graph* graph, const fashion_dataset* data, int64_t batch_size, uint64_t seed,
                     runhook_error** error) {
  const struct {
    const char* name;
    runhook_callback kernel;
    size_t outputs;
    const char* inputs[6]; /* both lists end with a NULL */
    const char* updates[5];
    void* user_data;
    void (*destroy)(void* user_data);
  } nodes[] = {
      {"batch", next_batch, 1, {"global_step"}, {NULL}, batcher_create(data->count, batch_size, seed), free},
      /* Feeding these two puts other data through the network; "batch" does not run then. */
      {"images", gather_images, 1, {"batch"}, {NULL}, (void*)data, NULL},
      {"labels", gather_labels, 1, {"batch"}, {NULL}, (void*)data, NULL},
      {"x", scale, 1, {"images"}, {NULL}, NULL, NULL},
      {"hidden", hidden_layer, 1, {"x", "w1", "b1"}, {NULL}, NULL, NULL},
      {"logits", output_layer, 1, {"hidden", "w2", "b2"}, {NULL}, NULL, NULL},
      {FASHION_LOSS, softmax_loss, 2, {"logits", "labels"}, {NULL}, NULL, NULL},
      {FASHION_ACCURACY, measure_accuracy, 1, {"logits", "labels"}, {NULL}, NULL, NULL},
      {"d_output", output_gradient, 3, {"hidden", "loss:1", "w2"}, {NULL}, NULL, NULL},
      {"d_hidden", hidden_gradient, 2, {"x", "d_output:2"}, {NULL}, NULL, NULL},
      {"descend",
       descend,
       0,
       {"learning_rate", "d_hidden", "d_hidden:1", "d_output", "d_output:1"},
       {"w1", "b1", "w2", "b2"},
       NULL,
       NULL},
  };
  for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
    runhook_node node = RUNHOOK_NODE_INIT;
    node.name = nodes[i].name;
    node.kernel = nodes[i].kernel;
    node.output_count = nodes[i].outputs;
    node.inputs = nodes[i].inputs;
    node.input_count = count_names(nodes[i].inputs);
    node.updates = nodes[i].updates;
    node.update_count = count_names(nodes[i].updates);
    node.user_data = nodes[i].user_data;
    node.destroy = nodes[i].destroy;
    if (runhook_graph_add_node(graph, &node, error) != RUNHOOK_OK) return 0;
  }
  return 1;
}

runhook_graph* fashion_model_create(const fashion_dataset* training_set, int64_t batch_size, uint64_t seed,
                                    double learning_rate, runhook_error** error) {
  const char* const after[] = {"descend"};
  runhook_graph* graph = runhook_graph_create(error);
  if (graph == NULL) return NULL;
  if (runhook_graph_add_global_step(graph, "global_step", error) == RUNHOOK_OK &&
      add_variable(graph, "w1", 2, FASHION_PIXELS, HIDDEN, seed + 1, error) &&
      add_variable(graph, "b1", 1, HIDDEN, 0, 0, error) &&
      add_variable(graph, "w2", 2, HIDDEN, FASHION_CLASSES, seed + 2, error) &&
      add_variable(graph, "b2", 1, FASHION_CLASSES, 0, 0, error) && add_learning_rate(graph, learning_rate, error) &&
      add_nodes(graph, training_set, batch_size, seed, error) &&
      runhook_graph_add_increment(graph, FASHION_TRAIN, after, 1, 1, error) == RUNHOOK_OK) {
    return graph;
  }
  runhook_graph_destroy(graph);
  return NULL;
}

/* Shows memory of the data set as a tensor, without copying it. */
static runhook_value* lend(uint8_t* data, size_t rank, int64_t rows, int64_t columns, runhook_error** error) {
  const int64_t shape[] = {rows, columns};
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.data = data;
  buffer.shape = shape;
  buffer.rank = rank;
  buffer.dtype = RUNHOOK_UINT8;
  return runhook_value_adopt(&buffer, error);
}

runhook_status fashion_model_evaluate(runhook_session* session, const fashion_dataset* data, double* accuracy,
                                      runhook_error** error) {
  runhook_value* images = NULL;
  runhook_value* labels = NULL;
  runhook_run_args* args = NULL;
  runhook_results* results = NULL;
  runhook_error* failure = NULL;
  runhook_status status = RUNHOOK_OK;
  if ((images = lend(data->images, 2, data->count, FASHION_PIXELS, &failure)) != NULL &&
      (labels = lend(data->labels, 1, data->count, 0, &failure)) != NULL &&
      (args = runhook_run_args_create(&failure)) != NULL && (results = runhook_results_create(&failure)) != NULL &&
      runhook_run_args_add_feed(args, "images", images, &failure) == RUNHOOK_OK &&
      runhook_run_args_add_feed(args, "labels", labels, &failure) == RUNHOOK_OK &&
      runhook_run_args_add_fetch(args, NULL, FASHION_ACCURACY, &failure) == RUNHOOK_OK &&
      runhook_session_run(session, args, results, &failure) == RUNHOOK_OK) {
    runhook_results_get_double(results, NULL, accuracy, &failure);
  }
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  runhook_value_destroy(labels);
  runhook_value_destroy(images);
  if (failure != NULL) status = runhook_error_code(failure);
  if (error != NULL) {
    *error = failure;
  } else {
    runhook_error_destroy(failure);
  }
  return status;
}
