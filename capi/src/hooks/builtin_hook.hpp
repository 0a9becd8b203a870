// What is behind a runhook_builtin_hook.
#ifndef RUNHOOK_CAPI_HOOKS_BUILTIN_HOOK_HPP_
#define RUNHOOK_CAPI_HOOKS_BUILTIN_HOOK_HPP_

#include <memory>
#include <string>
#include <utility>

#include "boundary/exception_guard.hpp"
#include "boundary/handle_box.hpp"
#include "boundary/table.hpp"
#include "runhook/builtin_hook.h"
#include "runhook/hook.hpp"

namespace runhook::capi {

struct BuiltinHookBox final : Boxed {
  explicit BuiltinHookBox(HookRegistration its_registration)
      : registration(std::move(its_registration)),
        name(registration.options.name.empty() ? registration.hook->name() : registration.options.name) {}
  const HookRegistration registration;  // with the hook's own options
  const std::string name;
};
RUNHOOK_CAPI_BOX(runhook_builtin_hook, BuiltinHookBox, builtin_hook);

// Implements a runhook_<what>_hook_create(): `make` returns a registration, or throws.
template <class Make>
runhook_builtin_hook* made_hook(runhook_error** error, Make&& make) noexcept {
  return guarded_handle(error, [&] { return create<runhook_builtin_hook>(std::forward<Make>(make)()); });
}

// A registration with the default options.
template <class Hook, class... Args>
HookRegistration plain_hook(Args&&... args) {
  return {std::make_shared<Hook>(std::forward<Args>(args)...), {}};
}

// Returns the hook behind a handle if it is a `Hook`. Throws INVALID_ARGUMENT, saying that it is not `what`.
template <class Hook>
std::shared_ptr<Hook> require_hook(const runhook_builtin_hook* handle, const char* what) {
  auto hook = std::dynamic_pointer_cast<Hook>(require(handle).registration.hook);
  if (hook == nullptr) throw StatusError(StatusCode::invalid_argument, std::string("the hook is not ") + what);
  return hook;
}

// Calls a function for a hook, with the context of the hook's callback in progress. Throws what it fails with.
void call_for_hook(SessionRunContext& context, const char* what, const CFunction& function);

// The same for a predicate, which answers with runhook_context_set_due().
bool ask_for_hook(SessionRunContext& context, const char* what, const CFunction& function);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HOOKS_BUILTIN_HOOK_HPP_
