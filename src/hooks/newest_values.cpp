#include "hooks/newest_values.hpp"

#include <algorithm>
#include <optional>

#include "base/make_room.hpp"

namespace runhook::inline v1 {
namespace detail {

Value NewestValues::Kept::to_value() const {
  if (value.kind == LoggedKind::text) return Value::string(text);
  return value.kind == LoggedKind::integer ? Value::scalar(value.integer) : Value::scalar(value.number);
}

NewestValues::Kept& NewestValues::kept_of(std::string_view name, bool& is_new) {
  std::optional<std::size_t> index = names_.find(name);
  if (!index) {
    index = kept_.size();
    make_room(waiting_, *index + 1);
    make_room(kept_, *index + 1);
    names_.add(name);
    kept_.emplace_back().name = names_.name(*index);
    is_new = true;
  }
  return kept_[*index];
}

void NewestValues::keep(Kept& kept, const LoggedValue& value, std::int64_t time_ns) {
  kept.text = value.text;
  kept.value = value;
  kept.time_ns = time_ns;
  kept.delivery = deliveries_;
  kept.waits = true;
  kept.undone = false;
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
