// runhook/hooks/metric_stops.hpp: stops a run by the metrics that an evaluation has written.
#ifndef RUNHOOK_HOOKS_METRIC_STOPS_HPP_
#define RUNHOOK_HOOKS_METRIC_STOPS_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "runhook/hook.hpp"
#include "runhook/hooks/stop_when.hpp"
#include "runhook/metric_history.hpp"

namespace runhook::inline v1 {

// When to check: in the first run, and then at one of these intervals; if none is given, once a minute.
struct StopInterval {
  std::optional<std::chrono::nanoseconds> time = {};
  std::optional<std::int64_t> steps = {};
};

// Makes a StopWhenHook that calls `predicate` at an interval. Throws INVALID_ARGUMENT if there is no predicate, if both
// intervals are given, or if one is not positive. After make_early_stopping_hook of tf.estimator. Since 1.0.
HookRegistration stop_on_predicate(StopWhenHook::Predicate predicate, StopInterval interval = {},
                                   std::string reason = "the predicate holds");

struct MetricStopOptions {
  std::string metric = {};  // the tag
  // Where its history comes from: one of the two.
  std::string directory = {};                   // of event files, which are read each time: see read_eval_metrics()
  std::function<MetricHistory()> history = {};  // called each time
  std::int64_t min_steps = 0;                   // values of steps before this one do not count
  StopInterval interval = {};
};

// Hooks that ask for a stop by the history of a metric. It is read on the session's thread. Steps without the metric do
// not count. NaN is neither higher nor lower than the threshold, and never the best value. For a damaged file there is
// one warning.
//
// Values that an earlier run has written to the same directory count, too, even those of steps that this run has not
// reached. A file that is being written is read as far as it goes. A run may have any number of these hooks.
//
// All throw INVALID_ARGUMENT if there is no metric, if neither or both of directory and history are given, for an
// interval as above, a threshold that is NaN, and a number of steps that is negative. After those of
// tf.estimator.experimental. Since 1.0.

// Stops when any value was above, or below, the threshold: a value that was reached between two checks is not missed.
HookRegistration stop_if_higher(const MetricStopOptions& options, double threshold);
HookRegistration stop_if_lower(const MetricStopOptions& options, double threshold);
// Stops when the last value comes `max_steps` steps or more after the best one; while there is no best value, steps
// count from the first value. Unlike in the reference, an earlier plateau that was overcome does not count.
HookRegistration stop_if_no_increase(const MetricStopOptions& options, std::int64_t max_steps);
HookRegistration stop_if_no_decrease(const MetricStopOptions& options, std::int64_t max_steps);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_METRIC_STOPS_HPP_
