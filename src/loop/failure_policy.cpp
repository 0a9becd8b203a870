#include "loop/failure_policy.hpp"

#include <fmt/core.h>

#include <bit>
#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

bool HookFailures::fails_run(HookSlot& slot, const Error& error) noexcept {
  if (slot.options.failure_policy == FailurePolicy::fail) return true;
  outcome_.note_warning(error);
  ++slot.failures;
  const bool disable = slot.options.failure_policy == FailurePolicy::disable &&
                       slot.failures >= static_cast<std::uint64_t>(slot.options.max_failures);
  // Of a hook that fails in every step the 1st, 2nd, 4th, 8th, ... are logged; all are counted.
  if (std::has_single_bit(slot.failures) || disable) {
    try {
      state_.log(LogLevel::warning,
                 fmt::format("{} (failure {} of this hook{})", error.to_string(), slot.failures,
                             disable ? ", which is disabled now" : ""),
                 error.hook());
    } catch (...) {
      state_.log(LogLevel::warning, "a hook has failed");
    }
  }
  if (disable) hooks_.disable(slot);
  return false;
}

void HookFailures::warn(const Error& error) noexcept {
  outcome_.note_warning(error);
  try {
    state_.log(LogLevel::warning, error.to_string(), error.hook());
  } catch (...) {
    state_.log(LogLevel::warning, error.message());
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
