// runhook/hooks/stop_at_checkpoint_step.hpp: stops a worker once the chief's last checkpoint has been saved.
#ifndef RUNHOOK_HOOKS_STOP_AT_CHECKPOINT_STEP_HPP_
#define RUNHOOK_HOOKS_STOP_AT_CHECKPOINT_STEP_HPP_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "runhook/checkpoint_source.hpp"
#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct StopAtCheckpointStepOptions {
  std::shared_ptr<CheckpointSource> source = {};  // required
  std::optional<std::int64_t> last_step = {};     // required
  std::chrono::nanoseconds wait{30'000'000'000};  // how long to wait after each run that has reached last_step
};

// Asks for a stop once the global step has reached a step and there is a checkpoint of that step or of a later one; a
// worker that is restarted after that makes no run. While there is no such checkpoint, each run is followed by a wait
// on the session's clock, which a stop request ends. So workers go on until the chief's last checkpoint can be used.
// After the checkpoint hook of tf.estimator.experimental.make_stop_at_checkpoint_step_hook. Since 1.0.
class StopAtCheckpointStepHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT without a source or a last_step, and for a negative wait.
  explicit StopAtCheckpointStepHook(StopAtCheckpointStepOptions options);
  std::string_view name() const override { return "stop at checkpoint step"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::int64_t last_step() const noexcept { return *options_.last_step; }

 private:
  bool stop_if_saved(SessionRunContext& context);
  const StopAtCheckpointStepOptions options_;
};

// Makes a StopAtStepHook for the chief, which saves the checkpoints, and a StopAtCheckpointStepHook for a worker.
// Throws as the latter does. Since 1.0.
std::shared_ptr<SessionRunHook> make_stop_at_checkpoint_step_hook(bool is_chief, StopAtCheckpointStepOptions options);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_AT_CHECKPOINT_STEP_HPP_
