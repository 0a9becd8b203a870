// run_marks.hpp: what happened between the steps of a run, for whoever tells of it afterwards.
#ifndef RUNHOOK_SRC_RUN_RUN_MARKS_HPP_
#define RUNHOOK_SRC_RUN_RUN_MARKS_HPP_

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/clock.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

enum class MarkKind : std::uint8_t { evaluation, recovery, stall, save };
inline constexpr std::size_t kMarkKinds = 4;

struct RunMark {
  static constexpr std::int64_t kGoesOn = -1;
  MarkKind kind = MarkKind::evaluation;
  std::int64_t begin_ns = 0;  // of the session's clock
  std::int64_t end_ns = 0;    // kGoesOn while it does
  std::int64_t step = 0;      // global step
  std::string text;           // one line
  std::vector<std::string> details;
  std::uint64_t number = 0;  // set by add()
};

// A bounded list: of each kind the newest are kept, and all are counted. Any thread may call it.
class RunMarks {
 public:
  static constexpr std::size_t kMostOfAKind = 200;

  // Returns its number. A mark that there is no memory for is only counted.
  std::uint64_t add(RunMark mark) noexcept;
  void finish(std::uint64_t number, std::int64_t end_ns) noexcept;
  std::vector<RunMark> all() const;  // in the order in which they began
  std::uint64_t count(MarkKind kind) const noexcept;

 private:
  mutable std::mutex mutex_;
  std::vector<RunMark> marks_;                      // guarded
  std::array<std::uint64_t, kMarkKinds> counts_{};  // guarded
  std::uint64_t last_ = 0;                          // guarded
};

// What the clock says; 0 if it throws, which must not matter to what is marked.
std::int64_t mark_time(Clock& clock) noexcept;

// Marks the time from its construction to its destruction.
class MarkScope {
 public:
  MarkScope(RunMarks& marks, Clock& clock, MarkKind kind, std::int64_t step) noexcept;
  ~MarkScope();
  MarkScope(const MarkScope&) = delete;
  MarkScope& operator=(const MarkScope&) = delete;
  // Without memory there is no text.
  void set_text(std::string_view text) noexcept;
  void set_text(const Error& error) noexcept;

 private:
  RunMarks& marks_;
  Clock& clock_;
  const MarkKind kind_;
  const std::int64_t begin_ns_;
  const std::int64_t step_;
  std::string text_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_RUN_MARKS_HPP_
