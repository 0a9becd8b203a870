#include "runhook/metric_history.h"

#include <string>
#include <utility>
#include <vector>

#include "boundary/exception_guard.hpp"
#include "boundary/handle_box.hpp"
#include "boundary/log_table.hpp"
#include "boundary/text.hpp"
#include "runhook/metric_history.hpp"
#include "src/output/sink.hpp"

namespace runhook::capi {

struct MetricHistoryBox final : Boxed {
  struct One {
    std::int64_t step;
    std::string name;
    double value;
  };
  explicit MetricHistoryBox(const MetricHistory& history) {
    for (const auto& [step, of_step] : history) {
      for (const auto& [name, value] : of_step) values.push_back({step, name, value});
    }
  }
  std::vector<One> values;
};
RUNHOOK_CAPI_BOX(runhook_metric_history, MetricHistoryBox, metric_history);

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_metric_history* runhook_metric_history_read(const char* directory, const runhook_log* log,
                                                    runhook_error** error) {
  LogSink sink = v1::detail::log_to_stderr;
  if (log != nullptr && accept_log(log, sink, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error, [&] {
    const auto warn = [&](const Error& damage) { sink(LogLevel::warning, damage.to_string()); };
    return create<runhook_metric_history>(read_eval_metrics(std::string(required_text(directory, "directory")), warn));
  });
}

void runhook_metric_history_destroy(runhook_metric_history* history) { capi::destroy(history); }

size_t runhook_metric_history_count(const runhook_metric_history* history) {
  const MetricHistoryBox* const box = find(history);
  return box == nullptr ? 0 : box->values.size();
}

const char* runhook_metric_history_value(const runhook_metric_history* history, size_t index, int64_t* step,
                                         double* value) {
  const MetricHistoryBox* const box = find(history);
  if (box == nullptr || index >= box->values.size()) return nullptr;
  const MetricHistoryBox::One& one = box->values[index];
  if (step != nullptr) *step = one.step;
  if (value != nullptr) *value = one.value;
  return one.name.c_str();
}
