#include "runhook/hooks/stop_at_step.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"

namespace runhook::inline v1 {

StopAtStepHook::StopAtStepHook(StopAtStepOptions options) : options_(std::move(options)) {
  if (options_.last_step.has_value() == options_.num_steps.has_value()) {
    throw StatusError(StatusCode::invalid_argument, "exactly one of last_step and num_steps must be given");
  }
  if (options_.steps_per_run < 1) {
    throw StatusError(StatusCode::invalid_argument,
                      fmt::format("steps_per_run is below 1: {}", options_.steps_per_run));
  }
}

void StopAtStepHook::begin(SessionRunContext&) { last_step_ = options_.last_step; }

void StopAtStepHook::after_create_session(SessionRunContext& context) {
  if (!last_step_)
    last_step_ = detail::saturating_add(context.global_step(), std::max<std::int64_t>(*options_.num_steps, 0));
  context.announce_last_step(*last_step_);
  check(context);
}

void StopAtStepHook::after_run(SessionRunContext& context, const SessionRunValues&) { check(context); }

void StopAtStepHook::check(SessionRunContext& context) {
  const std::int64_t remaining = detail::saturating_distance(context.global_step(), *last_step_);
  if (remaining <= 0) {
    context.request_stop(0, fmt::format("step {} has been reached", *last_step_), StopUrgency::if_completed,
                         /*planned=*/true);
  } else if (!options_.steps_per_run_variable.empty()) {
    context.session().write_variable(options_.steps_per_run_variable,
                                     Value::scalar(std::min(remaining, options_.steps_per_run)));
  }
}

}  // namespace runhook::inline v1
