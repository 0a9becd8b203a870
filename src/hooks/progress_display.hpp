// progress_display.hpp: the thread behind a ProgressHook.
#ifndef RUNHOOK_SRC_HOOKS_PROGRESS_DISPLAY_HPP_
#define RUNHOOK_SRC_HOOKS_PROGRESS_DISPLAY_HPP_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/fork_mark.hpp"
#include "base/terminal.hpp"
#include "hooks/progress_text.hpp"
#include "runhook/clock.hpp"
#include "runhook/hooks/progress.hpp"
#include "runhook/output.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {
namespace detail {

// Reads the global step from a StopState and writes it. Of the session it uses nothing that may be destroyed before it.
class ProgressDisplay {
 public:
  // At which step from this one on the run ends; Trigger::kNever if that is not known. Any thread.
  using LastStep = std::function<std::int64_t(std::int64_t step)>;
  // Starts the thread. Throws std::system_error. The options are those of a hook that outlives it.
  ProgressDisplay(std::shared_ptr<StopState> state, std::shared_ptr<Clock> clock, LastStep last_step,
                  std::shared_ptr<Output> output, const ProgressOptions& options);
  ~ProgressDisplay() { finish(); }  // without a last line, if it has not been finished before
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void set_values(std::string text);
  void finish();      // ends the thread
  void write_last();  // after finish()
  std::chrono::nanoseconds interval() const noexcept {
    return line_.on_terminal() ? options_.terminal_interval : options_.line_interval;
  }

 private:
  void run();
  void draw();
  Sample sample() const { return {state_->step(), clock_->now_ns()}; }
  std::optional<std::int64_t> last_step(std::int64_t step) const;
  void write(std::string text, bool last);

  const std::shared_ptr<StopState> state_;
  const std::shared_ptr<Clock> clock_;
  const LastStep last_step_;
  const std::shared_ptr<Output> output_;
  const ProgressOptions& options_;
  const Sample start_;
  RecentRate recent_;  // used by the thread only

  struct Shared {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    bool finish = false;
    std::string values;

    std::thread thread;
  };
  SharedWithThread<Shared> shared_;
  RedrawnLine line_;    // used by the thread, and after it
  bool drawn_ = false;  // the same
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_PROGRESS_DISPLAY_HPP_
