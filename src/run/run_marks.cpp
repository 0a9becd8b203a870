#include "run/run_marks.hpp"

#include <algorithm>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

std::uint64_t RunMarks::add(RunMark mark) noexcept {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = mark.number = ++last_;
  const auto same_kind = [kind = mark.kind](const RunMark& one) { return one.kind == kind; };
  ++counts_[static_cast<std::size_t>(mark.kind)];
  try {
    if (std::count_if(marks_.begin(), marks_.end(), same_kind) == kMostOfAKind) {
      marks_.erase(std::find_if(marks_.begin(), marks_.end(), same_kind));
    }
    // What lasts is added once it is over, after what has happened in it.
    const auto later = std::find_if(marks_.begin(), marks_.end(),
                                    [begin = mark.begin_ns](const RunMark& one) { return one.begin_ns > begin; });
    marks_.insert(later, std::move(mark));
  } catch (...) {  // NOLINT(bugprone-empty-catch): it is counted
  }
  return number;
}

void RunMarks::finish(std::uint64_t number, std::int64_t end_ns) noexcept {
  const std::lock_guard lock(mutex_);
  for (RunMark& mark : marks_) {
    if (mark.number == number) mark.end_ns = end_ns;
  }
}

std::vector<RunMark> RunMarks::all() const {
  const std::lock_guard lock(mutex_);
  return marks_;
}

std::uint64_t RunMarks::count(MarkKind kind) const noexcept {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(kind)];
}

std::int64_t mark_time(Clock& clock) noexcept {
  try {
    return clock.now_ns();
  } catch (...) {
    return 0;
  }
}

MarkScope::MarkScope(RunMarks& marks, Clock& clock, MarkKind kind, std::int64_t step) noexcept
    : marks_(marks), clock_(clock), kind_(kind), begin_ns_(mark_time(clock)), step_(step) {}

MarkScope::~MarkScope() { marks_.add({kind_, begin_ns_, mark_time(clock_), step_, std::move(text_), {}, 0}); }

void MarkScope::set_text(std::string_view text) noexcept {
  try {
    text_ = text;
  } catch (...) {
    text_.clear();
  }
}

void MarkScope::set_text(const Error& error) noexcept {
  try {
    text_ = error.to_string();
  } catch (...) {
    text_.clear();
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
