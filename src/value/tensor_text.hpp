// Dtypes, shapes and values in words, for messages.
#ifndef RUNHOOK_SRC_VALUE_TENSOR_TEXT_HPP_
#define RUNHOOK_SRC_VALUE_TENSOR_TEXT_HPP_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

std::string_view dtype_name(DType dtype) noexcept;  // e.g. "float32"; "?" for a number that is no DType
// E.g. "float32[2,?]"; a negative extent is any extent.
std::string describe_tensor(DType dtype, std::span<const std::int64_t> shape);
std::string describe_value(const Value& value);  // e.g. "float32[2,3]" or "a string"

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_VALUE_TENSOR_TEXT_HPP_
