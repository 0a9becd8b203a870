// runhook/hooks/early_stopping.hpp: stops a run that does not get better.
#ifndef RUNHOOK_HOOKS_EARLY_STOPPING_HPP_
#define RUNHOOK_HOOKS_EARLY_STOPPING_HPP_

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

enum class Direction : std::int32_t { lower_is_better = 0, higher_is_better = 1 };

// What is expected of one metric. All that is set is checked.
struct MetricRule {
  std::string name = {};  // to be fetched; a scalar
  Direction direction = Direction::lower_is_better;
  std::optional<std::int64_t> patience_steps = {};             // so many steps without an improvement are too many
  std::optional<std::chrono::nanoseconds> patience_time = {};  // so is this much time
  double min_delta = 0;                                        // by how much it has to get better to have improved
  bool relative = false;                                       // min_delta is a fraction of the best value so far
  std::optional<double> baseline = {};                         // only what is better than this is an improvement
  std::optional<double> target = {};                           // reached: there is nothing left to do
  std::optional<double> divergence = {};                       // as bad as this or worse: there is no hope left
};

struct EarlyStoppingOptions {
  std::vector<MetricRule> rules = {};
  bool all = false;                // stop when all rules say so; otherwise when one does
  std::int64_t warm_up_steps = 0;  // global step before which nothing is judged; values count for the best all the same
};

// Follows metrics and asks for a stop when they do not improve, are good enough, or hopeless. Registered with a trigger
// it looks in the runs in which that is due. NaN is no improvement, and as a first value no best. Judges the latest
// state only, not the history; best values and patience are kept through recoveries, and begin anew with the hook.
// Since 1.0.
class EarlyStoppingHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT: no rule, one without name or condition, a negative patience, min_delta or warm-up, NaN.
  explicit EarlyStoppingHook(EarlyStoppingOptions options);
  std::string_view name() const override { return "early stopping"; }
  void begin(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;

  // The best value of a rule so far, and the step at which it was seen; NaN and -1 if there is none.
  double best(std::size_t rule) const noexcept { return progress_[rule].best; }
  std::int64_t best_step(std::size_t rule) const noexcept { return progress_[rule].best_step; }

 private:
  struct Progress {
    double best = std::numeric_limits<double>::quiet_NaN();
    std::int64_t best_step = -1;
    std::int64_t since_step = -1;  // from which patience counts; -1: nothing was seen yet
    std::int64_t since_ns = 0;
  };
  // Why the rule asks for a stop; empty if it does not.
  std::string judge(const MetricRule& rule, Progress& progress, double value, SessionRunContext& context) const;

  const EarlyStoppingOptions options_;
  std::vector<Progress> progress_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_EARLY_STOPPING_HPP_
