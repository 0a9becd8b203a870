#include <algorithm>
#include <cmath>

#include "report/chart.hpp"
#include "report/sections.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostCharts = 48;
constexpr std::size_t kMostRows = 2000;

void add_cell(Html& html, const std::optional<SeriesPoint>& point) {
  if (!point) return html.raw("<td>–</td>");
  html.add("<td{}>{} <span class=\"where\">at {}</span></td>", std::isfinite(point->value) ? "" : " class=\"bad\"",
           number_text(point->value), grouped(point->step));
}

}  // namespace

void add_values(Html& html, const RunReport& report) {
  if (report.series.empty()) return;
  const std::size_t rows = std::min(report.series.size(), kMostRows);
  html.begin_section("values", "Last and best values");
  html.begin_scroll("Table of values", "card tall");
  html.add("<table class=\"names\">\n<caption>{}; each value with its step</caption>\n",
           rows < report.series.size() ? fmt::format("The first {} of {} metrics", rows, report.series.size())
                                       : counted(rows, "metric", "metrics"));
  html.begin_rows({"Metric", "Last", "Lowest", "Highest", "Values"});
  for (std::size_t i = 0; i < rows; ++i) {
    const Series& data = report.series[i].data;
    html.add("<tr><th scope=\"row\">{}</th>", escaped(report.series[i].name));
    add_cell(html, data.newest());
    add_cell(html, data.lowest());
    add_cell(html, data.highest());
    html.add("<td>{}</td></tr>\n", grouped(data.count()));
  }
  html.end_rows();
  html.raw("</div>\n</section>\n");
}

void add_metrics(Html& html, const RunReport& report) {
  if (report.series.empty()) return;
  const std::vector<MetricChart> charts = metric_charts(report.series);
  html.begin_section("metrics", "Metrics");
  html.raw(charts.empty()
               ? "<p class=\"note\">No value was seen.</p>\n"
               : "<p class=\"note\">By global step. Where a value is NaN or infinite there is a dotted line.</p>\n");
  const std::size_t drawn = std::min(charts.size(), kMostCharts);
  for (std::size_t i = 0; i < drawn; ++i) {
    const MetricChart& chart = charts[i];
    if (i == 0 || chart.group != charts[i - 1].group) {
      if (i > 0) html.raw("</div>\n");
      if (!chart.group.empty()) html.add("<h3>{}</h3>\n", escaped(chart.group));
      html.raw("<div class=\"charts\">\n");
    }
    add_line_chart(html, chart, i + 1, chart.group.empty() ? 3 : 4);
  }
  if (drawn > 0) html.raw("</div>\n");
  if (drawn < charts.size()) {
    html.add("<p class=\"note\">{} of {} charts are drawn; all metrics are in the table above.</p>\n", drawn,
             charts.size());
  }
  html.raw("</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
