#include <algorithm>
#include <functional>
#include <utility>

#include "base/monotonic.hpp"
#include "runhook/coordinator.hpp"

namespace runhook::inline v1 {

namespace {

void loop(const Coordinator& coordinator, std::int64_t interval_ns, const LooperCallbacks& callbacks) {
  if (callbacks.start_loop) callbacks.start_loop();
  if (interval_ns == 0) {
    while (!coordinator.should_stop()) callbacks.run_loop();
    return;
  }
  std::int64_t next_ns = detail::monotonic_ns();
  while (!coordinator.wait_for_stop(std::max<std::int64_t>(next_ns - detail::monotonic_ns(), 0))) {
    callbacks.run_loop();
    next_ns = detail::saturating_add(next_ns, interval_ns);
  }
}

}  // namespace

void start_looper(Coordinator& coordinator, std::string_view name, std::int64_t interval_ns,
                  LooperCallbacks callbacks) {
  if (!callbacks.run_loop) throw StatusError(StatusCode::invalid_argument, "a looper needs run_loop");
  if (interval_ns < 0) throw StatusError(StatusCode::invalid_argument, "the interval of a looper is negative");
  coordinator.start_thread(name, [coordinator, interval_ns, callbacks = std::move(callbacks)]() mutable {
    // A failure is reported before stop_loop, so that the other threads need not wait for that. The body is passed by
    // reference: without memory for a copy of it stop_loop would be left out.
    const auto body = [&] { loop(coordinator, interval_ns, callbacks); };
    coordinator.stop_on_exception(std::cref(body));
    if (callbacks.stop_loop) callbacks.stop_loop();
  });
}

}  // namespace runhook::inline v1
