#include "runhook/feed_hooks.h"

#include "boundary/options_with_tables.hpp"
#include "handle/run_args_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/feed_fn.hpp"
#include "runhook/hooks/final_ops.hpp"

using namespace runhook;
using namespace runhook::capi;

namespace {

// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kFeedFnSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_feed_fn_options, function);
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kFinalOpsSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_final_ops_options, args);
static_assert(kFeedFnSizeV1_0 == 16 && kFinalOpsSizeV1_0 == 16, "the 1.0 prefix is frozen");

}  // namespace

runhook_builtin_hook* runhook_feed_fn_hook_create(const runhook_feed_fn_options* options, runhook_error** error) {
  OptionsWithTables given(options, kFeedFnSizeV1_0, error);
  std::shared_ptr<CFunction> taken;
  given.take(given->function, taken, accept_function);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    if (taken == nullptr) throw StatusError(StatusCode::invalid_argument, "function is NULL");
    return plain_hook<FeedFnHook>([taken](SessionRunContext& context) {
      call_for_hook(context, "the feed function", *taken);  // which feeds through the context
      return std::vector<Feed>();
    });
  });
}

runhook_builtin_hook* runhook_final_ops_hook_create(const runhook_final_ops_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    constexpr runhook_final_ops_options kDefaults = RUNHOOK_FINAL_OPS_OPTIONS_INIT;
    return plain_hook<FinalOpsHook>(*PinnedArgs(read_struct(options, kFinalOpsSizeV1_0, kDefaults).args));
  });
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
