#include "hooks/progress_text.hpp"

#include <algorithm>
#include <cmath>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "hooks/terminal.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

std::string step_text(std::int64_t step, std::optional<std::int64_t> last_step) {
  if (!last_step || *last_step <= 0) return fmt::format("step {}", step);
  const double part = std::clamp(static_cast<double>(step) / static_cast<double>(*last_step), 0.0, 1.0);
  return fmt::format("step {}/{} ({}%)", step, *last_step, static_cast<int>(part * 100));  // 100 at the end only
}

constexpr std::string_view kBetweenParts = "  ";
constexpr std::string_view kBetweenValues = ", ";

void add_part(std::string& text, const std::string& part) {
  if (part.empty()) return;
  text += kBetweenParts;
  text += part;
}

double seconds_between(const Sample& start, const Sample& end) noexcept {
  return in_seconds(std::max<std::int64_t>(saturating_distance(start.time_ns, end.time_ns), 0));
}

}  // namespace

std::optional<double> steps_per_second(const Sample& from, const Sample& to) noexcept {
  if (to.time_ns <= from.time_ns || to.step <= from.step) return std::nullopt;
  return static_cast<double>(saturating_distance(from.step, to.step)) / seconds_between(from, to);
}

void RecentRate::add(const Sample& sample) {
  if (!samples_.empty() && sample.step < samples_.back().step) samples_.clear();
  samples_.push_back(sample);
  // The first sample that is kept is the newest of those that are at least a window old.
  while (samples_.size() > 2 && saturating_distance(samples_[1].time_ns, sample.time_ns) >= kWindowNs) {
    samples_.pop_front();
  }
}

std::optional<double> RecentRate::rate() const noexcept {
  return samples_.empty() ? std::nullopt : steps_per_second(samples_.front(), samples_.back());
}

std::string rate_text(double steps_per_second) {
  if (steps_per_second < 1) return fmt::format("{:.3g} s/step", 1 / steps_per_second);
  if (steps_per_second < 1000) return fmt::format("{:.3g} steps/s", steps_per_second);
  return fmt::format("{:.0f} steps/s", steps_per_second);
}

std::string time_text(double seconds) {
  constexpr double kMost = 1e6 * 86400;
  if (!(seconds < kMost)) return "very long";
  const auto all = static_cast<std::int64_t>(std::lround(seconds));
  const std::int64_t days = all / 86400;
  const std::int64_t hours = all / 3600 % 24;
  const std::int64_t minutes = all / 60 % 60;
  if (days > 0) return fmt::format("{} d {:02}:{:02}:{:02}", days, hours, minutes, all % 60);
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, all % 60);
  return fmt::format("{}:{:02}", minutes, all % 60);
}

std::string progress_text(const Sample& start, const Sample& now, std::optional<std::int64_t> last_step,
                          std::optional<double> rate, const std::string& values) {
  std::string text = step_text(now.step, last_step);
  if (rate) add_part(text, rate_text(*rate));
  add_part(text, time_text(seconds_between(start, now)) + " so far");
  if (rate && last_step && *last_step > now.step) {
    const auto steps_left = static_cast<double>(saturating_distance(now.step, *last_step));
    add_part(text, time_text(steps_left / *rate) + " left");
  }
  add_part(text, values);
  return text;
}

std::string final_text(const Sample& start, const Sample& end, std::optional<std::int64_t> last_step,
                       const std::string& values) {
  std::string text = step_text(end.step, last_step);
  if (const auto rate = steps_per_second(start, end)) add_part(text, rate_text(*rate));
  add_part(text, time_text(seconds_between(start, end)) + " in all");
  add_part(text, values);
  return text;
}

std::string_view fit_progress(std::string_view text, std::size_t columns) noexcept {
  while (!text.empty() && columns_of(text) > columns) {
    // The last part, or value of one, goes; of the first one the words.
    std::size_t end = 0;
    for (const std::string_view separator : {kBetweenParts, kBetweenValues}) {
      const std::size_t at = text.rfind(separator);
      if (at != std::string_view::npos) end = std::max(end, at);
    }
    if (end == 0) end = text.rfind(' ');
    text = end == std::string_view::npos ? std::string_view() : text.substr(0, end);
  }
  return text;
}

}  // namespace detail
}  // namespace runhook::inline v1
