#include "timing/sampling.hpp"

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

void Sampling::sampled(std::int64_t position, std::int64_t now_ns, std::int64_t took_ns, std::int64_t cost_ns,
                       std::int64_t begun_at) noexcept {
  // How long a run takes: the shorter of two estimates. The time since the last sample, divided by its runs, may
  // include waits between runs; the run that was measured took longer than the others.
  const std::int64_t run_ns = std::max<std::int64_t>(std::min((now_ns - last_ns_) / weight(position), took_ns), 1);
  const std::int64_t wanted = samples_++ < kFirst ? 1 : cost_ns * kBudget / run_ns;
  // The interval at most doubles, since a single sample may be misleading.
  interval_ = std::clamp<std::int64_t>(wanted, 1, std::min(interval_ * 2, kLongest));
  // At random, so that samples do not coincide with what the program does every so many runs.
  random_ = random_ * 1664525 + 1013904223;
  const std::int64_t spread = (interval_ / 2 * static_cast<std::int64_t>(random_ >> 16)) >> 16;
  next_ = begun_at + interval_ - interval_ / 4 + spread;
  last_ = position;
  last_ns_ = now_ns;
}

}  // namespace detail
}  // namespace runhook::inline v1
