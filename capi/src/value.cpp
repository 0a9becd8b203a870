#include "runhook/value.h"

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "boundary/exception_guard.hpp"
#include "boundary/handle_box.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/value_handle.hpp"

using runhook::Device;
using runhook::DType;
using runhook::StatusCode;
using runhook::StatusError;
using runhook::Value;
using runhook::ValueKind;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

static_assert(RUNHOOK_INT8 == static_cast<int>(DType::int8) && RUNHOOK_INT64 == static_cast<int>(DType::int64) &&
              RUNHOOK_UINT8 == static_cast<int>(DType::uint8) && RUNHOOK_FLOAT16 == static_cast<int>(DType::float16) &&
              RUNHOOK_FLOAT32 == static_cast<int>(DType::float32) &&
              RUNHOOK_FLOAT64 == static_cast<int>(DType::float64) &&
              RUNHOOK_BFLOAT16 == static_cast<int>(DType::bfloat16) &&
              RUNHOOK_COMPLEX64 == static_cast<int>(DType::complex64) &&
              RUNHOOK_COMPLEX128 == static_cast<int>(DType::complex128) &&
              RUNHOOK_BOOL == static_cast<int>(DType::boolean));
static_assert(RUNHOOK_VALUE_ABSENT == static_cast<int>(ValueKind::absent) &&
              RUNHOOK_VALUE_TENSOR == static_cast<int>(ValueKind::tensor) &&
              RUNHOOK_VALUE_STRING == static_cast<int>(ValueKind::string) &&
              RUNHOOK_VALUE_BYTES == static_cast<int>(ValueKind::bytes));
static_assert(RUNHOOK_MAX_RANK == Value::kMaxRank);

constexpr std::size_t kBufferSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_buffer, reserved);
static_assert(offsetof(runhook_buffer, user_data) == 8 && offsetof(runhook_buffer, destroy) == 16 &&
                  offsetof(runhook_buffer, data) == 24 && offsetof(runhook_buffer, shape) == 32 &&
                  offsetof(runhook_buffer, strides) == 40 && offsetof(runhook_buffer, rank) == 48 &&
                  offsetof(runhook_buffer, dtype) == 56 && offsetof(runhook_buffer, device_type) == 60 &&
                  offsetof(runhook_buffer, device_id) == 64 && offsetof(runhook_buffer, reserved) == 68 &&
                  kBufferSizeV1_0 == 72,
              "the 1.0 prefix is frozen");

std::span<const std::int64_t> shape_of(const std::int64_t* extents, std::size_t rank) {
  if (rank > Value::kMaxRank) throw StatusError(StatusCode::invalid_argument, "the rank is above 32");
  if (extents == nullptr && rank != 0) throw StatusError(StatusCode::invalid_argument, "shape is NULL");
  return {extents, rank};
}

template <class T>
T of_tensor(const runhook_value* handle, T neutral, T (*get)(const Value&)) noexcept {
  const Value* value = find_value(handle);
  return value != nullptr && value->kind() == ValueKind::tensor ? get(*value) : neutral;
}

// Shared, since a std::function has to be copyable.
std::function<void()> keeper(UserData owner) {
  return [kept = std::make_shared<UserData>(std::move(owner))]() mutable { kept.reset(); };
}

}  // namespace

runhook_value* runhook_value_create_tensor(int32_t dtype, const int64_t* shape, size_t rank, const void* data,
                                           runhook_error** error) {
  return guarded_handle(error, [&] {
    const auto extents = shape_of(shape, rank);
    const auto type = static_cast<DType>(dtype);
    return give_value(data == nullptr ? Value::tensor(type, extents) : Value::copy_of(type, extents, data));
  });
}

runhook_value* runhook_value_create_double(double number, runhook_error** error) {
  return guarded_handle(error, [&] { return give_value(Value::scalar(number)); });
}

runhook_value* runhook_value_create_int64(int64_t number, runhook_error** error) {
  return guarded_handle(error, [&] { return give_value(Value::scalar(std::int64_t{number})); });
}

runhook_value* runhook_value_create_string(const char* text, runhook_error** error) {
  return guarded_handle(error, [&] { return give_value(Value::string(required_text(text, "the text"))); });
}

runhook_value* runhook_value_create_bytes(const void* data, size_t size, runhook_error** error) {
  return guarded_handle(error,
                        [&] { return give_value(Value::bytes(std::as_bytes(std::span(required_bytes(data, size))))); });
}

