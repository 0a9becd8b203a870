// runhook/hooks/early_stopping.hpp: stops a run whose metrics do not improve.
#ifndef RUNHOOK_HOOKS_EARLY_STOPPING_HPP_
#define RUNHOOK_HOOKS_EARLY_STOPPING_HPP_

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

enum class Direction : std::int32_t { lower_is_better = 0, higher_is_better = 1 };

// What is expected of one metric. All conditions that are set are checked.
struct MetricRule {
  std::string name = {};  // a scalar, to be fetched
  bool logged = false;    // it is not fetched but logged, and judged in the steps in which it is
  Direction direction = Direction::lower_is_better;
  std::optional<std::int64_t> patience_steps = {};             // stop after so many steps without an improvement
  std::optional<std::chrono::nanoseconds> patience_time = {};  // stop after so much time without an improvement
  double min_delta = 0;                                        // what is better by no more than this is no improvement
  bool relative = false;                                       // min_delta is a fraction of the best value so far
  std::optional<double> baseline = {};                         // only what is better than this is an improvement
  std::optional<double> target = {};                           // stop when the metric is as good as this or better
  std::optional<double> divergence = {};                       // stop when the metric is as bad as this or worse
};

struct EarlyStoppingOptions {
  std::vector<MetricRule> rules = {};
  bool all = false;                // stop when all rules say so, each when it was judged last; otherwise when one does
  std::int64_t warm_up_steps = 0;  // global step before which no rule asks for a stop; best values count all the same
};

// Follows metrics and asks for a stop when they no longer improve, have reached their target, or diverge. If it is
// registered with a trigger, it checks the values of the runs in which that is due. NaN is no improvement, and as a
// first value not the best. Best values, and the steps and times of the last improvements, begin anew with begin().
// They are saved with the session, and a run or a recovery that goes on from there has them as they were then; other
// recoveries keep them. A run that goes on from a step at which the rules have asked for a stop stops at once.
// Since 1.0.
class EarlyStoppingHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT if there is no rule, if one has no name or no condition, for a patience, min_delta or
  // warm-up that is negative, and for NaN.
  explicit EarlyStoppingHook(EarlyStoppingOptions options);
  std::string_view name() const override { return "early stopping"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void on_values(SessionRunContext& context, std::span<const LoggedValue> values) override;
  bool wants_values() const noexcept override;
  std::optional<std::string> save(SessionRunContext& context) override;
  void restore(SessionRunContext& context, std::string_view saved) override;
  void end(SessionRunContext& context) override;  // warns of a metric that was never logged

  // The best value of a rule so far, and the step at which it was seen; NaN and -1 if there is none.
  double best(std::size_t rule) const noexcept { return progress_[rule].best; }
  std::int64_t best_step(std::size_t rule) const noexcept { return progress_[rule].best_step; }

 private:
  struct Progress {
    double best = std::numeric_limits<double>::quiet_NaN();
    std::int64_t best_step = -1;
    std::int64_t since_step = -1;  // from which patience counts; -1: nothing was seen yet
    std::int64_t since_ns = 0;
    double last = 0;  // the value that was judged last, and at which step; -1: none
    std::int64_t last_step = -1;
    std::string reason;  // why it asked for a stop when it was judged last; empty: it did not
  };
  static std::string best_text(const Progress& progress, double value);
  bool judge(std::size_t rule, double value, SessionRunContext& context);
  void decide(SessionRunContext& context, const std::vector<std::size_t>& asking) const;
  // Why the rule asks for a stop; empty if it does not.
  std::string judge(const MetricRule& rule, Progress& progress, double value, SessionRunContext& context) const;

  const EarlyStoppingOptions options_;
  std::vector<Progress> progress_;  // of the rules
  bool restored_ = false;           // with the session that is being created
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_EARLY_STOPPING_HPP_
