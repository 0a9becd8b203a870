// runhook/hooks/progress.hpp: shows how far a run has come.
#ifndef RUNHOOK_HOOKS_PROGRESS_HPP_
#define RUNHOOK_HOOKS_PROGRESS_HPP_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {

namespace detail {
class NewestValues;
class ProgressDisplay;
}  // namespace detail

struct ProgressOptions {
  std::optional<std::int64_t> last_step = {};  // the step at which the run ends; empty: as announced by
                                               // other hooks, or that of a call with max_steps
  std::vector<std::string> names = {};         // values to show with it
  double every_n_secs = 1;                     // how often these are fetched
  std::string label = {};                      // in front of each line, e.g. "train"; empty: none
  bool time_of_day = false;                    // in front of each line in a file or a pipe, as of LoggingOptions
  // Where to; NULL: to the descriptor. Neither is closed. If a LoggingHook writes to the same place, give both hooks
  // the same output: its lines then come together with the redrawn one.
  std::shared_ptr<Output> output = {};
  int descriptor = 2;
  std::chrono::nanoseconds terminal_interval = std::chrono::milliseconds(150);  // between two updates of a terminal
  std::chrono::nanoseconds line_interval = std::chrono::seconds(10);            // between two lines in a file or a pipe
};

// Shows the step, the rate, the time so far and the time that is left: on a terminal as one line, which is redrawn, and
// of which whole parts are left out where it is too narrow; in a file, a pipe or a terminal that is dumb according to
// TERM as lines without control characters. The last line stays. Colours are not used.
//
// The redrawn line is overwritten by what else is written to the terminal, and is drawn again below that. So log lines,
// and what print_line() prints, stand above it; other output of the program is mixed with it. Of several displays of
// this process on one terminal, the first has the line; the others write lines above it, as often as to a file, until
// it has ended. Those of several processes overwrite each other: give `descriptor`s that differ, or leave out all but
// one.
//
// A thread of the hook reads the session's step, so that steps cost no more. Register what make() returns: it is due in
// the first run and in those in which values are fetched. Since 1.0.
class ProgressHook final : public SessionRunHook, private ValueListener {
 public:
  // Throws INVALID_ARGUMENT for intervals that are not positive, and an empty or repeated name.
  explicit ProgressHook(ProgressOptions options = {});
  ~ProgressHook() override;
  std::string_view name() const override { return "progress"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;  // throws NOT_FOUND for an unknown name
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  ValueListener* value_listener() noexcept override { return this; }  // logged values are shown behind the others

  static HookRegistration make(ProgressOptions options = {});

 private:
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  void show_values();
  const ProgressOptions options_;
  SessionRunArgs args_;
  std::shared_ptr<Output> output_;
  std::unique_ptr<detail::ProgressDisplay> display_;  // NULL: nothing is shown
  std::unique_ptr<detail::NewestValues> logged_;
  std::string fetched_text_;
  std::int64_t fetched_step_ = 0;
  std::int64_t shown_ns_ = 0;       // when logged values were shown last
  std::int64_t show_every_ns_ = 0;  // how often they are
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_PROGRESS_HPP_
