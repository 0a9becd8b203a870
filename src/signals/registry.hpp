// registry.hpp: the process's one registration for signals.
#ifndef RUNHOOK_SRC_SIGNALS_REGISTRY_HPP_
#define RUNHOOK_SRC_SIGNALS_REGISTRY_HPP_

#include <memory>

#include "signals/subscriber.hpp"

namespace runhook::inline v1 {
namespace detail {

// Throws INVALID_ARGUMENT, RESOURCE_EXHAUSTED; then nothing has been changed.
void subscribe_to_signals(std::shared_ptr<SignalSubscriber> subscriber);
// When it returns no handler and no thread uses the subscriber. In a child of the process that subscribed it does
// nothing.
void unsubscribe_from_signals(SignalSubscriber& subscriber) noexcept;

// Calls serve() of all subscribers; returns the earliest deadline.
SignalSubscriber::Deadline serve_signal_subscribers() noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_REGISTRY_HPP_
