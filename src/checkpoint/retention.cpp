#include "checkpoint/retention.hpp"

#include <algorithm>
#include <cmath>

#include "base/find_named.hpp"
#include "base/refuse.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

void keep_best(const std::vector<const CheckpointSummary*>& whole, const CheckpointRetention& keep,
               std::set<std::int64_t>& kept) {
  std::vector<std::pair<double, std::int64_t>> values;
  for (const CheckpointSummary* one : whole) {
    const double* const value = find_named(one->metrics, keep.metric);
    if (value == nullptr || std::isnan(*value)) continue;
    values.emplace_back(keep.higher_is_better ? -*value : *value, -one->step);
  }
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size() && static_cast<std::int64_t>(i) < keep.best; ++i) {
    kept.insert(-values[i].second);
  }
}

void keep_one_each(const std::vector<const CheckpointSummary*>& whole, std::int64_t span_ns,
                   std::set<std::int64_t>& kept) {
  const CheckpointSummary* last = nullptr;
  for (const CheckpointSummary* one : whole) {
    if (last != nullptr && one->saved_unix_ns / span_ns == last->saved_unix_ns / span_ns) continue;
    last = one;
    kept.insert(one->step);
  }
}

}  // namespace

void check_retention(const CheckpointRetention& keep) {
  if (keep.last < 0 || keep.best < 0 || keep.every_n_steps < 0 || keep.every.count() < 0) {
    refuse("a number of checkpoints to keep, or an interval between them, is negative");
  }
  if (keep.best > 0 && keep.metric.empty()) refuse("the best checkpoints are to be kept, but by no metric");
}

const CheckpointSummary* newest_whole(const std::vector<CheckpointSummary>& all) noexcept {
  const auto whole = std::find_if(all.rbegin(), all.rend(), [](const auto& one) { return !one.damage; });
  return whole != all.rend() ? &*whole : nullptr;
}

std::vector<std::int64_t> unwanted(const std::vector<CheckpointSummary>& all, const CheckpointRetention& keep,
                                   const std::set<std::int64_t>& needed) {
  std::vector<const CheckpointSummary*> whole;
  for (const CheckpointSummary& one : all) {
    if (!one.damage) whole.push_back(&one);
  }
  const std::size_t last = keep.last == 0 ? whole.size() : static_cast<std::size_t>(keep.last);
  const std::size_t before_last = whole.size() - std::min(last, whole.size());
  std::set<std::int64_t> kept = needed;
  if (keep.best > 0) keep_best(whole, keep, kept);
  if (keep.every.count() > 0) keep_one_each(whole, keep.every.count(), kept);
  std::vector<std::int64_t> others;
  for (std::size_t i = 0; i < before_last; ++i) {
    const CheckpointSummary& one = *whole[i];
    const bool wanted = one.pinned || (keep.every_n_steps > 0 && one.step % keep.every_n_steps == 0) ||
                        kept.count(one.step) > 0 || (keep.wanted && keep.wanted(one));
    if (!wanted) others.push_back(one.step);
  }
  return others;
}

}  // namespace detail
}  // namespace runhook::inline v1
