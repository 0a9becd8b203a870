#include "loop/value_delivery.hpp"

#include <vector>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

void ValueDelivery::receive() noexcept {
  queue_->drop(state_.values.receive([this](std::vector<OwnedValue>& values) { queue_->take(values); }));
  if (state_.values.has_received()) state_.hot.logged = true;
  const std::uint64_t dropped = queue_->dropped();
  if (dropped == 0 || std::exchange(told_of_dropped_, true)) return;
  try {
    caller_.warn(Error(StatusCode::resource_exhausted,
                       fmt::format("{} values that other threads have logged were dropped: too many at once, or names "
                                   "that were used for another kind of value",
                                   dropped)));
  } catch (...) {
    caller_.warn(Error::no_memory());
  }
}

void ValueDelivery::deliver(std::int64_t step, bool failed) noexcept {
  state_.hot.logged = false;
  const auto values = state_.values.take(step, failed);
  for (HookSlot* const slot : hooks_.value_listeners()) {
    if (slot->disabled) continue;  // in this step
    const CallbackScope scope(state_, CallbackKind::on_logged, slot);
    Error error;
    try {
      slot->value_listener->on_logged(*state_.context, values);
    } catch (...) {
      error = Error::from_current_exception(StatusCode::unknown);
    }
    if (const Error reported = state_.take_failure(); reported && !error) error = reported;
    if (!error) continue;
    error.locate(slot->options.name, callback_text(CallbackKind::on_logged), step);
    caller_.warn(error);
  }
}

// Subscribers first: what one of them fails with may undo the step.
Error ValueDelivery::deliver_step() noexcept {
  const std::int64_t step = state_.session.global_step;
  const auto values = hooks_.has_value_hooks() ? state_.values.peek(step, false) : std::span<const LoggedValue>();
  if (!values.empty()) {
    Error error;
    const RunOptions& options = state_.hot.original->options;
    const std::uint64_t attempt = state_.attempt.plan.attempt();
    state_.attempt.logged = values;
    for (const auto& slot : hooks_.slots()) {
      if (!slot->wants_values || slot->disabled || !slot->due || slot->left_out == attempt) continue;
      if (!HookList::selected(*slot, options)) continue;
      error.merge(caller_.call_by_policy(*slot, CallbackKind::on_values,
                                         [&] { slot->hook->on_values(*state_.context, values); }));
    }
    state_.attempt.logged = {};
    if (error) return error;  // whoever judges it drops the values, or marks them
  }
  deliver(step);
  return {};
}

void ValueDelivery::drop() noexcept {
  if (state_.hot.logged) {
    for (HookSlot* const slot : hooks_.value_listeners()) slot->value_listener->on_dropped();
  }
  state_.hot.logged = state_.values.has_received();  // which is not of the step
  state_.values.drop();
}

}  // namespace detail
}  // namespace runhook::inline v1
