// The engine behind MonitoredSession: attempts, recovery, boundaries and the end.
#ifndef RUNHOOK_SRC_LOOP_LOOP_HPP_
#define RUNHOOK_SRC_LOOP_LOOP_HPP_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/monotonic.hpp"
#include "base/thread_id.hpp"
#include "loop/step_timer.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/config.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/thread_token.hpp"

namespace runhook::inline v1 {
namespace detail {

// What an urgent stop request calls. Shared with the stop state, so that it may outlive the loop.
class Canceller {
 public:
  void set(std::shared_ptr<Session> session);
  void cancel() noexcept;

 private:
  std::mutex mutex_;
  std::shared_ptr<Session> session_;
};

class Loop final : private Reporter {
 public:
  Loop(Config config, MonitoredSession& monitored);  // calls nobody
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Keeps others out while it lives: a second thread gets BUSY, the same one REENTRANT.
  class Inside {
   public:
    explicit Inside(Loop& loop) : loop_(loop) { loop.enter(); }
    ~Inside() { loop_.leave(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Loop& loop_;
  };

  void start();  // begins the hooks and creates the session

  // Called inside.
  void run(const SessionRunArgs& args) {
    check_may_run();
    make_steps(args, 1);
  }
  void run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t& completed);
  void run_step_function(const std::function<void(StepContext&)>& function);
  void run_with_hooks(const SessionRunArgs& args);  // inside a step function
  void close();
  void fail(const Error& given);
  void clear_end_of_input();
  bool last_run_failed() const noexcept { return static_cast<bool>(run_error_); }
  const Results& results() const noexcept { return results_; }
  const RunMetadata& metadata() const noexcept { return state_.metadata; }
  void copy_out(Results* results, RunMetadata* metadata) const;  // where not NULL

  // Called inside, or by a callback on the same thread.
  HookList& hooks();  // throws CLOSED once the end has begun
  bool called_back() const noexcept { return (occupant_.load(std::memory_order_relaxed) & ~kDeferred) == token(); }

  // Called by any thread.
  bool should_stop() const noexcept { return state_.stop->requested() || has_ended(kEndOfInput | kLost | kClosed); }
  bool closed() const noexcept { return has_ended(kClosed); }
  bool busy() const noexcept { return (occupant_.load(std::memory_order_acquire) & ~kDeferred) != 0; }
  bool defer_until_idle(std::function<void()> when_idle);
  const std::shared_ptr<StopState>& stop() const noexcept { return state_.stop; }
  std::int64_t global_step() const noexcept { return state_.global_step.load(std::memory_order_relaxed); }
  Outcome outcome() const;
  Timings timings() const { return timer_.timings(); }
  std::shared_ptr<Session> session() const noexcept;
  Coordinator coordinator() const;
  RunState& state() noexcept { return state_; }
  // The MonitoredSession is gone, or about to go, while callbacks of it are under way.
  void abandoned() noexcept { state_.monitored = nullptr; }

 private:
  friend class Inside;
  class LastRun;
  void enter() {
    std::uintptr_t nobody = 0;
    if (!occupant_.compare_exchange_strong(nobody, token(), std::memory_order_acquire, std::memory_order_relaxed))
        [[unlikely]]
      refuse_entry();
    state_.now_known = false;
    if (state_.watchers != 0) [[unlikely]]
      state_.thread = thread_id();
  }
  void leave() {
    state_.original = nullptr;  // the caller's
    if (occupant_.exchange(0, std::memory_order_acq_rel) != token()) [[unlikely]]
      run_deferred();
  }
  static std::uintptr_t token() noexcept { return reinterpret_cast<std::uintptr_t>(thread_token()); }
  [[noreturn]] void refuse_entry() const;
  void run_deferred() noexcept;

