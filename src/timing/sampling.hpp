// sampling.hpp: which runs are measured.
#ifndef RUNHOOK_SRC_TIMING_SAMPLING_HPP_
#define RUNHOOK_SRC_TIMING_SAMPLING_HPP_

#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

// Which runs are measured, of one sort of runs, so that measuring takes about 1/kBudget of the time. Positions count
// the runs of the sort.
class Sampling {
 public:
  bool wanted(std::int64_t position) const noexcept { return position >= next_; }
  std::int64_t next() const noexcept { return next_; }
  std::int64_t weight(std::int64_t position) const noexcept { return position > last_ ? position - last_ : 1; }
  // `took_ns`: the run that was measured; `cost_ns`: what measuring has cost; `begun_at`: where in the caller's count
  // of runs the next wait begins.
  void sampled(std::int64_t position, std::int64_t now_ns, std::int64_t took_ns, std::int64_t cost_ns,
               std::int64_t begun_at) noexcept;

 private:
  static constexpr std::int64_t kFirst = 8;  // all of them are measured
  static constexpr std::int64_t kBudget = 200;
  static constexpr std::int64_t kLongest = 1 << 16;

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
