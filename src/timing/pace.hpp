// pace.hpp: whether steps take so long that recording each of them costs little.
#ifndef RUNHOOK_SRC_TIMING_PACE_HPP_
#define RUNHOOK_SRC_TIMING_PACE_HPP_

#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

// Keeps the mean time of a step over about the last kRuns of them, of which any may have been measured.
class Pace {
 public:
  bool is_slow() const noexcept { return slow_; }
  // A measured run, by its number among all runs, has ended at this time and has taken so long.
  void measured(std::int64_t run, std::int64_t now_ns, std::int64_t took_ns) noexcept;

 private:
  static constexpr std::int64_t kSlowNs = 20'000;
  static constexpr std::int64_t kFastNs = 15'000;  // below, so that a mean near the limit does not go back and forth
  static constexpr std::int64_t kRuns = 64;

  bool slow_ = false;
  std::int64_t mean_ns_ = 0;
  std::int64_t known_ = 0;      // of how many runs the mean is, at most kRuns
  std::int64_t last_run_ = -1;  // before the first run
  std::int64_t last_ns_ = 0;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_TIMING_PACE_HPP_
