// standard_error.hpp: writing to standard error without waiting for it.
#ifndef RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
#define RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Writes the text if standard error accepts it at once: a terminal that is halted, or a pipe that nobody reads, must
// not hold up a run. A pipe whose reader is gone raises no SIGPIPE. Takes no lock and no memory.
void write_to_standard_error(std::string_view text) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
