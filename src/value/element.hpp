// element.hpp: reading one element of a tensor as the kind of number that holds it exactly.
#ifndef RUNHOOK_SRC_VALUE_ELEMENT_HPP_
#define RUNHOOK_SRC_VALUE_ELEMENT_HPP_

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

template <typename T>
T read_element(const void* data) noexcept {
  T element;
  std::memcpy(&element, data, sizeof element);  // adopted memory need not be aligned
  return element;
}

inline double half_to_double(std::uint16_t bits) noexcept {
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

inline float bfloat_to_float(std::uint16_t bits) noexcept { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

// Calls `use` with the element at `data`, which is in the CPU's memory: as bool, std::int64_t, std::uint64_t, double or
// std::complex<double>. All of them have to give the same type.
template <typename Use>
auto visit_element(DType dtype, const void* data, Use&& use) {
  switch (dtype) {
    case DType::int8:
      return use(std::int64_t{read_element<std::int8_t>(data)});
    case DType::int16:
      return use(std::int64_t{read_element<std::int16_t>(data)});
    case DType::int32:
      return use(std::int64_t{read_element<std::int32_t>(data)});
    case DType::int64:
      return use(read_element<std::int64_t>(data));
    case DType::uint8:
      return use(std::int64_t{read_element<std::uint8_t>(data)});
    case DType::uint16:
      return use(std::int64_t{read_element<std::uint16_t>(data)});
    case DType::uint32:
      return use(std::int64_t{read_element<std::uint32_t>(data)});
    case DType::uint64:
      return use(read_element<std::uint64_t>(data));
    case DType::float16:
      return use(half_to_double(read_element<std::uint16_t>(data)));
    case DType::bfloat16:
      return use(static_cast<double>(bfloat_to_float(read_element<std::uint16_t>(data))));
    case DType::float32:
      return use(static_cast<double>(read_element<float>(data)));
    case DType::float64:
      return use(read_element<double>(data));
    case DType::complex64:
      return use(std::complex<double>(read_element<std::complex<float>>(data)));
    case DType::complex128:
      return use(read_element<std::complex<double>>(data));
    case DType::boolean:
      break;
  }
  return use(read_element<std::uint8_t>(data) != 0);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_ELEMENT_HPP_
