#include "report/series.hpp"

#include <algorithm>
#include <cmath>

namespace runhook::inline v1 {
namespace detail::report {

void Series::Bucket::merge(const Bucket& later) noexcept {
  if (!low || (later.low && later.low->value < low->value)) low = later.low;
  if (!high || (later.high && later.high->value > high->value)) high = later.high;
  if (!odd) odd = later.odd;
}

void Series::add(std::int64_t step, double value) {
  const SeriesPoint point{step, value, count_};
  const bool finite = std::isfinite(value);
  Bucket one;
  (finite ? one.low : one.odd) = point;
  if (finite) one.high = point;
  if (count_ % per_bucket_ != 0) {
    buckets_.back().merge(one);
  } else {
    if (buckets_.size() == kMaxBuckets) halve();
    buckets_.push_back(one);  // without memory the value is not counted either
  }
  ++count_;
  if (!finite) ++not_finite_;
  newest_ = point;
  if (finite) last_ = point;
  std::optional<SeriesPoint>& first_of_kind = finite ? first_ : first_odd_;
  if (!first_of_kind) first_of_kind = point;
}

void Series::halve() noexcept {
  for (std::size_t i = 0; i < kMaxBuckets / 2; ++i) {
    buckets_[i] = buckets_[2 * i];
    buckets_[i].merge(buckets_[2 * i + 1]);
  }
  buckets_.resize(kMaxBuckets / 2);
  per_bucket_ *= 2;
}

std::optional<SeriesPoint> Series::lowest() const {
  Bucket all;
  for (const Bucket& bucket : buckets_) all.merge(bucket);
  return all.low;
}

std::optional<SeriesPoint> Series::highest() const {
  Bucket all;
  for (const Bucket& bucket : buckets_) all.merge(bucket);
  return all.high;
}

std::vector<SeriesPoint> Series::points() const {
  std::vector<SeriesPoint> points;
  points.reserve(3 * buckets_.size() + 2);
  const auto keep = [&points](const std::optional<SeriesPoint>& point) {
    if (point) points.push_back(*point);
  };
  keep(first_);
  keep(last_);
  for (const Bucket& bucket : buckets_) {
    keep(bucket.low);
    keep(bucket.high);
    keep(bucket.odd);
  }
  std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  const auto same = [](const auto& a, const auto& b) { return a.number == b.number; };
  points.erase(std::unique(points.begin(), points.end(), same), points.end());
  return points;
}

}  // namespace detail::report
}  // namespace runhook::inline v1
