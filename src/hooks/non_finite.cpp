#include "hooks/non_finite.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace runhook::inline v1 {
namespace detail {

namespace {

// 16-bit floating-point formats, which differ in which bits are the exponent.
template <std::uint16_t Exponent>
struct Half {
  std::uint16_t bits;
};

template <class T>
bool is_nan(T number) noexcept {
  return std::isnan(number);
}
template <class T>
bool is_infinite(T number) noexcept {
  return std::isinf(number);
}
template <std::uint16_t Exponent>
bool is_nan(Half<Exponent> number) noexcept {
  return (number.bits & 0x7FFFU) > Exponent;
}
template <std::uint16_t Exponent>
bool is_infinite(Half<Exponent> number) noexcept {
  return (number.bits & 0x7FFFU) == Exponent;
}

template <class T>
NonFinite scan(const Value& value) noexcept {
  NonFinite found;
  const auto* bytes = static_cast<const unsigned char*>(value.data());
  for (std::size_t at = 0, end = value.byte_size(); at + sizeof(T) <= end; at += sizeof(T)) {
    T number;
    std::memcpy(&number, bytes + at, sizeof number);  // elements of foreign memory need not be aligned
    if (is_nan(number)) {
      found.nan = true;
      return found;
    }
    found.infinity = found.infinity || is_infinite(number);
  }
  return found;
}

}  // namespace

NonFinite find_non_finite(const Value& value) {
  if (value.kind() != ValueKind::tensor || value.device().type != Device().type) return {};
  const Value dense = value.is_contiguous() ? value : value.clone();
  switch (dense.dtype()) {
    case DType::float64:
    case DType::complex128:
      return scan<double>(dense);
    case DType::float32:
    case DType::complex64:
      return scan<float>(dense);
    case DType::float16:
      return scan<Half<0x7C00>>(dense);
    case DType::bfloat16:
      return scan<Half<0x7F80>>(dense);
    default:
      return {};
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
