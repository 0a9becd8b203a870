// runhook/clock.hpp: the injectable monotonic clock.
#ifndef RUNHOOK_CLOCK_HPP_
#define RUNHOOK_CLOCK_HPP_

#include <cstdint>
#include <memory>

namespace runhook::inline v1 {

class StopState;

// Tells monotonic time and waits; must not throw. Replace it to test what depends on time. Since 1.0.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ns() = 0;
  // Waits for `ns` nanoseconds or until `stop` holds a stop request, whichever comes first; `stop` may be NULL.
  // Returns whether a stop has been requested.
  virtual bool wait(std::int64_t ns, const StopState* stop) = 0;
};

// The machine's monotonic clock.
std::shared_ptr<Clock> system_clock();

// A clock that stands still until it is moved. A wait ends at once, and moves it by the time to be waited. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ns = 0);
  ~ManualClock() override;
  std::int64_t now_ns() override;
  bool wait(std::int64_t ns, const StopState* stop) override;
  void advance(std::int64_t ns) noexcept;
  std::int64_t waited_ns() const noexcept;  // the sum of all waits

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_CLOCK_HPP_
