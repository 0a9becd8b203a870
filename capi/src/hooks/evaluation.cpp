#include "runhook/evaluation.h"

#include <algorithm>
#include <cstring>

#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/text.hpp"
#include "call/evaluation_contexts.hpp"
#include "handle/checkpoint_handle.hpp"
#include "handle/config_handle.hpp"
#include "handle/run_args_handle.hpp"
#include "handle/snapshot_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/evaluation.hpp"
#include "runhook/hooks/in_memory_evaluator.hpp"
#include "runhook/hooks/stop_after_n_evals.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kEvalsSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_stop_after_n_evals_options, reserved);
static_assert(offsetof(runhook_stop_after_n_evals_options, num_evals) == 8 && kEvalsSizeV1_0 == 40,
              "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kEvaluationSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_evaluation_options, evals);
static_assert(offsetof(runhook_evaluation_options, args) == 8 && kEvaluationSizeV1_0 == 32, "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kEvaluatorSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_in_memory_evaluator_options, on_result);
static_assert(offsetof(runhook_in_memory_evaluator_options, every_n_runs) == 24 && kEvaluatorSizeV1_0 == 40,
              "the 1.0 prefix is frozen");
constexpr std::int64_t kDefaultRuns = 100;  // between two evaluations
constexpr std::size_t kResultSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_evaluation_result, outcome);
static_assert(offsetof(runhook_evaluation_result, step) == 8 && kResultSizeV1_0 == 32, "the 1.0 prefix is frozen");

StopAfterNEvalsOptions evals_from(const runhook_stop_after_n_evals_options* options) {
  constexpr runhook_stop_after_n_evals_options kDefaults = RUNHOOK_STOP_AFTER_N_EVALS_OPTIONS_INIT;
  const runhook_stop_after_n_evals_options given = read_struct(options, kEvalsSizeV1_0, kDefaults);
  check_reserved(given.reserved);
  StopAfterNEvalsOptions wanted;
  if (const auto number = number_or(given.num_evals, 0, "num_evals"); number > 0) wanted.num_evals = number;
  wanted.evals_per_run_variable = optional_text(given.evals_per_run_variable, "evals_per_run_variable");
  wanted.evals_per_run = number_or(given.evals_per_run, 1, "evals_per_run");
  wanted.log_progress = !read_flag(given.quiet, "quiet");
  return wanted;
}

EvaluationOptions options_from(const runhook_config* config, const runhook_evaluation_options* options) {
  const runhook_evaluation_options given = read_struct(options, kEvaluationSizeV1_0);
  EvaluationOptions wanted;
  wanted.config = session_config(*require_pinned(config));
  wanted.config.direct_contexts = std::make_shared<EvaluationContexts>();
  if (given.args != nullptr) wanted.args = *PinnedArgs(given.args);
  if (given.final_ops != nullptr) wanted.final_ops = *PinnedArgs(given.final_ops);
  if (given.evals != nullptr) wanted.evals = evals_from(given.evals);
  return wanted;
}

// The caller's objects for a result. Before anything else is done, throws INVALID_ARGUMENT or BUSY for one that cannot
// be filled.
class ResultPlaces {
 public:
  ResultPlaces(runhook_evaluation_result* result, runhook_results* last_values, runhook_results* final_values)
      : result_(checked(result)), last_(results_to_fill(last_values)), final_(results_to_fill(final_values)) {}

  void fill(const EvaluationResult& from) const {
    if (last_.get() != nullptr) last_->spare = from.last_values;
    if (final_.get() != nullptr) fill_results(*final_, from.final_values);
    if (last_.get() != nullptr) {
      last_->spare_metadata = {};
      last_->take_spare();
    }
    if (result_ == nullptr) return;
    runhook_evaluation_result filled = RUNHOOK_EVALUATION_RESULT_INIT;
    filled.struct_size = result_->struct_size;
    filled.step = from.step;
    filled.evaluations = from.evaluations;
    filled.complete = from.complete ? 1 : 0;
    filled.outcome = static_cast<int32_t>(from.outcome.kind);
    std::memcpy(result_, &filled, std::min(filled.struct_size, sizeof filled));
  }

 private:
  static runhook_evaluation_result* checked(runhook_evaluation_result* result) {
    if (result != nullptr) check_filled(result, kResultSizeV1_0);
    return result;
  }

  runhook_evaluation_result* const result_;
  const Pinned<runhook_results> last_;
  const Pinned<runhook_results> final_;
};

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_stop_after_n_evals_hook_create(const runhook_stop_after_n_evals_options* options,
                                                             runhook_error** error) {
  return made_hook(error, [&] { return plain_hook<StopAfterNEvalsHook>(evals_from(options)); });
}

runhook_status runhook_evaluate_once(const runhook_config* config, const runhook_evaluation_options* options,
                                     const runhook_snapshot* snapshot, runhook_evaluation_result* result,
                                     runhook_results* last_values, runhook_results* final_values,
                                     runhook_error** error) {
  return guarded(error, [&] {
    const EvaluationOptions wanted = options_from(config, options);
    const Pinned<runhook_snapshot> state(snapshot == nullptr ? nullptr : &require(snapshot));
    const ResultPlaces places(result, last_values, final_values);
    places.fill(state.get() == nullptr ? evaluate_once(wanted) : evaluate_once(wanted, state->snapshot));
  });
}

runhook_status runhook_evaluate_next(const runhook_config* config, const runhook_evaluation_options* options,
                                     runhook_checkpoint_watcher* watcher, runhook_evaluation_result* result,
                                     runhook_results* last_values, runhook_results* final_values,
                                     runhook_error** error) {
  return guarded(error, [&] {
    const EvaluationOptions wanted = options_from(config, options);
    const Pinned<runhook_checkpoint_watcher> box(&require_unpinned(watcher));
    const ResultPlaces places(result, last_values, final_values);
    if (!box->unevaluated) box->unevaluated = next_checkpoint(*box, wanted.config.stop);
    const EvaluationResult evaluated = evaluate_once(wanted, box->source, *box->unevaluated);
    if (!evaluated.complete) throw StatusError(StatusCode::stopped, "a stop has cut the evaluation short");
    box->unevaluated.reset();
    places.fill(evaluated);
  });
}

runhook_builtin_hook* runhook_in_memory_evaluator_hook_create(const runhook_in_memory_evaluator_options* options,
                                                              runhook_error** error) {
  OptionsWithTables given(options, kEvaluatorSizeV1_0, error);
  std::shared_ptr<CFunction> function;
  given.take(given->on_result, function, accept_function);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    InMemoryEvaluatorOptions wanted;
    wanted.evaluation = options_from(given->config, given->evaluation);
    wanted.every_n_runs = limit_or(given->every_n_runs, kDefaultRuns);
    if (function != nullptr) {
      wanted.on_result = [function](SessionRunContext& context, const EvaluationResult&) {
        call_for_hook(context, "on_result", *function);
      };
    }
    return plain_hook<InMemoryEvaluatorHook>(std::move(wanted));
  });
}

runhook_status runhook_in_memory_evaluator_result(const runhook_builtin_hook* hook, runhook_evaluation_result* result,
                                                  runhook_results* last_values, runhook_results* final_values,
                                                  runhook_error** error) {
  return guarded(error, [&] {
    const auto evaluator = require_hook<InMemoryEvaluatorHook>(hook, "an in-memory evaluator");
    const ResultPlaces places(result, last_values, final_values);
    if (!evaluator->last()) throw StatusError(StatusCode::not_found, "there was no evaluation yet");
    places.fill(*evaluator->last());
  });
}
