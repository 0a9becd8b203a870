#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "report/chart.hpp"
#include "report/plot.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kTableRows = 30;
// Of the lines of a chart, in their order.
constexpr std::array<std::string_view, MetricChart::kMostLines> kLineClasses{"", " l2", " l3", " l4"};

std::string at_step(const SeriesPoint& point) {
  return fmt::format("{} at step {}", number_text(point.value), grouped(point.step));
}

// What the values of a metric come to, as text.
std::string summary(const Series& data) {
  if (!data.last()) {
    return fmt::format("no finite value: {} NaN or infinite, the last {}",
                       counted(data.count(), "value is", "values are all"), at_step(*data.newest()));
  }
  const SeriesPoint low = *data.lowest();
  const SeriesPoint high = *data.highest();
  if (data.count() - data.not_finite() == 1) return fmt::format("the only value, at step {}", grouped(low.step));
  if (!(low.value < high.value)) return "always the same";
  return fmt::format("lowest {}, highest {}", at_step(low), at_step(high));
}

std::string not_finite(const Series& data) {
  if (data.not_finite() == 0 || !data.last()) return {};
  return fmt::format("{} NaN or infinite, first at step {}", counted(data.not_finite(), "value is", "values are"),
                     grouped(data.first_not_finite()->step));
}

std::string description(const MetricChart& chart, std::string_view scale) {
  std::string text(scale);
  for (const NamedSeries* line : chart.lines) {
    const Series& data = line->data;
    append_format(text, "{}{}: {}", text.empty() ? "" : ". ", escaped(line->name),
                  counted(data.count(), "value", "values"));
    if (data.last()) {
      append_format(text, ", starts with {}, ends with {}", at_step(*data.first()), at_step(*data.last()));
    }
    append_format(text, "; {}", summary(data));
    if (const std::string odd = not_finite(data); !odd.empty()) append_format(text, "; {}", odd);
  }
  return text;
}

// All points or, if there are too many, an even selection with the first and the last one.
std::vector<SeriesPoint> selected(const std::vector<SeriesPoint>& points) {
  if (points.size() <= kTableRows) return points;
  std::vector<SeriesPoint> rows;
  const std::size_t last = points.size() - 1;
  std::size_t next = 0;  // row
  for (std::size_t i = 0; i <= last; ++i) {
    if (i < next * last / (kTableRows - 1)) continue;
    rows.push_back(points[i]);
    ++next;
  }
  return rows;
}

void add_caption(Html& html, const MetricChart& chart, std::string_view scale, int heading) {
  const bool alone = chart.lines.size() == 1;
  html.add("<figcaption{2}>\n<h{0}>{1}</h{0}>\n", heading, escaped(chart.name), alone ? "" : " class=\"several\"");
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const Series& data = chart.lines[i]->data;
    if (!alone) html.add("<p class=\"key{}\">{}</p>\n", kLineClasses[i], escaped(chart.lines[i]->name));
    const bool good = std::isfinite(data.newest()->value);
    html.add("<p class=\"now{}\"><span>last </span>{}</p>\n<p{}>{}{}{}</p>\n", good ? "" : " bad",
             number_text(data.newest()->value), data.last() ? "" : " class=\"bad\"", summary(data),
             alone && !scale.empty() ? " · " : "", alone ? scale : "");
    if (const std::string odd = not_finite(data); !odd.empty()) html.add("<p class=\"bad\">{}</p>\n", odd);
  }
  if (!alone) html.add("<p>{}</p>\n", scale);
  html.raw("</figcaption>\n");
}

}  // namespace

std::string lines_through(const std::vector<SeriesPoint>& points, const Axis& x, const Axis& y,
                          std::string_view style_class, bool stepped) {
  std::string path;
  std::string lone;  // points between two gaps, which no line would show
  std::string odd;
  std::size_t in_line = 0;
  std::string here;
  const SeriesPoint* before = nullptr;
  const auto finish = [&] {
    if (in_line == 1) lone += here + "h0";
    if (in_line > 1) path += here;
    here.clear();
    in_line = 0;
  };
  for (const SeriesPoint& point : points) {
    const double left = kPlotSize * x.position(static_cast<double>(point.step));
    if (before != nullptr && point.step < before->step) finish();
    before = &point;
    if (!std::isfinite(point.value)) {
      finish();
      append_format(odd, "M{:.1f} 0V{}", left, kPlotSize);
      continue;
    }
    const double top = kPlotSize * (1 - y.position(point.value));
    if (stepped && in_line > 0) append_format(here, "V{:.1f}", top);
    append_format(here, "{}{:.1f} {:.1f}", in_line++ == 0 ? "M" : "L", left, top);
  }
  finish();
  std::string svg;
  if (!odd.empty()) append_format(svg, "<path class=\"odd\" d=\"{}\"/>\n", odd);
  if (!path.empty()) append_format(svg, "<path class=\"line{}\" d=\"{}\"/>\n", style_class, path);
  if (!lone.empty()) append_format(svg, "<path class=\"dot{}\" d=\"{}\"/>\n", style_class, lone);
  return svg;
}

void add_points(Html& html, const Series& series, std::string_view caption, std::string_view column,
                std::string (*label)(std::int64_t)) {
  const std::vector<SeriesPoint> rows = selected(series.points());
  html.add("<table>\n<caption>{}: ", caption);
  if (rows.size() < series.count()) {
    html.add("{} of {} values", rows.size(), grouped(series.count()));
  } else {
    html.raw("all values");
  }
  html.raw("</caption>\n");
  html.begin_rows({column, "Value"});
  for (const SeriesPoint& row : rows) {
    html.add("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", label(row.step), number_text(row.value));
  }
  html.end_rows();
}

void add_line_chart(Html& html, const MetricChart& chart, std::size_t number, int heading) {
  double from = INFINITY;
  double to = -INFINITY;
  double low = INFINITY;
  double high = -INFINITY;
  for (const NamedSeries* line : chart.lines) {
    for (const SeriesPoint& point : line->data.points()) {
      from = std::min(from, static_cast<double>(point.step));
      to = std::max(to, static_cast<double>(point.step));
      if (!std::isfinite(point.value)) continue;
      low = std::min(low, point.value);
      high = std::max(high, point.value);
    }
  }
  const Axis x = Axis::whole(from, to);
  const bool finite = low <= high;
  const Axis y = finite ? Axis::values(low, high) : Axis::whole(0, 0);
  html.raw("<figure class=\"card\">\n");
  const std::string_view scale = !finite ? "" : y.logarithmic() ? "logarithmic scale" : "linear scale";
  add_caption(html, chart, scale, heading);
  Plot plot;
  plot.id = fmt::format("chart-{}", number);
  plot.name = fmt::format("{} by step", escaped(chart.name));
  plot.description = description(chart, scale);
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    plot.drawing += lines_through(chart.lines[i]->data.points(), x, y, kLineClasses[i]);
  }
  plot.x = x.ticks();
  if (finite) plot.y = y.ticks();
  add_plot(html, plot);
  html.add("<details>\n<summary>Table<span class=\"unseen\"> of {}</span></summary>\n", escaped(chart.name));
  for (const NamedSeries* line : chart.lines) add_points(html, line->data, escaped(line->name), "Step", &grouped);
  html.raw("</details>\n</figure>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
