// runhook/hooks/in_memory_evaluator.hpp: evaluates while it trains, without checkpoints.
#ifndef RUNHOOK_HOOKS_IN_MEMORY_EVALUATOR_HPP_
#define RUNHOOK_HOOKS_IN_MEMORY_EVALUATOR_HPP_

#include <cstdint>
#include <functional>
#include <optional>

#include "runhook/evaluation.hpp"
#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct InMemoryEvaluatorOptions {
  // config.log and config.clock: none means those of the run. config.stop is not used: a stop of the run ends an
  // evaluation, too.
  EvaluationOptions evaluation = {};
  std::int64_t every_n_runs = 100;
  // Called with each result, in the callback of the run in which it was made: it may ask that run to stop, for
  // instance. What it throws is the hook's failure.
  std::function<void(SessionRunContext&, const EvaluationResult&)> on_result = {};
};

// Evaluates what a run has learnt so far: before its first step, after every N runs, and at the end, unless nothing has
// run since the last evaluation. Each evaluation has a session of its own, made by `evaluation.config`, into which the
// global variables of the run's session are copied that both have. It is done in the callback, so the run waits for it.
//
// An evaluation that a stop of the run cuts short has no result; the one at the end is not cut short, and left out if
// the stop is urgent. One that fails is HOOK_FAILED with the reason behind it (NO_MEMORY stays what it is): it never
// ends or recovers the run as the same error of the run's own session would. A recovery of the run adds no evaluation.
// After tf.estimator.experimental.InMemoryEvaluatorHook. Since 1.0.
class InMemoryEvaluatorHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for every_n_runs below 1 and without a session creator.
  explicit InMemoryEvaluatorHook(InMemoryEvaluatorOptions options);
  std::string_view name() const override { return "in-memory evaluator"; }
  // Throws INVALID_ARGUMENT if the evaluation's session creator has a saver or an init_fn: variables come from the run.
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void end(SessionRunContext& context) override;
  const std::optional<EvaluationResult>& last() const noexcept { return last_; }  // the last result; empty: none yet

 private:
  void evaluate(SessionRunContext& context, bool at_end);
  const InMemoryEvaluatorOptions options_;
  std::int64_t runs_ = 0;
  std::int64_t evaluated_ = -1;  // runs_ when it was evaluated last; -1: never
  std::optional<EvaluationResult> last_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_IN_MEMORY_EVALUATOR_HPP_
