#include "runhook/hooks/step_counter.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "hooks/fetched_names.hpp"
#include "hooks/value_text.hpp"

namespace runhook::inline v1 {

namespace {

using detail::refuse;

// A trigger of steps alone would never be due if the global step stands still, so runs are counted as well.
Trigger trigger_of(const StepCounterOptions& options) {
  if (!options.every_n_steps) return detail::every_n_secs(*options.every_n_secs);
  return Trigger::every_steps(*options.every_n_steps) || Trigger::every_runs(*options.every_n_steps);
}

}  // namespace

StepCounterHook::StepCounterHook(StepCounterOptions options)
    : options_(std::move(options)), tag_(options_.global_step_name + "/sec") {
  if (options_.every_n_steps.has_value() == options_.every_n_secs.has_value()) {
    refuse("exactly one of every_n_steps and every_n_secs must be given");
  }
  if (options_.every_n_steps && *options_.every_n_steps <= 0) {
    refuse(fmt::format("invalid every_n_steps: {}", *options_.every_n_steps));
  }
  if (options_.every_n_secs) detail::every_n_secs(*options_.every_n_secs);
  if (options_.global_step_name.empty()) refuse("the name of the global step is empty");
}

HookRegistration StepCounterHook::make(StepCounterOptions options) {
  auto hook = std::make_shared<StepCounterHook>(std::move(options));
  HookRegistration registration{hook, {}};
  registration.options.trigger = trigger_of(hook->options_);
  return registration;
}

void StepCounterHook::begin(SessionRunContext&) {
  start_.reset();
  last_step_.reset();
  warnings_ = 0;
}

void StepCounterHook::after_create_session(SessionRunContext& context) {
  last_step_.reset();
  if (!start_) return;
  start_ = Mark{context.global_step(), context.clock()->now_ns()};
  recorded_step_ = std::min(recorded_step_, start_->step);
}

void StepCounterHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  const Mark now{context.global_step(), context.clock()->now_ns()};
  const std::optional<std::int64_t> last_step = std::exchange(last_step_, now.step);
  if (!start_ || now.step < start_->step) {
    start_ = now;
    recorded_step_ = now.step;
    return;
  }
  if (last_step == now.step) stands_still(context, now.step);
  const std::int64_t steps = detail::saturating_distance(start_->step, now.step);
  const std::int64_t ns = detail::saturating_distance(start_->time_ns, now.time_ns);
  // The trigger counts runs as well, so that it may be due before so many steps have been made.
  const std::int64_t since_recorded = detail::saturating_distance(recorded_step_, now.step);
  if (since_recorded < options_.every_n_steps.value_or(1) || steps == 0 || ns <= 0) return;
  start_ = now;
  recorded_step_ = now.step;
  record(context, static_cast<double>(steps) / detail::in_seconds(ns), now.step);
}

void StepCounterHook::record(SessionRunContext& context, double rate, std::int64_t step) {
  const std::string line = fmt::format("step {}: {} = {}", step, tag_, detail::number_text(rate));
  try {
    if (options_.log) {
      const std::string text = detail::one_line(line);
      options_.log({.message = text, .step = step, .hook = context.hook_name()});
    } else {
      context.log(LogLevel::info, line);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log that fails must not fail the run
  }
  if (options_.scalars) options_.scalars(tag_, rate, step);
}

void StepCounterHook::stands_still(SessionRunContext& context, std::int64_t step) {
  if (warnings_ == kMostWarnings) return;
  ++warnings_;
  context.warn(Error(
      StatusCode::failed_precondition,
      fmt::format("{} has not increased, it is still {}: the session's steps have to increase it{}",
                  options_.global_step_name, step, warnings_ == kMostWarnings ? " (this is not said again)" : "")));
}

}  // namespace runhook::inline v1
