// Values, and what is asked of a run and given by it.
#include <cstdint>
#include <utility>

#include "scenario.hpp"

namespace runhook_test {
namespace {

void values(Trial& trial) {
  const int64_t shape[] = {2, 3};
  const double elements[] = {1, 2, 3, 4, 5, 6};
  runhook_value* tensor = trial.made(runhook_value_create_tensor(RUNHOOK_FLOAT64, shape, 2, elements, trial.error()));
  runhook_value* number = trial.made(runhook_value_create_double(4, trial.error()));
  runhook_value* integer = trial.made(runhook_value_create_int64(4, trial.error()));
  runhook_value* text =
      trial.made(runhook_value_create_string("a text that is too long to be kept in the string itself", trial.error()));
  runhook_value* bytes = trial.made(runhook_value_create_bytes(elements, sizeof elements, trial.error()));
  runhook_value* clone = nullptr;
  if (tensor != nullptr) {
    clone = trial.made(runhook_value_clone(tensor, trial.error()));
    DLManagedTensor* lent_out = trial.made(runhook_value_to_dlpack(tensor, trial.error()));
    if (lent_out != nullptr) runhook_value_destroy(trial.made(runhook_value_from_dlpack(lent_out, trial.error())));
    runhook_value_retain(tensor, nullptr);
    runhook_value_destroy(tensor);
  }
  static double lent[2];
  const int64_t extent = 2;
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.data = lent;
  buffer.shape = &extent;
  buffer.rank = 1;
  buffer.dtype = RUNHOOK_FLOAT64;
  trial.own(buffer);
  runhook_value* adopted = trial.made(runhook_value_adopt(&buffer, trial.error()));
  if (number != nullptr) {
    double read = 0;
    trial.ok(runhook_value_get_double(number, &read, trial.error()));
  }
  for (runhook_value* value : {tensor, number, integer, text, bytes, clone, adopted}) runhook_value_destroy(value);
}

void run_args(Trial& trial) {
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (args != nullptr && value != nullptr) {
    trial.ok(
        runhook_run_args_add_fetch(args, "group/first", "a name that is long enough to be allocated", trial.error()));
    trial.ok(runhook_run_args_add_fetch(args, "group/second", "y", trial.error()));
    trial.ok(runhook_run_args_add_feed(args, "x", value, trial.error()));
    trial.ok(runhook_run_args_add_feed(args, "another name that is long enough", value, trial.error()));
    runhook_run_args_fetch_key_at(args, 0);
    runhook_run_args_feed_value_at(args, 0);
    if (runhook_run_options* options = runhook_run_args_options(args)) {
      trial.ok(runhook_run_options_add_watch(options, "a watch that is long enough to be allocated", trial.error()));
      trial.ok(
          runhook_run_options_set_engine_option(options, "key", "a value that is long enough for it", trial.error()));
      trial.ok(runhook_run_options_add_hook_name(options, "the name of a hook, long enough", trial.error()));
    }
    trial.ok(runhook_run_args_clear(args, trial.error()));
  }
  if (results != nullptr) {
    runhook_results_metadata(results);
    double number = 0;
    runhook_status status = runhook_results_get_double(results, "nothing", &number, trial.error());
    if (status == RUNHOOK_ERR_NOT_FOUND) {
      runhook_error_destroy(std::exchange(*trial.error(), nullptr));
    } else {
      trial.ok(status);
    }
  }
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
}

constexpr Named kScenarios[] = {{"values", values}, {"run_args", run_args}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios), name_of);

}  // namespace
}  // namespace runhook_test
