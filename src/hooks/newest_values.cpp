#include "hooks/newest_values.hpp"

#include <algorithm>
#include <optional>

namespace runhook::inline v1 {
namespace detail {

bool NewestValues::note(std::span<const LoggedValue> values, std::int64_t time_ns) {
  bool is_new = false;
  for (const LoggedValue& value : values) {
    std::optional<std::size_t> index = names_.find(value.name);
    if (!index) {
      index = kept_.size();
      waiting_.reserve(*index + 1);
      kept_.reserve(*index + 1);
      names_.add(value.name);
      kept_.push_back({names_.name(*index), {}, {}, 0, false});
      is_new = true;
    }
    Kept& kept = kept_[*index];
    kept.text = value.text;
    kept.value = value;
    kept.time_ns = time_ns;
    kept.waits = true;
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
