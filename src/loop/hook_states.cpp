#include "loop/hook_states.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/find_named.hpp"
#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::string_view kHookPrefix = "runhook/hook";
constexpr std::string_view kTriggerPrefix = "runhook/trigger";

}  // namespace

// By name, since hooks may have been added or reordered by the time the state is restored; of several with one name by
// their order, too. Before the name, which may have anything in it.
template <typename Visit>
void HookStates::for_each_hook(Visit&& visit) {
  std::map<std::string_view, int> seen;
  for (const auto& slot : hooks_.slots()) {
    const int number = ++seen[slot->options.name];
    if (slot->disabled || !slot->begun) continue;
    visit(*slot,
          number == 1 ? fmt::format("/{}", slot->options.name) : fmt::format("#{}/{}", number, slot->options.name));
  }
}

NamedBytes HookStates::save() {
  NamedBytes states;
  const std::int64_t now = state_.context->now_ns();
  for_each_hook([&](HookSlot& slot, const std::string& name) {
    if (!slot.options.trigger.is_always()) {
      states.emplace_back(fmt::format("{}{}", kTriggerPrefix, name), slot.options.trigger.state(now));
    }
    std::optional<std::string> own;
    const Error error =
        caller_.call_by_policy(slot, CallbackKind::save, [&] { own = slot.hook->save(*state_.context); });
    if (error) throw StatusError(error);
    if (own) states.emplace_back(fmt::format("{}{}", kHookPrefix, name), std::move(*own));
  });
  return states;
}

void HookStates::restore(const NamedBytes& states) {
  if (states.empty()) return;
  const std::int64_t now = state_.context->now_ns();
  for_each_hook([&](HookSlot& slot, const std::string& name) {
    if (const std::string* const kept = find_named(states, fmt::format("{}{}", kTriggerPrefix, name))) {
      try {
        slot.options.trigger.restore(*kept, now);
      } catch (const StatusError& error) {
        state_.log(LogLevel::info,
                   fmt::format("the trigger of hook '{}' begins anew: {}", name, error.error().message()));
      }
    }
    const std::string* const own = find_named(states, fmt::format("{}{}", kHookPrefix, name));
    if (own == nullptr) return;
    const Error error =
        caller_.call_by_policy(slot, CallbackKind::restore, [&] { slot.hook->restore(*state_.context, *own); });
    if (error) throw StatusError(error);
  });
  hooks_.triggers_changed();
}

}  // namespace detail
}  // namespace runhook::inline v1