  // One step and the way back to a good session.
  void check_may_run() {
    if (ended_.load(std::memory_order_acquire) != 0 || state_.stop->requested() || hooks_.changed()) [[unlikely]]
      check_slowly();
  }
  void check_slowly();
  template <typename Body>
  void recovering(Body&& body, bool under_way = false);
  // Makes a step, or at most `count` of them if nothing comes between.
  void make_steps(const SessionRunArgs& args, std::int64_t count) {
    if (quiet_ && args.asks_for_nothing() && !thread_failed()) [[likely]] {
      if (hooks_.has_triggers()) [[unlikely]]
        count = idle_steps(count);
      count = std::min(count, next_timed_ - runs_.load(std::memory_order_relaxed));
      if (count > 0) [[likely]]
        return quiet_steps(args, count);
    }
    ordinary_step(args);
  }
  std::int64_t idle_steps(std::int64_t allowed);
  std::int64_t run_number() const noexcept { return runs_.load(std::memory_order_relaxed) + skips_; }
  void decide_triggers();
  void ordinary_step(const SessionRunArgs& args);
  void quiet_steps(const SessionRunArgs& args, std::int64_t count);
  enum class Reached : std::uint8_t { before_run, session_failure, after_run };
  void continue_attempt(const SessionRunArgs& args, Reached stage, std::size_t reached, Error& error);
  Error attempt(const SessionRunArgs& args);
  Error timed_attempt(const SessionRunArgs& args, const HookCalls& calls);
  void call_before_run(const HookCalls& calls, std::size_t& reached, Error& error);
  void call_after_run(const std::vector<HookCall>& calls, Error& error);
  Error finish_attempt(const SessionRunArgs& args, const HookCalls& calls, std::size_t reached, Error error);
  Error end_attempt(Error error);
  Error session_failure() noexcept;  // of the exception being handled
  template <typename OnFailure>
  void go_on_after(const std::vector<HookCall>& calls, const HookCall* failed, OnFailure&& on_failure) noexcept;
  const HookCall& current(const std::vector<HookCall>& calls) const noexcept;  // the one whose callback is in progress
  Error callback_failure(bool threw) noexcept;                                 // of the callback that has just failed
  void before_run_failed(const HookCalls& calls, const HookCall* failed, std::size_t& reached, Error& result) noexcept;
  void after_run_failed(const std::vector<HookCall>& calls, const HookCall* failed, Error& result) noexcept;
  void withdraw_requests(HookSlot& slot) noexcept;
  void call_remaining_after_run(const std::vector<HookCall>& calls, Error& error);
  Error attempt_failed(const SessionRunArgs& args, std::size_t reached, Error error);
  Error skip_step(const SessionRunArgs& args);
  void call_on_error(const SessionRunArgs& args, std::size_t reached, Error& error);
  void set_global_step(std::int64_t step) noexcept;
  bool cancelled_by_stop(const Error& error) const noexcept;
  [[noreturn]] void settle_failure(const Error& error);
  void post_stop(const Error& error);

  // loop_recovery.cpp
  void create_session();
  void start_session();
  void end_session() noexcept;  // coordinator stopped and joined, session closed; what it finds is kept
  void recover(const Error& cause, std::int64_t begun_at);
  void step_completed();
  Error prefer_thread_error(Error error) const noexcept;
  Error with_gravest_primary(Error error) const noexcept;
  bool is_recoverable(Error& error) const noexcept;
  bool recovers(Error& error) const noexcept { return config_.recovery.max_attempts > 0 && is_recoverable(error); }
  Error fatal_part(Error error) const noexcept;
  void save_if_requested(std::string_view when);
  bool thread_failed() const noexcept { return thread_failed_ && thread_failed_->load(std::memory_order_relaxed); }
  std::int64_t initial_global_step(Session& session, std::optional<std::int64_t> restored) const;

  // loop_end.cpp
  void apply_changes();
  void admit(HookSlot& slot, Error& error);
  void begin_hook(HookSlot& slot);
  void cleanup_hook(HookSlot& slot, Error& error);
  Error unwind(Error error) noexcept;  // of a constructor that fails; returns all that went wrong
  void decide_outcome();
  void cleanup_all(Error& error);

