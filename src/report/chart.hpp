// The charts of the run report: drawings that stretch with the page, with their labels beside them as text.
#ifndef RUNHOOK_SRC_REPORT_CHART_HPP_
#define RUNHOOK_SRC_REPORT_CHART_HPP_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "report/axis.hpp"
#include "report/html.hpp"
#include "report/metric_charts.hpp"
#include "report/run_report.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// A <figure> with the course of metrics and some of their values as tables. `number` makes its ids unique; `heading` is
// the level of its heading.
void add_line_chart(Html& html, const MetricChart& chart, std::size_t number, int heading);
// A <figure> with how fast the run was, and what happened meanwhile.
void add_speed_chart(Html& html, const RunReport& report);
// A <figure> with how long steps took.
void add_step_time_chart(Html& html, const Timings& timings);

// Lines through the finite values, with a gap where a value is not finite or the run went back to an earlier step; and
// where values are not finite. `style_class` is empty or begins with a space. A value is that of one moment or, if they
// are `stepped`, of all the time since the one before it.
std::string lines_through(const std::vector<SeriesPoint>& points, const Axis& x, const Axis& y,
                          std::string_view style_class, bool stepped = false);
// Some of the points as a table, the first column made by `label`.
void add_points(Html& html, const Series& series, std::string_view caption, std::string_view column,
                std::string (*label)(std::int64_t));

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_CHART_HPP_
