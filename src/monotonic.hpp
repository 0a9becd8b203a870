// monotonic.hpp: the machine's monotonic time, and sums that do not overflow.
#ifndef RUNHOOK_SRC_MONOTONIC_HPP_
#define RUNHOOK_SRC_MONOTONIC_HPP_

#include <time.h>

#include <cstdint>
#include <limits>

namespace runhook::inline v1 {
namespace detail {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerMillisecond = 1'000'000;

// Async-signal-safe.
inline std::int64_t monotonic_ns() noexcept {
  struct timespec now {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kNsPerSecond + now.tv_nsec;
}

// a + b for b >= 0, at most the largest number there is.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return a > kMax - b ? kMax : a + b;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_MONOTONIC_HPP_
