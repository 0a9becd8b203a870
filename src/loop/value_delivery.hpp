// value_delivery.hpp: hands logged values to those who listen.
#ifndef RUNHOOK_SRC_LOOP_VALUE_DELIVERY_HPP_
#define RUNHOOK_SRC_LOOP_VALUE_DELIVERY_HPP_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "loop/hook_caller.hpp"
#include "loop/value_queue.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

class ValueDelivery {
 public:
  ValueDelivery(RunState& state, HookList& hooks, HookCaller& caller) noexcept
      : state_(state), hooks_(hooks), caller_(caller) {}

  // What other threads have logged comes with the next delivery.
  void open(std::shared_ptr<StopState> stop, const std::atomic<std::int64_t>& step) {
    queue_ = std::make_shared<ValueQueue>(std::move(stop), step);
  }
  const std::shared_ptr<ValueQueue>& queue() const noexcept { return queue_; }
  void receive() noexcept;

  // What was logged is of this step. `failed`: the step has failed for good.
  void deliver(std::int64_t step, bool failed = false) noexcept;
  // The same of the step that has just been made; then calls on_values of the hooks that were called in it. Returns what
  // of that is the run's failure.
  Error deliver_step() noexcept;
  // Nothing comes of what was logged.
  void drop() noexcept;

 private:
  RunState& state_;
  HookList& hooks_;
  HookCaller& caller_;
  std::shared_ptr<ValueQueue> queue_;
  bool told_of_dropped_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_VALUE_DELIVERY_HPP_
