#include "runhook/hooks/stop_on_signal.hpp"

#include <memory>
#include <utility>

#include "signals/subscriber.hpp"

namespace runhook::inline v1 {

StopOnSignalHook::StopOnSignalHook(SignalOptions options) : options_(std::move(options)) {
  detail::check_signal_options(options_);
}

void StopOnSignalHook::begin(SessionRunContext& context) { subscription_.emplace(context.stop_source(), options_); }

void StopOnSignalHook::cleanup(SessionRunContext&, const Outcome&) { subscription_.reset(); }

HookRegistration StopOnSignalHook::make(SignalOptions options) {
  HookRegistration registration;
  registration.hook = std::make_shared<StopOnSignalHook>(std::move(options));
  registration.options.trigger = Trigger::never();
  return registration;
}

}  // namespace runhook::inline v1
