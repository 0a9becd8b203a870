#include "runhook/hooks/stop_at_checkpoint_step.hpp"

#include <utility>

#include "base/format.hpp"
#include "runhook/hooks/stop_at_step.hpp"

namespace runhook::inline v1 {

StopAtCheckpointStepHook::StopAtCheckpointStepHook(StopAtCheckpointStepOptions options) : options_(std::move(options)) {
  if (options_.source == nullptr) throw StatusError(StatusCode::invalid_argument, "there is no source of checkpoints");
  if (!options_.last_step) throw StatusError(StatusCode::invalid_argument, "last_step is not given");
  if (options_.wait.count() < 0) throw StatusError(StatusCode::invalid_argument, "the wait is negative");
}

void StopAtCheckpointStepHook::after_create_session(SessionRunContext& context) { stop_if_saved(context); }

void StopAtCheckpointStepHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  if (context.global_step() < *options_.last_step || stop_if_saved(context)) return;
  context.log(LogLevel::info, fmt::format("Waiting for a checkpoint of step {}", *options_.last_step));
  context.wait_for_stop(options_.wait);
}

bool StopAtCheckpointStepHook::stop_if_saved(SessionRunContext& context) {
  const std::optional<CheckpointInfo> newest = options_.source->latest();
  if (!newest || newest->step < *options_.last_step) return false;
  context.request_stop(0, fmt::format("step {} has been saved", newest->step), StopUrgency::after_step,
                       /*planned=*/true);
  return true;
}

std::shared_ptr<SessionRunHook> make_stop_at_checkpoint_step_hook(bool is_chief, StopAtCheckpointStepOptions options) {
  const auto hook = std::make_shared<StopAtCheckpointStepHook>(std::move(options));
  if (!is_chief) return hook;
  return std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = hook->last_step()});
}

}  // namespace runhook::inline v1
