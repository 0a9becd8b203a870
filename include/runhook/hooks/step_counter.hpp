// runhook/hooks/step_counter.hpp: measures steps per second.
#ifndef RUNHOOK_HOOKS_STEP_COUNTER_HPP_
#define RUNHOOK_HOOKS_STEP_COUNTER_HPP_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Receives a number with its tag and step, e.g. to have it drawn.
using ScalarSink = std::function<void(std::string_view tag, double value, std::int64_t step)>;

struct StepCounterOptions {
  // Exactly one of the two, in global steps and seconds; give std::nullopt for every_n_steps to use the other.
  std::optional<std::int64_t> every_n_steps = 100;
  std::optional<double> every_n_secs = {};  // 0: in every run
  std::string global_step_name = "global_step";
  ScalarSink scalars = {};  // gets each rate as "<global_step_name>/sec"; what it throws fails the hook
  LogSink log = {};  // gets it as a line, "step 900: global_step/sec = 125"; empty: the session's log, as information
};

// Measures how many global steps are made in a second. The first time that it is due begins the measurement, so that
// work done only in the first step does not count, nor does the time of a recovery. If no time has passed, there is no
// rate.
//
// If the global step stands still from one time to the next there is a warning, at most kMostWarnings times; with
// every_n_steps the next time then comes after as many runs. After tf.train.StepCounterHook. Register what make()
// returns: it has the trigger that the options say. Since 1.0.
class StepCounterHook final : public SessionRunHook {
 public:
  static constexpr int kMostWarnings = 5;

  explicit StepCounterHook(StepCounterOptions options = {});  // throws INVALID_ARGUMENT for bad intervals and no name
  std::string_view name() const override { return "step counter"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;

  static HookRegistration make(StepCounterOptions options = {});

 private:
  void record(SessionRunContext& context, double rate, std::int64_t step);
  void stands_still(SessionRunContext& context, std::int64_t step);

  const StepCounterOptions options_;
  const std::string tag_;
  struct Mark {
    std::int64_t step;
    std::int64_t time_ns;
  };
  std::optional<Mark> start_;              // of what is being measured
  std::int64_t recorded_step_ = 0;         // from which the next record is counted
  std::optional<std::int64_t> last_step_;  // when it was last due
  int warnings_ = 0;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STEP_COUNTER_HPP_
