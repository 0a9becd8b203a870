// loop.hpp: the engine behind MonitoredSession: many steps, from the first begin to the last cleanup.
#ifndef RUNHOOK_SRC_LOOP_LOOP_HPP_
#define RUNHOOK_SRC_LOOP_LOOP_HPP_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/thread_id.hpp"
#include "loop/gate.hpp"
#include "loop/hook_lifecycle.hpp"
#include "loop/hook_states.hpp"
#include "loop/outcome_record.hpp"
#include "loop/run_end.hpp"
#include "loop/session_keeper.hpp"
#include "loop/step_engine.hpp"
#include "loop/step_timer.hpp"
#include "loop/value_delivery.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/config.hpp"
#include "runhook/inline_step.hpp"
#include "runhook/monitored_session.hpp"
#include "session/creator_claim.hpp"

namespace runhook::inline v1 {
namespace detail {

class Loop final : private Reporter {
 public:
  Loop(Config config, MonitoredSession& monitored);  // calls nobody
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Keeps others out while it lives: a second thread gets BUSY, the same one REENTRANT.
  class Entry {
   public:
    explicit Entry(Loop& loop) : loop_(loop) {
      loop.gate_.enter();
      loop.entered();
    }
    // Waits that long (negative: for ever) for another thread to leave, before it throws BUSY. REENTRANT at once for a
    // thread that the other one may be waiting for.
    Entry(Loop& loop, std::int64_t wait_ns) : loop_(loop) {
      loop.enter_within(wait_ns);
      loop.entered();
    }
    ~Entry() {
      if (!loop_.open_.is_open) loop_.state_.hot.original = nullptr;  // the caller's
      loop_.gate_.leave();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Loop& loop_;
  };

  void start();  // begins the hooks and creates the session

  // With an Entry.
  void run(const SessionRunArgs& args) {
    check_makes_steps();
    check_may_run();
    make_steps(args, 1);
  }
  void run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t& completed);
  void run_step_function(const std::function<void(StepContext&)>& function);
  void run_with_hooks(const SessionRunArgs& args);  // inside a step function
  // A loop that stays where it is. They return whether a step is open.
  bool next();
  bool begin_step(const SessionRunArgs& args);
  void end_step();
  void abandon_step();
  void check_step_is_open() const;              // throws FAILED_PRECONDITION
  void leave_step(bool by_exception) noexcept;  // cancels the step that is open, if one is
  void close(bool heard = true);                // `heard`: whether somebody gets what it throws
  void fail(const Error& given);
  void clear_end_of_input() { end_.clear_input_ended(); }
  bool last_run_failed() const noexcept { return outcome_.last_run_failed(); }
  const Results& results() const noexcept { return engine_.results(); }
  const RunMetadata& metadata() const noexcept { return state_.attempt.metadata; }
  void copy_out(Results* results, RunMetadata* metadata) const;  // where not NULL

  // With an Entry, or by a callback on the same thread.
  HookList& hooks();  // throws CLOSED once the end has begun
  bool called_back() const noexcept { return gate_.called_back(); }

  // Any thread.
  bool should_stop() const noexcept { return stop()->requested() || end_.should_stop(); }
  bool closed() const noexcept { return end_.closed(); }
  bool step_open() const noexcept { return open_.is_open; }
  bool busy() const noexcept { return gate_.busy(); }
  void error_unheard() noexcept { error_unheard_.store(true, std::memory_order_relaxed); }
  std::int64_t grace_period_ns() const noexcept { return config_.stop_grace_period_ns; }
  bool defer_until_idle(std::function<void()> when_idle);
  const std::shared_ptr<StopState>& stop() const noexcept { return state_.session.stop; }
  std::int64_t global_step() const noexcept { return state_.session.global_step.load(std::memory_order_relaxed); }
  Outcome outcome() const;
  ValueLogger logger() const noexcept { return ValueLogger(delivery_.queue()); }
  Timings timings() const { return timer_.timings(); }
  std::shared_ptr<Session> session() const noexcept { return keeper_.session(); }
  Coordinator coordinator() const { return keeper_.coordinator(); }
  RunState& state() noexcept { return state_; }
  InlineStep& inline_step() noexcept { return open_.view; }
  // The global step that the attempt which began at that one reaches, or would have reached.
  std::int64_t step_reached(std::int64_t begun_at) const noexcept;
  // The MonitoredSession is gone, or about to go, while callbacks of it are under way.
  void abandoned() noexcept { state_.monitored = nullptr; }

 private:
  void enter_within(std::int64_t wait_ns);
  bool joins_this_thread() const noexcept;
  void entered() noexcept {
    if (!open_.is_open) state_.hot.now_known = false;  // the clock is read once a step, in whichever half of it
    if (state_.hot.watchers != 0) [[unlikely]]
      state_.hot.thread = thread_id();
  }

