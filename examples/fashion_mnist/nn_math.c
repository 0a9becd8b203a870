/* Inner loops run along rows, so that memory is read in order and the compiler can vectorise: build this file with -O3.
 */
#include "nn_math.h"

#include <math.h>
#include <string.h>

static uint64_t next_random(uint64_t* state) { /* splitmix64 */
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void nn_random_weights(float* weights, size_t count, size_t inputs, uint64_t seed) {
  const float limit = sqrtf(6.0F / (float)inputs);
  for (size_t i = 0; i < count; i++) {
    const float uniform = (float)(next_random(&seed) >> 40) / 16777216.0F; /* 24 bits: exact in a float */
    weights[i] = limit * (2.0F * uniform - 1.0F);
  }
}

void nn_shuffle(int32_t* order, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) {
    const size_t j = (size_t)(next_random(&seed) % (i + 1));
    order[i] = order[j];
    order[j] = (int32_t)i;
  }
}

static inline void add_scaled(float* restrict y, const float* restrict x, float factor, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] += factor * x[i];
}

void nn_dense(const float* x, const float* w, const float* b, size_t rows, size_t inputs, size_t outputs, float* y) {
  for (size_t row = 0; row < rows; row++) {
    memcpy(y + row * outputs, b, outputs * sizeof(float));
    for (size_t i = 0; i < inputs; i++) {
      const float factor = x[row * inputs + i];
      if (factor != 0.0F)
        add_scaled(y + row * outputs, w + i * outputs, factor, outputs); /* half of all pixels are 0 */
    }
  }
}

void nn_dense_gradient(const float* x, const float* dy, size_t rows, size_t inputs, size_t outputs, float* dw,
                       float* db) {
  memset(dw, 0, inputs * outputs * sizeof(float));
  memset(db, 0, outputs * sizeof(float));
  for (size_t row = 0; row < rows; row++) add_scaled(db, dy + row * outputs, 1.0F, outputs);
  for (size_t i = 0; i < inputs; i++) {
    for (size_t row = 0; row < rows; row++) {
      const float factor = x[row * inputs + i];
      if (factor != 0.0F) add_scaled(dw + i * outputs, dy + row * outputs, factor, outputs);
    }
  }
}

void nn_relu_gradient(const float* x, const float* dy, const float* w, size_t rows, size_t inputs, size_t outputs,
                      float* dx) {
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < inputs; i++) {
      float sum = 0.0F;
      if (x[row * inputs + i] > 0.0F) {
        for (size_t j = 0; j < outputs; j++) sum += dy[row * outputs + j] * w[i * outputs + j];
      }
      dx[row * inputs + i] = sum;
    }
  }
}

void nn_scale_pixels(const uint8_t* pixels, size_t count, float* x) {
  for (size_t i = 0; i < count; i++) x[i] = (float)pixels[i] * (1.0F / 255.0F);
}

void nn_relu(float* x, size_t count) {
  for (size_t i = 0; i < count; i++) x[i] = x[i] > 0.0F ? x[i] : 0.0F;
}

static size_t largest(const float* x, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++) {
    if (x[i] > x[best]) best = i;
  }
  return best;
}

float nn_softmax_loss(const float* logits, const uint8_t* labels, size_t rows, size_t classes, float* d_logits) {
  double loss = 0.0;
  for (size_t row = 0; row < rows; row++) {
    const float* z = logits + row * classes;
    float* d = d_logits + row * classes;
    const float shift = z[largest(z, classes)]; /* keeps expf() from overflowing */
    float sum = 0.0F;
    for (size_t i = 0; i < classes; i++) sum += d[i] = expf(z[i] - shift);
    for (size_t i = 0; i < classes; i++) d[i] /= sum * (float)rows;
    d[labels[row]] -= 1.0F / (float)rows;
    loss += (double)(logf(sum) - (z[labels[row]] - shift));
  }
  return (float)(loss / (double)rows);
}

float nn_accuracy(const float* logits, const uint8_t* labels, size_t rows, size_t classes) {
  size_t right = 0;
  for (size_t row = 0; row < rows; row++) right += largest(logits + row * classes, classes) == labels[row];
  return (float)right / (float)rows;
}

void nn_descend(float* w, const float* dw, size_t count, float rate) { add_scaled(w, dw, -rate, count); }
