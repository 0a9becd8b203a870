// standard_error.hpp: writing for people to read, to standard error without waiting for it.
#ifndef RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
#define RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Writes the text if standard error accepts it at once: a terminal that is halted, or a pipe that nobody reads, must
// not hold up a run. On a terminal it takes the place of a progress line, which is drawn again. A pipe whose reader is
// gone raises no SIGPIPE. Waits for no lock, and takes no memory.
void write_to_standard_error(std::string_view text) noexcept;

// Writes all of it, and waits where it has to; no SIGPIPE either. Returns 0, or the errno of what has failed.
int write_wholly(int fd, std::string_view text) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
