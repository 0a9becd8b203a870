// runhook/hooks/stop_at_step.hpp: stops a run at a step.
#ifndef RUNHOOK_HOOKS_STOP_AT_STEP_HPP_
#define RUNHOOK_HOOKS_STOP_AT_STEP_HPP_

#include <cstdint>
#include <optional>
#include <string>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct StopAtStepOptions {
  // One of the two.
  std::optional<std::int64_t> last_step = {};  // the global step at which to stop; one reached already: at once
  // Stop so many steps after the one at which the run begins; below 1: at once.
  std::optional<std::int64_t> num_steps = {};
  // The variable by which a session that makes several steps in a run is told how many. The hook sets it before each
  // run so that the last run ends exactly at the step. Empty: there is none.
  std::string steps_per_run_variable = {};
  std::int64_t steps_per_run = 1;  // what the hook sets it to otherwise
};

// Asks for a stop once the global step has reached a step, even before the first run, so that a run that is restored at
// that step makes no step. The step stays the same through recoveries, and is computed anew when the hook begins
// another session. It is announced, for hooks with Trigger::last(). After tf.estimator.StopAtStepHook. Since 1.0.
class StopAtStepHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for neither or both of last_step and num_steps, and for steps_per_run below 1.
  explicit StopAtStepHook(StopAtStepOptions options);
  std::string_view name() const override { return "stop at step"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::optional<std::int64_t> last_step() const noexcept { return last_step_; }  // once it is known

 private:
  void check(SessionRunContext& context);
  const StopAtStepOptions options_;
  std::optional<std::int64_t> last_step_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_AT_STEP_HPP_
