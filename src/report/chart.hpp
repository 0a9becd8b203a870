// The charts of the run report: drawings that stretch with the page, with their labels beside them as text.
#ifndef RUNHOOK_SRC_REPORT_CHART_HPP_
#define RUNHOOK_SRC_REPORT_CHART_HPP_

#include <cstddef>

#include "report/html.hpp"
#include "report/run_report.hpp"

namespace runhook::inline v1 {
namespace detail::report {

// A <figure> with the course of a metric and some of its values as a table. `number` makes its ids unique.
void add_line_chart(Html& html, const NamedSeries& series, std::size_t number);
// A <figure> with how long steps took.
void add_step_time_chart(Html& html, const Timings& timings);

}  // namespace detail::report
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_REPORT_CHART_HPP_
