// trigger_schedule.hpp: in which runs a trigger is due, and how many runs can be made before one is.
#ifndef RUNHOOK_SRC_LOOP_TRIGGER_SCHEDULE_HPP_
#define RUNHOOK_SRC_LOOP_TRIGGER_SCHEDULE_HPP_

#include <algorithm>
#include <cstdint>

#include "base/monotonic.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/trigger.hpp"

namespace runhook::inline v1 {
namespace detail {

// Runs are told by their number: completed and skipped ones count, so that one that is tried again keeps its number.
class TriggerSchedule {
 public:
  TriggerSchedule(RunState& state, HookList& hooks) noexcept : state_(state), hooks_(hooks) {}

  // While it lives it is known which run is the last one of a call, and as far as can be told with which step it ends.
  class LastRun {
   public:
    LastRun(TriggerSchedule& schedule, std::int64_t first_run, std::int64_t max_runs) noexcept;  // 0: no limit
    ~LastRun();
    LastRun(const LastRun&) = delete;
    LastRun& operator=(const LastRun&) = delete;

   private:
    TriggerSchedule& schedule_;
  };

  // How many runs, at most `allowed`, can be made from this one on in which no trigger is due.
  std::int64_t idle_runs(std::int64_t run, std::int64_t allowed);
  // Works out which hooks are due: once for a run, however many attempts it takes, and once more for hooks that were
  // added between two of them.
  void decide(std::int64_t run);
  // So many runs are to be made again: the last one comes so much later.
  void runs_undone(std::int64_t runs) noexcept {
    if (last_run_ != Trigger::kNever) last_run_ = saturating_add(last_run_, runs);
  }
  // None is due in this run, as idle_runs() has found.
  void none_due_in(std::int64_t run) noexcept { decided_run_ = run; }

 private:
  RunState& state_;
  HookList& hooks_;
  std::int64_t decided_run_ = -1;
  std::int64_t last_run_ = Trigger::kNever;
};

// Inline: it stands before every step of a session that has a trigger.
inline std::int64_t TriggerSchedule::idle_runs(std::int64_t run, std::int64_t allowed) {
  const Trigger::Next& next = hooks_.next_due();
  const std::int64_t step = state_.session.global_step;
  const std::int64_t last_step = state_.session.last_step;
  if (next.step <= step) return 0;
  std::int64_t idle = std::min(allowed, saturating_distance(step, next.step));
  if (next.run != Trigger::kNever) idle = std::min(idle, next.run - run);
  if (hooks_.triggers_use_last()) {
    if (last_step <= step) return 0;
    if (last_step != Trigger::kNever) idle = std::min(idle, saturating_distance(step, last_step) - 1);
    if (last_run_ != Trigger::kNever) idle = std::min(idle, last_run_ - run);
  }
  if (next.time_ns != Trigger::kNever && state_.context->now_ns() >= next.time_ns) return 0;
  if (idle > 0) hooks_.none_due();
  return idle;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_TRIGGER_SCHEDULE_HPP_
