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
};

struct MetricGroup {
  std::string name;  // what is before the '/' of its charts' names; empty for those without one
  std::vector<MetricChart> charts;
};

// The metrics that have values, in the order in which they are given, those without a group first. Metrics whose names
// differ only in the part of the data that they are of share a chart: see ReportHook.
std::vector<MetricGroup> metric_groups(const std::vector<NamedSeries>& series);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_METRIC_CHARTS_HPP_
