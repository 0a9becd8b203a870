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

// Reads all scalars from the event files in a directory: those whose names hold "tfevents", in the order of their
// names; of two values with one step and tag the later counts. Empty if there is no directory or no file. A file that
// is being written is read as far as it goes. One that is damaged, or cannot be read, is told to `on_warning`, if there
// is one, as DATA_LOSS or the reason, with its path; what stood before the damage is kept, the rest of it is skipped.
// Since 1.0.
MetricHistory read_eval_metrics(const std::string& directory, const std::function<void(const Error&)>& on_warning = {});

}  // namespace runhook::inline v1

#endif  // RUNHOOK_METRIC_HISTORY_HPP_