  // Calls one callback of one hook; returns its failure, located.
  template <typename Call>
  Error call_hook(HookSlot& slot, CallbackKind kind, Call&& call);
  // Applies the failure policy: returns true if the failure is the run's, false if it has become a warning.
  bool fails_run(HookSlot& slot, const Error& error) noexcept;
  void note_warning(const Error& error) noexcept override;
  std::string hook_name(const HookSlot* slot) const override;

  static constexpr std::size_t kAllHooks = static_cast<std::size_t>(-1);
  static constexpr std::uintptr_t kDeferred = 1;  // in occupant_, besides the token, which is even
  // In ended_.
  static constexpr std::uint32_t kEndOfInput = 1;
  static constexpr std::uint32_t kLost = 2;       // there is no session, and none is to be had
  static constexpr std::uint32_t kAbandoned = 4;  // to be destroyed when idle
  static constexpr std::uint32_t kClosed = 8;
  bool has_ended(std::uint32_t bits) const noexcept { return (ended_.load(std::memory_order_acquire) & bits) != 0; }

  Config config_;
  RunState state_;
  HookList hooks_;
  Results results_;
  std::atomic<std::uintptr_t> occupant_{0};  // token of the thread that is inside; 0: none is
  std::function<void()> when_idle_;
  std::atomic<std::uint32_t> ended_{0};  // bits: why no step can be made
  bool quiet_ = false;  // in the last attempt all went well and nobody asked for anything, so nothing is left of it
  bool some_left_out_ = false;  // a hook's tolerated failure has excluded it from the attempt
  bool results_stale_ = false;  // results_ holds something that is not of the next step
  bool ending_ = false;
  bool input_ended_first_ = false;                  // before any stop request
  std::int64_t skips_ = 0;                          // steps that a hook has skipped
  std::int64_t decided_run_ = -1;                   // for which it is known what triggers are due
  std::int64_t last_run_number_ = Trigger::kNever;  // that run_until_stop() may make
  std::int64_t next_timed_ = 0;                     // up to here, in completed runs, steps may be quiet
  std::atomic<std::int64_t> runs_{0};
  std::atomic<std::int64_t> recoveries_{0};

  std::shared_ptr<Canceller> canceller_;
  std::shared_ptr<std::atomic<bool>> thread_failed_;  // of the present coordinator: a recoverable error was reported
  std::int32_t recoveries_in_a_row_ = 0;              // without getting past the step that failed
  std::int64_t failed_step_ = 0;                      // the highest global step at which one of these began
  std::int64_t restart_step_ = 0;                     // global step after the last of them
  Error recovery_cause_;  // the first error since the last completed step, with the later ones
  std::int64_t first_failure_ns_ = 0;
  bool recovered_while_stopping_ = false;
  std::minstd_rand random_;

  Error run_error_;     // of the runs that have failed since the last completed one
  Error caller_error_;  // given to fail()
  Error thread_error_;  // reported by threads of sessions that are gone
  Error close_error_;   // of closing sessions
  Error lost_session_;  // why there is no session any more
  StepTimer timer_;
  mutable std::mutex shared_mutex_;  // guards what other threads read: session, coordinator, outcome
};

// Inline: it stands between the loop and every callback but before_run and after_run.
template <typename Call>
Error Loop::call_hook(HookSlot& slot, CallbackKind kind, Call&& call) {
  CallbackScope scope(state_, kind, &slot);
  const std::int64_t begin_ns = monotonic_ns();
  Error error;
  try {
    call();
  } catch (...) {
    error = Error::from_current_exception(StatusCode::hook_failed);
  }
  if (const Error reported = state_.take_failure(); reported) {
    if (!error || error.code() == StatusCode::hook_failed) error = reported;
  }
  if (error) error.locate(slot.options.name, callback_text(kind), state_.global_step);
  timer_.called(slot, kind, begin_ns, static_cast<bool>(error));
  return error;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_LOOP_HPP_
