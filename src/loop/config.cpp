#include "runhook/config.hpp"

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

Config& Config::set_inline(InlineOptions options) {
  session_creator = inline_session_creator(std::move(options));
  return *this;
}

}  // namespace runhook::inline v1