runhook_value* runhook_value_adopt(const runhook_buffer* buffer, runhook_error** error) {
  runhook_buffer table{};
  UserData owner;
  if (accept_table(buffer, kBufferSizeV1_0, table, owner, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    const auto shape = shape_of(table.shape, table.rank);
    const auto strides =
        table.strides == nullptr ? std::span<const std::int64_t>() : shape_of(table.strides, table.rank);
    check_reserved(table.reserved);
    const Device device{table.device_type, table.device_id};
    return give_value(
        Value::adopt(static_cast<DType>(table.dtype), shape, strides, device, table.data, keeper(std::move(owner))));
  });
}

runhook_value* runhook_value_from_dlpack(struct DLManagedTensor* managed, runhook_error** error) {
  return guarded_handle(error, [&] {
    if (managed == nullptr) throw StatusError(StatusCode::invalid_argument, "the tensor is NULL");
    return give_value(Value::from_dlpack(managed));
  });
}

struct DLManagedTensor* runhook_value_to_dlpack(runhook_value* value, runhook_error** error) {
  return guarded_handle(error, [&] { return from_handle(value).to_dlpack(); });
}

runhook_value* runhook_value_clone(const runhook_value* value, runhook_error** error) {
  return guarded_handle(error, [&] { return give_value(from_handle(value).clone()); });
}

runhook_status runhook_value_retain(runhook_value* value, runhook_error** error) {
  return guarded(error, [&] {
    if (!retain_value(value)) runhook::capi::detail::refuse_handle(number_of(value), HandleKind::value);
  });
}

void runhook_value_destroy(runhook_value* value) { drop_value(value); }

int32_t runhook_value_kind(const runhook_value* value) {
  const Value* found = find_value(value);
  return found != nullptr ? static_cast<int32_t>(found->kind()) : RUNHOOK_VALUE_ABSENT;
}

int32_t runhook_value_dtype(const runhook_value* value) {
  return of_tensor<int32_t>(value, 0, [](const Value& tensor) { return static_cast<int32_t>(tensor.dtype()); });
}

size_t runhook_value_rank(const runhook_value* value) {
  return of_tensor<size_t>(value, 0, [](const Value& tensor) { return tensor.shape().size(); });
}

int64_t runhook_value_element_count(const runhook_value* value) {
  return of_tensor<int64_t>(value, 0, [](const Value& tensor) -> int64_t { return tensor.element_count(); });
}

size_t runhook_value_byte_size(const runhook_value* value) {
  const Value* found = find_value(value);
  return found != nullptr ? found->byte_size() : 0;
}

int32_t runhook_value_device_type(const runhook_value* value) {
  return of_tensor<int32_t>(value, 0, [](const Value& tensor) { return tensor.device().type; });
}

int32_t runhook_value_device_id(const runhook_value* value) {
  return of_tensor<int32_t>(value, 0, [](const Value& tensor) { return tensor.device().id; });
}

const int64_t* runhook_value_shape(const runhook_value* value) {
  return of_tensor<const int64_t*>(value, nullptr, [](const Value& tensor) -> const int64_t* {
    return tensor.shape().empty() ? nullptr : tensor.shape().data();
  });
}

const int64_t* runhook_value_strides(const runhook_value* value) {
  return of_tensor<const int64_t*>(value, nullptr, [](const Value& tensor) -> const int64_t* {
    return tensor.strides().empty() ? nullptr : tensor.strides().data();
  });
}

const void* runhook_value_data(const runhook_value* value) {
  const Value* found = find_value(value);
  return found != nullptr ? found->data() : nullptr;
}

void* runhook_value_mutable_data(runhook_value* value) {
  const Value* found = find_value(value);
  if (found == nullptr) return nullptr;
  Value shared = *found;
  return shared.mutable_data();
}

runhook_status runhook_value_get_double(const runhook_value* value, double* number, runhook_error** error) {
  return guarded(error, [&] {
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = from_handle(value).to_double();
  });
}

runhook_status runhook_value_get_int64(const runhook_value* value, int64_t* number, runhook_error** error) {
  return guarded(error, [&] {
    if (number == nullptr) throw StatusError(StatusCode::invalid_argument, "number is NULL");
    *number = from_handle(value).to_int64();
  });
}
