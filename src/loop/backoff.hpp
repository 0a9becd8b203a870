// backoff.hpp: how long to wait before a session is made anew.
#ifndef RUNHOOK_SRC_LOOP_BACKOFF_HPP_
#define RUNHOOK_SRC_LOOP_BACKOFF_HPP_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "runhook/recovery.hpp"

namespace runhook::inline v1 {
namespace detail {

// A small random source; good enough to keep several processes from coming back at the same moment.
class SplitMix64 {
 public:
  using result_type = std::uint64_t;
  explicit SplitMix64(std::uint64_t seed) noexcept : state_(seed) {}
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }
  result_type operator()() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// The wait before re-creation number `attempt` (1, 2, ...): the initial back-off doubled each time up to the maximum,
// then shortened by up to the fraction `jitter`. `random` is a uniform random bit generator, or a function that returns
// a floating-point number from 0 to 1.
template <typename Random>
std::int64_t backoff_ns(const RecoveryPolicy& policy, std::int32_t attempt, Random&& random) {
  const std::int64_t ceiling = std::max<std::int64_t>(policy.max_backoff_ns, 0);
  std::int64_t wait = std::clamp<std::int64_t>(policy.initial_backoff_ns, 0, ceiling);
  for (std::int32_t i = 1; i < attempt && wait > 0 && wait < ceiling; ++i) {
    wait = wait > ceiling / 2 ? ceiling : wait * 2;
  }
  const double jitter = policy.jitter > 0 ? std::min(policy.jitter, 1.0) : 0.0;
  if (wait == 0 || jitter == 0) return wait;
  double fraction = 0;
  if constexpr (std::is_floating_point_v<std::invoke_result_t<Random&>>) {
    fraction = static_cast<double>(random());
  } else {
    using Generator = std::remove_cvref_t<Random>;
    fraction =
        static_cast<double>(random() - Generator::min()) / static_cast<double>(Generator::max() - Generator::min());
  }
  const double shortened = static_cast<double>(wait) * (1.0 - jitter * std::clamp(fraction, 0.0, 1.0));
  return shortened >= static_cast<double>(wait) ? wait : static_cast<std::int64_t>(shortened);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_BACKOFF_HPP_
