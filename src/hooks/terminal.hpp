// terminal.hpp: what is known of the terminal behind a descriptor.
#ifndef RUNHOOK_SRC_HOOKS_TERMINAL_HPP_
#define RUNHOOK_SRC_HOOKS_TERMINAL_HPP_

#include <cstddef>
#include <memory>
#include <string_view>

#include "runhook/output.hpp"

namespace runhook::inline v1 {
namespace detail {

// Ends a line that is drawn over an older one: erases the rest of the older line, and goes back to the beginning, so
// that what is written next overwrites the line.
inline constexpr std::string_view kEraseRest = "\033[K";

// An output for a file descriptor that belongs to somebody else.
std::shared_ptr<Output> descriptor_output(int fd);

bool is_terminal(int fd) noexcept;
bool is_dumb_terminal() noexcept;  // whether TERM says that it understands no control sequences
std::size_t terminal_columns(int fd) noexcept;

// How many columns of a terminal the text takes, which is UTF-8 without control characters.
std::size_t columns_of(std::string_view text) noexcept;
// Its longest beginning that takes no more columns.
std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_TERMINAL_HPP_
