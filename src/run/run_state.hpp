// run_state.hpp: what is behind a SessionRunContext: what callbacks see, and how they reach the loop.
#ifndef RUNHOOK_SRC_RUN_RUN_STATE_HPP_
#define RUNHOOK_SRC_RUN_RUN_STATE_HPP_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/owner_written.hpp"
#include "base/success_value.hpp"
#include "run/callback_kind.hpp"
#include "run/counted_warning.hpp"
#include "run/hook_slot.hpp"
#include "run/last_fetched.hpp"
#include "run/plan.hpp"
#include "run/run_marks.hpp"
#include "run/run_options_merge.hpp"
#include "run/save_service.hpp"
#include "run/session_id.hpp"
#include "runhook/clock.hpp"
#include "runhook/hook.hpp"
#include "runhook/log.hpp"
#include "runhook/run_context.hpp"
#include "runhook/snapshot.hpp"
#include "stop/step_stops.hpp"
#include "value/value_log.hpp"

namespace runhook::inline v1 {
namespace detail {

class InlineSession;

// What the calls of a step touch, and what the loop asks after them.
struct alignas(64) HotState {
  runhook_context* direct = nullptr;         // what direct callbacks get
  OwnerWritten<HookSlot*> slot = nullptr;    // of the hook being called, while there is a callback; see hook_called()
  SuccessValue success;                      // of the callback in progress; after fail() no value is it
  OwnerWritten<std::uint64_t> attempts = 0;  // begun, those of the fast path left out
  std::int32_t callback_result = 0;          // of the direct callback that failed last
  OwnerWritten<SpanKind> activity = SpanKind::attempt;  // what the loop does besides attempts
  OwnerWritten<std::int32_t> thread = 0;                // that is in the loop, or was so last; noted for watchers only
  std::int32_t watchers = 0;                            // who look from threads of their own
  OwnerWritten<CallbackKind> callback = CallbackKind::none;  // in progress
  bool leave_fast_path = false;                              // the attempt needs more than calling hooks and session
  bool skip = false;                                         // the step
  bool discard = false;                                      // the step's results
  bool now_known = false;
  bool logged = false;                       // something was logged, or a listener wants to know of the step's end
  const SessionRunArgs* original = nullptr;  // the caller's, of the attempt in progress
};
static_assert(sizeof(HotState) == 64, "it fits in a cache line");

// The session that executes the steps, and what holds from step to step.
struct SessionState {
  // What every step reads, and no more than a cache line of it.
  std::shared_ptr<Session> raw;
  std::shared_ptr<StopState> stop;
  std::atomic<std::int64_t> global_step{-1};  // written by the loop only
  std::int64_t last_step = Trigger::kNever;   // at which the run is going to be stopped, as far as anybody has said
  std::shared_ptr<const std::atomic<bool>> thread_failed;  // a thread has reported an error that is recovered from

  InlineSession* inline_session = nullptr;           // the same session as raw, if it is one
  std::int64_t last_step_of_call = Trigger::kNever;  // of one in progress that has a limit
  // For a thread that shows how far the run is, which may outlive it. That of a call stays after the call.
  struct KnownEnd {
    std::atomic<std::int64_t> announced{Trigger::kNever};
    std::atomic<std::int64_t> of_call{Trigger::kNever};
    // Trigger::kNever if none is known, or it is over.
    std::int64_t after(std::int64_t step) const noexcept {
      const std::int64_t call = of_call.load(std::memory_order_relaxed);
      const std::int64_t all = announced.load(std::memory_order_relaxed);
      const std::int64_t end = call < step ? all : std::min(call, all);
      return end < step ? Trigger::kNever : end;
    }
  };
  std::shared_ptr<KnownEnd> known_end = std::make_shared<KnownEnd>();
  std::int64_t advance = 1;  // by how much the last run has moved the global step
  bool half_done = false;    // the last step was broken off: what it has changed is that of no step, and is not saved
  std::shared_ptr<Clock> clock;
  std::optional<Coordinator> coordinator;
};

// The attempt in progress.
struct AttemptState {
  std::int64_t number = 1;  // within its run
  RunMetadata metadata;
  Plan plan;
  std::int64_t now = 0;
  Error reported;  // by SessionRunContext::fail during the callback in progress
  OptionsMerge options;
  const HookSlot* skipped_by = nullptr;   // the first that has asked for it, while hot.skip
  std::span<const LoggedValue> logged;    // during on_values
  std::optional<std::int64_t> next_step;  // the global step that it reaches, if its code has said so
};

// The loop, as callbacks reach it. Any thread may call these.
class Reporter {
 public:
  virtual void note_warning(const Error& error) noexcept = 0;     // in the outcome
  virtual Outcome outcome_so_far() const noexcept = 0;            // a copy
  virtual std::vector<CountedWarning> warnings() const = 0;       // of the outcome, the first of each kind
  virtual std::string hook_name(const HookSlot* slot) const = 0;  // empty if the hook is gone
  virtual std::shared_ptr<Saver> session_saver() const = 0;       // that the sessions come from; NULL: none
  virtual bool save_if_requested() = 0;                           // the thread that is in the loop; throws
  virtual void deliver_logged() noexcept = 0;                     // to the outputs, by now. The same thread
  virtual NamedBytes hook_states() = 0;                           // for a save. The thread that is in the loop

