// Evaluations, of a session as it is made and of what a run has learnt.
#include <cstdint>

#include "monitored_session.hpp"
#include "scenario.hpp"

namespace runhook_test {
namespace {

// What an evaluation is made from, with room for what it gives.
class Evaluated {
 public:
  explicit Evaluated(Trial& trial)
      : config(new_config(trial, create_session<plain_step>)),
        results(trial.made(runhook_results_create(trial.error()))),
        args_(trial.made(runhook_run_args_create(trial.error()))) {
    evals_.num_evals = 2;
    options.args = args_;
    options.final_ops = args_;
    options.evals = &evals_;
    good_ = config != nullptr && results != nullptr && args_ != nullptr &&
            trial.ok(runhook_run_args_add_fetch(args_, "the/loss", "loss", trial.error())) &&
            add(trial, config, fetching_hook(trial));
  }
  ~Evaluated() {
    runhook_config_destroy(config);
    runhook_run_args_destroy(args_);
    runhook_results_destroy(results);
  }
  Evaluated(const Evaluated&) = delete;
  Evaluated& operator=(const Evaluated&) = delete;
  bool good() const { return good_; }

  runhook_config* const config;
  runhook_results* const results;
  runhook_evaluation_options options = RUNHOOK_EVALUATION_OPTIONS_INIT;

 private:
  runhook_run_args* const args_;
  runhook_stop_after_n_evals_options evals_ = RUNHOOK_STOP_AFTER_N_EVALS_OPTIONS_INIT;
  bool good_ = false;
};

void once(Trial& trial) {
  Evaluated evaluated(trial);
  if (!evaluated.good()) return;
  runhook_evaluation_result result = RUNHOOK_EVALUATION_RESULT_INIT;
  const runhook_status status = runhook_evaluate_once(evaluated.config, &evaluated.options, nullptr, &result,
                                                      evaluated.results, nullptr, trial.error());
  if (trial.ok(status) && result.evaluations != 2) trial.problem("%s%s", "not two evaluations", "");
}

void in_memory(Trial& trial) {
  Evaluated evaluated(trial);
  if (!evaluated.good()) return;
  const runhook_function on_result = function_of(trial, [](runhook_context*, void*, int32_t ok) { return ok; });
  runhook_in_memory_evaluator_options options = RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT;
  options.config = evaluated.config;
  options.evaluation = &evaluated.options;
  options.every_n_runs = 1;
  options.on_result = &on_result;
  runhook_builtin_hook* hook = trial.made(runhook_in_memory_evaluator_hook_create(&options, trial.error()));
  runhook_config* config = hook == nullptr ? nullptr : new_config(trial, create_session<plain_step>);
  if (config != nullptr && trial.ok(runhook_config_add_builtin_hook(config, hook, nullptr, trial.error()))) {
    run_once(trial, config);
    trial.ok(runhook_in_memory_evaluator_result(hook, nullptr, evaluated.results, nullptr, trial.error()),
             {RUNHOOK_ERR_NOT_FOUND});
  }
  runhook_config_destroy(config);
  runhook_builtin_hook_destroy(hook);
}

INSTANTIATE_TEST_SUITE_P(Evaluation, AllocationFailure,
                         testing::Values(Named{"Once", once}, Named{"InMemory", in_memory}), name_of);

}  // namespace
}  // namespace runhook_test
