#include "run/hook_list.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/format.hpp"
#include "base/known_names.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// The C++ side of HookCall.
std::int32_t call_before_run(runhook_context*, void* user_data, std::int32_t ok) {
  HookSlot& slot = *static_cast<HookSlot*>(user_data);
  slot.hook->before_run(*slot.state.context);
  return ok;
}

void ask_for_fetches(HookSlot& slot) {
  for (const std::string& name : slot.options.fetches) slot.state.context->add_fetch({}, name);
}

std::int32_t fetch_and_call_before_run(runhook_context*, void* user_data, std::int32_t ok) {
  HookSlot& slot = *static_cast<HookSlot*>(user_data);
  ask_for_fetches(slot);
  slot.hook->before_run(*slot.state.context);
  return ok;
}

// The value of success is not kept on the stack meanwhile, where it could pass for what the function returns.
std::int32_t fetch_and_call_direct(runhook_context* context, void* user_data, std::int32_t) {
  HookSlot& slot = *static_cast<HookSlot*>(user_data);
  ask_for_fetches(slot);
  const DirectCallbacks& direct = *slot.hook->direct_callbacks();
  if (direct.before_run == nullptr) return slot.state.hot.success.current();
  return direct.before_run(context, direct.user_data, slot.state.hot.success.current());
}

std::int32_t call_after_run(runhook_context*, void* user_data, std::int32_t ok) {
  HookSlot& slot = *static_cast<HookSlot*>(user_data);
  slot.hook->after_run(*slot.state.context, slot.values);
  return ok;
}

}  // namespace

std::uint64_t HookList::add(HookRegistration registration) {
  if (registration.hook == nullptr) throw StatusError(StatusCode::invalid_argument, "the hook is NULL");
  const HookOptions& options = registration.options;
  if (options.phase < HookPhase::guard || options.phase > HookPhase::saver ||
      options.failure_policy < FailurePolicy::fail || options.failure_policy > FailurePolicy::disable) {
    throw StatusError(StatusCode::invalid_argument, "the hook's phase or failure policy is not a known one");
  }
  if (options.failure_policy == FailurePolicy::disable && options.max_failures < 1) {
    throw StatusError(StatusCode::invalid_argument, "max_failures is below 1");
  }
  const auto is_empty = [](const std::string& name) { return name.empty(); };
  if (std::any_of(options.fetches.begin(), options.fetches.end(), is_empty)) {
    throw StatusError(StatusCode::invalid_argument, "a name that the hook is to fetch is empty");
  }
  for (const std::string& name : options.fetches) {
    if (std::count(options.fetches.begin(), options.fetches.end(), name) == 1) continue;
    throw StatusError(StatusCode::invalid_argument, fmt::format("the hook is to fetch '{}' twice", name));
  }
  const auto refuse_same = [&](const auto& slot) {
    if (slot->hook != registration.hook || slot->removed) return;
    throw StatusError(StatusCode::already_exists, fmt::format("hook '{}' has been added already", slot->options.name));
  };
  std::for_each(slots_.begin(), slots_.end(), refuse_same);
  std::for_each(waiting_.begin(), waiting_.end(), refuse_same);
  const auto other_set = [&options](const auto& slot) {
    const auto& its_set = slot->options.default_set;
    return its_set != nullptr && its_set != options.default_set && !slot->removed;
  };
  if (options.default_set != nullptr && (std::any_of(slots_.begin(), slots_.end(), other_set) ||
                                         std::any_of(waiting_.begin(), waiting_.end(), other_set))) {
    throw StatusError(StatusCode::already_exists, "default hooks have been added already; a session takes one set");
  }
  auto slot = std::make_unique<HookSlot>(state_);
  slot->hook = std::move(registration.hook);
  slot->options = std::move(registration.options);
  slot->id = ++last_id_;
  slot->due = slot->options.trigger.is_always();
  if (slot->options.name.empty()) slot->options.name = slot->hook->name();
  if (slot->options.name.empty()) slot->options.name = fmt::format("hook#{}", slot->id);
  slot->request.requester = fmt::format("hook '{}'", slot->options.name);
  std::list<std::unique_ptr<HookSlot>> added;
  added.push_back(std::move(slot));
  claim(*added.front());
  waiting_.splice(waiting_.end(), added);
  mark_changed();
  return last_id_;
}

void HookList::claim(const HookSlot& slot) {
  const SessionRunHook& hook = *slot.hook;
  if (hook.one_session_at_a_time()) claims_.try_emplace(&hook, hook, slot.options.name);
}

