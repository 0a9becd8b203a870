// run_end.hpp: why no further step can be made.
#ifndef RUNHOOK_SRC_LOOP_RUN_END_HPP_
#define RUNHOOK_SRC_LOOP_RUN_END_HPP_

#include <atomic>
#include <cstdint>

namespace runhook::inline v1 {
namespace detail {

// Besides a stop request, which is in the stop state. Any thread may ask, but for input_ended_first().
class RunEnd {
 public:
  bool any() const noexcept { return bits_.load(std::memory_order_acquire) != 0; }
  bool input_ended() const noexcept { return has(kEndOfInput); }
  bool lost() const noexcept { return has(kLost); }            // there is no session, and none is to be had
  bool abandoned() const noexcept { return has(kAbandoned); }  // to be destroyed when idle
  bool closed() const noexcept { return has(kClosed); }
  bool should_stop() const noexcept { return has(kEndOfInput | kLost | kClosed); }
  // Whether the input had ended before anybody asked for a stop.
  bool input_ended_first() const noexcept { return input_ended_first_; }

  void set_input_ended(bool stop_requested) noexcept {
    if ((bits_.fetch_or(kEndOfInput) & kEndOfInput) == 0) input_ended_first_ = !stop_requested;
  }
  void clear_input_ended() noexcept { bits_.fetch_and(~kEndOfInput); }
  void set_lost() noexcept { bits_.fetch_or(kLost); }
  void set_abandoned() noexcept { bits_.fetch_or(kAbandoned); }
  void clear_abandoned() noexcept { bits_.fetch_and(~kAbandoned); }
  void set_closed() noexcept { bits_.fetch_or(kClosed); }

 private:
  static constexpr std::uint32_t kEndOfInput = 1;
  static constexpr std::uint32_t kLost = 2;
  static constexpr std::uint32_t kAbandoned = 4;
  static constexpr std::uint32_t kClosed = 8;
  bool has(std::uint32_t bits) const noexcept { return (bits_.load(std::memory_order_acquire) & bits) != 0; }

  std::atomic<std::uint32_t> bits_{0};
  bool input_ended_first_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_RUN_END_HPP_
