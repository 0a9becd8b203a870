#include "loop/hook_lifecycle.hpp"

#include <cstddef>

namespace runhook::inline v1 {
namespace detail {

void HookLifecycle::begin_all() {
  while (hooks_.admit_next() != nullptr) {
  }
  // Hooks that a begin() adds wait for the first boundary; the list itself does not change here.
  for (const auto& slot : hooks_.slots()) begin(*slot);
}

void HookLifecycle::begin(HookSlot& slot) {
  slot.begun = true;
  const Error error = caller_.call(slot, CallbackKind::begin, [&] {
    slot.hook->begin(*state_.context);
    slot.listener = slot.hook->span_listener();
    slot.value_listener = slot.hook->value_listener();
    slot.wants_values = slot.hook->wants_values();
  });
  if (!error) return;
  if (caller_.fails_run(slot, error)) throw StatusError(error);
  hooks_.disable(slot);  // what has not begun cannot do the rest
}

void HookLifecycle::apply_changes() {
  Error error;
  do {  // a callback of these may change the list again
    while (HookSlot* slot = hooks_.next_removed()) {
      cleanup(*slot, error);
      hooks_.erase(slot);
    }
    if (HookSlot* slot = error ? nullptr : hooks_.admit_next()) admit(*slot, error);
  } while (!error && hooks_.pending());
  hooks_.settle();
  if (error) throw StatusError(error);
}

void HookLifecycle::admit(HookSlot& slot, Error& error) {
  Error failure;
  try {
    begin(slot);
    if (!slot.disabled) failure = caller_.after_create_session(slot);
  } catch (const StatusError& failed) {
    failure = failed.error();
  }
  if (!failure) return;
  error.merge(failure);
  cleanup(slot, error);
  hooks_.erase(&slot);
}

Error HookLifecycle::end_all() {
  Error error;
  for (const auto& slot : hooks_.slots()) {
    if (slot->disabled || !slot->begun) continue;
    error.merge(caller_.call_by_policy(*slot, CallbackKind::end, [&] { slot->hook->end(*state_.context); }));
  }
  return error;
}

void HookLifecycle::cleanup(HookSlot& slot, Error& error) {
  if (!slot.begun) return;
  slot.begun = false;
  const Outcome outcome = outcome_.copy();  // threads may add warnings meanwhile
  error.merge(
      caller_.call_by_policy(slot, CallbackKind::cleanup, [&] { slot.hook->cleanup(*state_.context, outcome); }));
  slot.listener = nullptr;
  slot.value_listener = nullptr;
}

void HookLifecycle::cleanup_all(Error& error) {
  const auto& slots = hooks_.slots();
  for (std::size_t i = slots.size(); i-- > 0;) {
    Error one;
    cleanup(*slots[i], one);
    if (one) outcome_.end_failed(one, one);  // the hooks that come after it write down how the run has ended
    error.merge(one);
  }
  hooks_.drop_waiting();
}

}  // namespace detail
}  // namespace runhook::inline v1