void HookList::release(const SessionRunHook& hook) noexcept {
  const auto same_hook = [&hook](const auto& slot) { return slot->hook.get() == &hook; };
  if (std::any_of(slots_.begin(), slots_.end(), same_hook)) return;
  if (std::any_of(waiting_.begin(), waiting_.end(), same_hook)) return;
  claims_.erase(&hook);
}

void HookList::remove(std::uint64_t id) {
  const auto same_id = [id](const auto& slot) { return slot->id == id && !slot->removed; };
  if (const auto waiting = std::find_if(waiting_.begin(), waiting_.end(), same_id); waiting != waiting_.end()) {
    const std::unique_ptr<HookSlot> gone = std::move(*waiting);  // nobody has called it yet
    waiting_.erase(waiting);
    release(*gone->hook);
    return;
  }
  const auto found = std::find_if(slots_.begin(), slots_.end(), same_id);
  if (found == slots_.end()) throw StatusError(StatusCode::not_found, fmt::format("there is no hook of number {}", id));
  (*found)->removed = true;
  ++removed_;
  mark_changed();
}

std::uint64_t HookList::find(std::string_view name) const {
  const auto named = [name](const auto& slot) { return slot->options.name == name && !slot->removed; };
  if (const auto slot = std::find_if(slots_.begin(), slots_.end(), named); slot != slots_.end()) return (*slot)->id;
  if (const auto slot = std::find_if(waiting_.begin(), waiting_.end(), named); slot != waiting_.end()) {
    return (*slot)->id;
  }
  throw StatusError(StatusCode::not_found,
                    fmt::format("there is no hook named '{}'{}", name, known_names(name, names())));
}

std::vector<std::string_view> HookList::names() const {
  std::vector<std::string_view> all;
  const auto add = [&all](const auto& slot) {
    if (!slot->removed) all.push_back(slot->options.name);
  };
  std::for_each(slots_.begin(), slots_.end(), add);
  std::for_each(waiting_.begin(), waiting_.end(), add);
  return all;
}

std::string HookList::name_of(const HookSlot* slot) const {
  const std::lock_guard lock(observed_);
  const auto found = std::find_if(slots_.begin(), slots_.end(), [slot](const auto& one) { return one.get() == slot; });
  return found != slots_.end() ? (*found)->options.name : std::string();
}

HookSlot* HookList::admit_next() {
  if (waiting_.empty()) return nullptr;
  const std::lock_guard lock(observed_);
  if (slots_.size() == slots_.capacity()) slots_.reserve(std::max<std::size_t>(8, 2 * slots_.size()));
  const HookPhase phase = waiting_.front()->options.phase;
  auto place = slots_.end();
  while (place != slots_.begin() && (*std::prev(place))->options.phase > phase) --place;
  place = slots_.insert(place, std::move(waiting_.front()));
  waiting_.pop_front();
  admitted_id_ = (*place)->id;
  return place->get();
}

HookSlot* HookList::next_removed() noexcept {
  if (removed_ == 0) return nullptr;
  const auto found = std::find_if(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->removed; });
  return found != slots_.end() ? found->get() : nullptr;
}

void HookList::erase(HookSlot* slot) noexcept {
  state_.attempt.plan.remove(slot->request);
  if (slot->removed) --removed_;
  std::erase(value_listeners_, slot);  // collect_calls() may not come to it, for want of memory
  const auto found =
      std::find_if(slots_.begin(), slots_.end(), [slot](const auto& entry) { return entry.get() == slot; });
  std::unique_ptr<HookSlot> gone;  // destroyed last, since the hook's destructor may call this list
  {
    const std::lock_guard lock(observed_);
    gone = std::move(*found);
    slots_.erase(found);
  }
  release(*gone->hook);
  mark_changed();
}

void HookList::drop_waiting() noexcept {
  const std::list<std::unique_ptr<HookSlot>> gone = std::move(waiting_);
  waiting_.clear();
  claims_.clear();
}

void HookList::settle() {
  for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i]->order = i;
  state_.attempt.plan.reserve(slots_.size());
  collect_calls();
  changed_ = pending();
}

bool HookList::selected(const HookSlot& slot, const RunOptions& options) noexcept {
  switch (options.hooks) {
    case HookSelection::all:
      return true;
    case HookSelection::none:
      return false;
    case HookSelection::named:
      break;
  }
  const auto& names = options.hook_names;
  return std::find(names.begin(), names.end(), slot.options.name) != names.end();
}

