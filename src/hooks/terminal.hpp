// terminal.hpp: what is known of the terminal behind a descriptor.
#ifndef RUNHOOK_SRC_HOOKS_TERMINAL_HPP_
#define RUNHOOK_SRC_HOOKS_TERMINAL_HPP_

#include <cstddef>
#include <memory>
#include <string_view>

#include "runhook/output.hpp"

namespace runhook::inline v1 {
namespace detail {

// An output for a file descriptor that belongs to somebody else.
std::shared_ptr<Output> descriptor_output(int fd);

std::size_t terminal_columns(int fd) noexcept;

// How many columns of a terminal the text takes, which is UTF-8 without control characters.
std::size_t columns_of(std::string_view text) noexcept;
// Its longest beginning that takes no more columns.
std::string_view cut_to_columns(std::string_view text, std::size_t columns) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_TERMINAL_HPP_
