// step_timer.hpp: measures attempts and callbacks, keeps the sums, and tells the listeners.
#ifndef RUNHOOK_SRC_LOOP_STEP_TIMER_HPP_
#define RUNHOOK_SRC_LOOP_STEP_TIMER_HPP_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/span.hpp"
#include "runhook/timings.hpp"
#include "timing/duration_histogram.hpp"
#include "timing/pace.hpp"
#include "timing/sampling.hpp"
#include "timing/time_sum.hpp"

namespace runhook::inline v1 {
namespace detail {

class StepTimer {
 public:
  StepTimer(RunState& state, HookList& hooks, double hook_budget) noexcept;
  StepTimer(const StepTimer&) = delete;
  StepTimer& operator=(const StepTimer&) = delete;

  // No run before this one, in completed runs, is measured, unless a trigger is due in it or a listener wants it.
  std::int64_t next_run() const noexcept { return records_all(hooks_.idle()) ? 0 : idle_.next(); }
  // Whether the attempt that is about to begin is to be measured.
  bool wants(const HookCalls& calls, std::int64_t run, bool due) noexcept {
    if (due) ++due_attempts_;
    if (!calls.listeners.empty() || records_all(calls)) return true;
    return due ? due_.wanted(due_attempts_) : run >= idle_.next();
  }

  // Measures an attempt as long as the object exists; calls() are to be made instead of the given ones.
  class Attempt {
   public:
    Attempt(StepTimer& timer, const HookCalls& calls, std::int64_t run, bool due) noexcept;
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    const HookCalls& calls() const noexcept { return timer_.active_ ? timer_.timed_ : given_; }
    void succeeded() noexcept { counts_ = true; }
    void skipped() noexcept { failed_ = false; }

   private:
    StepTimer& timer_;
    const HookCalls& given_;
    std::int64_t run_;
    bool due_;
    bool counts_ = false;
    bool failed_ = true;
    std::int64_t begin_ns_ = 0;
  };

  // Measures the session, if the attempt is measured.
  class SessionRun {
   public:
    explicit SessionRun(StepTimer& timer) noexcept : timer_(timer) {
      if (timer.active_) [[unlikely]]
        timer.enter();
    }
    ~SessionRun() {
      if (timer_.active_) [[unlikely]]
        timer_.leave(nullptr, SpanKind::session_run, failed_);
    }
    SessionRun(const SessionRun&) = delete;
    SessionRun& operator=(const SessionRun&) = delete;
    void succeeded() noexcept { failed_ = false; }

   private:
    StepTimer& timer_;
    bool failed_ = true;
  };

  // Measures something that the loop does outside of attempts. It has failed if an exception ends it.
  class Activity {
   public:
    Activity(StepTimer& timer, SpanKind kind) noexcept;
    ~Activity();
    Activity(const Activity&) = delete;
    Activity& operator=(const Activity&) = delete;

   private:
    StepTimer& timer_;
    SpanKind kind_;
    SpanKind outer_;
    int exceptions_;
    std::int64_t step_;
    std::int64_t begin_ns_;
  };

  // A callback other than before_run and after_run is over.
  void called(HookSlot& slot, CallbackKind kind, std::int64_t begin_ns, bool failed) noexcept;
  // The first time that a hook takes more of the steps' time than the budget allows; no error otherwise.
  Error over_budget() noexcept;

  Timings timings() const;  // any thread

 private:
  struct Entry {
    HookSlot* slot;  // NULL: the session's
    SpanKind kind;
    bool failed;
    std::int64_t begin_ns;
    std::int64_t end_ns;
  };
  struct TimedCall {
    DirectCallback function;
    void* user_data;
    StepTimer* timer;
    HookSlot* slot;
    SpanKind kind;
  };
  static std::int32_t timed_call(runhook_context* context, void* user_data, std::int32_t ok);
  void wrap(const std::vector<HookCall>& calls, std::vector<HookCall>& timed, SpanKind kind);
  void enter() noexcept;
  void leave(HookSlot* slot, SpanKind kind, bool failed) noexcept;
  // Steps are so long that those who take samples get them all.
  bool records_all(const HookCalls& calls) const noexcept { return pace_.is_slow() && !calls.samplers.empty(); }
  std::int64_t cost_ns(const HookCalls& calls) const noexcept;
  void count(std::int64_t step_ns, std::int64_t weight) noexcept;
  void tell_attempt(const HookCalls& calls, std::int64_t begin_ns, std::int64_t end_ns, bool failed) noexcept;
  void tell(const Span& span) const noexcept;
  Span span(SpanKind kind, std::int64_t begin_ns, std::int64_t end_ns, bool failed) const noexcept;
  bool is_over_budget(const HookSlot& slot) const noexcept;
  Error budget_error(const HookSlot& slot) const;
  std::int64_t net(std::int64_t ns, std::int64_t reads) const noexcept;

  RunState& state_;
  HookList& hooks_;
  const double budget_;
  const std::int64_t clock_ns_;  // what reading the clock takes

  // For the runs in which no trigger is due, and for those in which one is.
  Sampling idle_;
  Sampling due_;
  std::int64_t due_attempts_ = 0;
  Pace pace_;  // of both

  // The attempt being measured.
  bool active_ = false;
  std::int64_t mark_ = 0;  // when the part in progress began, or the one before it ended; 0: the clock is to be read
  std::int64_t step_ = 0;  // global step at its beginning
  std::vector<TimedCall> timed_calls_;
  HookCalls timed_;
  std::vector<Entry> entries_;

  // Guarded by HookList::observed(), like the times in the slots.
  TimeSum steps_;
  TimeSum session_;
  DurationHistogram histogram_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_STEP_TIMER_HPP_
