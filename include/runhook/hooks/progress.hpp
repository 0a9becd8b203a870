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
class ProgressDisplay;
}

struct ProgressOptions {
  std::optional<std::int64_t> last_step = {};  // where the run ends; otherwise as announced, e.g. by StopAtStepHook
  std::vector<std::string> names = {};         // values to show with it
  double every_n_secs = 1;                     // how often these are fetched
  // Where: NULL: to a descriptor, by default standard error. What is given is not closed; give the output of the
  // LoggingHook if both go there.
  std::shared_ptr<Output> output = {};
  int descriptor = 2;
  std::chrono::nanoseconds terminal_interval = std::chrono::milliseconds(150);  // between two looks at the step
  std::chrono::nanoseconds line_interval = std::chrono::seconds(10);            // the same where there is no terminal
};

// Shows the step, the rate and the time that is left. On a terminal it is one line that is drawn again and again, cut
// to the terminal's width; in a file or a pipe it is a whole line every now and then, without control characters. The
// last line stays. A terminal of which TERM says that it is dumb gets nothing; colours are not used.
//
// A thread of its own reads the session's step, so it costs no step anything: make() registers it for the first run
// only, or, with values to show, also for the runs in which these are fetched. Since 1.0.
class ProgressHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for intervals that are not positive, and an empty or repeated name.
  explicit ProgressHook(ProgressOptions options = {});
  ~ProgressHook() override;
  std::string_view name() const override { return "progress"; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;  // throws NOT_FOUND for a name there is not
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  static HookRegistration make(ProgressOptions options = {});

 private:
  const ProgressOptions options_;
  SessionRunArgs args_;
  std::shared_ptr<Output> output_;
  std::unique_ptr<detail::ProgressDisplay> display_;  // NULL: nothing is shown
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_PROGRESS_HPP_
