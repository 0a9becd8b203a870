// runhook/metric_history.hpp: reads what was written as summaries, e.g. by an evaluation.
#ifndef RUNHOOK_METRIC_HISTORY_HPP_
#define RUNHOOK_METRIC_HISTORY_HPP_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

// Values by step and tag.
using MetricHistory = std::map<std::int64_t, std::map<std::string, double>>;

// Reads all scalars from the event files in a directory, i.e. files with "tfevents" in their names, in the order of the
// names. Of two values with the same step and tag the later one is kept, and of a run that has gone back, e.g. since
// its process was killed, nothing of what it has undone, as TensorBoard does it. Numbers are floats, as the format has
// them. The result is empty if there is no directory or no file. A file that is being written is read as far as it
// goes. If a file is damaged or cannot be read, `on_warning`, if given, is called with an error that has its path, and
// whose code is DATA_LOSS or the reason; values before the damage are kept, the rest of the file is skipped. Since 1.0.
MetricHistory read_eval_metrics(const std::string& directory, const std::function<void(const Error&)>& on_warning = {});

}  // namespace runhook::inline v1

#endif  // RUNHOOK_METRIC_HISTORY_HPP_
