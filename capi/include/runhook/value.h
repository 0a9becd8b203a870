/* runhook/value.h -- reference-counted tensors, strings and bytes */
#ifndef RUNHOOK_VALUE_H_
#define RUNHOOK_VALUE_H_

#include "runhook/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Element types of tensors: (DLPack type code << 8) | bits. */
enum {
  RUNHOOK_INT8 = 0x008,
  RUNHOOK_INT16 = 0x010,
  RUNHOOK_INT32 = 0x020,
  RUNHOOK_INT64 = 0x040,
  RUNHOOK_UINT8 = 0x108,
  RUNHOOK_UINT16 = 0x110,
  RUNHOOK_UINT32 = 0x120,
  RUNHOOK_UINT64 = 0x140,
  RUNHOOK_FLOAT16 = 0x210,
  RUNHOOK_FLOAT32 = 0x220,
  RUNHOOK_FLOAT64 = 0x240,
  RUNHOOK_BFLOAT16 = 0x410,
  RUNHOOK_COMPLEX64 = 0x540,
  RUNHOOK_COMPLEX128 = 0x580,
  RUNHOOK_BOOL = 0x608
};

/* Kinds of values. */
enum { RUNHOOK_VALUE_ABSENT = 0, RUNHOOK_VALUE_TENSOR = 1, RUNHOOK_VALUE_STRING = 2, RUNHOOK_VALUE_BYTES = 3 };

enum { RUNHOOK_MAX_RANK = 32, RUNHOOK_DEVICE_CPU = 1 };

struct DLManagedTensor; /* of dlpack.h */

/**
 * Makes a row-major CPU tensor.
 *
 * \param shape `rank` extents, each >= 0; may be NULL if rank is 0.
 * \param data as many bytes as dtype and shape say, which are copied; NULL for zeroes.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_create_tensor(int32_t dtype, const int64_t* shape, size_t rank,
                                                       const void* data, runhook_error** error);

/**
 * Makes a scalar float64 tensor.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_create_double(double number, runhook_error** error);

/**
 * Makes a scalar int64 tensor.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_create_int64(int64_t number, runhook_error** error);

/**
 * Makes a string.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_create_string(const char* text, runhook_error** error);

/**
 * Makes a sequence of bytes.
 *
 * \param data `size` bytes, which are copied; may be NULL if size is 0.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_create_bytes(const void* data, size_t size, runhook_error** error);

/**
 * Memory that somebody else owns, to be used as a tensor without copying. A table; see runhook_function for the rules.
 *
 * destroy runs when the last reference to the tensor is gone, on the thread that dropped it.
 *
 * \since 1.0
 */
typedef struct runhook_buffer {
  size_t struct_size;
  void* user_data;
  void (*destroy)(void* user_data);
  void* data;             /* NULL only if the tensor has no elements */
  const int64_t* shape;   /* `rank` extents; copied */
  const int64_t* strides; /* `rank` strides, counted in elements; copied; NULL means row-major */
  size_t rank;
  int32_t dtype;
  int32_t device_type; /* in DLPack's numbering; RUNHOOK_DEVICE_CPU */
  int32_t device_id;
  int32_t reserved; /* 0 */
  /* End of 1.0. Append only, below this line. */
} runhook_buffer;
#define RUNHOOK_BUFFER_INIT \
  { sizeof(runhook_buffer), NULL, NULL, NULL, NULL, NULL, 0, 0, RUNHOOK_DEVICE_CPU, 0, 0 }

/**
 * Makes a tensor over memory that somebody else owns.
 *
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_adopt(const runhook_buffer* buffer, runhook_error** error);

/**
 * Takes over a DLPack tensor without copying.
 *
 * \param managed consumed, also on failure: its deleter runs once, when the last reference is gone. NULL gives
 *   RUNHOOK_ERR_INVALID_ARGUMENT.
 * \returns owned.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_from_dlpack(struct DLManagedTensor* managed, runhook_error** error);

/**
 * Lends a tensor as DLPack without copying.
 *
 * \returns owned; it keeps the value alive until the caller calls its deleter. NULL with
 *   RUNHOOK_ERR_FAILED_PRECONDITION if the value is no tensor.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API struct DLManagedTensor* runhook_value_to_dlpack(runhook_value* value, runhook_error** error);

/**
 * Makes a deep, contiguous copy.
 *
 * \returns owned. NULL with RUNHOOK_ERR_FAILED_PRECONDITION for memory that is not on the CPU.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_value* runhook_value_clone(const runhook_value* value, runhook_error** error);

/**
 * Adds a reference, to keep a borrowed value, or to share an owned one; runhook_value_destroy() drops it.
 *
 * \returns RUNHOOK_ERR_INVALID_ARGUMENT if the handle is not valid.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_value_retain(runhook_value* value, runhook_error** error);

/**
 * Drops a reference that the caller owns. A value that the caller does not own is left alone.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void runhook_value_destroy(runhook_value* value);

/**
 * Returns RUNHOOK_VALUE_*; RUNHOOK_VALUE_ABSENT for a handle that is not valid.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_value_kind(const runhook_value* value);

/**
 * Returns the element type of a tensor; 0 for anything else.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_value_dtype(const runhook_value* value);

/**
 * Returns the number of dimensions of a tensor.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_value_rank(const runhook_value* value);

/**
 * Returns the number of elements of a tensor, which is 1 for a scalar; 0 for anything else.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int64_t runhook_value_element_count(const runhook_value* value);

/**
 * Returns the size in bytes of the elements, of the text without its NUL, or of the bytes.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API size_t runhook_value_byte_size(const runhook_value* value);

/**
 * Returns the type of the device that a tensor is on, in DLPack's numbering.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_value_device_type(const runhook_value* value);

/**
 * Returns the number of that device among those of its type.
 *
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API int32_t runhook_value_device_id(const runhook_value* value);

/**
 * Returns the extents of a tensor.
 *
 * \returns borrowed from `value`; runhook_value_rank() numbers; NULL for a scalar.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const int64_t* runhook_value_shape(const runhook_value* value);

/**
 * Returns the strides of a tensor, in elements.
 *
 * \returns borrowed from `value`; runhook_value_rank() numbers; NULL for a scalar.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const int64_t* runhook_value_strides(const runhook_value* value);

/**
 * Returns the elements, text or bytes.
 *
 * \returns borrowed from `value`. Text has a NUL behind it.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API const void* runhook_value_data(const runhook_value* value);

/**
 * Returns the elements of a tensor for writing. Whoever else holds a reference sees the change.
 *
 * \returns borrowed from `value`; NULL for a string or bytes.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API void* runhook_value_mutable_data(runhook_value* value);

/**
 * Reads the only element of a CPU tensor of a real type.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION if the value is anything else.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_value_get_double(const runhook_value* value, double* number, runhook_error** error);

/**
 * Reads the only element of a CPU tensor of a real type, rounded towards zero.
 *
 * \returns RUNHOOK_ERR_FAILED_PRECONDITION if the value is anything else, or does not fit.
 * \threadsafety Any thread.
 * \since 1.0
 */
RUNHOOK_API runhook_status runhook_value_get_int64(const runhook_value* value, int64_t* number, runhook_error** error);

#ifdef __cplusplus
} /* extern "C" */
#endif
#endif /* RUNHOOK_VALUE_H_ */
