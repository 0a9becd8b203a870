#include "runhook/hooks/stop_when.hpp"

#include <utility>

namespace runhook::inline v1 {

StopWhenHook::StopWhenHook(Predicate predicate, std::string reason)
    : predicate_(std::move(predicate)), reason_(std::move(reason)) {
  if (!predicate_) throw StatusError(StatusCode::invalid_argument, "there is no predicate");
}

void StopWhenHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  if (predicate_(context)) context.request_stop(0, reason_, StopUrgency::if_completed);
}

}  // namespace runhook::inline v1
