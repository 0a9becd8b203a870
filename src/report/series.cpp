#include "report/series.hpp"

#include <algorithm>
#include <cmath>

namespace runhook::inline v1 {
namespace detail::report {

void Series::Bucket::merge(const Bucket& later) {
  if (!low || (later.low && later.low->value < low->value)) low = later.low;
  if (!high || (later.high && later.high->value > high->value)) high = later.high;
  if (!odd) odd = later.odd;
}

void Series::add(std::int64_t step, double value) {
  const SeriesPoint point{step, value, count_};
  Bucket one;
  if (std::isfinite(value)) {
    one.low = one.high = last_ = point;
    if (!first_) first_ = point;
  } else {
    one.odd = point;
    ++not_finite_;
    if (!first_odd_) first_odd_ = point;
  }
  if (count_++ % per_bucket_ != 0) {
    buckets_.back().merge(one);
    return;
  }
  if (buckets_.size() == kMaxBuckets) {
    for (std::size_t i = 0; i < kMaxBuckets / 2; ++i) {
      buckets_[i] = buckets_[2 * i];
      buckets_[i].merge(buckets_[2 * i + 1]);
    }
    buckets_.resize(kMaxBuckets / 2);
    per_bucket_ *= 2;
  }
  buckets_.push_back(one);
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
