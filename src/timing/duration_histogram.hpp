// duration_histogram.hpp: durations counted in buckets whose width grows with the duration.
#ifndef RUNHOOK_SRC_TIMING_DURATION_HISTOGRAM_HPP_
#define RUNHOOK_SRC_TIMING_DURATION_HISTOGRAM_HPP_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "runhook/timings.hpp"

namespace runhook::inline v1 {
namespace detail {

// Eight buckets for every doubling, so that the middle of a bucket differs from any duration in it by at most 1/16.
class DurationHistogram {
 public:
  void add(std::int64_t ns, std::int64_t count) noexcept {
    counts_[bucket(ns)] += count;
    total_ += count;
  }

  // The duration that the share `part` (0 to 1) does not exceed; 0 if there is none.
  std::int64_t percentile(double part) const noexcept {
    const double wanted = part * static_cast<double>(total_);
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > 0 && static_cast<double>(seen) >= wanted) return middle(i);
    }
    return 0;
  }

  // From the first that is not empty to the last.
  std::vector<TimingBucket> buckets() const {
    std::vector<TimingBucket> buckets;
    std::size_t end = counts_.size();
    while (end > 0 && counts_[end - 1] == 0) --end;
    for (std::size_t i = 0; i < end; ++i) {
      if (counts_[i] > 0 || !buckets.empty()) buckets.push_back({lower_edge(i), lower_edge(i + 1), counts_[i]});
    }
    return buckets;
  }

 private:
  static constexpr int kShift = 3;
  static constexpr std::size_t kParts = std::size_t{1} << kShift;
  static constexpr std::size_t kExact = 2 * kParts;  // the first ones have a bucket each
  static constexpr std::size_t kBuckets = kParts * 61;

  static std::size_t bucket(std::int64_t ns) noexcept {
    const auto value = static_cast<std::uint64_t>(ns > 0 ? ns : 0);
    if (value < kExact) return static_cast<std::size_t>(value);
    const int doubling = static_cast<int>(std::bit_width(value)) - 1 - kShift;  // at least 1
    return static_cast<std::size_t>(doubling) * kParts + static_cast<std::size_t>(value >> doubling);
  }
  static std::int64_t lower_edge(std::size_t bucket) noexcept {
    if (bucket < kExact) return static_cast<std::int64_t>(bucket);
    if (bucket == kBuckets) return INT64_MAX;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(bucket % kParts + kParts) << (bucket / kParts - 1));
  }
  static std::int64_t middle(std::size_t bucket) noexcept {
    const std::int64_t low = lower_edge(bucket);
    return bucket < kExact ? low : low + (std::int64_t{1} << (bucket / kParts - 2));
  }

  std::array<std::int64_t, kBuckets> counts_{};
  std::int64_t total_ = 0;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_TIMING_DURATION_HISTOGRAM_HPP_
