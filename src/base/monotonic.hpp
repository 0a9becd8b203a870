// monotonic.hpp: the machine's monotonic time, and sums that do not overflow.
#ifndef RUNHOOK_SRC_BASE_MONOTONIC_HPP_
#define RUNHOOK_SRC_BASE_MONOTONIC_HPP_

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

// b - a for a <= b, at most the largest number there is.
inline std::int64_t saturating_distance(std::int64_t a, std::int64_t b) noexcept {
  const std::uint64_t distance = static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a);
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return distance > static_cast<std::uint64_t>(kMax) ? kMax : static_cast<std::int64_t>(distance);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_MONOTONIC_HPP_
