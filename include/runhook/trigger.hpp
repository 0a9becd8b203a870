// runhook/trigger.hpp: when a hook is due.
#ifndef RUNHOOK_TRIGGER_HPP_
#define RUNHOOK_TRIGGER_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

// The run that is about to begin, as a trigger sees it.
struct TriggerPoint {
  std::int64_t step = 0;     // global step before the run
  std::int64_t time_ns = 0;  // of the session's clock
  bool last = false;         // whether it is known to be the last run: see Trigger::last()
  std::int64_t run = 0;      // how many runs this session has completed or skipped before
};

// Says in which runs a hook is called. Belongs to a hook's registration (HookOptions::trigger): while it is not due,
// the hook is called neither before nor after the run. begin, after_create_session, end and cleanup are called all the
// same.
//
// A value: a copy has the same rule, and remembers by itself when it was last due. Whether it is due is decided once
// for each run, even if the run takes several attempts, by the step and the time at which the run begins. A run may
// advance the step by more than one. A trigger with an interval is due in the first run, and then counts from the run
// in which it was last due. After a recovery that goes back to an earlier step it counts from that step. Since 1.0.
class Trigger {
 public:
  Trigger();  // due in every run
  ~Trigger();
  Trigger(const Trigger& other);
  Trigger(Trigger&& other) noexcept;
  Trigger& operator=(const Trigger& other);
  Trigger& operator=(Trigger&& other) noexcept;

  // All throw INVALID_ARGUMENT for a number that is not positive, a window that is empty, or no predicate.
  static Trigger every_steps(std::int64_t steps);
  // Whether or not the runs advance the global step. The runs of one session are counted, so restore() begins anew.
  static Trigger every_runs(std::int64_t runs);
  static Trigger every_ns(std::int64_t ns);
  static Trigger every_seconds(double seconds);
  static Trigger every(std::int64_t steps, std::int64_t ns);  // whichever comes first; both then count anew
  static Trigger at_steps(std::vector<std::int64_t> steps);   // each once, in the first run that begins there or later
  static Trigger from_step(std::int64_t step);                // in every run that begins at this step or later
  static Trigger before_step(std::int64_t step);              // in every run that begins before it
  static Trigger within(std::int64_t from_step, std::int64_t before_step);
  static Trigger first();  // in the first run, and again after a recovery to an earlier step
  static Trigger once();   // in the first run only, even after a recovery; `t && once()` makes t due once
  // In a run that is known beforehand to be the last: the one with which run_until_stop() has made max_steps, or the
  // one that reaches the step announced by SessionRunContext::announce_last_step(), as the StopAtStepHook does.
  static Trigger last();
  static Trigger never();
  // In every run for which `predicate` is true. It is called once for each run; what it throws fails the run.
  static Trigger when(std::function<bool(const TriggerPoint&)> predicate);

  friend Trigger operator&&(const Trigger& a, const Trigger& b);
  friend Trigger operator||(const Trigger& a, const Trigger& b);  // when it was due, both count anew
  friend Trigger operator!(const Trigger& a);

  // The same, but not due in the first run. Intervals count from the beginning of the first run, which is itself the
  // first of the steps: every_steps(3) is then due in the third run, the sixth, and so on; every_steps(1) in all runs
  // but the first.
  Trigger after_first() const;

  bool is_always() const noexcept;
  bool uses_time() const noexcept;  // otherwise TriggerPoint::time_ns does not matter
  bool uses_last() const noexcept;  // otherwise TriggerPoint::last does not matter
  // Whether it is due; changes nothing.
  bool due(const TriggerPoint& point) const;
  // Tells the trigger that it was due, and that the hook was called in that run. It counts from there.
  void fired(const TriggerPoint& point);
  // Tells the trigger that it was not due, and that the run is made without the hook.
  void passed(const TriggerPoint& point);
  // Tells the trigger that the run goes on from an earlier step.
  void rewind(std::int64_t step);
  void reset();  // forgets when it was due

  // The earliest run in which it may be due, seen from `step`: due() is false for every run whose step, time and number
  // are all below these, unless it is the last run.
  struct Next {
    std::int64_t step;
    std::int64_t time_ns;
    std::int64_t run = INT64_MAX;
  };
  Next next(std::int64_t step) const noexcept;
  static constexpr std::int64_t kNever = INT64_MAX;

  // What it remembers, as one line of numbers. A trigger that was made in the same way goes on from there after
  // restore(). Times are kept as what has passed of the interval. restore() throws INVALID_ARGUMENT for the state of
  // another kind of trigger, and then changes nothing.
  std::string state(std::int64_t now_ns) const;
  void restore(std::string_view state, std::int64_t now_ns);

  class Rule;  // of the implementation

 private:
  explicit Trigger(std::unique_ptr<Rule> rule) noexcept;
  std::unique_ptr<Rule> rule() const;  // a copy
  std::unique_ptr<Rule> rule_;         // NULL: always
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_TRIGGER_HPP_
