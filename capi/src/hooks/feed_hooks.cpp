#include "runhook/feed_hooks.h"

#include "handle/run_args_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/feed_fn.hpp"
#include "runhook/hooks/final_ops.hpp"

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_feed_fn_hook_create(const runhook_function* function, runhook_error** error) {
  std::shared_ptr<CFunction> taken;
  if (accept_function(function, taken, error) != RUNHOOK_OK) return nullptr;
  return made_hook(error, [&] {
    return plain_hook<FeedFnHook>([taken](SessionRunContext& context) {
      call_for_hook(context, "the feed function", *taken);  // which feeds through the context
      return std::vector<Feed>();
    });
  });
}

runhook_builtin_hook* runhook_final_ops_hook_create(const runhook_run_args* args, runhook_error** error) {
  return made_hook(error, [&] { return plain_hook<FinalOpsHook>(*PinnedArgs(args)); });
}

runhook_status runhook_final_ops_values(const runhook_builtin_hook* hook, runhook_results* results,
                                        runhook_error** error) {
  return guarded(error, [&] {
    const auto ops = require_hook<FinalOpsHook>(hook, "one for final ops");
    const auto place = results_to_fill(results);
    if (place.get() == nullptr) throw StatusError(StatusCode::invalid_argument, "results is NULL");
    fill_results(*place, ops->values());
  });
}
