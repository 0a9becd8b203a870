#include <algorithm>

#include "report/chart.hpp"
#include "report/sections.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostCharts = 24;
constexpr std::size_t kMostRows = 2000;

std::string value_cell(const std::optional<SeriesPoint>& point) {
  return fmt::format("<td>{}</td>", point ? number_text(point->value) : "–");
}

void add_all(Html& html, const RunReport& report) {
  const std::size_t rows = std::min(report.series.size(), kMostRows);
  html.raw(
      "<details>\n<summary>Table of all metrics</summary>\n<div class=\"card scroll\" role=\"region\" tabindex=\"0\" "
      "aria-label=\"All metrics\">\n<table class=\"names\">\n");
  html.add("<caption>{}</caption>\n", rows < report.series.size()
                                          ? fmt::format("The first {} of {} metrics", rows, report.series.size())
                                          : counted(rows, "metric", "metrics"));
  html.raw(
      "<thead><tr><th scope=\"col\">Metric</th><th scope=\"col\">Last</th><th scope=\"col\">Lowest</th>"
      "<th scope=\"col\">Highest</th><th scope=\"col\">Values</th><th scope=\"col\">Not finite</th></tr></thead>\n"
      "<tbody>\n");
  for (std::size_t i = 0; i < rows; ++i) {
    const Series& data = report.series[i].data;
    html.add("<tr><th scope=\"row\">{}</th>{}{}{}<td>{}</td><td>{}</td></tr>\n", escaped(report.series[i].name),
             value_cell(data.last()), value_cell(data.lowest()), value_cell(data.highest()), grouped(data.count()),
             grouped(data.not_finite()));
  }
  html.raw("</tbody>\n</table>\n</div>\n</details>\n");
}

}  // namespace

void add_metrics(Html& html, const RunReport& report) {
  if (report.series.empty()) return;
  html.raw("<section aria-labelledby=\"metrics\">\n<h2 id=\"metrics\">Metrics</h2>\n");
  const auto seen = static_cast<std::size_t>(std::count_if(
      report.series.begin(), report.series.end(), [](const NamedSeries& series) { return series.data.count() > 0; }));
  if (seen == 0) html.raw("<p class=\"note\">No value was seen.</p>\n");
  if (seen > 0) {
    html.raw(
        "<p class=\"note\">By global step. Where a value is NaN or infinite there is a dotted line.</p>\n"
        "<div class=\"charts\">\n");
    std::size_t charts = 0;
    for (const NamedSeries& series : report.series) {
      if (series.data.count() > 0 && charts < kMostCharts) add_line_chart(html, series, ++charts);
    }
    html.raw("</div>\n");
  }
  if (seen > kMostCharts) {
    html.add("<p class=\"note\">{} of {} metrics are drawn; all are in the table.</p>\n", kMostCharts, grouped(seen));
  }
  add_all(html, report);
  html.raw("</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
