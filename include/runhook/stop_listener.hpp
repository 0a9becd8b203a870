// runhook/stop_listener.hpp: StopListener, for who wants to know of a stop at once.
#ifndef RUNHOOK_STOP_LISTENER_HPP_
#define RUNHOOK_STOP_LISTENER_HPP_

#include <functional>
#include <memory>

#include "runhook/error.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

// Calls a function once when a stop is asked for, on the thread that asks; at once if that has happened already. After
// std::stop_callback. Since 1.0.
//
// A signal handler calls nobody: after a stop by one that runhook has installed the function is called on a thread of
// its own, and after a stop by another one on the session's thread, when that notices the stop. The function may ask
// for a stop, may destroy the listener, and may wait for the loop to end. What it throws is ignored.
class StopListener {
 public:
  using Function = std::function<void(const StopReason& first)>;
  // Throws INVALID_ARGUMENT for no state and for no function.
  StopListener(std::shared_ptr<StopState> state, Function on_stop);
  ~StopListener();  // waits for a call in progress on another thread
  StopListener(const StopListener&) = delete;
  StopListener& operator=(const StopListener&) = delete;

 private:
  const std::shared_ptr<StopState> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_STOP_LISTENER_HPP_
