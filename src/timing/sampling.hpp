// sampling.hpp: decides which runs are measured.
#ifndef RUNHOOK_SRC_TIMING_SAMPLING_HPP_
#define RUNHOOK_SRC_TIMING_SAMPLING_HPP_

#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

// Decides which runs of one kind are measured, so that measuring takes about 1/kBudget of their time. A position is the
// number of a run among those of the kind.
class Sampling {
 public:
  bool wanted(std::int64_t position) const noexcept { return position >= next_; }
  std::int64_t next() const noexcept { return next_; }
  // How many runs a sample at this position stands for: its own and those since the last sample.
  std::int64_t weight(std::int64_t position) const noexcept { return position > last_ ? position - last_ : 1; }
  // Records a sample and chooses the next one. `took_ns`: how long the measured run took; `cost_ns`: how long measuring
  // it took; `begun_at`: the run, in the caller's count, from which the interval to the next sample counts.
  void sampled(std::int64_t position, std::int64_t now_ns, std::int64_t took_ns, std::int64_t cost_ns,
               std::int64_t begun_at) noexcept;

 private:
  static constexpr std::int64_t kFirst = 8;  // so many runs are all measured
  static constexpr std::int64_t kBudget = 200;
  static constexpr std::int64_t kLongest = 1 << 16;  // the longest interval between two samples, in runs

  std::int64_t next_ = 0;
  std::int64_t last_ = -1;  // position of the last sample
  std::int64_t last_ns_ = 0;
  std::int64_t interval_ = 1;
  std::int64_t samples_ = 0;
  std::uint32_t random_ = 1;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_TIMING_SAMPLING_HPP_
