#include "hooks/newest_values.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/make_room.hpp"
#include "hooks/saved_text.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::string_view kValuesFormat = "values 1\n";

}  // namespace

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

// A line for each value: whether it waits, whether it is of a failed step, kind, step, number, the lengths of name and
// text, and these. A floating-point number is kept as its bits.
std::string NewestValues::save(bool waiting) const {
  std::string saved(kValuesFormat);
  for (const Kept& kept : kept_) {
    if (kept.undone) continue;
    const bool waits = waiting && kept.waits;
    const LoggedValue& value = kept.value;
    const bool whole = value.kind == LoggedKind::integer;
    const std::string_view text = waits ? kept.text : std::string_view();
    append_format(saved, "{:d} {:d} {} {} {} {} {} {}{}\n", waits, value.failed, static_cast<int>(value.kind),
                  value.step, whole ? value.integer : std::bit_cast<std::int64_t>(value.number), kept.name.size(),
                  text.size(), kept.name, text);
  }
  return saved;
}

bool NewestValues::is_saved(std::string_view text) noexcept { return text.starts_with(kValuesFormat); }

void NewestValues::restore(std::string_view saved, std::int64_t time_ns) {
  NewestValues restored;
  SavedText in(saved, kValuesFormat);
  while (!in.empty()) {
    const bool waits = in.number() != 0;
    LoggedValue value;
    value.failed = in.number() != 0;
    value.kind = static_cast<LoggedKind>(in.number());
    value.step = in.number();
    value.integer = in.number();
    value.number =
        value.kind == LoggedKind::integer ? static_cast<double>(value.integer) : std::bit_cast<double>(value.integer);
    const std::int64_t name_size = in.number();
    const std::int64_t text_size = in.number();
    bool is_new = false;
    Kept& kept = restored.kept_of(in.bytes(name_size), is_new);
    value.text = in.bytes(text_size);
    in.expect("\n");
    restored.keep(kept, value, time_ns);
    kept.waits = waits;
  }
  *this = std::move(restored);
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
