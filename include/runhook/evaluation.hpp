// runhook/evaluation.hpp: runs an evaluation, once or for each new checkpoint.
#ifndef RUNHOOK_EVALUATION_HPP_
#define RUNHOOK_EVALUATION_HPP_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "runhook/checkpoint_source.hpp"
#include "runhook/config.hpp"
#include "runhook/hooks/stop_after_n_evals.hpp"

namespace runhook::inline v1 {

struct EvaluationOptions {
  // The session creator to evaluate with, hooks, clock, log. Each evaluation makes a session of its own from it, so
  // hooks begin anew in each. A stop request through config.stop ends the evaluation before its next run. The
  // evaluation itself requests no stop there, so that one StopState can serve many evaluations.
  Config config = {};
  // What each run asks for; empty: nothing is run but the final ops. A choice of hooks in its options is one among
  // those of `config`: the evaluations are counted, and config.stop is heeded, in any case.
  std::optional<SessionRunArgs> args = {};
  StopAfterNEvalsOptions evals = {};  // how many; without a number it ends with the input
  SessionRunArgs final_ops = {};      // fetched once at the end: see FinalOpsHook
};

// The result of an evaluation.
struct EvaluationResult {
  std::int64_t step = 0;  // global step of what was evaluated
  // How many were made: evals_per_run for each completed run. The run in which the input has ended is none of them, so
  // that there may be fewer than num_evals, and the result is complete all the same.
  std::int64_t evaluations = 0;
  Results last_values = {};   // of the last run; absent if there was none
  Results final_values = {};  // of the final ops; absent without any
  bool complete = true;       // false: config.stop has cut it short
  Outcome outcome = {};
};

// Runs an evaluation of the session as its creator makes it. Throws what the session or a hook has failed with, and
// INVALID_ARGUMENT without a session creator. Since 1.0.
EvaluationResult evaluate_once(const EvaluationOptions& options);
// Evaluates a checkpoint, which is restored after the session creator has made the session, and again after a recovery.
// Also throws what the source has failed with. Since 1.0.
EvaluationResult evaluate_once(const EvaluationOptions& options, const std::shared_ptr<CheckpointSource>& source,
                               const CheckpointInfo& checkpoint);
// Evaluates a snapshot, from which all global variables of the session are written. Also throws NOT_FOUND if it lacks
// one. Since 1.0.
EvaluationResult evaluate_once(const EvaluationOptions& options, const Snapshot& snapshot);

struct EvaluateRepeatedlyOptions {
  CheckpointWatchOptions watch = {};                 // clock and stop: NULL means those of the evaluation's config
  std::optional<std::int64_t> max_evaluations = {};  // how many checkpoints to evaluate; empty: no limit
  std::function<void(const EvaluationResult&)> on_result = {};  // with each complete result; may throw
};

// Evaluates each new checkpoint, until none has come in time, a stop is asked for, or max_evaluations have been made.
// Returns the last complete result; nullopt if there was none. Since 1.0.
std::optional<EvaluationResult> evaluate_repeatedly(const EvaluationOptions& options,
                                                    const std::shared_ptr<CheckpointSource>& source,
                                                    const EvaluateRepeatedlyOptions& repeat = {});

}  // namespace runhook::inline v1

#endif  // RUNHOOK_EVALUATION_HPP_
