// value_text.hpp: values as text for people.
#ifndef RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_
#define RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_

#include <span>
#include <string>
#include <string_view>

#include "base/one_line.hpp"
#include "runhook/logged_value.hpp"
#include "runhook/value.hpp"

namespace runhook::inline v1 {
namespace detail {

// Six significant digits; whole numbers in full.
std::string number_text(double number);

// A value on one line: numbers as by number_text(); tensors in brackets, long ones with only the beginning and the end
// of each dimension; strings as they are. A value that is not on the CPU is described.
std::string value_text(const Value& value);

// "tag = value, tag = value", on one line.
std::string named_values_text(std::span<const std::string> tags, std::span<const Value> values);

// "name = value", on one line.
std::string logged_text(std::string_view name, const LoggedValue& value, std::string_view text);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_VALUE_TEXT_HPP_
