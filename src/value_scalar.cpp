// Reading the single element of a tensor as a number.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "runhook/error.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {

namespace {

template <typename T>
T read(const void* data) noexcept {
  T element;
  std::memcpy(&element, data, sizeof element);  // adopted memory need not be aligned
  return element;
}

double half_to_double(std::uint16_t bits) noexcept {
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  double magnitude = 0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(fraction + 0x400, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

float bfloat_to_float(std::uint16_t bits) noexcept { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

[[noreturn]] void fail(const char* what) { throw StatusError(StatusCode::failed_precondition, what); }

// Calls `use` with the element as std::int64_t, std::uint64_t or double, whichever holds it exactly.
template <typename Use>
auto visit_scalar(const Value& value, Use use) {
  if (value.kind() != ValueKind::tensor) fail("the value is not a tensor");
  if (value.element_count() != 1) {
    throw StatusError(StatusCode::failed_precondition,
                      fmt::format("the tensor has {} elements, not one", value.element_count()));
  }
  if (value.device().type != Device().type) fail("the tensor is not in the memory of the CPU");
  const void* data = value.data();
  switch (value.dtype()) {
    case DType::int8:
      return use(std::int64_t{read<std::int8_t>(data)});
    case DType::int16:
      return use(std::int64_t{read<std::int16_t>(data)});
    case DType::int32:
      return use(std::int64_t{read<std::int32_t>(data)});
    case DType::int64:
      return use(read<std::int64_t>(data));
    case DType::uint8:
      return use(std::int64_t{read<std::uint8_t>(data)});
    case DType::uint16:
      return use(std::int64_t{read<std::uint16_t>(data)});
    case DType::uint32:
      return use(std::int64_t{read<std::uint32_t>(data)});
    case DType::uint64:
      return use(read<std::uint64_t>(data));
    case DType::float16:
      return use(half_to_double(read<std::uint16_t>(data)));
    case DType::bfloat16:
      return use(static_cast<double>(bfloat_to_float(read<std::uint16_t>(data))));
    case DType::float32:
      return use(static_cast<double>(read<float>(data)));
    case DType::float64:
      return use(read<double>(data));
    case DType::boolean:
      return use(std::int64_t{read<std::uint8_t>(data) != 0 ? 1 : 0});
    case DType::complex64:
    case DType::complex128:
      break;
  }
  fail("the element is not a real number");
}

struct ToInt64 {
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
};

}  // namespace

double Value::to_double() const {
  return visit_scalar(*this, [](auto x) { return static_cast<double>(x); });
}

std::int64_t Value::to_int64() const { return visit_scalar(*this, ToInt64()); }

}  // namespace runhook::inline v1
