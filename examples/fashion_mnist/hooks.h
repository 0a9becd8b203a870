/* The hooks of the training loop. Each function adds one; the order in which they are added is the order in which they
 * are called, so add the evaluation first: the progress shows what it found in this step. */
#ifndef FASHION_MNIST_HOOKS_H_
#define FASHION_MNIST_HOOKS_H_

#include <runhook/runhook.h>
#include <stdint.h>

#include "dataset.h"

/* The newest evaluation. Hooks run one at a time on one thread, so sharing this takes no lock. */
typedef struct evaluation {
  int64_t step; /* -1 until there is one */
  double accuracy;
} evaluation;

/* Measures the accuracy on `test_set` every `every` steps, and at the end, and logs it. */
runhook_status add_evaluation_hook(runhook_config* config, const fashion_dataset* test_set, int64_t every,
                                   evaluation* latest, runhook_error** error);
/* Asks for a stop when the accuracy reaches `target`. */
runhook_status add_target_hook(runhook_config* config, double target, runhook_error** error);
/* Shows loss, speed and accuracy on standard error. */
runhook_status add_progress_hook(runhook_config* config, const evaluation* latest, runhook_error** error);

#endif /* FASHION_MNIST_HOOKS_H_ */
