// Text that comes from elsewhere and is to stay on the line that it is put into.
#ifndef RUNHOOK_SRC_BASE_ONE_LINE_HPP_
#define RUNHOOK_SRC_BASE_ONE_LINE_HPP_

#include <cstdint>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// What becomes of line ends and tabs: for prose they are as good as spaces, of a value nothing is to be lost.
enum class Blanks : std::uint8_t { kept, escaped };

// `text` with control characters and what is not UTF-8 written as escapes, so that it makes no line of its own and says
// nothing to a terminal. With Blanks::kept a line end is a space, and a tab stays.
std::string one_line(std::string_view text, Blanks blanks = Blanks::kept);
// Whether one_line() would leave it as it is.
bool is_one_line(std::string_view text) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_ONE_LINE_HPP_
