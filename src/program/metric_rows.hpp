// metric_rows.hpp: the rows that a MetricsHook has written, but for those that a run has gone back behind.
#ifndef RUNHOOK_SRC_PROGRAM_METRIC_ROWS_HPP_
#define RUNHOOK_SRC_PROGRAM_METRIC_ROWS_HPP_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "program/json.hpp"

namespace runhook::program {

struct MetricRow {
  std::int64_t step = 0;
  Json members;
};

struct MetricRows {
  std::vector<std::string> files;  // the older half first
  std::vector<MetricRow> rows;
  std::vector<std::string> names;  // of values, in the order in which they come up
  std::uint64_t obsolete = 0;      // rows that are left out
  std::uint64_t damaged = 0;       // lines that are no rows
};

// Of a directory of runs, or of one file of JSON Lines. Throws NOT_FOUND if there is none.
MetricRows read_metric_rows(const std::string& path);

// Whether a member of a row is a value, and not one of those that each row has.
bool is_metric(std::string_view key) noexcept;

}  // namespace runhook::program

#endif  // RUNHOOK_SRC_PROGRAM_METRIC_ROWS_HPP_
