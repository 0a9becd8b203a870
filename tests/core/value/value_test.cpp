#include "runhook/value.hpp"

#include <dlpack/dlpack.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"

namespace {

using runhook::Device;
using runhook::DType;
using runhook::Value;
using runhook::ValueKind;
using Shape = std::vector<std::int64_t>;

TEST(Value, DefaultIsAbsent) {
  const Value value;
  EXPECT_FALSE(value);
  EXPECT_EQ(value.kind(), ValueKind::absent);
  EXPECT_TRUE(value.shape().empty());
  EXPECT_EQ(value.byte_size(), 0u);
  EXPECT_EQ(value.data(), nullptr);
  EXPECT_FALSE(value.unique());
  EXPECT_FALSE(value.clone());
  EXPECT_STATUS(value.to_double(), failed_precondition, "not a tensor");
}

TEST(Value, TensorIsZeroedAlignedAndOneAllocation) {
  const Shape shape{3, 50};
  const auto before = runhook_test::allocations();
  Value value = Value::tensor(DType::float32, shape);
  EXPECT_EQ(runhook_test::allocations() - before, 1u);
  EXPECT_EQ(value.kind(), ValueKind::tensor);
  EXPECT_EQ(value.element_count(), 150);
  EXPECT_EQ(value.byte_size(), 600u);
  EXPECT_EQ(Shape(value.shape().begin(), value.shape().end()), shape);
  EXPECT_EQ(Shape(value.strides().begin(), value.strides().end()), (Shape{50, 1}));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(value.data()) % 64, 0u);
  EXPECT_TRUE(value.is_contiguous());
  EXPECT_TRUE(value.unique());
  for (int i = 0; i < 150; ++i) EXPECT_EQ(static_cast<const float*>(value.data())[i], 0.0f);
}

TEST(Value, EveryDtypeMakesATensor) {
  for (int code :
       {0x008, 0x010, 0x020, 0x040, 0x108, 0x110, 0x120, 0x140, 0x210, 0x220, 0x240, 0x410, 0x540, 0x580, 0x608}) {
    const auto dtype = static_cast<DType>(code);
    EXPECT_EQ(runhook::dtype_size(dtype), static_cast<std::size_t>((code & 0xFF) / 8));
    EXPECT_EQ(Value::tensor(dtype, Shape{2}).byte_size(), 2 * runhook::dtype_size(dtype));
  }
}

TEST(Value, BadDescriptionIsRefused) {
  EXPECT_STATUS(Value::tensor(static_cast<DType>(0x221), {}), invalid_argument, "dtype");
  EXPECT_STATUS(Value::tensor(DType::int8, Shape{2, -1}), invalid_argument, "negative");
  EXPECT_STATUS(Value::tensor(DType::int8, Shape(33, 1)), invalid_argument, "rank");
  EXPECT_STATUS(Value::tensor(DType::int64, Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}), invalid_argument,
                "large");
  EXPECT_STATUS(Value::tensor(DType::int64, Shape{std::int64_t{1} << 62, 4, 0}), invalid_argument, "large");
  EXPECT_STATUS(Value::copy_of(DType::int64, Shape{2}, nullptr), invalid_argument, "NULL");
  EXPECT_EQ(Value::copy_of(DType::int64, Shape{0}, nullptr).element_count(), 0);
  EXPECT_EQ(Value::tensor(DType::int8, Shape(32, 1)).shape().size(), 32u);
}

TEST(Value, ScalarsConvert) {
  EXPECT_EQ(Value::scalar(2.5).to_double(), 2.5);
  EXPECT_EQ(Value::scalar(2.5f).to_int64(), 2);
  EXPECT_EQ(Value::scalar(std::int64_t{-7}).to_int64(), -7);
  EXPECT_EQ(Value::scalar(std::int32_t{-7}).to_double(), -7.0);
  EXPECT_EQ(Value::scalar(true).to_int64(), 1);
  EXPECT_TRUE(Value::scalar(1.0).shape().empty());
  const std::uint64_t big = std::numeric_limits<std::uint64_t>::max();
  const Value unsigned_value = Value::copy_of(DType::uint64, Shape{1, 1}, &big);
  EXPECT_EQ(unsigned_value.to_double(), 18446744073709551616.0);
  EXPECT_STATUS(unsigned_value.to_int64(), failed_precondition, "64 bits");
  EXPECT_STATUS(Value::scalar(std::nan("")).to_int64(), failed_precondition, "64 bits");
  EXPECT_STATUS(Value::scalar(9.3e18).to_int64(), failed_precondition, "64 bits");
  EXPECT_EQ(Value::scalar(-9223372036854775808.0).to_int64(), std::numeric_limits<std::int64_t>::min());
}

