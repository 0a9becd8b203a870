/* The arithmetic of a small neural network. Matrices are row-major float32. Knows nothing of runhook. */
#ifndef FASHION_MNIST_NN_MATH_H_
#define FASHION_MNIST_NN_MATH_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Fills weights with small random numbers that keep the variance of what goes through a layer of `inputs` inputs. */
void nn_random_weights(float* weights, size_t count, size_t inputs, uint64_t seed);
/* Makes a random order of 0 to count - 1. */
void nn_shuffle(int32_t* order, size_t count, uint64_t seed);

/* y = x w + b for `rows` rows of x. */
void nn_dense(const float* x, const float* w, const float* b, size_t rows, size_t inputs, size_t outputs, float* y);
/* dw and db from dy, the gradient by y. */
void nn_dense_gradient(const float* x, const float* dy, size_t rows, size_t inputs, size_t outputs, float* dw,
                       float* db);
/* dx = dy w^T where x > 0, else 0: the gradient by the input of a layer that comes after a relu. */
void nn_relu_gradient(const float* x, const float* dy, const float* w, size_t rows, size_t inputs, size_t outputs,
                      float* dx);

void nn_scale_pixels(const uint8_t* pixels, size_t count, float* x); /* 0..255 to 0..1 */
void nn_relu(float* x, size_t count);
/* Returns the mean loss of the rows; fills d_logits, its gradient. */
float nn_softmax_loss(const float* logits, const uint8_t* labels, size_t rows, size_t classes, float* d_logits);
/* Returns the fraction of rows whose largest logit is the label's. */
float nn_accuracy(const float* logits, const uint8_t* labels, size_t rows, size_t classes);
/* w -= rate * dw */
void nn_descend(float* w, const float* dw, size_t count, float rate);

#ifdef __cplusplus
}
#endif
#endif /* FASHION_MNIST_NN_MATH_H_ */
