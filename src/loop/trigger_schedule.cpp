#include "loop/trigger_schedule.hpp"

#include <algorithm>

#include "base/monotonic.hpp"

namespace runhook::inline v1 {
namespace detail {

TriggerSchedule::LastRun::LastRun(TriggerSchedule& schedule, std::int64_t first_run, std::int64_t max_runs) noexcept
    : schedule_(schedule) {
  RunState& state = schedule_.state_;
  state.begin_call_until(Trigger::kNever);
  if (max_runs <= 0) return;
  schedule_.last_run_ = saturating_add(first_run, max_runs - 1);
  std::int64_t steps = 0;
  if (__builtin_mul_overflow(max_runs, std::max<std::int64_t>(state.session.advance, 1), &steps)) return;
  state.begin_call_until(saturating_add(state.session.global_step, steps));
}

TriggerSchedule::LastRun::~LastRun() {
  schedule_.last_run_ = Trigger::kNever;
  schedule_.state_.end_call_until();
}

void TriggerSchedule::decide(std::int64_t run) {
  const bool decided = decided_run_ == run;
  if (decided && !hooks_.has_undecided()) return;
  TriggerPoint point;
  point.step = state_.session.global_step;
  if (hooks_.triggers_use_time()) point.time_ns = state_.context->now_ns();
  point.run = run;
  const std::int64_t last_step = state_.session.last_step;
  const std::int64_t step_after = saturating_add(point.step, std::max<std::int64_t>(state_.session.advance, 1));
  point.last = run == last_run_ || (last_step != Trigger::kNever && last_step <= step_after);
  decided ? hooks_.decide_added(point) : hooks_.decide(point);
  decided_run_ = run;
}

}  // namespace detail
}  // namespace runhook::inline v1
