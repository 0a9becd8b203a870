// runhook/hooks/final_ops.hpp: fetches values once, when the run has ended.
#ifndef RUNHOOK_HOOKS_FINAL_OPS_HPP_
#define RUNHOOK_HOOKS_FINAL_OPS_HPP_

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Runs the session once more in `end`, without hooks, and keeps the results, e.g. the metrics of an evaluation. After a
// run that has failed there are none. If the session has no input left for this, a warning says what the reason may be,
// and closing fails with OUT_OF_RANGE. After tf.estimator.FinalOpsHook. Since 1.0.
class FinalOpsHook final : public SessionRunHook {
 public:
  // What to fetch and feed. If the args fetch nothing, nothing is run.
  explicit FinalOpsHook(SessionRunArgs args);
  std::string_view name() const override { return "final ops"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void end(SessionRunContext& context) override;
  const Results& values() const noexcept { return values_; }  // absent before `end`, and if there was nothing to fetch

 private:
  const SessionRunArgs args_;
  Results values_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_FINAL_OPS_HPP_
