#include "runhook/worker_hooks.h"

#include <chrono>

#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/text.hpp"
#include "handle/stop_flag_handle.hpp"
#include "handle/trigger_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/global_step_waiter.hpp"
#include "runhook/hooks/stop_flag.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kStopFlagSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_flag_options, reserved);
static_assert(offsetof(runhook_stop_flag_options, ask) == 24 && kStopFlagSizeV1_0 == 48, "the 1.0 prefix is frozen");
constexpr std::size_t kWaiterSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_global_step_waiter_options, timeout_ns);
static_assert(offsetof(runhook_global_step_waiter_options, poll_ns) == 16 && kWaiterSizeV1_0 == 32,
              "the 1.0 prefix is frozen");

constexpr runhook_global_step_waiter_options kWaiterDefaults = RUNHOOK_GLOBAL_STEP_WAITER_OPTIONS_INIT;

StopFlagOptions stop_flag_options_from(const runhook_stop_flag_options& given) {
  check_reserved(given.reserved);
  StopFlagOptions wanted;
  if (given.ask != nullptr) wanted.ask = require(given.ask).trigger;
  if (given.reason != nullptr) wanted.reason = required_text(given.reason, "reason");
  wanted.same_step = read_flag(given.same_step, "same_step");
  return wanted;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_stop_flag* runhook_stop_flag_create(const runhook_stop_source* source, runhook_error** error) {
  return guarded_handle(error, [&] {
    return create<runhook_stop_flag>(source == nullptr ? StopFlag() : StopFlag(require(source).source));
  });
}

void runhook_stop_flag_destroy(runhook_stop_flag* flag) { capi::destroy(flag); }

int32_t runhook_stop_flag_raise(const runhook_stop_flag* flag, const char* who, const char* text) {
  const auto* box = find(flag);
  return box != nullptr && box->flag.raise(readable_text(text), readable_text(who)) ? 1 : 0;
}

int32_t runhook_stop_flag_raised(const runhook_stop_flag* flag) {
  const auto* box = find(flag);
  return box != nullptr && box->flag.raised() ? 1 : 0;
}

runhook_status runhook_stop_flag_reason(const runhook_stop_flag* flag, runhook_stop_reason* reason,
                                        runhook_error** error) {
  return guarded(error, [&] { fill_stop_reason(require(flag).source.reason(0), reason); });
}

runhook_builtin_hook* runhook_stop_flag_hook_create(const runhook_stop_flag_options* options, runhook_error** error) {
  OptionsWithTables given(options, kStopFlagSizeV1_0, error);
  std::shared_ptr<CFunction> function;
  given.take(given->predicate, function, accept_function);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    StopFlagOptions wanted = stop_flag_options_from(*given);
    if (function != nullptr) {
      wanted.predicate = [function](SessionRunContext& context) {
        return ask_for_hook(context, "the predicate", *function);
      };
    }
    return plain_hook<StopFlagHook>(require(given->flag).flag, std::move(wanted));
  });
}

runhook_builtin_hook* runhook_global_step_waiter_hook_create(const runhook_global_step_waiter_options* options,
                                                             runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_global_step_waiter_options given = read_struct(options, kWaiterSizeV1_0, kWaiterDefaults);
    GlobalStepWaiterOptions wanted;
    wanted.poll = std::chrono::nanoseconds(number_or(given.poll_ns, wanted.poll.count(), "poll_ns"));
    if (given.timeout_ns > 0) wanted.timeout = std::chrono::nanoseconds(given.timeout_ns);
    return plain_hook<GlobalStepWaiterHook>(given.wait_until_step, wanted);
  });
}