void HookList::collect(HookCalls& calls, bool any_due, const RunOptions* options) {
  calls.before.clear();
  calls.after.clear();
  calls.listeners.clear();
  calls.samplers.clear();
  for (const auto& entry : slots_) {
    HookSlot* const slot = entry.get();
    if (slot->disabled || (options != nullptr && !selected(*slot, *options))) continue;
    SpanListener* const listener = slot->listener;
    if (!(any_due ? slot->due : slot->options.trigger.is_always())) {
      if (listener != nullptr && listener->wants_samples()) calls.samplers.push_back(listener);
      continue;
    }
    if (listener != nullptr) calls.listeners.push_back(listener);
    const bool fetches = !slot->options.fetches.empty();
    HookCall before{fetches ? &fetch_and_call_before_run : &call_before_run, slot, slot};
    HookCall after{&call_after_run, slot, slot};
    if (const DirectCallbacks* direct = slot->hook->direct_callbacks()) {
      before = {direct->before_run, direct->user_data, slot};
      if (fetches) before = {&fetch_and_call_direct, slot, slot};
      after = {direct->after_run, direct->user_data, slot};
    }
    if (before.function != nullptr) calls.before.push_back(before);
    if (after.function != nullptr) calls.after.push_back(after);
  }
}

void HookList::collect_calls() {
  value_listeners_.clear();
  has_value_hooks_ = false;
  for (const auto& slot : slots_) {
    if (slot->disabled) continue;
    if (slot->value_listener != nullptr) value_listeners_.push_back(slot.get());
    has_value_hooks_ = has_value_hooks_ || slot->wants_values;
  }
  state_.values.wanted = has_value_hooks_ || !value_listeners_.empty();
  has_triggers_ = use_time_ = use_last_ = false;
  for (const auto& slot : slots_) {
    const Trigger& trigger = slot->options.trigger;
    if (slot->disabled || trigger.is_always()) continue;
    has_triggers_ = true;
    use_time_ = use_time_ || trigger.uses_time();
    use_last_ = use_last_ || trigger.uses_last();
  }
  next_due_ = {kAtOnce, kAtOnce};
  if (!has_triggers_) none_due();  // nobody is going to ask triggers again, so the last one would stay due
  collect(idle_, false);
  if (any_due_) collect(due_, true);
}

void HookList::decide(const TriggerPoint& point) {
  const bool may_be_due = point.step >= next_due_.step || point.time_ns >= next_due_.time_ns ||
                          point.run >= next_due_.run || (point.last && use_last_);
  if (!may_be_due && !any_due_) return;
  // A predicate may fail; then nothing is decided, and all are asked again.
  next_due_ = {kAtOnce, kAtOnce};
  none_due();
  next_due_ = ask_triggers(point, 0);
}

void HookList::decide_added(const TriggerPoint& point) { ask_triggers(point, decided_id_); }

Trigger::Next HookList::ask_triggers(const TriggerPoint& point, std::uint64_t after) {
  const auto concerns = [after](const HookSlot& slot) {
    return slot.id > after && !slot.disabled && !slot.options.trigger.is_always();
  };
  for (const auto& slot : slots_) {
    if (concerns(*slot)) slot->due = slot->options.trigger.due(point);
  }
  Trigger::Next first{Trigger::kNever, Trigger::kNever};
  for (const auto& slot : slots_) {
    Trigger& trigger = slot->options.trigger;
    if (!concerns(*slot)) continue;
    if (slot->due) {
      trigger.fired(point);
      any_due_ = true;
    } else {
      trigger.passed(point);
    }
    const Trigger::Next next = trigger.next(point.step);
    first = {std::min(first.step, next.step), std::min(first.time_ns, next.time_ns), std::min(first.run, next.run)};
  }
  decided_id_ = admitted_id_;
  if (any_due_) collect(due_, true);
  return first;
}

void HookList::none_due() noexcept {
  if (!std::exchange(any_due_, false)) return;
  for (const auto& slot : slots_) slot->due = slot->options.trigger.is_always();
}

void HookList::rewind(std::int64_t step) noexcept {
  for (const auto& slot : slots_) slot->options.trigger.rewind(step);
  triggers_changed();
}

const HookCalls& HookList::select(const RunOptions& options) {
  for (const std::string& name : options.hook_names) {
    const auto named = [&name](const auto& slot) { return slot->options.name == name; };
    if (std::none_of(slots_.begin(), slots_.end(), named)) {
      throw StatusError(StatusCode::not_found, fmt::format("the run is to call hook '{}', which there is not{}", name,
                                                           known_names(name, names())));
    }
  }
  collect(some_, true, &options);
  return some_;
}

}  // namespace detail
}  // namespace runhook::inline v1
