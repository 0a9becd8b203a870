// stop_calls.hpp: functions that are called whenever a step is to be cancelled.
#ifndef RUNHOOK_SRC_STOP_STOP_CALLS_HPP_
#define RUNHOOK_SRC_STOP_STOP_CALLS_HPP_

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// They are called under a lock, so that whoever has taken one away knows that its call is over. A function may take
// itself or another away, and may ask for a stop.
class StopCalls {
 public:
  // Sets the function of an owner; an empty one takes it away, after a call in progress on another thread has returned.
  // Throws std::bad_alloc, except when it takes away.
  void set(const void* owner, std::function<void()> call);
  // Does nothing if the calling thread is doing so already.
  void call_all() noexcept;

 private:
  struct Call {
    const void* owner;
    std::shared_ptr<const std::function<void()>> function;
  };
  std::mutex mutex_;
  std::vector<Call> calls_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_STOP_STOP_CALLS_HPP_
