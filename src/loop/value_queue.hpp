// value_queue.hpp: values that other threads have logged, until the session's thread takes them.
#ifndef RUNHOOK_SRC_LOOP_VALUE_QUEUE_HPP_
#define RUNHOOK_SRC_LOOP_VALUE_QUEUE_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "runhook/stop.hpp"
#include "value/value_log.hpp"

namespace runhook::inline v1 {
namespace detail {

class ValueQueue {
 public:
  static constexpr std::size_t kCapacity = 4096;

  // `stop` is told of values that wait, since every step looks at it; `step` is the last completed one, valid until
  // close().
  ValueQueue(std::shared_ptr<StopState> stop, const std::atomic<std::int64_t>& step) noexcept
      : stop_(std::move(stop)), step_(&step) {}

  // Any thread. A negative step is replaced by the last completed one.
  void push(OwnedValue value);
  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

  // The session's thread.
  void take(std::vector<OwnedValue>& values) noexcept;  // which must be empty
  void drop(std::size_t count) noexcept { dropped_.fetch_add(count, std::memory_order_relaxed); }
  void close() noexcept;  // what comes from now on is dropped

 private:
  std::mutex mutex_;
  const std::shared_ptr<StopState> stop_;
  const std::atomic<std::int64_t>* step_;  // NULL once it is closed
  std::vector<OwnedValue> values_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_VALUE_QUEUE_HPP_
