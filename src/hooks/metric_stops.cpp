#include "runhook/hooks/metric_stops.hpp"

#include <cmath>
#include <memory>
#include <set>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"

namespace runhook::inline v1 {

namespace {

using detail::refuse;

Trigger trigger_of(const StopInterval& interval) {
  if (interval.time && interval.steps) refuse("a stop is looked for by steps or by time, not by both");
  if (interval.steps) return Trigger::every_steps(*interval.steps);
  return Trigger::every_ns(interval.time.value_or(std::chrono::minutes(1)).count());
}

// Reads the history from where the options say; gives each warning once.
class Source {
 public:
  explicit Source(const MetricStopOptions& options) : directory_(options.directory), history_(options.history) {}

  MetricHistory read(SessionRunContext& context) {
    if (history_) return history_();
    return read_eval_metrics(directory_, [&](const Error& warning) {
      if (told_.insert(warning.message()).second) context.warn(warning);
    });
  }

 private:
  std::string directory_;
  std::function<MetricHistory()> history_;
  std::set<std::string> told_;
};

// A hook that reads the values of the metric, gives them to `judge` step by step, and then asks it whether to stop.
// Each check uses a fresh copy of `judge`.
template <class Judge>
HookRegistration stop_by(const MetricStopOptions& options, Judge judge, std::string reason) {
  if (options.metric.empty()) refuse("the metric to stop by has no name");
  if (options.directory.empty() == !options.history) refuse("exactly one of directory and history must be given");
  if (options.min_steps < 0) refuse("min_steps is negative");
  auto source = std::make_shared<Source>(options);
  auto predicate = [source, judge, metric = options.metric, min_steps = options.min_steps](SessionRunContext& context) {
    Judge present = judge;
    const MetricHistory history = source->read(context);
    for (auto at = history.lower_bound(min_steps); at != history.end(); ++at) {
      const auto value = at->second.find(metric);
      if (value != at->second.end()) present.see(at->first, value->second);
    }
    return present.stop();
  };
  HookRegistration registration = stop_on_predicate(std::move(predicate), options.interval, std::move(reason));
  registration.options.name = "metric stop";
  return registration;
}

// For all of them larger is better: values are multiplied by `sign`, which is -1 if lower is better.
struct Passes {
  double sign;
  double threshold;
  bool passed = false;

  void see(std::int64_t, double value) noexcept { passed = passed || sign * value > sign * threshold; }
  bool stop() const noexcept { return passed; }
};

struct StandsStill {
  double sign;
  std::int64_t max_steps;
  bool any = false;
  double best = std::nan("");
  std::int64_t since = 0;  // the step of the best value, or the first while there is none
  std::int64_t last = 0;

  void see(std::int64_t step, double value) noexcept {
    if (!any) since = step;
    any = true;
    last = step;
    if (std::isnan(value) || sign * value <= sign * best) return;
    best = value;
    since = step;
  }
  bool stop() const noexcept { return any && last - since >= max_steps; }
};

HookRegistration stop_if_passes(const MetricStopOptions& options, double sign, double threshold) {
  if (std::isnan(threshold)) refuse("the threshold is NaN");
  return stop_by(options, Passes{sign, threshold},
                 fmt::format("'{}' is {} than {}", options.metric, sign > 0 ? "higher" : "lower", threshold));
}

HookRegistration stop_if_stands_still(const MetricStopOptions& options, double sign, std::int64_t max_steps) {
  if (max_steps < 0) refuse("the number of steps is negative");
  return stop_by(
      options, StandsStill{sign, max_steps},
      fmt::format("'{}' has not {} for {} steps", options.metric, sign > 0 ? "increased" : "decreased", max_steps));
}

}  // namespace

HookRegistration stop_on_predicate(StopWhenHook::Predicate predicate, StopInterval interval, std::string reason) {
  HookRegistration registration{std::make_shared<StopWhenHook>(std::move(predicate), std::move(reason)), {}};
  registration.options.trigger = trigger_of(interval);
  return registration;
}

HookRegistration stop_if_higher(const MetricStopOptions& options, double threshold) {
  return stop_if_passes(options, 1, threshold);
}

HookRegistration stop_if_lower(const MetricStopOptions& options, double threshold) {
  return stop_if_passes(options, -1, threshold);
}

HookRegistration stop_if_no_increase(const MetricStopOptions& options, std::int64_t max_steps) {
  return stop_if_stands_still(options, 1, max_steps);
}

HookRegistration stop_if_no_decrease(const MetricStopOptions& options, std::int64_t max_steps) {
  return stop_if_stands_still(options, -1, max_steps);
}

}  // namespace runhook::inline v1
