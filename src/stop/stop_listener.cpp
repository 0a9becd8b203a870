#include "runhook/stop_listener.hpp"

#include <utility>

#include "base/refuse.hpp"

namespace runhook::inline v1 {

StopListener::StopListener(std::shared_ptr<StopState> state, Function on_stop) : state_(std::move(state)) {
  if (state_ == nullptr) detail::refuse("there is no stop to listen for");
  if (!on_stop) detail::refuse("there is no function to call when a stop is asked for");
  state_->add_listener(this, std::move(on_stop));
}

StopListener::~StopListener() { state_->remove_listener(this); }

}  // namespace runhook::inline v1
