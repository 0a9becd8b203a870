// session_keeper.hpp: how the session comes into being, how a failed one is replaced, and how the last one ends.
#ifndef RUNHOOK_SRC_LOOP_SESSION_KEEPER_HPP_
#define RUNHOOK_SRC_LOOP_SESSION_KEEPER_HPP_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "loop/canceller.hpp"
#include "loop/error_judgement.hpp"
#include "loop/hook_caller.hpp"
#include "loop/hook_states.hpp"
#include "loop/run_end.hpp"
#include "loop/step_timer.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/config.hpp"

namespace runhook::inline v1 {
namespace detail {

class SessionKeeper {
 public:
  SessionKeeper(const Config& config, RunState& state, HookList& hooks, HookCaller& caller, HookStates& hook_states,
                StepTimer& timer, RunEnd& end);

  void start();  // creates the first session; throws once recovery has given up
  // Replaces the session after `cause`, with back-off. `begun_at`: the global step at which the failed attempt began.
  // Throws what the run ends with if there is no way back, STOPPED for an urgent stop; and a clean end that a hook has
  // asked for when it was told of the new session, which is kept then.
  void recover(const Error& cause, std::int64_t begun_at);
  void end() noexcept;  // threads stopped and waited for, session closed; what these fail with is kept
  void step_completed() noexcept;

  // Recovered from, without having got past the step that failed.
  bool recovering() const noexcept { return recoveries_in_a_row_ > 0; }
  bool has_attempts_left() const noexcept { return recoveries_in_a_row_ < config_.recovery.max_attempts; }
  // What was recovered from since the last completed step.
  Error take_recovery_cause() noexcept { return std::exchange(recovery_cause_, Error()); }
  const Error& lost_session() const noexcept { return lost_session_; }  // why there is no session any more
  const Error& past_thread_error() const noexcept { return thread_error_; }
  // What they have reported that a recovery would have mended, if there had been one.
  const Error& unrecovered_thread_error() const noexcept { return unrecovered_; }
  const Error& close_error() const noexcept { return close_error_; }
  Error fatal_thread_error() const noexcept;  // of the present session's threads

  Circumstances circumstances() const noexcept;
  // Whether a thread has reported an error that is recovered from.
  bool thread_failed() const noexcept {
    const std::atomic<bool>* const failed = state_.session.thread_failed.get();
    return failed != nullptr && failed->load(std::memory_order_relaxed);
  }

  // Any thread.
  std::shared_ptr<Session> session() const noexcept;
  Coordinator coordinator() const;  // throws CLOSED
  std::int64_t recoveries() const noexcept { return recoveries_.load(std::memory_order_relaxed); }
  const std::shared_ptr<Canceller>& canceller() const noexcept { return canceller_; }

 private:
  void create();
  void recreate(bool first);
  void announce();  // calls after_create_session
  void install(CreatedSession created);
  std::int64_t initial_global_step(std::optional<std::int64_t> restored) const;
  void end_threads() noexcept;
  void add_to_recovery_cause(const Error& of_threads) noexcept;
  void close(Session& session) noexcept;
  void log_warning(const Error& error) const noexcept;
  void check_recovery_goes_on();
  std::int64_t next_backoff_ns();
  void tell_of_recovery(std::int64_t backoff_ns);
  void wait(std::int64_t backoff_ns);
  bool create_again();
  Error no_end_of_input(const Error& failure) const noexcept;
  [[noreturn]] void give_up(const Error& error);
  void check_no_urgent_stop();
  bool recovers(Error& error) const noexcept { return is_recovered_from(error, circumstances()); }

  const Config& config_;
  RunState& state_;
  HookList& hooks_;
  HookCaller& caller_;
  HookStates& hook_states_;
  StepTimer& timer_;
  RunEnd& end_;
  const std::shared_ptr<Canceller> canceller_;
  mutable std::mutex mutex_;  // guards session and coordinator of the state, which other threads read

  std::atomic<std::int64_t> recoveries_{0};
  std::int32_t recoveries_in_a_row_ = 0;  // without getting past the step that failed
  std::int64_t failed_step_ = 0;          // the highest global step at which one of these began
  std::int64_t restart_step_ = 0;         // global step after the last of them
  std::int64_t first_failure_ns_ = 0;
  bool recovered_while_stopping_ = false;
  std::minstd_rand random_;

  Error recovery_cause_;  // the first error since the last completed step, with the later ones
  Error thread_error_;    // reported by threads of sessions that are gone
  Error unrecovered_;     // the same, of errors that are recovered from; a recovery has them in its cause
  Error close_error_;     // of closing sessions
  Error lost_session_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_SESSION_KEEPER_HPP_
