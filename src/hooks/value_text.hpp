// value_text.hpp: values as text for people.
#ifndef RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_
#define RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_

#include <span>
#include <string>
#include <string_view>

#include "base/one_line.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

// Six significant digits; whole numbers in full.
std::string number_text(double number);

// A value on one line: numbers as number_text() has them, tensors in brackets, of long ones the beginning and the end
// of each dimension, strings as they are. What is not in the CPU's memory is described.
std::string value_text(const Value& value);

// "tag = value, tag = value", on one line.
std::string named_values_text(std::span<const std::string> tags, std::span<const Value> values);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_
