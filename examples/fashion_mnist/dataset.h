/* Fashion-MNIST as Debian's dataset-fashion-mnist installs it. Knows nothing of runhook. */
#ifndef FASHION_MNIST_DATASET_H_
#define FASHION_MNIST_DATASET_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FASHION_DEFAULT_DIRECTORY "/usr/share/datasets/fashion-mnist"

enum { FASHION_PIXELS = 28 * 28, FASHION_CLASSES = 10 };

typedef struct fashion_dataset {
  int64_t count;
  uint8_t* images; /* count rows of FASHION_PIXELS grey values */
  uint8_t* labels; /* count numbers below FASHION_CLASSES */
} fashion_dataset;

/* Loads "train" (60,000 images) or "t10k" (10,000). Returns NULL and says why in `message` if that cannot be done. */
fashion_dataset* fashion_dataset_load(const char* directory, const char* part, char* message, size_t message_size);
void fashion_dataset_destroy(fashion_dataset* data);

#ifdef __cplusplus
}
#endif
#endif /* FASHION_MNIST_DATASET_H_ */
