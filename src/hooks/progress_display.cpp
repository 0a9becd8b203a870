#include "hooks/progress_display.hpp"

#include <algorithm>
#include <utility>

#include "base/background_thread.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/one_line.hpp"
#include "base/terminal.hpp"
#include "base/time_of_day.hpp"
#include "hooks/terminal.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {
namespace detail {

ProgressDisplay::ProgressDisplay(std::shared_ptr<StopState> state, std::shared_ptr<Clock> clock, LastStep last_step,
                                 std::shared_ptr<Output> output, const ProgressOptions& options)
    : state_(std::move(state)),
      clock_(std::move(clock)),
      last_step_(std::move(last_step)),
      output_(std::move(output)),
      options_(options),
      start_(sample()),
      line_(output_->descriptor(), shared_->changed) {
  recent_.add(start_);
  line_.take();
  shared_->thread = start_background_thread("runhook-progres", [this] { run(); });
}

std::optional<std::int64_t> ProgressDisplay::last_step(std::int64_t step) const {
  const std::int64_t last = last_step_(step);
  return last == Trigger::kNever ? std::nullopt : std::optional(last);
}

void ProgressDisplay::set_values(std::string text) {
  if (!shared_.here()) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->values = std::move(text);
}

void ProgressDisplay::finish() {
  if (!shared_.here()) return;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->finish = true;
  }
  shared_->changed.notify_all();
  if (shared_->thread.joinable()) shared_->thread.join();
}

void ProgressDisplay::run() {
  constexpr std::chrono::nanoseconds kPause = std::chrono::milliseconds(20);  // however often the line is overwritten
  std::unique_lock lock(shared_->mutex);
  const auto finished = [this] { return shared_->finish; };
  const auto due = [this] { return shared_->finish || (line_.overwritten() && drawn_); };
  for (;;) {
    const std::chrono::nanoseconds interval = line_.take() ? options_.terminal_interval : options_.line_interval;
    const auto next = deadline_after(interval);
    if (shared_->changed.wait_until(lock, deadline_after(std::min(interval, kPause)), finished)) return;
    shared_->changed.wait_until(lock, next, due);
    if (shared_->finish) return;
    lock.unlock();
    try {
      draw();
    } catch (...) {  // NOLINT(bugprone-empty-catch): without memory nothing is shown this time
    }
    lock.lock();
  }
}

void ProgressDisplay::draw() {
  const Sample now = sample();
  recent_.add(now);
  std::string text;
  {
    const std::lock_guard lock(shared_->mutex);
    text = progress_text(start_, now, last_step(now.step), recent_.rate(), shared_->values);
  }
  write(std::move(text), /*last=*/false);
}

void ProgressDisplay::write_last() {
  if (!shared_.here()) return;
  const Sample now = sample();
  write(final_text(start_, now, last_step(now.step), shared_->values), /*last=*/true);
}

void ProgressDisplay::write(std::string text, bool last) {
  if (!options_.label.empty()) text = fmt::format("{}: {}", one_line(options_.label), text);
  const bool redrawn = line_.take();
  if (redrawn) {
    // One column less than there are: some terminals begin a new line after the last column.
    std::string line = "\r";
    line += fit_progress(text, terminal_columns(output_->descriptor()) - 1);
    line += kEraseRest;
    line += last ? '\n' : '\r';  // what is written next overwrites the line
    output_->write(line);
    drawn_ = true;
    if (last) line_.give_back();
  } else {
    if (options_.time_of_day) text.insert(0, time_of_day());
    if (line_.on_terminal()) text.insert(0, kEraseRest);  // of the display that has the line
    text += '\n';
    output_->write(text);
  }
  output_->flush();
}

}  // namespace detail
}  // namespace runhook::inline v1
