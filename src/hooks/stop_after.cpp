#include "runhook/hooks/stop_after.hpp"

#include <algorithm>

#include "base/monotonic.hpp"

namespace runhook::inline v1 {

StopAfterHook::StopAfterHook(std::chrono::nanoseconds time) : time_(time) {
  if (time.count() < 0) throw StatusError(StatusCode::invalid_argument, "the time is negative");
}

StopAfterHook::StopAfterHook(std::chrono::system_clock::time_point deadline)
    : deadline_(deadline), has_deadline_(true) {}

void StopAfterHook::begin(SessionRunContext& context) {
  if (has_deadline_) {
    const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
    const std::chrono::nanoseconds deadline = deadline_.time_since_epoch();
    const std::int64_t left = detail::saturating_distance(now.count(), deadline.count());
    time_ = std::chrono::nanoseconds(std::max<std::int64_t>(left, 0));
  }
  end_ns_ = detail::saturating_add(context.now_ns(), time_.count());
}

void StopAfterHook::check(SessionRunContext& context) {
  if (context.now_ns() >= end_ns_)
    context.request_stop(0, has_deadline_ ? "the deadline has come" : "the time is over", StopUrgency::after_step,
                         /*planned=*/true);
}

}  // namespace runhook::inline v1
