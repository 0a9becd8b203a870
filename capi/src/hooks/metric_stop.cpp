#include "runhook/metric_stop.h"

#include <chrono>

#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/metric_stops.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kMetricStopSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_metric_stop_options, every_steps);
static_assert(offsetof(runhook_metric_stop_options, metric) == 8 && kMetricStopSizeV1_0 == 72,
              "the 1.0 prefix is frozen");

HookRegistration metric_stop_from(const runhook_metric_stop_options& given) {
  check_reserved(given.reserved);
  MetricStopOptions wanted;
  wanted.metric = required_text(given.metric, "metric");
  wanted.directory = required_text(given.directory, "directory");
  wanted.min_steps = given.min_steps;
  if (given.every_ns < 0 && given.every_steps <= 0) {
    throw StatusError(StatusCode::invalid_argument, "both every_ns and every_steps are off");
  }
  if (given.every_ns > 0) wanted.interval.time = std::chrono::nanoseconds(given.every_ns);
  if (given.every_steps > 0) wanted.interval.steps = given.every_steps;
  switch (given.kind) {
    case RUNHOOK_STOP_IF_HIGHER:
      return stop_if_higher(wanted, given.threshold);
    case RUNHOOK_STOP_IF_LOWER:
      return stop_if_lower(wanted, given.threshold);
    case RUNHOOK_STOP_IF_NO_INCREASE:
      return stop_if_no_increase(wanted, given.max_steps);
    case RUNHOOK_STOP_IF_NO_DECREASE:
      return stop_if_no_decrease(wanted, given.max_steps);
    default:
      throw StatusError(StatusCode::invalid_argument, "kind is not one of RUNHOOK_STOP_IF_*");
  }
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_metric_stop_hook_create(const runhook_metric_stop_options* options,
                                                      runhook_error** error) {
  return made_hook(error, [&] { return metric_stop_from(read_struct(options, kMetricStopSizeV1_0)); });
}
