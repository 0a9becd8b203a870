// runhook/hooks/watchdog.hpp: tells where a run hangs.
#ifndef RUNHOOK_HOOKS_WATCHDOG_HPP_
#define RUNHOOK_HOOKS_WATCHDOG_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Something that has not come to an end in its time.
struct Stall {
  std::string hook;       // whose callback it is; empty if it is no hook's
  std::string phase;      // the callback, e.g. "after_run", or "session_run", "create_session", "close_session",
                          // "recovery", "save", "step_function", "between_runs"
  std::int64_t step = 0;  // global step
  std::chrono::nanoseconds duration{0};  // how long at least
  std::uint64_t thread = 0;              // the system's number of the thread that hangs; 0: unknown
  std::vector<std::string> stack;        // of that thread, innermost call first; empty: it could not be had
};

// What is done when there is a stall, after it has been reported.
enum class StallAction : std::int32_t {
  report = 0,    // nothing
  stop = 1,      // a stop is asked for, after the step
  stop_now = 2,  // an urgent one, which cancels the step where the engine can be cancelled
  abort = 3,     // the process is ended by abort(), so that there is a core dump, and whoever supervises it notices
};

struct StallWatchdogOptions {
  // How long each may take; of a callback, of one hook. 0: it is not watched.
  std::chrono::nanoseconds timeout = std::chrono::minutes(10);  // where nothing else is said
  std::optional<std::chrono::nanoseconds> before_run = {};
  std::optional<std::chrono::nanoseconds> session_run = {};  // and a step function
  std::optional<std::chrono::nanoseconds> after_run = {};    // and on_error, and a save that was asked for
  // begin, creating the session, after_create_session, and recovery but for its waiting.
  std::optional<std::chrono::nanoseconds> create_session = {};
  std::optional<std::chrono::nanoseconds> end = {};  // end, closing the session, cleanup
  std::chrono::nanoseconds between_runs = {};        // the caller's own work
  StallAction action = StallAction::report;
  // By which the thread that hangs is made to tell its stack; 0: it is not asked, kDefaultSignal: SIGURG, which does
  // nothing to those who have no use for it.
  static constexpr std::int32_t kDefaultSignal = -1;
  std::int32_t signal = kDefaultSignal;
  std::function<void(const Stall&)> on_stall = {};  // called on the watchdog's thread, before the action
};

// Watches from a thread of its own what the session does, at no cost for the session. What takes longer than it may is
// reported once: as a warning in the outcome (DEADLINE_EXCEEDED, with hook, callback and step), then in the log, with
// the native stack of the thread that hangs; that it went on after all is logged, too. Times are real ones, whatever
// clock the session has; those in which the process itself was stopped do not count.
//
// The log and on_stall are called on the watchdog's thread, while the session's may be anywhere; cleanup waits for
// them. If the action is to abort, the report goes to standard error instead, as the log may be what hangs.
//
// For the stack a handler of the signal is installed while there is a watchdog, and the former one is called for
// signals that are not ours. The signal interrupts sleeps and system calls of the thread that hangs as any other does
// (SA_RESTART). A thread that blocks it has no stack to show. Functions are named if the program exports them, as with
// -rdynamic; the others by their place in the file.
//
// To be registered by make(): it comes first, so that it watches the others' begin and cleanup, too. Since 1.0.
class StallWatchdogHook final : public SessionRunHook {
 public:
  explicit StallWatchdogHook(StallWatchdogOptions options = {});  // throws INVALID_ARGUMENT for bad times and signals
  ~StallWatchdogHook() override;
  std::string_view name() const override { return "stall watchdog"; }
  void begin(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  std::int64_t stalls() const noexcept;  // found so far, in all sessions. Any thread

  static HookRegistration make(StallWatchdogOptions options = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_WATCHDOG_HPP_
