// Which metrics share a chart, and which charts belong together.
#ifndef RUNHOOK_SRC_REPORT_METRIC_CHARTS_HPP_
#define RUNHOOK_SRC_REPORT_METRIC_CHARTS_HPP_

#include <string>
#include <vector>

#include "report/run_report.hpp"

namespace runhook::inline v1 {
namespace detail::report {

struct MetricChart {
  static constexpr std::size_t kMostLines = 4;
  std::string name;
  std::vector<const NamedSeries*> lines;
  std::string group = {};  // what is before the first '/' of its name; empty if there is none
};

// Of the metrics that have values, group by group, those without one first; otherwise in the order in which they are
// given. Metrics whose names differ only in the part of the data that they are of share a chart: see ReportHook.
std::vector<MetricChart> metric_charts(const std::vector<NamedSeries>& series);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_METRIC_CHARTS_HPP_
