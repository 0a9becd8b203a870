// progress_text.hpp: what a progress display says.
#ifndef RUNHOOK_SRC_HOOKS_PROGRESS_TEXT_HPP_
#define RUNHOOK_SRC_HOOKS_PROGRESS_TEXT_HPP_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

struct Sample {
  std::int64_t step;
  std::int64_t time_ns;
};

// Steps per second between the two; nothing if no time has passed, or the step has not moved forward.
std::optional<double> steps_per_second(const Sample& from, const Sample& to) noexcept;

// The recent rate: over the last kWindowNs, or since the last sample if that is older.
class RecentRate {
 public:
  static constexpr std::int64_t kWindowNs = 10'000'000'000;
  void add(const Sample& sample);  // if its step is lower than the last one, the rate begins anew
  std::optional<double> rate() const noexcept;

 private:
  std::deque<Sample> samples_;
};

std::string rate_text(double steps_per_second);  // e.g. "152 steps/s" or "12.5 s/step"
std::string time_text(double seconds);           // e.g. "0:24", "1:02:03" or "2 d 01:02:03"

// E.g. "step 120/500 (24%)  152 steps/s  0:01 so far  0:02 left  loss = 0.25".
std::string progress_text(const Sample& start, const Sample& now, std::optional<std::int64_t> last_step,
                          std::optional<double> rate, const std::string& values);
// Of a run that has ended: e.g. "step 500/500 (100%)  152 steps/s  0:03 in all  loss = 0.25".
std::string final_text(const Sample& start, const Sample& end, std::optional<std::int64_t> last_step,
                       const std::string& values);
// As much of such a text as fits in so many columns: whole parts, and no number is cut.
std::string_view fit_progress(std::string_view text, std::size_t columns) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_PROGRESS_TEXT_HPP_
