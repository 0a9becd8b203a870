// Warnings of which equal ones are one.
#ifndef RUNHOOK_SRC_RUN_COUNTED_WARNING_HPP_
#define RUNHOOK_SRC_RUN_COUNTED_WARNING_HPP_

#include <cstdint>
#include <vector>

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

struct CountedWarning {
  Error error;  // the first
  std::uint64_t count = 1;
  std::int64_t last_step = -1;  // negative: not known
};

// Adds an error to those that it equals but for the step, or as one more, unless there are `most` or there is no
// memory.
void add_counted(std::vector<CountedWarning>& warnings, const Error& error, std::size_t most) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_COUNTED_WARNING_HPP_
