#include "loop/value_delivery.hpp"

namespace runhook::inline v1 {
namespace detail {

void ValueDelivery::deliver(std::int64_t step, bool failed) noexcept {
  state_.hot.logged = false;
  const auto values = state_.values.take(step, failed);
  for (ValueListener* const listener : hooks_.value_listeners()) {
    try {
      listener->on_logged(*state_.context, values);
    } catch (...) {
      Error error = Error::from_current_exception(StatusCode::unknown);
      error.locate({}, "on_logged", step);
      caller_.warn(error);
    }
  }
}

Error ValueDelivery::deliver_step() noexcept {
  deliver(state_.session.global_step);
  const auto values = state_.values.taken();
  if (values.empty() || !hooks_.has_value_hooks()) return {};
  Error error;
  const RunOptions& options = state_.hot.original->options;
  state_.attempt.logged = values;
  for (const auto& slot : hooks_.slots()) {
    if (!slot->wants_values || slot->disabled || !slot->due || !HookList::selected(*slot, options)) continue;
    error.merge(caller_.call_by_policy(*slot, CallbackKind::on_values,
                                       [&] { slot->hook->on_values(*state_.context, values); }));
  }
  state_.attempt.logged = {};
  return error;
}

void ValueDelivery::drop() noexcept {
  state_.hot.logged = false;
  state_.values.drop();
}

}  // namespace detail
}  // namespace runhook::inline v1
