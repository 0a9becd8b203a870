#include "runhook/config.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace runhook::inline v1 {

Config& Config::add_hook(std::shared_ptr<SessionRunHook> hook, HookOptions options) {
  return add_hook(HookRegistration{std::move(hook), std::move(options)});
}

Config& Config::add_hook(HookRegistration registration) {
  if (registration.hook == nullptr) throw StatusError(StatusCode::invalid_argument, "there is no hook to add");
  hooks.push_back(std::move(registration));
  return *this;
}

Config& Config::add_hooks(std::vector<HookRegistration> registrations) {
  const bool all = std::all_of(registrations.begin(), registrations.end(),
                               [](const HookRegistration& registration) { return registration.hook != nullptr; });
  if (!all) throw StatusError(StatusCode::invalid_argument, "one of the hooks to add is NULL");
  hooks.insert(hooks.end(), std::make_move_iterator(registrations.begin()),
               std::make_move_iterator(registrations.end()));
  return *this;
}

Config& Config::set_session(std::shared_ptr<Session> session) {
  session_creator = single_session_creator(std::move(session));
  recovery.max_attempts = 0;
  return *this;
}

Config& Config::set_inline(InlineOptions options) {
  session_creator = inline_session_creator(std::move(options));
  return *this;
}

}  // namespace runhook::inline v1