  // One step, or many.
  void check_makes_steps() const {
    if (state_.session.inline_session != nullptr) [[unlikely]]
      refuse_run();
  }
  void check_may_run() {
    const bool logged_between = state_.hot.logged && state_.hot.callback == CallbackKind::none;
    if (end_.any() || stop()->requested() || hooks_.changed() || logged_between) [[unlikely]]
      check_slowly();
  }
  void check_slowly();
  bool may_go_on();  // check_may_run(), but false if the session is being destroyed
  // Makes a step, or at most `count` of them if nothing comes between.
  void make_steps(const SessionRunArgs& args, std::int64_t count) {
    count = keeper_.thread_failed() ? 0 : engine_.fast_steps(args, count);
    if (count > 0 && engine_.make_fast_steps(args, count)) [[likely]]
      return;
    make_ordinary_step(args, /*under_way=*/count > 0);
  }
  void make_ordinary_step(const SessionRunArgs& args, bool under_way);

  // `body` makes one attempt, and another one after each recovery.
  template <typename Body>
  void recovering(Body&& body, bool under_way = false);
  Error thread_error() const;  // that has to be recovered from before a step is made
  // What an attempt's failure is to be taken for, in the light of what else has gone wrong.
  Error judged(Error error) const;
  void step_succeeded();
  void forget_caught() noexcept;
  // After an attempt that began at this global step: there is a new session, or what the run fails with is thrown.
  void recover_or_fail(Error error, std::int64_t begun_at);
  [[noreturn]] void settle_failure(const Error& error);
  void post_stop(const Error& error);
  void save_if_requested(std::string_view when);  // throws what the save fails with
  Error serve_save_request(std::string_view when);
  bool request_hurried_save();
  void save();
  void end_save();
  [[noreturn]] void fail_save(Error error, std::string_view when);

  // A loop that stays where it is.
  template <typename Body>
  bool end_if_clean(Body&& body);
  void check_inline() const;
  [[noreturn]] void refuse_run() const;
  bool open_next_step(const SessionRunArgs& args);  // false: there is none
  bool open_step(const SessionRunArgs& args);       // false: a hook has skipped it
  bool open_ordinary_step(const SessionRunArgs& args, bool under_way);
  void enter_body(SessionStep& step);
  Error leave_body() noexcept;
  void complete_step();
  void end_ordinary_step(Error& error, bool is_fast) noexcept;
  void cancel_step(std::string_view why, bool failed = false);  // `failed`: what was logged in it goes out, marked
  void tell_of_left_step(bool by_exception) noexcept;

  // The end.
  Error close_step();
  void decide_outcome();
  Error end_hooks();
  void end_logging() noexcept;
  void keep_last_fetched() noexcept;
  void tell_of_unrecovered(Error& error) noexcept;
  void log_outcome(bool known_to_caller);
  Error unwind(Error error) noexcept;  // of a constructor that fails; returns all that went wrong
  void detach_direct_context() noexcept;

  void note_warning(const Error& error) noexcept override { outcome_.note_warning(error); }
  Outcome outcome_so_far() const noexcept override { return outcome_.copy(); }
  std::vector<CountedWarning> warnings() const override { return outcome_.warnings(); }
  std::string hook_name(const HookSlot* slot) const override { return hooks_.name_of(slot); }
  std::shared_ptr<Saver> session_saver() const override { return config_.session_creator->saver(); }
  bool save_if_requested() override;
  void deliver_logged() noexcept override;
  NamedBytes hook_states() override { return hook_states_.save(); }

  // What every step touches is kept together, in as few cache lines as it takes: whoever has a thousand sessions pays
  // for each of them anew in every step.
  Gate gate_;
  RunEnd end_;
  struct OpenStep {
    explicit OpenStep(Loop& loop) noexcept : view(loop) {}
    OwnerWritten<bool> is_open = false;
    bool is_fast = false;      // nobody asks anything of it so far
    bool left = false;         // the caller has failed the run in it
    bool again = false;        // the last one was recovered from: the next one is the same
    bool last_chance = false;  // and is made although a stop was asked for
    std::int64_t begun_at = 0;
    SessionStep* session_step = nullptr;
    InlineStep view;
    SessionRunArgs args;
    std::optional<TriggerSchedule::LastRun> last_run;
  } open_{*this};
  Config config_;
  RunState state_;
  HookList hooks_;
  OutcomeRecord outcome_;
  StepTimer timer_;
  HookFailures failures_;
  HookCaller caller_;
  HookLifecycle lifecycle_;
  HookStates hook_states_;
  ValueDelivery delivery_;
  StepEngine engine_;
  SessionKeeper keeper_;
  bool ending_ = false;
  std::atomic<bool> error_unheard_{false};
  bool save_failed_ = false;  // a save that is requested is to be tried again for that
  bool caught_ = false;       // a run of the step function has failed, and something may be left of that
  std::optional<CreatorClaim> creator_claim_;  // until the end
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_LOOP_HPP_
