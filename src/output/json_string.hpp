// Texts in JSON.
#ifndef RUNHOOK_SRC_OUTPUT_JSON_STRING_HPP_
#define RUNHOOK_SRC_OUTPUT_JSON_STRING_HPP_

#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// The text in quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_JSON_STRING_HPP_
