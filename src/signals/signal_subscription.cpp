#include <utility>

#include "runhook/signals.hpp"
#include "signals/registry.hpp"

namespace runhook::inline v1 {

SignalSubscription::SignalSubscription(StopSource stop, SignalOptions options)
    : subscriber_(std::make_shared<detail::SignalSubscriber>(stop.state(), std::move(options))) {
  try {
    detail::subscribe_to_signals(subscriber_);
  } catch (...) {
    subscriber_->end();  // a signal may have come meanwhile, and its line may be about to be written
    throw;
  }
}

SignalSubscription::~SignalSubscription() { detail::unsubscribe_from_signals(*subscriber_); }

std::uint64_t SignalSubscription::received(int signal) const noexcept { return subscriber_->received(signal); }

}  // namespace runhook::inline v1
