#include "runhook/default_hooks.h"

#include <algorithm>
#include <chrono>

#include "boundary/exception_guard.hpp"
#include "boundary/option_value.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/config_handle.hpp"
#include "runhook/default_hooks.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kDefaultHooksSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_default_hooks, checkpoint_steps);
static_assert(offsetof(runhook_default_hooks, dir) == 8 && offsetof(runhook_default_hooks, left_out) == 64 &&
                  kDefaultHooksSizeV1_0 == 112,
              "the 1.0 prefix is frozen");

struct Part {
  std::uint32_t bit;
  bool DefaultHooks::*wanted;
};
constexpr Part kParts[] = {{RUNHOOK_DEFAULT_STOP_ON_SIGNAL, &DefaultHooks::stop_on_signal},
                           {RUNHOOK_DEFAULT_NAN_GUARD, &DefaultHooks::nan_guard},
                           {RUNHOOK_DEFAULT_WATCHDOG, &DefaultHooks::watchdog},
                           {RUNHOOK_DEFAULT_REPORT, &DefaultHooks::report},
                           {RUNHOOK_DEFAULT_STEP_COUNTER, &DefaultHooks::step_counter},
                           {RUNHOOK_DEFAULT_LOGGING, &DefaultHooks::logging},
                           {RUNHOOK_DEFAULT_PROGRESS, &DefaultHooks::progress},
                           {RUNHOOK_DEFAULT_METRICS, &DefaultHooks::metrics},
                           {RUNHOOK_DEFAULT_SUMMARIES, &DefaultHooks::summaries},
                           {RUNHOOK_DEFAULT_PROFILER, &DefaultHooks::profiler},
                           {RUNHOOK_DEFAULT_RUN_RECORD, &DefaultHooks::run_record},
                           {RUNHOOK_DEFAULT_CHECKPOINTS, &DefaultHooks::checkpoints}};

DefaultHooks wanted_hooks(const runhook_default_hooks& given) {
  DefaultHooks wanted;
  wanted.keep_all = read_flag(given.keep_all, "keep_all");
  wanted.quiet = read_flag(given.quiet, "quiet");
  check_reserved(given.reserved);
  std::uint32_t unknown = given.left_out;
  for (const Part& part : kParts) {
    wanted.*part.wanted = (given.left_out & part.bit) == 0;
    unknown &= ~part.bit;
  }
  if (unknown != 0) {
    throw StatusError(StatusCode::unimplemented,
                      "left_out names a hook that this version of the library does not know");
  }
  wanted.dir = required_text(given.dir, "dir");
  wanted.title = optional_text(given.title, "title");
  wanted.scalars = required_texts(given.scalars, given.scalar_count, "scalars");
  wanted.parameters = optional_text(given.parameters, "parameters");
  wanted.max_bytes = size_limit(given.max_bytes);
  if (given.interval_ns < 0) wanted.step_counter = wanted.logging = wanted.metrics = wanted.summaries = false;
  if (given.interval_ns > 0) wanted.interval = std::chrono::nanoseconds(given.interval_ns);
  if (given.stall_timeout_ns < 0) wanted.watchdog = false;
  if (given.stall_timeout_ns > 0) wanted.stall_timeout = std::chrono::nanoseconds(given.stall_timeout_ns);
  if (given.profile_interval_ns < 0) wanted.profiler = false;
  if (given.profile_interval_ns > 0) wanted.profile_interval = std::chrono::nanoseconds(given.profile_interval_ns);
  wanted.checkpoint_interval =
      std::chrono::nanoseconds(amount_or(given.checkpoint_interval_ns, wanted.checkpoint_interval.count()));
  wanted.checkpoint_steps = amount_or(given.checkpoint_steps, 0);
  return wanted;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_status runhook_config_add_default_hooks(runhook_config* config, const runhook_default_hooks* hooks,
                                                runhook_error** error) {
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    const auto is_default = [](const HookRegistration& known) { return known.options.default_set != nullptr; };
    if (std::any_of(box->config.hooks.begin(), box->config.hooks.end(), is_default)) {
      throw StatusError(StatusCode::already_exists, "default hooks have been added already; a session takes one set");
    }
    const DefaultHooks wanted = wanted_hooks(read_struct(hooks, kDefaultHooksSizeV1_0));
    for (HookRegistration& hook : default_hooks(wanted, !box->worker)) box->add(std::move(hook), /*chief_only=*/false);
  });
}
