// runhook/hooks/in_memory_evaluator.hpp: evaluates during training, without checkpoints.
#ifndef RUNHOOK_HOOKS_IN_MEMORY_EVALUATOR_HPP_
#define RUNHOOK_HOOKS_IN_MEMORY_EVALUATOR_HPP_

#include <cstdint>
#include <functional>
#include <optional>

#include "runhook/evaluation.hpp"
#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct InMemoryEvaluatorOptions {
  // If config.log or config.clock is not set, that of the run is used. config.stop is not used: a stop of the run ends
  // an evaluation, too.
  EvaluationOptions evaluation = {};
  std::int64_t every_n_runs = 100;
  // Called with each result, and with the context of the callback in which the run evaluates: it may ask the run to
  // stop. If it throws, the hook fails.
  std::function<void(SessionRunContext&, const EvaluationResult&)> on_result = {};
};

// Evaluates the state of a run: before its first step, after every N runs, and at the end, unless nothing has run since
// the last evaluation. Each evaluation has a session of its own, made from `evaluation.config`, into which the global
// variables that both sessions have are copied. It is made in a callback, so the run waits for it.
//
// The last and the final values of an evaluation, as far as they are scalars or strings, are logged to the run, at its
// step, as "<name of the hook>/<name of the value>": they are in every output of the run. Those of each batch are for
// the evaluation's own hooks.
//
// If a stop of the run cuts an evaluation short, it has no result. The one at the end is not cut short; after an urgent
// stop it is not made. If an evaluation fails, the hook fails with HOOK_FAILED and the reason as a suppressed error, or
// with NO_MEMORY: unlike an error of the run's own session, an OUT_OF_RANGE does not end the run, and an ABORTED is not
// recovered from. A recovery of the run adds no evaluation. After tf.estimator.experimental.InMemoryEvaluatorHook.
// Since 1.0.
class InMemoryEvaluatorHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for every_n_runs below 1 and without a session creator.
  explicit InMemoryEvaluatorHook(InMemoryEvaluatorOptions options);
  std::string_view name() const override { return "in-memory evaluator"; }
  bool one_session_at_a_time() const noexcept override { return true; }
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
