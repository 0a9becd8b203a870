// runhook/signals.hpp: signals that stop a run, or have it saved.
#ifndef RUNHOOK_SIGNALS_HPP_
#define RUNHOOK_SIGNALS_HPP_

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <vector>

#include "runhook/log.hpp"
#include "runhook/outcome.hpp"
#include "runhook/stop.hpp"

// Nothing is installed before a program asks for it, with a StopOnSignalHook or a SignalSubscription:
//
//   config.add_hook(StopOnSignalHook::make());  // SIGTERM and SIGINT stop the run after its step
//   ...
//   session.close();
//   raise_again(session.outcome());         // if a signal has stopped it, ends the process as that signal does
//   return exit_status(session.outcome());  // otherwise 0 or 1
//
// Signals belong to the process. So there is one registration in it: the one thing that sessions share without having
// been given it. It installs its handlers with the first subscription to a signal and puts back what was there with
// the last, unless somebody else has installed a handler since; then its own stays where it is, without effect. What
// the handler may not do itself, such as cancelling a step, a thread does, which lives as long as there is a
// subscription. In a child made by fork() there are no subscriptions, and signals do what they did before the first
// one.
//
// For bindings: in a language whose runtime handles signals itself, leave them to it, and call
// StopSource::request_stop() from its handler, which is a plain function there (Python: signal.signal; Node:
// process.on; Go: os/signal; Rust: tokio or signal-hook). A subscription replaces the runtime's handler in the kernel
// and calls it in turn (`chain`), so that Python's KeyboardInterrupt still comes, but then in the midst of an orderly
// end. Python calls its handlers on the main thread only, between two of its instructions: run the loop on another
// thread, or return to Python now and then.

namespace runhook::inline v1 {

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
  int signal = 0;  // one that ends the process by default and is no fault, e.g. SIGTERM, SIGINT, SIGHUP, SIGUSR1
  SignalAction action = SignalAction::stop;
  SignalRepeat repeat = SignalRepeat::usual;
  // A signal that comes sooner after the last one that counted is that one delivered twice: it does not escalate.
  std::chrono::nanoseconds min_interval = std::chrono::seconds(1);
};

struct SignalOptions {
  std::vector<SignalRule> rules = {{.signal = SIGTERM}, {.signal = SIGINT}};
  // Whether the handler that was there before is called as well, after ours. It is not as soon as one subscription to
  // the signal says so.
  bool chain = true;
  // Whether signals are handled that the process has been told to ignore, as nohup does with SIGHUP and a shell with
  // the SIGINT of what it runs in the background.
  bool force_ignored = false;
  // How long after the first signal that asks for a stop the process is ended, with _exit(128 + signal) and a line on
  // standard error, if the subscription is still there. 0: never. Give it a little less than the notice before SIGKILL.
  std::chrono::nanoseconds exit_deadline{0};
  // Gets a line for each signal that has had an effect, on the registration's thread; it must not block, since that
  // thread also keeps the deadline. Empty: the line goes to standard error, or nowhere if that is not ready to take it.
  LogSink log = {};
};

namespace detail {
class SignalSubscriber;
}

// Lets signals stop whatever `stop` stops, as long as it exists. Any number may exist, of the same signal, too: each
// follows its own rules, and where one of them has the process ended it ends. Since 1.0.
class SignalSubscription {
 public:
  // Throws INVALID_ARGUMENT for rules that cannot be (none, two for one signal, a signal that cannot be handled,
  // a negative time), RESOURCE_EXHAUSTED if the system gives no thread or descriptor.
  explicit SignalSubscription(StopSource stop, SignalOptions options = {});
  // When it returns the log is not called any more. Not in a signal handler.
  ~SignalSubscription();
  SignalSubscription(const SignalSubscription&) = delete;
  SignalSubscription& operator=(const SignalSubscription&) = delete;

  std::uint64_t received(int signal) const noexcept;  // how many came meanwhile, those without effect included

 private:
  std::shared_ptr<detail::SignalSubscriber> subscriber_;
};

// Returns what a process should exit with: 0 if the run ended as it should, 128 + n if signal n stopped it, as shells
// say it, and 1 if it failed or has not ended. Launchers take 0 for success, also of a run that was to be continued.
// Since 1.0.
int exit_status(const Outcome& outcome) noexcept;

// Ends the process by the signal that stopped the run, so that whoever waits for it sees that. Destructors and atexit
// functions do not run, and nothing is flushed. Returns if no signal stopped the run, and in a process that the signal
// cannot end: the first one of a container. Since 1.0.
void raise_again(const Outcome& outcome) noexcept;

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SIGNALS_HPP_
