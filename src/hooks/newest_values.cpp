#include "hooks/newest_values.hpp"

#include <algorithm>

namespace runhook::inline v1 {
namespace detail {

bool NewestValues::note(std::span<const LoggedValue> values, std::int64_t time_ns) {
  bool is_new = false;
  for (const LoggedValue& value : values) {
    std::size_t index = expected_;
    if (index >= kept_.size() || kept_[index].name != value.name) {
      const auto known = index_.find(value.name);
      index = known != index_.end() ? known->second : kept_.size();
    }
    if (index == kept_.size()) {
      waiting_.reserve(index + 1);
      kept_.push_back({std::string(value.name), {}, {}, 0, false});
      index_.emplace(value.name, index);
      is_new = true;
    }
    Kept& kept = kept_[index];
    kept.text = value.text;
    kept.value = value;
    kept.time_ns = time_ns;
    kept.waits = true;
    expected_ = index + 1 < kept_.size() ? index + 1 : 0;
  }
  return is_new;
}

void NewestValues::sort_waiting() {
  waiting_.clear();
  for (Kept& kept : kept_) {
    if (kept.waits) waiting_.push_back(&kept);
  }
  std::sort(waiting_.begin(), waiting_.end(), [](const Kept* a, const Kept* b) {
    return a->value.step != b->value.step ? a->value.step < b->value.step : a < b;
  });  // without memory
}

}  // namespace detail
}  // namespace runhook::inline v1
