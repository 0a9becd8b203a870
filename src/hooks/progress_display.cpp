#include "hooks/progress_display.hpp"

#include <utility>

#include "base/background_thread.hpp"
#include "base/monotonic.hpp"
#include "hooks/terminal.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {
namespace detail {

ProgressDisplay::ProgressDisplay(std::shared_ptr<StopState> state, std::shared_ptr<Clock> clock, LastStep last_step,
                                 std::shared_ptr<Output> output, bool terminal, std::chrono::nanoseconds interval)
    : state_(std::move(state)),
      clock_(std::move(clock)),
      last_step_(std::move(last_step)),
      output_(std::move(output)),
      terminal_(terminal),
      interval_(interval),
      start_(sample()) {
  recent_.add(start_);
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
  shared_->finished.notify_all();
  if (shared_->thread.joinable()) shared_->thread.join();
}

void ProgressDisplay::run() {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->finished.wait_until(lock, deadline_after(interval_), [this] { return shared_->finish; })) {
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
  write(text, /*last=*/false);
}

void ProgressDisplay::write_last() {
  if (!shared_.here()) return;
  const Sample now = sample();
  write(final_text(start_, now, last_step(now.step), shared_->values), /*last=*/true);
}

void ProgressDisplay::write(const std::string& text, bool last) {
  if (!terminal_) {
    output_->write(text + '\n');
  } else {
    // One column less than there are: some terminals begin a new line after the last column.
    std::string line = "\r";
    line += fit_progress(text, terminal_columns(output_->descriptor()) - 1);
    line += kEraseRest;
    line += last ? '\n' : '\r';  // what is written next overwrites the line
    output_->write(line);
  }
  output_->flush();
}

}  // namespace detail
}  // namespace runhook::inline v1