TEST(Value, NarrowIntegersAndHalvesConvert) {
  const auto of = [](DType dtype, std::uint64_t bits) { return Value::copy_of(dtype, {}, &bits).to_double(); };
  EXPECT_EQ(of(DType::int8, 0x80), -128);
  EXPECT_EQ(of(DType::uint8, 0x80), 128);
  EXPECT_EQ(of(DType::int16, 0xFFFF), -1);
  EXPECT_EQ(of(DType::uint16, 0xFFFF), 65535);
  EXPECT_EQ(of(DType::uint32, 0xFFFFFFFF), 4294967295.0);
  EXPECT_EQ(of(DType::float16, 0x3C00), 1.0);
  EXPECT_EQ(of(DType::float16, 0xC100), -2.5);
  EXPECT_EQ(of(DType::float16, 0x7BFF), 65504.0);
  EXPECT_EQ(of(DType::float16, 0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(of(DType::float16, 0xFC00), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(of(DType::float16, 0x7E00)));
  EXPECT_EQ(of(DType::bfloat16, 0x3F80), 1.0);
  EXPECT_EQ(of(DType::bfloat16, 0xC020), -2.5);
}

TEST(Value, OnlyOneRealElementConverts) {
  EXPECT_STATUS(Value::tensor(DType::float32, Shape{2}).to_double(), failed_precondition, "2 elements");
  EXPECT_STATUS(Value::tensor(DType::float32, Shape{0}).to_double(), failed_precondition, "0 elements");
  EXPECT_STATUS(Value::tensor(DType::complex64, {}).to_double(), failed_precondition, "real");
  EXPECT_STATUS(Value::string("1").to_double(), failed_precondition, "tensor");
}

TEST(Value, CopiesShareData) {
  Value one = Value::scalar(1.0);
  Value two = one;
  EXPECT_TRUE(one.same_as(two));
  EXPECT_FALSE(one.unique());
  *static_cast<double*>(two.mutable_data()) = 5;
  EXPECT_EQ(one.to_double(), 5);
  const Value three = std::move(two);
  EXPECT_FALSE(two);  // NOLINT: moved-from is absent by contract
  one.reset();
  EXPECT_TRUE(three.unique());
  Value& alias = one;
  one = three;
  one = alias;
  EXPECT_EQ(one.to_double(), 5);
}

TEST(Value, StringsAndBytes) {
  Value text = Value::string("h\xC3\xA9llo");
  EXPECT_EQ(text.kind(), ValueKind::string);
  EXPECT_EQ(text.text(), "h\xC3\xA9llo");
  EXPECT_EQ(text.text().data()[text.byte_size()], '\0');
  EXPECT_EQ(text.mutable_data(), nullptr);
  EXPECT_EQ(text.element_count(), 0);
  EXPECT_EQ(Value::string("").text(), "");
  const std::array<std::byte, 3> raw{std::byte{0xFF}, std::byte{0}, std::byte{1}};
  const Value bytes = Value::bytes(raw);
  EXPECT_EQ(bytes.kind(), ValueKind::bytes);
  EXPECT_EQ(bytes.byte_size(), 3u);
  EXPECT_EQ(std::memcmp(bytes.data(), raw.data(), 3), 0);
  EXPECT_EQ(bytes.clone().text(), bytes.text());
  EXPECT_FALSE(bytes.clone().same_as(bytes));
  EXPECT_EQ(text.clone().text(), text.text());
  EXPECT_EQ(Value::bytes({}).byte_size(), 0u);
}

TEST(Value, InvalidUtf8IsRefused) {
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80\x80", "a\xE2\x82"}) {
    EXPECT_STATUS(Value::string(bad), invalid_argument, "UTF-8");
  }
  for (const char* good :
       {"\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Value::string(good).text(), good);
  }
}

TEST(Value, AdoptedMemoryIsGivenBackOnce) {
  int deleted = 0;
  std::vector<float> memory(6, 1.5f);
  {
    Value value = Value::adopt(DType::float32, Shape{2, 3}, {}, {}, memory.data(), [&] { ++deleted; });
    EXPECT_EQ(value.data(), memory.data());
    const Value copy = value;
    value.reset();
    EXPECT_EQ(deleted, 0);
    EXPECT_EQ(copy.byte_size(), 24u);
  }
  EXPECT_EQ(deleted, 1);
}

TEST(Value, AdoptThatFailsStillDeletes) {
  int deleted = 0;
  float x = 0;
  const auto deleter = [&] { ++deleted; };
  EXPECT_STATUS(Value::adopt(DType::float32, Shape{-1}, {}, {}, &x, deleter), invalid_argument, "negative");
  EXPECT_STATUS(Value::adopt(DType::float32, Shape{1}, Shape{1, 1}, {}, &x, deleter), invalid_argument, "strides");
  EXPECT_STATUS(Value::adopt(DType::float32, Shape{1}, {}, {}, nullptr, deleter), invalid_argument, "NULL");
  EXPECT_EQ(deleted, 3);
  std::function<void()> function = deleter;
  {
    const runhook_test::AllocationFailure failure(0);
    EXPECT_THROW(Value::adopt(DType::float32, {}, {}, {}, &x, std::move(function)), std::bad_alloc);
  }
  EXPECT_EQ(deleted, 4);
  EXPECT_NO_THROW(Value::adopt(DType::float32, {}, {}, {}, &x, nullptr).reset());
  EXPECT_NO_THROW(Value::adopt(DType::float32, {}, {}, {}, &x, [] { throw 1; }).reset());
}

TEST(Value, CloneOfStridedIsContiguous) {
  const std::vector<std::int32_t> memory{1, 2, 3, 4, 5, 6};
  const Value transposed =
      Value::adopt(DType::int32, Shape{3, 2}, Shape{1, 3}, {}, const_cast<std::int32_t*>(memory.data()), {});
  EXPECT_FALSE(transposed.is_contiguous());
  const Value copy = transposed.clone();
  EXPECT_TRUE(copy.is_contiguous());
  const auto* data = static_cast<const std::int32_t*>(copy.data());
  EXPECT_EQ(std::vector<std::int32_t>(data, data + 6), (std::vector<std::int32_t>{1, 4, 2, 5, 3, 6}));
  const Value reversed =
      Value::adopt(DType::int32, Shape{3}, Shape{-1}, {}, const_cast<std::int32_t*>(memory.data() + 2), {});
  const Value forward = reversed.clone();
  EXPECT_EQ(static_cast<const std::int32_t*>(forward.data())[0], 3);
  EXPECT_EQ(static_cast<const std::int32_t*>(forward.data())[2], 1);
  const Value broadcast =
      Value::adopt(DType::int32, Shape{2, 2}, Shape{0, 1}, {}, const_cast<std::int32_t*>(memory.data()), {});
  EXPECT_EQ(static_cast<const std::int32_t*>(broadcast.clone().data())[3], 2);
  const Value one =
      Value::adopt(DType::int32, Shape{1, 3}, Shape{99, 1}, {}, const_cast<std::int32_t*>(memory.data()), {});
  EXPECT_TRUE(one.is_contiguous());
}

TEST(Value, DeviceMemoryIsNotRead) {
  int token = 0;
  const Value value = Value::adopt(DType::int32, {}, {}, Device{2, 1}, &token, {});
  EXPECT_EQ(value.device(), (Device{2, 1}));
  EXPECT_STATUS(value.clone(), failed_precondition, "CPU");
  EXPECT_STATUS(value.to_int64(), failed_precondition, "CPU");
}

TEST(Value, DlpackRoundTripSharesMemory) {
  const std::array<float, 4> data{1, 2, 3, 4};
  Value value = Value::copy_of(DType::float32, Shape{2, 2}, data.data());
  DLManagedTensor* lent = value.to_dlpack();
  EXPECT_EQ(lent->dl_tensor.data, value.data());
  EXPECT_EQ(lent->dl_tensor.dtype.code, kDLFloat);
  EXPECT_EQ(lent->dl_tensor.dtype.bits, 32);
  EXPECT_EQ(lent->dl_tensor.shape[1], 2);
  EXPECT_EQ(lent->dl_tensor.strides[0], 2);
  const void* memory = value.data();
  value.reset();
  {
    const Value back = Value::from_dlpack(lent);
    EXPECT_EQ(back.data(), memory);
    EXPECT_EQ(back.dtype(), DType::float32);
    EXPECT_EQ(static_cast<const float*>(back.data())[3], 4.0f);
  }
  EXPECT_STATUS(Value::string("x").to_dlpack(), failed_precondition, "tensor");
  EXPECT_STATUS(Value().to_dlpack(), failed_precondition, "tensor");
}

struct Foreign {
  std::array<std::int64_t, 2> shape{2, 2};
  std::array<std::int64_t, 2> strides{1, 2};
  std::array<std::int16_t, 8> data{0, 1, 2, 3, 4, 5, 6, 7};
  DLManagedTensor managed{};
  int deleted = 0;
  Foreign() {
    managed.dl_tensor.data = data.data();
    managed.dl_tensor.device = {kDLCPU, 0};
    managed.dl_tensor.ndim = 2;
    managed.dl_tensor.dtype = {kDLInt, 16, 1};
    managed.dl_tensor.shape = shape.data();
    managed.dl_tensor.strides = strides.data();
    managed.dl_tensor.byte_offset = 4;
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensor* self) { ++static_cast<Foreign*>(self->manager_ctx)->deleted; };
  }
};

TEST(Value, DlpackOffsetAndStridesAreHonoured) {
  Foreign foreign;
  {
    const Value value = Value::from_dlpack(&foreign.managed);
    EXPECT_EQ(value.data(), foreign.data.data() + 2);
    EXPECT_EQ(static_cast<const std::int16_t*>(value.clone().data())[1], 4);
    EXPECT_EQ(foreign.deleted, 0);
  }
  EXPECT_EQ(foreign.deleted, 1);
  foreign.managed.dl_tensor.strides = nullptr;
  EXPECT_TRUE(Value::from_dlpack(&foreign.managed).is_contiguous());
  foreign.managed.deleter = nullptr;
  EXPECT_TRUE(Value::from_dlpack(&foreign.managed));
}

TEST(Value, BadDlpackIsDeletedAndRefused) {
  const auto refused = [](auto spoil) {
    Foreign foreign;
    spoil(foreign.managed.dl_tensor);
    EXPECT_STATUS(Value::from_dlpack(&foreign.managed), invalid_argument, "");
    return foreign.deleted;
  };
  EXPECT_EQ(refused([](DLTensor& t) { t.dtype.lanes = 4; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.dtype.bits = 7; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.dtype.code = kDLOpaqueHandle; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.ndim = -1; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.ndim = 33; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.shape = nullptr; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.shape[0] = -2; }), 1);
  EXPECT_EQ(refused([](DLTensor& t) { t.data = nullptr; }), 1);
  EXPECT_STATUS(Value::from_dlpack(nullptr), invalid_argument, "NULL");
  Foreign foreign;
  {
    const runhook_test::AllocationFailure failure(0);
    EXPECT_THROW(Value::from_dlpack(&foreign.managed), std::bad_alloc);
  }
  EXPECT_EQ(foreign.deleted, 1);
}

std::uintptr_t released = 0;
void release(std::uintptr_t handle) noexcept { released += handle; }

TEST(Value, BindingHandleTravelsAndIsReleased) {
  released = 0;
  {
    const Value value = Value::scalar(1.0);
    EXPECT_EQ(value.binding_handle(), 0u);
    value.set_binding_handle(17, &release);
    const Value copy = value;
    EXPECT_EQ(copy.binding_handle(), 17u);
    EXPECT_EQ(copy.clone().binding_handle(), 0u);
    EXPECT_EQ(released, 0u);
  }
  EXPECT_EQ(released, 17u);
  {
    const Value value = Value::scalar(1.0);
    value.set_binding_handle(5, &release);
    value.set_binding_handle(0, nullptr);
  }
  EXPECT_EQ(released, 17u);
  Value().set_binding_handle(1, &release);
}

TEST(Value, LastReferenceMayGoOnAnyThread) {
  std::atomic<int> deleted = 0;
  for (int round = 0; round < 200; ++round) {
    int x = 0;
    Value value = Value::adopt(DType::int32, {}, {}, {}, &x, [&] { ++deleted; });
    std::thread other([copy = value]() mutable { copy.reset(); });
    value.reset();
    other.join();
  }
  EXPECT_EQ(deleted, 200);
}

}  // namespace
