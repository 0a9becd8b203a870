#include "runhook/clock.hpp"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/monotonic.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

namespace {

class SystemClock final : public Clock {
 public:
  std::int64_t now_ns() override { return detail::monotonic_ns(); }

  bool wait(std::int64_t ns, const StopState* stop) override {
    const std::int64_t duration = std::max<std::int64_t>(ns, 0);
    if (stop != nullptr) return stop->wait(duration);
    const std::int64_t deadline = detail::saturating_add(detail::monotonic_ns(), duration);
    struct timespec until {};
    until.tv_sec = static_cast<time_t>(deadline / detail::kNsPerSecond);
    until.tv_nsec = static_cast<long>(deadline % detail::kNsPerSecond);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
    return false;
  }
};

// Never destroyed: threads that outlive main may still ask for the time.
union Immortal {
  SystemClock clock;
  Immortal() : clock() {}
  ~Immortal() {}
};

void add(std::atomic<std::int64_t>& to, std::int64_t ns) noexcept {
  std::int64_t before = to.load();
  while (!to.compare_exchange_weak(before, detail::saturating_add(before, ns))) {
  }
}

}  // namespace

std::shared_ptr<Clock> system_clock() {
  static Immortal immortal;
  return {std::shared_ptr<void>(), &immortal.clock};  // no reference count, hence no allocation
}

struct ManualClock::State {
  explicit State(std::int64_t start_ns) noexcept : now(start_ns) {}
  std::atomic<std::int64_t> now;
  std::atomic<std::int64_t> waited{0};
};

ManualClock::ManualClock(std::int64_t start_ns) : state_(std::make_unique<State>(start_ns)) {}
ManualClock::~ManualClock() = default;

std::int64_t ManualClock::now_ns() { return state_->now.load(); }

bool ManualClock::wait(std::int64_t ns, const StopState* stop) {
  if (stop != nullptr && stop->requested()) return true;
  const std::int64_t duration = std::max<std::int64_t>(ns, 0);
  add(state_->now, duration);
  add(state_->waited, duration);
  return stop != nullptr && stop->requested();
}

void ManualClock::advance(std::int64_t ns) noexcept { add(state_->now, ns); }
std::int64_t ManualClock::waited_ns() const noexcept { return state_->waited.load(); }

}  // namespace runhook::inline v1
