// Texts put together with fmt. Files that format include this and not <fmt/format.h>, which would compile the
// formatting of every kind of number into each of them: it is compiled once, by fmt_definitions.cpp.
#ifndef RUNHOOK_SRC_BASE_FORMAT_HPP_
#define RUNHOOK_SRC_BASE_FORMAT_HPP_

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

void vappend_format(std::string& text, fmt::string_view format, fmt::format_args args);

// Puts what fmt::format would return at the end of a text.
template <typename... Args>
void append_format(std::string& text, fmt::format_string<Args...> format, Args&&... args) {
  vappend_format(text, format, fmt::make_format_args(args...));
}

std::string joined(const std::vector<std::string>& texts, std::string_view separator);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_FORMAT_HPP_
