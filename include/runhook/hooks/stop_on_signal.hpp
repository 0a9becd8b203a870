// runhook/hooks/stop_on_signal.hpp: lets signals stop a run.
#ifndef RUNHOOK_HOOKS_STOP_ON_SIGNAL_HPP_
#define RUNHOOK_HOOKS_STOP_ON_SIGNAL_HPP_

#include <optional>

#include "runhook/hook.hpp"
#include "runhook/signals.hpp"

namespace runhook::inline v1 {

// Subscribes the session to signals from begin() to cleanup(): by default SIGTERM and SIGINT stop it after its step.
// signals.hpp says what that means for the process. Since 1.0.
class StopOnSignalHook final : public SessionRunHook {
 public:
  explicit StopOnSignalHook(SignalOptions options = {});  // throws INVALID_ARGUMENT as SignalSubscription does
  std::string_view name() const override { return "stop on signal"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  static HookRegistration make(SignalOptions options = {});  // never due: there is nothing to do in a step

 private:
  const SignalOptions options_;
  std::optional<SignalSubscription> subscription_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_ON_SIGNAL_HPP_
