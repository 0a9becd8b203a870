#include "runhook/hooks/global_step_waiter.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/monotonic.hpp"

namespace runhook::inline v1 {

namespace {

// The global step is logged again after so many steps.
constexpr std::int64_t kStepsBetweenLines = 1000;

std::int64_t read_step(SessionRunContext& context) {
  const std::optional<std::int64_t> step = context.session().read_global_step();
  if (!step) {
    throw StatusError(StatusCode::failed_precondition,
                      "the session cannot tell its global step, so nobody would see it advance");
  }
  return *step;
}

}  // namespace

GlobalStepWaiterHook::GlobalStepWaiterHook(std::int64_t step, GlobalStepWaiterOptions options)
    : step_(step), options_(options) {
  if (options_.poll.count() <= 0) throw StatusError(StatusCode::invalid_argument, "the poll interval is not positive");
  if (options_.timeout && options_.timeout->count() < 0) {
    throw StatusError(StatusCode::invalid_argument, "the time-out is negative");
  }
}

void GlobalStepWaiterHook::begin(SessionRunContext&) { started_ = false; }

void GlobalStepWaiterHook::before_run(SessionRunContext& context) {
  if (started_ || step_ <= 0) return;
  started_ = wait(context);
  if (!started_) context.skip_step();
}

bool GlobalStepWaiterHook::wait(SessionRunContext& context) const {
  context.log(LogLevel::info, fmt::format("Waiting for global step {} before the first run", step_));
  const std::int64_t begun_ns = context.now_ns();
  std::int64_t last_said = 0;
  for (;;) {
    const std::int64_t step = read_step(context);
    if (step >= step_) return true;
    if (detail::saturating_distance(last_said, step) > kStepsBetweenLines) {
      context.log(LogLevel::info, fmt::format("Waiting for global step {}, which is {} now", step_, step));
      last_said = step;
    }
    std::chrono::nanoseconds time = options_.poll;
    if (options_.timeout) {
      const std::int64_t passed_ns = detail::saturating_distance(begun_ns, context.now_ns());
      const std::int64_t left_ns = detail::saturating_distance(passed_ns, options_.timeout->count());
      if (left_ns <= 0) {
        throw StatusError(StatusCode::deadline_exceeded,
                          fmt::format("the global step has got to {} of {} within the time-out", step, step_));
      }
      time = std::min(time, std::chrono::nanoseconds(left_ns));
    }
    if (context.wait_for_stop(time)) return false;
  }
}

}  // namespace runhook::inline v1
