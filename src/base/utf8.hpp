// Validation of UTF-8.
#ifndef RUNHOOK_SRC_BASE_UTF8_HPP_
#define RUNHOOK_SRC_BASE_UTF8_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Whether `text` is well-formed: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;
// The longest well-formed beginning of `text`.
std::string_view utf8_beginning(std::string_view text) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_UTF8_HPP_
