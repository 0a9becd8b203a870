// runhook/signals.hpp: signals that stop a run, or have it saved.
#ifndef RUNHOOK_SIGNALS_HPP_
#define RUNHOOK_SIGNALS_HPP_

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <vector>

#include "runhook/error.hpp"
#include "runhook/log.hpp"
#include "runhook/stop.hpp"

// No handler is installed before a program asks for it, with a StopOnSignalHook or a SignalSubscription:
//
//   config.add_hook(StopOnSignalHook::make());  // SIGTERM and SIGINT stop the run after its step
//   ...
//   session.close();
//   raise_again(session.outcome());         // if a signal has stopped the run, ends the process by that signal
//   return exit_status(session.outcome());  // otherwise 0 or 1
//
// Since signals belong to the process, all subscriptions share one handler for each signal. It is installed with the
// first subscription to the signal. With the end of the last one the handler that was there before is put back, unless
// somebody else has installed one meanwhile: then ours stays, without effect. What a signal handler may not do, such as
// cancelling a step, is done by a thread, which lives as long as there is a subscription. In a child made by fork()
// there are no subscriptions, and signals do what they did before the first one.
//
// For bindings: in a language whose runtime handles signals itself, leave them to it, and call
// StopSource::request_stop() from its handler, which is a plain function there (Python: signal.signal; Node:
// process.on; Go: os/signal; Rust: tokio or signal-hook). A subscription replaces the runtime's handler and calls it in
// turn (`chain`), so that Python's KeyboardInterrupt is still raised, but in the middle of an orderly end. Python calls
// its handlers on the main thread only, between two of its instructions: run the loop on another thread, or return to
// Python now and then.

namespace runhook::inline v1 {

struct Outcome;

// What a signal asks for.
enum class SignalAction : std::int32_t {
  stop = 0,           // a stop after the step in progress
  stop_now = 1,       // a stop that also cancels the step
  save = 2,           // a save; the run goes on
  save_and_stop = 3,  // a save, and a stop after the step
};

// What the same signal does when it comes again after it has asked for a stop.
enum class SignalRepeat : std::int32_t {
  usual = 0,           // escalate for SIGINT; ignore for the others, which launchers send twice (Slurm: SIGTERM)
  ignore = 1,          // nothing
  escalate = 2,        // the second one stops now, the third one does what default_action says
  default_action = 3,  // the second one does what the signal does by default: the process ends at once
};

// What one signal does.
struct SignalRule {
  int signal = 0;  // one that ends the process by default and reports no fault, e.g. SIGTERM, SIGINT, SIGHUP, SIGUSR1
  SignalAction action = SignalAction::stop;
  SignalRepeat repeat = SignalRepeat::usual;
  // A signal that comes sooner than this after one that counted is taken for the same one, delivered twice: it does not
  // escalate.
  std::chrono::nanoseconds min_interval = std::chrono::seconds(1);
};

struct SignalOptions {
  std::vector<SignalRule> rules = {{.signal = SIGTERM}, {.signal = SIGINT}};
  // Whether the handler that was there before is called after ours. It is not called if any subscription to the signal
  // says false.
  bool chain = true;
  // Whether signals are handled that the process has been told to ignore, as nohup does with SIGHUP, and a shell with
  // SIGINT for what it runs in the background.
  bool force_ignored = false;
  // If the subscription still exists so long after the first signal that asks for a stop, the process is ended, with
  // _exit(128 + signal) and a line on standard error. 0: never. Choose a little less than the time before SIGKILL.
  std::chrono::nanoseconds exit_deadline{0};
  // Gets a line for each signal that has had an effect, on a thread of the library. It must not block, since that
  // thread also watches the deadline. Empty: the line goes to standard error, or is dropped if that is not ready.
  LogSink log = {};
};

namespace detail {
class SignalSubscriber;
}

// Has signals ask for a stop or a save through `stop`, as long as the subscription exists. Any number of subscriptions
// may exist, also to the same signal: each follows its own rules, and if the rules of one end the process, it ends.
// Since 1.0.
class SignalSubscription {
 public:
  // Throws INVALID_ARGUMENT for rules that are not allowed (none, two for one signal, a signal that cannot be handled,
  // a negative time), RESOURCE_EXHAUSTED if the system gives no thread or descriptor.
  explicit SignalSubscription(StopSource stop, SignalOptions options = {});
  // After it has returned the log is not called any more. Not in a signal handler.
  ~SignalSubscription();
  SignalSubscription(const SignalSubscription&) = delete;
  SignalSubscription& operator=(const SignalSubscription&) = delete;

  std::uint64_t received(int signal) const noexcept;  // how many have come meanwhile, with or without effect

 private:
  std::shared_ptr<detail::SignalSubscriber> subscriber_;
};

// Returns the status that the process should exit with: 0 if the run ended without a failure, 128 + n, as in shells, if
// signal n stopped it, and 1 if it failed or has not ended. A launcher that sees 0 takes the run for complete, and does
// not start it again. Since 1.0.
int exit_status(const Outcome& outcome) noexcept;

// Ends the process by the signal that stopped the run, so that its parent process sees which it was. Destructors and
// atexit functions do not run, and nothing is flushed. Returns if no signal stopped the run, or if the signal cannot
// end this process, which is the first one of a container. Since 1.0.
void raise_again(const Outcome& outcome) noexcept;

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SIGNALS_HPP_
