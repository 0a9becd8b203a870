/* A network with one hidden layer for Fashion-MNIST, as a graph of runhook. */
#ifndef FASHION_MNIST_MODEL_H_
#define FASHION_MNIST_MODEL_H_

#include <runhook/runhook.h>
#include <stdint.h>

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a run can be asked for. */
#define FASHION_TRAIN "train"       /* an operation: one whole training step */
#define FASHION_LOSS "loss"         /* of the step's batch */
#define FASHION_ACCURACY "accuracy" /* of the step's batch */

/* Makes the graph; its variables start from `seed`, as does the order of the training images.
 * `training_set` must outlive the graph and its sessions. */
runhook_graph* fashion_model_create(const fashion_dataset* training_set, int64_t batch_size, uint64_t seed,
                                    double learning_rate, runhook_error** error);

/* Measures the accuracy on a whole data set. For hooks: `session` is runhook_context_session(). Leaves variables alone.
 */
runhook_status fashion_model_evaluate(runhook_session* session, const fashion_dataset* data, double* accuracy,
                                      runhook_error** error);

#ifdef __cplusplus
}
#endif
#endif /* FASHION_MNIST_MODEL_H_ */
