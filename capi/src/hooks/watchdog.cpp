#include "runhook/watchdog.h"

#include <chrono>
#include <optional>

#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/watchdog.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kWatchdogSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_watchdog_options, signal_number);
static_assert(offsetof(runhook_watchdog_options, action) == 64 && kWatchdogSizeV1_0 == 72, "the 1.0 prefix is frozen");
static_assert(RUNHOOK_STALL_REPORT == static_cast<int>(StallAction::report) &&
              RUNHOOK_STALL_STOP == static_cast<int>(StallAction::stop) &&
              RUNHOOK_STALL_STOP_NOW == static_cast<int>(StallAction::stop_now) &&
              RUNHOOK_STALL_ABORT == static_cast<int>(StallAction::abort));

// A time of 0 means there that the phase is not watched.
std::optional<std::chrono::nanoseconds> own_time(std::int64_t ns) {
  if (ns == 0) return std::nullopt;
  return std::chrono::nanoseconds(amount_or(ns, 0));
}

constexpr std::int32_t kNoSignal = -1;

StallWatchdogOptions options_from(const runhook_watchdog_options* given) {
  const runhook_watchdog_options defaults = RUNHOOK_WATCHDOG_OPTIONS_INIT;
  const runhook_watchdog_options copy = read_struct(given, kWatchdogSizeV1_0, defaults);
  StallWatchdogOptions wanted;
  wanted.timeout = std::chrono::nanoseconds(amount_or(copy.timeout_ns, wanted.timeout.count()));
  wanted.before_run = own_time(copy.before_run_ns);
  wanted.session_run = own_time(copy.session_run_ns);
  wanted.after_run = own_time(copy.after_run_ns);
  wanted.create_session = own_time(copy.create_session_ns);
  wanted.end = own_time(copy.end_ns);
  wanted.between_runs = std::chrono::nanoseconds(amount_or(copy.between_runs_ns, 0));
  wanted.action = static_cast<StallAction>(copy.action);
  if (copy.signal_number < kNoSignal) throw StatusError(StatusCode::invalid_argument, "signal_number is below -1");
  if (copy.signal_number != 0) wanted.signal = copy.signal_number == kNoSignal ? 0 : copy.signal_number;
  return wanted;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_watchdog_hook_create(const runhook_watchdog_options* options, runhook_error** error) {
  return made_hook(error, [&] { return StallWatchdogHook::make(options_from(options)); });
}
