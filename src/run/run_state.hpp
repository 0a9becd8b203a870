// What is behind a SessionRunContext: the state of the attempt in progress, shared by the loop and the callbacks.
#ifndef RUNHOOK_SRC_RUN_RUN_STATE_HPP_
#define RUNHOOK_SRC_RUN_RUN_STATE_HPP_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "run/plan.hpp"
#include "run/run_options_merge.hpp"
#include "runhook/clock.hpp"
#include "runhook/hook.hpp"
#include "runhook/log.hpp"
#include "runhook/run_context.hpp"
#include "timing/time_sum.hpp"

#if defined(__SANITIZE_THREAD__)
#define RUNHOOK_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RUNHOOK_THREAD_SANITIZER
#endif
#endif

namespace runhook::inline v1 {
namespace detail {

// The callback in progress.
enum class CallbackKind : std::uint8_t {
  none,
  begin,
  after_create_session,
  before_run,
  after_run,
  on_error,
  end,
  cleanup,
  step_function,
  standalone,  // outside a loop everything is allowed
};

std::string_view callback_text(CallbackKind kind) noexcept;
inline constexpr std::size_t kHookCallbacks = static_cast<std::size_t>(CallbackKind::cleanup) + 1;  // up to the last

// Written by one thread at the price of a plain store, and looked at by others. A std::atomic, even a relaxed one,
// costs the compiler a register for its address, and the loop the reloading of it.
template <typename T>
class OwnerWritten {
 public:
  OwnerWritten(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor): stands for the value
  OwnerWritten& operator=(T value) noexcept {
#if defined(RUNHOOK_THREAD_SANITIZER)
    __atomic_store(&value_, &value, __ATOMIC_RELAXED);
#else
    const_cast<volatile T&>(value_) = value;  // one instruction, for every T that is used
#endif
    return *this;
  }
  operator T() const noexcept { return value_; }  // NOLINT(google-explicit-constructor)
  T get() const noexcept { return value_; }
  // From another thread. What else the writer has written need not be there.
  T seen() const noexcept {
    T value;
    __atomic_load(&value_, &value, __ATOMIC_RELAXED);
    return value;
  }

 private:
  T value_;
};

// A hook in the list, with what it asked for.
struct HookSlot {
  explicit HookSlot(struct RunState& run_state) noexcept;
  HookSlot(const HookSlot&) = delete;
  HookSlot& operator=(const HookSlot&) = delete;

  RunState& state;
  std::shared_ptr<SessionRunHook> hook;
  HookOptions options;
  std::uint64_t id = 0;
  std::size_t order = 0;       // position in the list
  bool due = true;             // in the present run
  std::uint64_t failures = 0;  // tolerated ones
  bool begun = false;
  bool disabled = false;
  bool removed = false;               // cleanup is due at the next boundary
  std::uint64_t left_out = 0;         // the attempt from which a tolerated failure of before_run has excluded it
  std::uint64_t skips = 0;            // the attempt of which it has asked that the step be skipped
  std::uint64_t options_attempt = 0;  // the attempt in which it has asked for `wanted_options`
  std::vector<RunOptions> wanted_options;

  SpanListener* listener = nullptr;  // from begin to cleanup, if the hook has one
  bool over_budget = false;          // has been said
  TimeSum steps_before;              // measured before it was begun
  std::array<TimeSum, kHookCallbacks> times;

  HookRequest request;
  SessionRunValues values;
};

// The loop, as callbacks reach it.
class Reporter {
 public:
  // Any thread may call these.
  virtual void note_warning(const Error& error) noexcept = 0;     // in the outcome
  virtual std::string hook_name(const HookSlot* slot) const = 0;  // empty if the hook is gone

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

  std::unique_ptr<SessionRunContext> context;  // empty for a state that a standalone context owns
  runhook_context* direct = nullptr;
  MonitoredSession* monitored = nullptr;
  Reporter* reporter = nullptr;      // NULL outside a loop
  LogSink log_sink = log_to_stderr;  // never empty
  void log(LogLevel level, std::string_view text) const noexcept;

  // Hot: touched for every callback.
  OwnerWritten<HookSlot*> slot = nullptr;      // of the hook being called, while there is a callback; see hook_called()
  std::int32_t callback_result = kCallbackOk;  // of the direct callback that failed last
  std::int64_t expected = kCallbackOk;         // a result that no callback can give, once the present one has failed
  OwnerWritten<CallbackKind> callback = CallbackKind::none;
  bool leave_fast_path = false;  // the attempt needs more than calling hooks and session
  bool skip = false;
  bool discard = false;
  bool now_known = false;

  OwnerWritten<SpanKind> activity = SpanKind::attempt;  // what the loop does besides attempts
  OwnerWritten<std::uint64_t> attempts = 0;             // begun, quiet ones left out
  // For those who watch from other threads. The thread is noted while there are any.
  const std::atomic<std::uintptr_t>* occupant = nullptr;  // not 0: a thread is in the loop; NULL: there is no loop
  int watchers = 0;
  OwnerWritten<std::int32_t> thread = 0;  // that is in the loop, or was so last

  const SessionRunArgs* original = nullptr;
  std::shared_ptr<Session> session;
  std::shared_ptr<StopState> stop;
  std::shared_ptr<Clock> clock;
  std::optional<Coordinator> coordinator;
  std::atomic<std::int64_t> global_step{-1};  // written by the loop only
  std::int64_t attempt = 1;
  std::int64_t now = 0;
  std::int64_t last_step = Trigger::kNever;  // at which the run is going to be stopped, as far as anybody has said
  std::int64_t advance = 1;                  // by how much the last run has moved the global step
  Error reported;                            // by SessionRunContext::fail during the callback in progress
  Outcome outcome;

  Plan plan;
  OptionsMerge options;  // of the attempt
  RunMetadata metadata;
  std::string skipped_by;

  // The hook being called, or NULL.
  HookSlot* hook_called() const noexcept { return callback != CallbackKind::none ? slot.get() : nullptr; }

  // Nothing is left of the last attempt.
  void clear_attempt() noexcept {
    leave_fast_path = false;
    skip = false;
    discard = false;
    options.clear();
  }
  void begin_attempt(const SessionRunArgs& args) {
    clear_attempt();
    original = &args;
    attempts = attempts + 1;
    plan.begin_attempt();
    if (!args.options.is_default()) options.start(args.options, "the caller");
  }
  void fail(const Error& error) noexcept {
    if (!reported) reported = error;
    expected = kImpossibleResult;
  }
  Error take_failure() noexcept {
    expected = kCallbackOk;
    return std::exchange(reported, Error());
  }
  static constexpr std::int64_t kImpossibleResult = std::int64_t{1} << 40;
};

// Marks the callback in progress and whose it is; restores what was before, for callbacks within callbacks.
class CallbackScope {
 public:
  CallbackScope(RunState& state, CallbackKind kind, HookSlot* slot) noexcept
      : state_(state), kind_(state.callback), slot_(state.slot) {
    state.callback = kind;
    state.slot = slot;
  }
  ~CallbackScope() {
    state_.callback = kind_;
    state_.slot = slot_;
  }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  RunState& state_;
  CallbackKind kind_;
  HookSlot* slot_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_RUN_STATE_HPP_
