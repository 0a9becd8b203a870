// monotonic.hpp: the machine's monotonic time, its units, and sums that do not overflow.
#ifndef RUNHOOK_SRC_BASE_MONOTONIC_HPP_
#define RUNHOOK_SRC_BASE_MONOTONIC_HPP_

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace runhook::inline v1 {
namespace detail {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerMillisecond = 1'000'000;

constexpr double in_seconds(std::int64_t ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(kNsPerSecond);
}

// Async-signal-safe.
inline std::int64_t monotonic_ns() noexcept {
  struct timespec now {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * kNsPerSecond + now.tv_nsec;
}

// a + b, or the number nearest to it.
inline std::int64_t saturating_add(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

// b - a, or the number nearest to it.
inline std::int64_t saturating_distance(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t distance = 0;
  if (!__builtin_sub_overflow(b, a, &distance)) return distance;
  return a > 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

// When so much time has passed from now on. A time that says "for ever" makes it the last moment there is, and one that
// is negative makes it now. Condition variables are waited for until then: their wait_for() adds without a look.
inline std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds time) noexcept {
  using std::chrono::nanoseconds;
  const nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
  const std::int64_t deadline = saturating_add(now.count(), std::max<std::int64_t>(time.count(), 0));
  return std::chrono::steady_clock::time_point(nanoseconds(deadline));
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_MONOTONIC_HPP_
