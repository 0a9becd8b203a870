// runhook/hooks/metric_stops.hpp: stops a run by what its evaluation has written.
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

// How often to look: in the first run, and then once a minute, or as said by one of the two.
struct StopInterval {
  std::optional<std::chrono::nanoseconds> time = {};
  std::optional<std::int64_t> steps = {};
};

// A StopWhenHook that asks `predicate` at an interval. Throws INVALID_ARGUMENT without a predicate, for both intervals,
// and for one that is not positive. After make_early_stopping_hook of tf.estimator. Since 1.0.
HookRegistration stop_on_predicate(StopWhenHook::Predicate predicate, StopInterval interval = {},
                                   std::string reason = "the predicate holds");

struct MetricStopOptions {
  std::string metric = {};  // the tag
  // Where its history comes from: one of the two.
  std::string directory = {};                   // of event files, all read anew each time: see read_eval_metrics()
  std::function<MetricHistory()> history = {};  // called each time
  std::int64_t min_steps = 0;                   // values of earlier steps do not count, whatever the step of the run
  StopInterval interval = {};
};

// Hooks that ask for a stop by the history of a metric, read on the session's thread. Steps without the metric do not
// count. NaN is higher or lower than nothing, and better than nothing. A file that is damaged is a warning, once.
//
// Values that were written by an earlier run into the same directory count, too, also those of steps that this run has
// not reached. Files that are read while they are written give what is there. Any number of these hooks may watch a
// run.
//
// All throw INVALID_ARGUMENT: no metric, neither or both of directory and history, an interval as above, a threshold
// that is NaN, a number of steps that is negative. After those of tf.estimator.experimental. Since 1.0.

// When any value was above, or below, the threshold: a goal that was reached between two looks is not missed.
HookRegistration stop_if_higher(const MetricStopOptions& options, double threshold);
HookRegistration stop_if_lower(const MetricStopOptions& options, double threshold);
// When the last value is of a step that comes `max_steps` or more after that of the best value. What happened before
// is forgiven: unlike the reference, a plateau that was overcome does not count. While there is no best value steps
// count from the first.
HookRegistration stop_if_no_increase(const MetricStopOptions& options, std::int64_t max_steps);
HookRegistration stop_if_no_decrease(const MetricStopOptions& options, std::int64_t max_steps);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_METRIC_STOPS_HPP_
