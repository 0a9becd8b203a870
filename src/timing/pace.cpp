#include "timing/pace.hpp"

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

void Pace::measured(std::int64_t run, std::int64_t now_ns, std::int64_t took_ns) noexcept {
  const std::int64_t runs = std::clamp<std::int64_t>(run - last_run_, 1, kRuns);
  // The shorter of two estimates: a pause of the caller's is no step, and a single long step is not all of those since
  // the last one that was measured.
  const std::int64_t since_last_ns = (now_ns - last_ns_) / std::max<std::int64_t>(run - last_run_, 1);
  const std::int64_t run_ns = std::min(took_ns, since_last_ns);
  known_ = std::min(known_ + runs, kRuns);
  mean_ns_ += (run_ns - mean_ns_) * runs / known_;
  slow_ = mean_ns_ >= (slow_ ? kFastNs : kSlowNs);
  last_run_ = run;
  last_ns_ = now_ns;
}

}  // namespace detail
}  // namespace runhook::inline v1
