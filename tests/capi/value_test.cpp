#include <dlpack/dlpack.h>

#include <array>
#include <cstring>
#include <thread>
#include <vector>

#include "checks.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::count_destroy;
class CValue : public runhook_test::NoHandlesLeft {};

TEST_F(CValue, TensorHasDtypeShapeAndCopiedData) {
  const int64_t shape[] = {2, 3};
  float data[] = {1, 2, 3, 4, 5, 6};
  runhook_value* value = runhook_value_create_tensor(RUNHOOK_FLOAT32, shape, 2, data, nullptr);
  ASSERT_NE(value, nullptr);
  data[0] = 99;
  EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_TENSOR);
  EXPECT_EQ(runhook_value_dtype(value), RUNHOOK_FLOAT32);
  EXPECT_EQ(runhook_value_rank(value), 2U);
  EXPECT_EQ(runhook_value_shape(value)[1], 3);
  EXPECT_EQ(runhook_value_strides(value)[0], 3);
  EXPECT_EQ(runhook_value_element_count(value), 6);
  EXPECT_EQ(runhook_value_byte_size(value), 24U);
  EXPECT_EQ(runhook_value_device_type(value), RUNHOOK_DEVICE_CPU);
  EXPECT_EQ(runhook_value_device_id(value), 0);
  EXPECT_EQ(static_cast<const float*>(runhook_value_data(value))[0], 1);
  static_cast<float*>(runhook_value_mutable_data(value))[0] = 7;
  EXPECT_EQ(static_cast<const float*>(runhook_value_data(value))[0], 7);
  runhook_value_destroy(value);
}

TEST_F(CValue, TensorWithoutDataIsZeroed) {
  const int64_t shape[] = {4};
  runhook_value* value = runhook_value_create_tensor(RUNHOOK_INT64, shape, 1, nullptr, nullptr);
  EXPECT_EQ(static_cast<const int64_t*>(runhook_value_data(value))[3], 0);
  runhook_value_destroy(value);
}