 protected:
  ~Reporter() = default;
};

struct RunState {
  RunState();
  virtual ~RunState();  // a standalone context derives from it
  RunState(const RunState&) = delete;
  RunState& operator=(const RunState&) = delete;

  static SessionRunContext* new_context(RunState& state) { return new SessionRunContext(&state); }
  static RunState& of(SessionRunContext& context) noexcept { return *context.state_; }

  HotState hot;
  SessionState session;
  AttemptState attempt;
  ValueLog values{hot.logged};
  StepStops stops{hot.leave_fast_path};  // of the attempt
  RunMarks marks;

  std::unique_ptr<SessionRunContext> context;  // empty for a state that a standalone context owns
  MonitoredSession* monitored = nullptr;
  Reporter* reporter = nullptr;  // NULL outside a loop
  ServingHook saves;             // if a hook does it
  Outcome outcome;               // what SessionRunContext::outcome() has told last
  LastFetched last_fetched;      // in end, cleanup and saves after a stop request
  const std::string id = new_session_id();
  std::string shared_directory;  // of the run, in which another run, that has come before, writes; empty: in none
  std::string own_directory;     // then: where the files go of which there is one in a directory
  LogSink log_sink;              // never empty
  bool log_is_default = true;    // none was given
  const std::atomic<std::uintptr_t>* occupant = nullptr;  // not 0: a thread is in the loop; NULL: there is no loop

  // Any thread.
  void log(LogRecord record) const noexcept;
  // The thread that is in the loop: with the global step, and the hook being called unless another is named.
  void log(LogLevel level, std::string_view text, std::string_view hook = {}) const noexcept;

  // The hook being called, or NULL.
  HookSlot* hook_called() const noexcept { return hot.callback != CallbackKind::none ? hot.slot.get() : nullptr; }

  // A directory, or the one that is in its place.
  std::string place_of(const std::string& directory) const;

  void set_global_step(std::int64_t step) noexcept {
    session.global_step.store(step, std::memory_order_relaxed);
    session.stop->set_step(step);
  }

  void announce_last_step(std::int64_t step) noexcept {
    session.last_step = std::min(session.last_step, step);
    hot.leave_fast_path = true;
    session.known_end->announced.store(session.last_step, std::memory_order_relaxed);
  }
  void begin_call_until(std::int64_t step) noexcept {
    session.last_step_of_call = step;
    session.known_end->of_call.store(step, std::memory_order_relaxed);
  }
  void end_call_until() noexcept { session.last_step_of_call = Trigger::kNever; }

  bool stop_requested() const noexcept { return session.stop->requested() || !stops.empty(); }
  // Asks for a stop, at once or, if `urgency` is for that, once the attempt has been completed. Returns whether it is
  // the first.
  bool request_stop(StopReason& reason, StopUrgency urgency);

  // Nothing is left of the last attempt.
  void clear_attempt() noexcept {
    hot.leave_fast_path = false;
    hot.skip = false;
    hot.discard = false;
    attempt.options.clear();
  }
  void begin_attempt(const SessionRunArgs& args) {
    clear_attempt();
    hot.original = &args;
    hot.attempts = hot.attempts + 1;
    attempt.plan.begin_attempt();
    if (!args.options.is_default()) attempt.options.start(args.options, "the caller");
  }

  void fail(const Error& error) noexcept {
    if (!attempt.reported) attempt.reported = error;
    hot.success.fail();
  }
  Error take_failure() noexcept {
    hot.success.clear_failure();
    return std::exchange(attempt.reported, Error());
  }
};

// Marks the callback in progress and whose it is; restores what was before, for callbacks within callbacks.
class CallbackScope {
 public:
  CallbackScope(RunState& state, CallbackKind kind, HookSlot* slot) noexcept
      : hot_(state.hot), kind_(hot_.callback), slot_(hot_.slot) {
    hot_.callback = kind;
    hot_.slot = slot;
  }
  ~CallbackScope() {
    hot_.callback = kind_;
    hot_.slot = slot_;
  }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  HotState& hot_;
  CallbackKind kind_;
  HookSlot* slot_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_RUN_STATE_HPP_
