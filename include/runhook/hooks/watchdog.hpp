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

// A phase of a session that takes longer than it may.
struct Stall {
  std::string hook;       // the hook whose callback it is; empty if it is no callback
  std::string phase;      // the callback, e.g. "after_run", or "session_run", "create_session", "close_session",
                          // "recovery", "save", "step_function", "between_runs"
  std::int64_t step = 0;  // global step
  std::chrono::nanoseconds duration{0};  // how long it has taken so far
  std::uint64_t thread = 0;              // the system's number of the thread that hangs; 0: unknown
  std::vector<std::string> stack;        // of that thread, innermost call first; empty if the thread did not report it
  // Commands for a shell, one for each file, by which addr2line names the functions of the stack that have no name in
  // it.
  std::vector<std::string> lookup;
};

// What is done about a stall after it has been reported.
enum class StallAction : std::int32_t {
  report = 0,    // nothing
  stop = 1,      // a stop is asked for, after the step
  stop_now = 2,  // a stop is asked for that also cancels the step, if the engine can do that
  abort = 3,     // the process is ended by abort(), so that there is a core dump, and a supervisor notices
};

struct StallWatchdogOptions {
  // How long each phase may take; the time of a callback is that of one hook. 0: it is not watched.
  std::chrono::nanoseconds timeout = std::chrono::minutes(10);  // of all phases that are empty here
  std::optional<std::chrono::nanoseconds> before_run = {};
  std::optional<std::chrono::nanoseconds> session_run = {};  // and of a step function
  std::optional<std::chrono::nanoseconds> after_run = {};    // and of on_error, and of a save that was asked for
  // begin, creating the session, after_create_session, and recovery without its waits.
  std::optional<std::chrono::nanoseconds> create_session = {};
  std::optional<std::chrono::nanoseconds> end = {};  // end, closing the session, cleanup
  std::chrono::nanoseconds between_runs = {};        // the caller's own work
  StallAction action = StallAction::report;
  // Sent to the thread that hangs, to have it report its stack. kDefaultSignal: SIGURG, which is ignored by default; 0:
  // none is sent.
  static constexpr std::int32_t kDefaultSignal = -1;
  std::int32_t signal = kDefaultSignal;
  std::function<void(const Stall&)> on_stall = {};  // called on the watchdog's thread, before the action
};

// Watches the session on a thread of its own, at no cost to its steps. If a phase takes longer than it may, that is
// reported once: as a warning in the outcome (DEADLINE_EXCEEDED, with hook, callback and step), then in the log, with
// the native stack of the thread that hangs. If the phase then ends after all, that is logged, too. Times are real
// ones, whatever clock the session has, without those in which the process itself was stopped.
//
// The log and on_stall are called on the watchdog's thread, while the session's thread goes on; cleanup waits for them.
// If the action is to abort, the report goes to standard error instead, since the log may be what hangs.
//
// For the stack a handler of the signal is installed while there is a watchdog; the handler that was there before is
// called for signals that are not the watchdog's. The signal interrupts sleeps and system calls of the thread that
// hangs as any other does (SA_RESTART). A thread that blocks it reports no stack. Functions are shown by name if the
// program exports them, as with -rdynamic, and by their place in the file otherwise; for the latter the log has
// commands after the stack that can be pasted into a shell, e.g. `addr2line -Cfpe /opt/train 0x1a2b 0x3c4d`. They name
// functions and lines of a file that has debug information, or of one with its symbols from before it was stripped.
//
// A report of the run (ReportHook) shows each stall with its stack and how long it lasted.
//
// Register what make() returns: it comes first, so that it watches begin and cleanup of the other hooks, too. Since
// 1.0.
class StallWatchdogHook final : public SessionRunHook {
 public:
  explicit StallWatchdogHook(StallWatchdogOptions options = {});  // throws INVALID_ARGUMENT for bad times and signals
  ~StallWatchdogHook() override;
  std::string_view name() const override { return "stall watchdog"; }
  bool one_session_at_a_time() const noexcept override { return true; }
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
