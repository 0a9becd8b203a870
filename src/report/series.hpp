// What is kept of a metric for the run report.
#ifndef RUNHOOK_SRC_REPORT_SERIES_HPP_
#define RUNHOOK_SRC_REPORT_SERIES_HPP_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace runhook::inline v1 {
namespace detail::report {

struct SeriesPoint {
  std::int64_t step = 0;
  double value = 0;
  std::uint64_t number = 0;  // its place in the series, from 0
};

// A series in bounded memory. Neighbouring values share a bucket, which keeps the lowest, the highest and the first
// that is not finite; when all buckets are in use, every two are merged. So no peak and no gap is lost.
class Series {
 public:
  static constexpr std::size_t kMaxBuckets = 240;
  static constexpr std::size_t kMaxFinitePoints = 2 * kMaxBuckets + 2;

  void add(std::int64_t step, double value);  // all or nothing
  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t not_finite() const noexcept { return not_finite_; }
  // Of the finite values.
  const std::optional<SeriesPoint>& first() const noexcept { return first_; }
  const std::optional<SeriesPoint>& last() const noexcept { return last_; }
  const std::optional<SeriesPoint>& newest() const noexcept { return newest_; }  // finite or not
  std::optional<SeriesPoint> lowest() const;
  std::optional<SeriesPoint> highest() const;
  const std::optional<SeriesPoint>& first_not_finite() const noexcept { return first_odd_; }
  // The values that are kept, in the order in which they were added, always with the first and the last one.
  std::vector<SeriesPoint> points() const;

 private:
  struct Bucket {
    std::optional<SeriesPoint> low, high, odd;
    void merge(const Bucket& later) noexcept;
  };
  void halve() noexcept;  // every two buckets become one

  std::uint64_t count_ = 0;
  std::uint64_t not_finite_ = 0;
  std::uint64_t per_bucket_ = 1;
  std::optional<SeriesPoint> first_, last_, newest_, first_odd_;
  std::vector<Bucket> buckets_;
};

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_SERIES_HPP_
