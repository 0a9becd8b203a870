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
  std::optional<std::int64_t> last_step = {};  // the global step at which to stop
  std::optional<std::int64_t> num_steps = {};  // so many steps after the one at which the run begins
  // For sessions that make several steps in a run and have a variable that says how many: before each run it is set so
  // that the last run ends exactly at the step. Empty: there is none.
  std::string steps_per_run_variable = {};
  std::int64_t steps_per_run = 1;  // how many they make otherwise
};

// Asks for a stop once the global step has reached a step; before the first run, too, so that a run restored there
// makes no step. The step is kept through recoveries, and worked out anew when the hook begins another session. It is
// announced, for hooks that are due in the last run. After tf.estimator.StopAtStepHook. Since 1.0.
class StopAtStepHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for neither or both of last_step and num_steps, and for steps_per_run below 1.
  explicit StopAtStepHook(StopAtStepOptions options);
  std::string_view name() const override { return "stop at step"; }
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
