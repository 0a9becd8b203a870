// runhook/hooks/global_step_waiter.hpp: holds a worker back until others have reached a step.
#ifndef RUNHOOK_HOOKS_GLOBAL_STEP_WAITER_HPP_
#define RUNHOOK_HOOKS_GLOBAL_STEP_WAITER_HPP_

#include <chrono>
#include <cstdint>
#include <optional>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct GlobalStepWaiterOptions {
  std::chrono::nanoseconds poll{500'000'000};            // time between two reads of the global step
  std::optional<std::chrono::nanoseconds> timeout = {};  // how long to wait at most; empty: for ever
};

// Waits before the first run until the session's global step, which others advance, has reached a step; later runs do
// not wait. A stop ends the wait at once, and the run is not made. The time is that of the session's clock. The run
// fails with FAILED_PRECONDITION if nobody else can advance the session's step, and with DEADLINE_EXCEEDED if the wait
// takes too long. After tf.estimator.GlobalStepWaiterHook. Since 1.0.
class GlobalStepWaiterHook final : public SessionRunHook {
 public:
  // With a step of 0 or less there is no wait. Throws INVALID_ARGUMENT for a poll interval that is not positive or a
  // negative time-out.
  explicit GlobalStepWaiterHook(std::int64_t step, GlobalStepWaiterOptions options = {});
  std::string_view name() const override { return "global step waiter"; }
  bool one_session_at_a_time() const noexcept override { return true; }
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