TEST_F(CValue, BadTensorIsRefused) {
  Caught caught;
  const int64_t negative[] = {-1};
  const int64_t huge[] = {int64_t{1} << 62, 16};
  const std::array<int64_t, 33> ones = [] {
    std::array<int64_t, 33> all{};
    all.fill(1);
    return all;
  }();
  EXPECT_EQ(runhook_value_create_tensor(0x123, nullptr, 0, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_value_create_tensor(RUNHOOK_INT8, nullptr, 1, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_value_create_tensor(RUNHOOK_INT8, negative, 1, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_value_create_tensor(RUNHOOK_INT8, huge, 2, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_value_create_tensor(RUNHOOK_INT8, ones.data(), 33, nullptr, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CValue, ScalarsAreReadAsNumbers) {
  runhook_value* real = runhook_value_create_double(2.75, nullptr);
  runhook_value* whole = runhook_value_create_int64(-5, nullptr);
  double number = 0;
  int64_t integer = 0;
  EXPECT_EQ(runhook_value_get_double(real, &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, 2.75);
  EXPECT_EQ(runhook_value_get_int64(real, &integer, nullptr), RUNHOOK_OK);
  EXPECT_EQ(integer, 2);
  EXPECT_EQ(runhook_value_get_int64(whole, &integer, nullptr), RUNHOOK_OK);
  EXPECT_EQ(integer, -5);
  EXPECT_EQ(runhook_value_rank(real), 0U);
  EXPECT_EQ(runhook_value_shape(real), nullptr);
  EXPECT_EQ(runhook_value_strides(real), nullptr);
  EXPECT_EQ(runhook_value_element_count(real), 1);
  EXPECT_EQ(runhook_value_get_double(real, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_value_destroy(real);
  runhook_value_destroy(whole);
}

TEST_F(CValue, TextIsNoNumber) {
  Caught caught;
  double number = 42;
  int64_t integer = 42;
  runhook_value* text = runhook_value_create_string("a\xC3\xA9", caught.out());
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(runhook_value_kind(text), RUNHOOK_VALUE_STRING);
  EXPECT_EQ(runhook_value_byte_size(text), 3U);
  EXPECT_STREQ(static_cast<const char*>(runhook_value_data(text)), "a\xC3\xA9");
  EXPECT_EQ(runhook_value_mutable_data(text), nullptr);
  EXPECT_EQ(runhook_value_dtype(text), 0);
  EXPECT_EQ(runhook_value_element_count(text), 0);
  EXPECT_EQ(runhook_value_get_double(text, &number, caught.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_value_get_int64(text, &integer, caught.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(number, 42);
  EXPECT_EQ(integer, 42);
  runhook_value_destroy(text);
}

TEST_F(CValue, TextThatIsNotUtf8IsRefused) {
  Caught caught;
  for (const char* text : {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xE2\x82", static_cast<const char*>(nullptr)}) {
    EXPECT_EQ(runhook_value_create_string(text, caught.out()), nullptr);
    EXPECT_EQ(caught.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  }
}

TEST_F(CValue, BytesMayHoldAnything) {
  const char data[] = {0, static_cast<char>(0xFF), 0};
  runhook_value* bytes = runhook_value_create_bytes(data, sizeof data, nullptr);
  runhook_value* none = runhook_value_create_bytes(nullptr, 0, nullptr);
  EXPECT_EQ(runhook_value_kind(bytes), RUNHOOK_VALUE_BYTES);
  EXPECT_EQ(std::memcmp(runhook_value_data(bytes), data, sizeof data), 0);
  EXPECT_EQ(runhook_value_byte_size(none), 0U);
  EXPECT_EQ(runhook_value_create_bytes(nullptr, 1, nullptr), nullptr);
  runhook_value_destroy(bytes);
  runhook_value_destroy(none);
}

TEST_F(CValue, RetainedValueOutlivesTheFirstDestroy) {
  runhook_test::Caught caught;
  runhook_value* value = runhook_value_create_double(1, nullptr);
  EXPECT_EQ(runhook_value_retain(value, nullptr), RUNHOOK_OK);
  runhook_value_destroy(value);
  EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_TENSOR);
  runhook_value_destroy(value);
  EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_ABSENT);
  runhook_value_destroy(value);
  EXPECT_EQ(runhook_value_retain(value, caught.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(caught.message(), "not a valid value: it has been destroyed, or was lent to a callback that has returned");
}

TEST_F(CValue, SurplusDestroyOfABorrowedValueDoesNothing) {
  runhook_value* value = runhook_value_create_double(8, nullptr);
  runhook_snapshot* snapshot = runhook_snapshot_create(nullptr);
  ASSERT_EQ(runhook_snapshot_set(snapshot, "v", value, nullptr), RUNHOOK_OK);
  runhook_value_destroy(value);
  runhook_value* borrowed = runhook_snapshot_find(snapshot, "v");
  EXPECT_EQ(borrowed, value) << "a value has one handle as long as it lives";
  for (int i = 0; i < 3; ++i) runhook_value_destroy(borrowed);
  double number = 0;
  EXPECT_EQ(runhook_value_get_double(borrowed, &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, 8);
  ASSERT_EQ(runhook_value_retain(borrowed, nullptr), RUNHOOK_OK);
  runhook_snapshot_destroy(snapshot);
  EXPECT_EQ(runhook_value_get_double(borrowed, &number, nullptr), RUNHOOK_OK) << "a retained value outlives its lender";
  runhook_value_destroy(borrowed);
}

TEST_F(CValue, FourThreadsShareReferences) {
  runhook_value* value = runhook_value_create_double(3, nullptr);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([value] {
      for (int round = 0; round < 5000; ++round) {
        runhook_value_retain(value, nullptr);
        runhook_value_destroy(value);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_TENSOR);
  runhook_value_destroy(value);
}

TEST_F(CValue, InvalidHandleGivesNeutralValues) {
  for (auto* value : {static_cast<runhook_value*>(nullptr), reinterpret_cast<runhook_value*>(uintptr_t{0xDEADBEEF})}) {
    EXPECT_EQ(runhook_value_kind(value), RUNHOOK_VALUE_ABSENT);
    EXPECT_EQ(runhook_value_dtype(value), 0);
    EXPECT_EQ(runhook_value_rank(value), 0U);
    EXPECT_EQ(runhook_value_element_count(value), 0);
    EXPECT_EQ(runhook_value_byte_size(value), 0U);
    EXPECT_EQ(runhook_value_device_type(value), 0);
    EXPECT_EQ(runhook_value_shape(value), nullptr);
    EXPECT_EQ(runhook_value_strides(value), nullptr);
    EXPECT_EQ(runhook_value_data(value), nullptr);
    EXPECT_EQ(runhook_value_mutable_data(value), nullptr);
    EXPECT_EQ(runhook_value_clone(value, nullptr), nullptr);
    EXPECT_EQ(runhook_value_to_dlpack(value, nullptr), nullptr);
    double number = 0;
    EXPECT_EQ(runhook_value_get_double(value, &number, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    runhook_value_destroy(value);
  }
}

TEST_F(CValue, AdoptedMemoryIsGivenBackOnce) {
  int destroyed = 0;
  double memory[6] = {1, 2, 3, 4, 5, 6};
  const int64_t shape[] = {3, 2};
  const int64_t strides[] = {1, 3};
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.user_data = &destroyed;
  buffer.destroy = count_destroy;
  buffer.data = memory;
  buffer.shape = shape;
  buffer.strides = strides;
  buffer.rank = 2;
  buffer.dtype = RUNHOOK_FLOAT64;
  runhook_value* value = runhook_value_adopt(&buffer, nullptr);
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(runhook_value_data(value), memory);
  EXPECT_EQ(runhook_value_strides(value)[1], 3);
  runhook_value* copy = runhook_value_clone(value, nullptr);
  EXPECT_EQ(static_cast<const double*>(runhook_value_data(copy))[1], 4);
  EXPECT_EQ(destroyed, 0);
  runhook_value_destroy(value);
  EXPECT_EQ(destroyed, 1);
  runhook_value_destroy(copy);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CValue, RefusedBufferIsConsumedUnlessItsSizeIsWrong) {
  int destroyed = 0;
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.user_data = &destroyed;
  buffer.destroy = count_destroy;
  buffer.dtype = 0x999;
  EXPECT_EQ(runhook_value_adopt(&buffer, nullptr), nullptr);
  EXPECT_EQ(destroyed, 1);
  buffer.dtype = RUNHOOK_FLOAT64;
  buffer.data = &destroyed;
  buffer.reserved = 1;
  runhook_test::Caught caught;
  EXPECT_EQ(runhook_value_adopt(&buffer, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_UNIMPLEMENTED) << "a later version may give it a meaning";
  EXPECT_EQ(destroyed, 2);
  buffer.struct_size = sizeof buffer - 1;
  EXPECT_EQ(runhook_value_adopt(&buffer, nullptr), nullptr);
  buffer.struct_size = 4097;
  EXPECT_EQ(runhook_value_adopt(&buffer, nullptr), nullptr);
  EXPECT_EQ(runhook_value_adopt(nullptr, nullptr), nullptr);
  EXPECT_EQ(destroyed, 2);
}

TEST_F(CValue, LargerTableIsAcceptedIfItsTailIsZero) {
  struct Newer {
    runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
    void* addition = nullptr;
  } newer;
  int destroyed = 0;
  double number = 5;
  newer.buffer.struct_size = sizeof newer;
  newer.buffer.user_data = &destroyed;
  newer.buffer.destroy = count_destroy;
  newer.buffer.data = &number;
  newer.buffer.dtype = RUNHOOK_FLOAT64;
  runhook_value* value = runhook_value_adopt(&newer.buffer, nullptr);
  EXPECT_NE(value, nullptr);
  runhook_value_destroy(value);
  EXPECT_EQ(destroyed, 1);

  Caught caught;
  newer.addition = &number;
  EXPECT_EQ(runhook_value_adopt(&newer.buffer, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_UNIMPLEMENTED);
  EXPECT_EQ(destroyed, 2);
}

TEST_F(CValue, DlpackSharesMemoryBothWays) {
  runhook_value* value = runhook_value_create_double(6, nullptr);
  DLManagedTensor* lent = runhook_value_to_dlpack(value, nullptr);
  ASSERT_NE(lent, nullptr);
  EXPECT_EQ(lent->dl_tensor.data, runhook_value_data(value));
  runhook_value* again = runhook_value_from_dlpack(lent, nullptr);
  ASSERT_NE(again, nullptr);
  EXPECT_NE(again, value);
  EXPECT_EQ(runhook_value_data(again), runhook_value_data(value));
  runhook_value_destroy(value);
  double number = 0;
  EXPECT_EQ(runhook_value_get_double(again, &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, 6);
  runhook_value_destroy(again);
  EXPECT_EQ(runhook_value_from_dlpack(nullptr, nullptr), nullptr);
}

TEST_F(CValue, TextCannotBeLentAsDlpack) {
  Caught caught;
  runhook_value* text = runhook_value_create_string("x", nullptr);
  EXPECT_EQ(runhook_value_to_dlpack(text, caught.out()), nullptr);
  EXPECT_EQ(caught.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  runhook_value_destroy(text);
}

TEST_F(CValue, NumberThatDoesNotFitIsNoEndOfInput) {
  runhook_value* value = runhook_value_create_double(1e30, nullptr);
  int64_t number = 5;
  EXPECT_EQ(runhook_value_get_int64(value, &number, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(number, 5);
  runhook_value_destroy(value);
}

}  // namespace
