#include "value/value_log.hpp"

#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "base/utf8.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::array<std::string_view, 5> kEveryRowHas{"step", "wall_time", "elapsed", "session", "attempt"};

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

std::size_t ValueLog::index_of(std::string_view name, LoggedKind kind) {
  if (expected_ < entries_.size() && entries_[expected_].name == name) return expected_;
  if (const auto known = index_.find(name); known != index_.end()) return known->second;
  check_logged_name(name);
  Entry entry{std::string(name), kind, false, {}, {}};
  staged_.reserve(entries_.size() + 1);
  taken_.reserve(entries_.size() + 1);
  entries_.push_back(std::move(entry));
  try {
    index_.emplace(name, entries_.size() - 1);
  } catch (...) {
    entries_.pop_back();
    throw;
  }
  return entries_.size() - 1;
}

ValueLog::Entry& ValueLog::stage(std::string_view name, LoggedKind kind) {
  const std::size_t index = index_of(name, kind);
  Entry& entry = entries_[index];
  if (entry.kind != kind) {
    refuse(fmt::format("'{}' has been logged as {} before and cannot be {}", name, kind_text(entry.kind),
                       kind_text(kind)));
  }
  expected_ = index + 1 < entries_.size() ? index + 1 : 0;
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
  if (!is_utf8(text)) refuse("a logged text is not UTF-8");
  std::string copy(text);  // before anything changes
  stage(name, LoggedKind::text).text.swap(copy);
}

std::span<const LoggedValue> ValueLog::peek(std::int64_t step, bool failed) noexcept {
  taken_.clear();
  for (const std::size_t index : staged_) {
    const Entry& entry = entries_[index];
    LoggedValue value = entry.value;
    value.name = entry.name;
    value.kind = entry.kind;
    value.text = entry.text;
    value.step = step;
    value.failed = failed;
    taken_.push_back(value);
  }
  return taken_;
}

std::span<const LoggedValue> ValueLog::take(std::int64_t step, bool failed) noexcept {
  const auto values = peek(step, failed);
  drop();
  return values;
}

void ValueLog::drop() noexcept {
  for (const std::size_t index : staged_) entries_[index].staged = false;
  staged_.clear();
}

const LoggedValue* ValueLog::find(std::string_view name) const noexcept {
  const auto known = index_.find(name);
  return known != index_.end() && entries_[known->second].staged ? &entries_[known->second].value : nullptr;
}

}  // namespace detail
}  // namespace runhook::inline v1
