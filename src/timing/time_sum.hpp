// time_sum.hpp: what is kept of the samples of one kind of time.
#ifndef RUNHOOK_SRC_TIMING_TIME_SUM_HPP_
#define RUNHOOK_SRC_TIMING_TIME_SUM_HPP_

#include <algorithm>
#include <cstdint>

#include "runhook/timings.hpp"

namespace runhook::inline v1 {
namespace detail {

struct TimeSum {
  std::int64_t samples = 0;
  std::int64_t runs = 0;      // that the samples stand for
  std::int64_t total_ns = 0;  // of all of these, estimated
  std::int64_t max_ns = 0;

  void add(std::int64_t ns, std::int64_t weight) noexcept {
    ++samples;
    runs += weight;
    total_ns += ns * weight;
    max_ns = std::max(max_ns, ns);
  }
  void tell(Timing& timing) const noexcept {
    timing.samples = samples;
    timing.mean_ns = runs > 0 ? total_ns / runs : 0;
    timing.max_ns = max_ns;
    timing.total_ns = total_ns;
  }
  double share_of(const TimeSum& whole) const noexcept {
    return whole.total_ns > 0 ? static_cast<double>(total_ns) / static_cast<double>(whole.total_ns) : 0;
  }
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_TIMING_TIME_SUM_HPP_
