#include "value/value_log.hpp"

#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "base/make_room.hpp"
#include "base/refuse.hpp"
#include "base/utf8.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::array<std::string_view, 6> kEveryRowHas{"step", "wall_time", "elapsed", "session", "attempt", "event"};

std::string_view kind_text(LoggedKind kind) noexcept {
  switch (kind) {
    case LoggedKind::integer:
      return "an integer";
    case LoggedKind::text:
      return "a text";
    default:
      return "a number";
  }
}

}  // namespace

void check_logged_name(std::string_view name) {
  if (name.empty()) refuse("a logged value has no name");
  if (name.size() > kLongestName)
    refuse(fmt::format("the name of a logged value has {} bytes; 255 is the most", name.size()));
  if (!is_utf8(name)) refuse("the name of a logged value is not UTF-8");
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(name.begin(), name.end(), is_control)) refuse("the name of a logged value has a control character");
  if (std::find(kEveryRowHas.begin(), kEveryRowHas.end(), name) != kEveryRowHas.end()) {
    refuse(fmt::format("'{}' is what every row has; log the value under another name", name));
  }
}

void check_logged_text(std::string_view text) {
  if (!is_utf8(text)) refuse("a logged text is not UTF-8");
}

std::size_t ValueLog::index_of(std::string_view name, LoggedKind kind) {
  if (const auto known = names_.find(name)) {
    const LoggedKind before = entries_[*known].kind;
    if (before == kind) return *known;
    refuse(fmt::format("'{}' has been logged as {} before and cannot be {}", name, kind_text(before), kind_text(kind)));
  }
  check_logged_name(name);
  const std::size_t index = names_.size();
  make_room(entries_, index + 1);
  make_room(staged_, index + 1);
  make_room(taken_, index + 1 + received_.size());
  names_.add(name);
  entries_.push_back({kind, false, {}, {}});
  return index;
}

ValueLog::Entry& ValueLog::stage(std::string_view name, LoggedKind kind) {
  const std::size_t index = index_of(name, kind);
  Entry& entry = entries_[index];
  if (!entry.staged) {
    entry.staged = true;
    staged_.push_back(index);
  }
  return entry;
}

void ValueLog::add(std::string_view name, double number) { stage(name, LoggedKind::number).value.number = number; }

void ValueLog::add(std::string_view name, std::int64_t integer) {
  LoggedValue& value = stage(name, LoggedKind::integer).value;
  value.integer = integer;
  value.number = static_cast<double>(integer);
}

void ValueLog::add(std::string_view name, std::string_view text) {
  check_logged_text(text);
  std::string copy(text);  // before anything changes
  stage(name, LoggedKind::text).text.swap(copy);
}

std::span<const LoggedValue> ValueLog::peek(std::int64_t step, bool failed) noexcept {
  taken_.clear();
  const auto add = [this](LoggedValue value, std::string_view name, std::string_view text) {
    value.name = name;
    value.text = text;
    taken_.push_back(value);
  };
  for (const std::size_t index : staged_) {
    const Entry& entry = entries_[index];
    LoggedValue value = entry.value;
    value.kind = entry.kind;
    value.step = step;
    value.failed = failed;
    add(value, names_.name(index), entry.text);
  }
  if (received_taken_) return taken_;
  for (const OwnedValue& one : received_) add(one.value, one.name, one.text);
  return taken_;
}

std::span<const LoggedValue> ValueLog::take(std::int64_t step, bool failed) noexcept {
  const auto values = peek(step, failed);
  drop();
  received_taken_ = true;
  return values;
}

std::size_t ValueLog::keep_incoming() noexcept {
  std::size_t dropped = 0;
  for (OwnedValue& one : incoming_) {
    try {
      (void)index_of(one.name, one.value.kind);
      make_room(taken_, entries_.size() + received_.size() + 1);
      received_.push_back(std::move(one));
    } catch (...) {
      ++dropped;
    }
  }
  return dropped;
}

std::vector<std::string_view> ValueLog::names() const {
  std::vector<std::string_view> all;
  for (std::size_t i = 0; i < names_.size(); ++i) all.push_back(names_.name(i));
  return all;
}

void ValueLog::drop() noexcept {
  for (const std::size_t index : staged_) entries_[index].staged = false;
  staged_.clear();
}

const LoggedValue* ValueLog::find(std::string_view name) noexcept {
  const auto known = names_.find(name);
  return known && entries_[*known].staged ? &entries_[*known].value : nullptr;
}

}  // namespace detail
}  // namespace runhook::inline v1
