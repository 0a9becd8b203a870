// step_engine.hpp: one attempt at a step: the hooks before it, the session, the hooks after it.
#ifndef RUNHOOK_SRC_LOOP_STEP_ENGINE_HPP_
#define RUNHOOK_SRC_LOOP_STEP_ENGINE_HPP_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loop/hook_caller.hpp"
#include "loop/run_end.hpp"
#include "loop/step_timer.hpp"
#include "loop/trigger_schedule.hpp"
#include "loop/value_delivery.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/run_args.hpp"

namespace runhook::inline v1 {
namespace detail {

// An attempt has two halves: up to the session's step, and from it on. While nobody asks for anything many steps are
// made in a loop that does not do more than call hooks and session: the fast path.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): laid out by cache lines
class alignas(64) StepEngine {
 public:
  StepEngine(RunState& state, HookList& hooks, HookCaller& caller, StepTimer& timer, const RunEnd& end,
             ValueDelivery& delivery) noexcept;
  StepEngine(const StepEngine&) = delete;
  StepEngine& operator=(const StepEngine&) = delete;

  // The whole of an attempt; returns what it has failed with. Throws what keeps it from beginning: a predicate of a
  // trigger that fails, options that are refused, names of hooks that there are not. Then no hook has been called.
  Error attempt(const SessionRunArgs& args);

  // The first half: decides what is due, calls before_run, merges what is asked for. Returns whether the session is to
  // execute the step. If not, the attempt is over: it has failed with `error`, or the step was skipped. Throws as above.
  bool prepare(const SessionRunArgs& args, Error& error);
  void execute(Error& error) noexcept;  // has the session execute the step
  // Instead of execute(), for a step that the caller makes: what is measured as the session's begins and ends.
  void begin_execution() noexcept;
  void end_execution(const Error& error) noexcept;
  // The second half, from what the step has failed with: hands out results, calls after_run. `error` is then what the
  // attempt has failed with.
  void complete(Error& error) noexcept;

  // The fast path. How many steps it may make, at most `allowed`; 0 or less: the next one has to be made in the ordinary
  // way.
  std::int64_t fast_steps(const SessionRunArgs& args, std::int64_t allowed) {
    if (!fast_ || !args.asks_for_nothing()) [[unlikely]]
      return 0;
    if (hooks_.has_triggers()) [[unlikely]]
      allowed = schedule_.idle_runs(run_number(), allowed);
    return std::min(allowed, next_timed_ - completed_runs());
  }
  // Makes so many steps and returns true, or false if it has left one under way, for finish_interrupted().
  bool make_fast_steps(const SessionRunArgs& args, std::int64_t count);
  Error finish_interrupted() noexcept;
  // The same with the session's step left to the caller, who makes it between the two. begin_fast_step() returns false
  // if the step needs more than that: then it is prepare() without the calls that resume_preparing() makes. After true
  // comes either end_fast_step(), which returns false as make_fast_steps() does, or take_up_fast_step() and complete().
  bool begin_fast_step(const SessionRunArgs& args);
  bool resume_preparing(Error& error) noexcept { return ready_for_session(error); }
  bool end_fast_step();
  void take_up_fast_step() noexcept;
  void leave_fast_path() noexcept { fast_ = false; }
  void return_to_fast_path() noexcept;  // if nothing of the last attempt keeps it from that

  TriggerSchedule& schedule() noexcept { return schedule_; }
  const Results& results() const noexcept { return results_; }
  LastFetched last_fetched() const;
  std::int64_t completed_runs() const noexcept { return runs_.load(std::memory_order_relaxed); }  // any thread
  std::int64_t skipped_runs() const noexcept { return skips_; }
  std::int64_t run_number() const noexcept { return completed_runs() + skips_; }
  // How far these have come, for calls that make a number of them: what a recovery has undone is to be made again.
  std::int64_t lasting_runs() const noexcept { return run_number() - undone_runs_; }
  void steps_undone(std::int64_t steps) noexcept;

 private:
  static constexpr std::size_t kAllHooks = static_cast<std::size_t>(-1);
  enum class Reached : std::uint8_t { before_run, session_failure, after_run };

  void call_before_run(RunState& state, const HookCalls& calls);
  void call_after_run(RunState& state, const std::vector<HookCall>& calls, Error& error);
  void begin_fast_steps(RunState& state, const SessionRunArgs& args);
  bool make_first_half(RunState& state, const HookCalls& calls);
  bool make_second_half(RunState& state, const HookCalls& calls, Error& error);
  bool ready_for_session(Error& error) noexcept;
  void hand_out_results(Error& error) noexcept;
  void end_attempt(Error& error) noexcept;
  void note_if_half_done(const Error& error) noexcept;
  void attempt_failed(Error& error) noexcept;
  Error skip_step() noexcept;
  void finish_timing(const Error& error) noexcept;

  Error session_failure() noexcept;                                            // of the exception being handled
  Error callback_failure(bool threw) noexcept;                                 // of the callback that has just failed
  const HookCall& current(const std::vector<HookCall>& calls) const noexcept;  // the one whose callback is in progress
  template <typename OnFailure>
  void go_on_after(const std::vector<HookCall>& calls, const HookCall* failed, OnFailure&& on_failure) noexcept;
  void before_run_failed(const HookCalls& calls, const HookCall* failed) noexcept;
  void after_run_failed(const std::vector<HookCall>& calls, const HookCall* failed, Error& result) noexcept;
  void call_remaining_after_run(const std::vector<HookCall>& calls, Error& error);
  void withdraw(HookSlot& slot) noexcept;
  void call_on_error(Error& error) noexcept;

  // What every step touches: a cache line.
  RunState& state_;
  HookList& hooks_;
  HookCaller& caller_;
  StepTimer& timer_;
  const RunEnd& end_;
  bool fast_ = false;  // in the last attempt all went well and nobody asked for anything, so nothing is left of it
  std::int64_t next_timed_ = 0;  // up to here, in completed runs, steps may be fast
  std::atomic<std::int64_t> runs_{0};

  TriggerSchedule schedule_;
  ValueDelivery& delivery_;
  std::int64_t skips_ = 0;        // steps that a hook has skipped
  std::int64_t undone_runs_ = 0;  // by recoveries
  Results results_;
  bool results_stale_ = false;     // results_ holds something that is not of the next step
  std::int64_t fetched_step_ = 0;  // which the last attempt whose results were handed out has reached
  bool fetched_failed_ = false;    // that attempt has failed since

  // The attempt in progress.
  const HookCalls* calls_ = nullptr;
  std::size_t reached_ = kAllHooks;  // how many hooks are told of an error; not all once a before_run has failed
  Error before_run_error_;
  std::int64_t step_before_ = 0;                  // the global step before it, once the session has executed it
  Reached interrupted_at_ = Reached::before_run;  // which calls were over when the fast path was left
  Error interruption_;                            // with this error
  bool some_left_out_ = false;                    // a hook's tolerated failure has excluded it
  std::vector<HookCall> remaining_;
  std::optional<StepTimer::Attempt> timed_;
  std::optional<StepTimer::SessionRun> timed_execution_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_STEP_ENGINE_HPP_
