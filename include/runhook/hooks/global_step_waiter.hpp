// runhook/hooks/global_step_waiter.hpp: holds a worker back until others have got to a step.
#ifndef RUNHOOK_HOOKS_GLOBAL_STEP_WAITER_HPP_
#define RUNHOOK_HOOKS_GLOBAL_STEP_WAITER_HPP_

#include <chrono>
#include <cstdint>
#include <optional>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct GlobalStepWaiterOptions {
  std::chrono::nanoseconds poll{500'000'000};            // between two looks at the global step
  std::optional<std::chrono::nanoseconds> timeout = {};  // how long to wait at most; empty: for ever
};

// Waits before the first run until the session's global step, which others move, has got to a step; later runs do not
// wait. A stop that is asked for meanwhile ends the wait at once, and the run is not made. Waits on the session's
// clock. For sessions that share the global step with others; one whose step nobody else can move fails with
// FAILED_PRECONDITION instead of waiting for ever, and a wait that takes too long fails with DEADLINE_EXCEEDED.
// After tf.estimator.GlobalStepWaiterHook. Since 1.0.
class GlobalStepWaiterHook final : public SessionRunHook {
 public:
  // A step of 0 or less waits for nothing and reads nothing. Throws INVALID_ARGUMENT for a poll interval that is not
  // positive or a negative time-out.
  explicit GlobalStepWaiterHook(std::int64_t step, GlobalStepWaiterOptions options = {});
  std::string_view name() const override { return "global step waiter"; }
  void begin(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;

 private:
  bool wait(SessionRunContext& context) const;  // whether the step has been reached; otherwise a stop was asked for
  const std::int64_t step_;
  const GlobalStepWaiterOptions options_;
  bool started_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_GLOBAL_STEP_WAITER_HPP_
