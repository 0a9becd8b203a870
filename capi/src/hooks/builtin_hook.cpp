#include "hooks/builtin_hook.hpp"

#include <algorithm>

#include "call/hook.hpp"
#include "call/hook_context.hpp"
#include "call/monitored_handle.hpp"
#include "handle/config_handle.hpp"
#include "src/run/unexplained_failure.hpp"

namespace runhook::capi {

// If the function has explained its failure, the context has the error already, and that one comes before this
// exception.
void call_for_hook(SessionRunContext& context, const char* what, const CFunction& function) {
  v1::detail::SuccessValue& success = require_hook_context(context).success;
  runhook_context* const handle = context.direct_context();
  void* const user_data = function.data.get();
  success.prepare();
  const std::int32_t returned = function.call(handle, user_data, success.next());  // with nothing called in between
  if (success.is(returned)) return;
  throw StatusError(StatusCode::hook_failed, v1::detail::unexplained_failure(what, returned));
}

bool ask_for_hook(SessionRunContext& context, const char* what, const CFunction& function) {
  const HookContext::Question question(require_hook_context(context));
  call_for_hook(context, what, function);
  return question.due();
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

void runhook_builtin_hook_destroy(runhook_builtin_hook* hook) { capi::destroy(hook); }

const char* runhook_builtin_hook_name(const runhook_builtin_hook* hook) {
  const auto* box = find(hook);
  return box != nullptr ? box->name.c_str() : nullptr;
}

runhook_status runhook_config_add_builtin_hook(runhook_config* config, const runhook_builtin_hook* hook,
                                               const runhook_hook_options* options, runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    const HookRegistration& own = require(hook).registration;
    const auto& hooks = box->config.hooks;
    const auto same =
        std::find_if(hooks.begin(), hooks.end(), [&](const auto& known) { return known.hook == own.hook; });
    if (same != hooks.end()) ConfigBox::refuse_again(*same);
    HookRequestOptions wanted = hook_options_from(options, own.options);
    box->add({own.hook, std::move(wanted.options)}, wanted.chief_only);
  });
}

runhook_status runhook_monitored_session_add_builtin_hook(runhook_monitored_session* session,
                                                          const runhook_builtin_hook* hook,
                                                          const runhook_hook_options* options, uint64_t* id,
                                                          runhook_error** error) {
  return guarded(error, [&] {
    MonitoredBox& box = require(session);
    MonitoredSession& target = box.usable();
    const HookRegistration& own = require(hook).registration;
    const std::uint64_t number = target.add_hook(own.hook, hook_options_from(options, own.options).options);
    if (id != nullptr) *id = number;
  });
}
