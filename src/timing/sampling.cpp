#include "timing/sampling.hpp"

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

void Sampling::sampled(std::int64_t position, std::int64_t now_ns, std::int64_t took_ns, std::int64_t cost_ns,
                       std::int64_t begun_at) noexcept {
  // A run that is measured takes longer than others; what passes between runs, e.g. while other sessions have theirs,
  // is not this session's time.
  const std::int64_t run_ns = std::max<std::int64_t>(std::min((now_ns - last_ns_) / weight(position), took_ns), 1);
  const std::int64_t wanted = samples_++ < kFirst ? 1 : cost_ns * kBudget / run_ns;
  // Not at once from one to the longest: a single pair of runs does not say that much.
  interval_ = std::clamp<std::int64_t>(wanted, 1, std::min(interval_ * 2, kLongest));
  // Not in step with what happens every so many runs.
  random_ = random_ * 1664525 + 1013904223;
  const std::int64_t spread = (interval_ / 2 * static_cast<std::int64_t>(random_ >> 16)) >> 16;
  next_ = begun_at + interval_ - interval_ / 4 + spread;
  last_ = position;
  last_ns_ = now_ns;
}

}  // namespace detail
}  // namespace runhook::inline v1
