#include "answer.hpp"

namespace conformance {

Values values_of(runhook_results* results) {
  Values values;
  for (std::size_t i = 0; i < runhook_results_count(results); ++i) {
    const char* key = runhook_results_key_at(results, i);
    runhook_value* value = runhook_results_value_at(results, i);
    std::optional<double> read;
    double got = 0;
    if (value != nullptr && runhook_value_get_double(value, &got, nullptr) == RUNHOOK_OK) read = got;
    values[key == nullptr ? "" : key] = read;
  }
  return values;
}

double Answer::at(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? -999 : found->second.value_or(-998);
}

Answer read_answer(const std::function<Reply(runhook_results*)>& run_it) {
  OwnResults results;
  make(results, runhook_results_create);
  Answer answer;
  answer.reply = run_it(results.get());
  answer.values = values_of(results.get());
  answer.skipped = runhook_results_skipped(results.get()) != 0;
  answer.discarded = runhook_results_discarded(results.get()) != 0;
  answer.timed_nodes = runhook_metadata_node_count(runhook_results_metadata(results.get()));
  return answer;
}

}  // namespace conformance
