// Standard error, for lines that nobody may have to wait for.
#ifndef RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
#define RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_

#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Writes the text, unless standard error would not take it at once: a terminal that is halted, or a pipe that nobody
// reads, must not hold up a run. One whose reader is gone is no signal either. Takes no lock and no memory.
void write_to_standard_error(std::string_view text) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_STANDARD_ERROR_HPP_
