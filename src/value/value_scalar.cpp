// Reading the single element of a tensor as a number.

#include <cstring>
#include <limits>

#include "base/format.hpp"
#include "runhook/error.hpp"
#include "runhook/value.hpp"
#include "value/element.hpp"
#include "value/value_block.hpp"

namespace runhook::inline v1 {

namespace {

[[noreturn]] void fail(const char* what) { throw StatusError(StatusCode::failed_precondition, what); }

template <typename Use>
auto visit_scalar(const Value& value, Use use) {
  if (value.kind() != ValueKind::tensor) fail("the value is not a tensor");
  if (value.element_count() != 1) {
    throw StatusError(StatusCode::failed_precondition,
                      fmt::format("the tensor has {} elements, not one", value.element_count()));
  }
  if (value.device().type != Device().type) fail("the tensor is not in the memory of the CPU");
  return detail::visit_element(value.dtype(), value.data(), use);
}

struct ToDouble {
  double operator()(bool x) const noexcept { return x ? 1 : 0; }
  template <typename Number>
  double operator()(Number x) const noexcept {
    return static_cast<double>(x);
  }
  double operator()(std::complex<double>) const { fail("the element is not a real number"); }
};

struct ToInt64 {
  std::int64_t operator()(bool x) const noexcept { return x ? 1 : 0; }
  std::int64_t operator()(std::int64_t x) const noexcept { return x; }
  std::int64_t operator()(std::uint64_t x) const {
    if (x > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail("the number exceeds 64 bits");
    return static_cast<std::int64_t>(x);
  }
  std::int64_t operator()(double x) const {
    constexpr double kLimit = 9223372036854775808.0;  // 2^63; also false for NaN
    if (!(x >= -kLimit && x < kLimit)) fail("the number exceeds 64 bits");
    return static_cast<std::int64_t>(x);
  }
  std::int64_t operator()(std::complex<double>) const { fail("the element is not a real number"); }
};

}  // namespace

double Value::to_double() const { return visit_scalar(*this, ToDouble()); }

std::int64_t Value::to_int64() const { return visit_scalar(*this, ToInt64()); }

bool detail::scalar_bits(const Value& value, DType& dtype, std::uint64_t& bits) noexcept {
  const Value::Block* const block = value.block_;
  if (block == nullptr || block->kind != ValueKind::tensor || block->rank != 0) return false;
  if (block->device.type != Device().type || block->byte_size > sizeof bits) return false;
  dtype = block->dtype;
  std::memcpy(&bits, block->data, block->byte_size);
  return true;
}

}  // namespace runhook::inline v1
