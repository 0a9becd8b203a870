#include <algorithm>
#include <cmath>
#include <vector>

#include "report/chart.hpp"
#include "report/plot.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kTableRows = 30;

std::string at_step(const SeriesPoint& point) {
  return fmt::format("{} at step {}", number_text(point.value), grouped(point.step));
}

// Lines through the finite values, with a gap where a value is not finite or the run went back to an earlier step.
std::string lines(const std::vector<SeriesPoint>& points, const Axis& x, const Axis& y) {
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
      odd += fmt::format("M{:.1f} 0V{}", left, kPlotSize);
      continue;
    }
    here += fmt::format("{}{:.1f} {:.1f}", in_line++ == 0 ? "M" : "L", left, kPlotSize * (1 - y.position(point.value)));
  }
  finish();
  std::string svg;
  if (!odd.empty()) svg += fmt::format("<path class=\"odd\" d=\"{}\"/>\n", odd);
  if (!path.empty()) svg += fmt::format("<path class=\"line\" d=\"{}\"/>\n", path);
  if (!lone.empty()) svg += fmt::format("<path class=\"dot\" d=\"{}\"/>\n", lone);
  return svg;
}

std::string description(const Series& data, bool logarithmic, std::int64_t from, std::int64_t to) {
  std::string text =
      fmt::format("{} from step {} to step {}.", counted(data.count(), "value", "values"), grouped(from), grouped(to));
  if (data.last()) {
    text += fmt::format(" Starts with {}, ends with {}. Lowest {}, highest {}. {} scale.",
                        number_text(data.first()->value), number_text(data.last()->value), at_step(*data.lowest()),
                        at_step(*data.highest()), logarithmic ? "Logarithmic" : "Linear");
  }
  if (data.not_finite() > 0) {
    text += fmt::format(" {} not finite, the first: {}.", counted(data.not_finite(), "value is", "values are"),
                        at_step(*data.first_not_finite()));
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

void add_caption(Html& html, const NamedSeries& series, bool logarithmic) {
  const Series& data = series.data;
  html.add("<figcaption>\n<h3>{}</h3>\n", escaped(series.name));
  if (data.last()) {
    html.add("<p class=\"now\"><span>last </span>{}</p>\n", number_text(data.last()->value));
    const SeriesPoint low = *data.lowest();
    const SeriesPoint high = *data.highest();
    if (data.count() - data.not_finite() == 1) {
      html.add("<p>the only value, at step {}</p>\n", grouped(low.step));
    } else if (low.value < high.value) {
      html.add("<p>lowest {}, highest {} · {} scale</p>\n", at_step(low), at_step(high),
               logarithmic ? "logarithmic" : "linear");
    } else {
      html.raw("<p>always the same</p>\n");
    }
  }
  if (data.not_finite() > 0) {
    html.add("<p class=\"bad\">{} NaN or infinite, first at step {}</p>\n",
             counted(data.not_finite(), "value is", "values are"), grouped(data.first_not_finite()->step));
  }
  html.raw("</figcaption>\n");
}

void add_table(Html& html, const NamedSeries& series, const std::vector<SeriesPoint>& points) {
  const std::vector<SeriesPoint> rows = selected(points);
  const std::string name = escaped(series.name);
  html.add("<details>\n<summary>Table<span class=\"unseen\"> of {}</span></summary>\n<table>\n<caption>", name);
  if (rows.size() < series.data.count()) {
    html.add("{} of {} values", rows.size(), grouped(series.data.count()));
  } else {
    html.raw("All values");
  }
  html.raw("</caption>\n<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Value</th></tr></thead>\n<tbody>\n");
  for (const SeriesPoint& row : rows) {
    html.add("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", grouped(row.step), number_text(row.value));
  }
  html.raw("</tbody>\n</table>\n</details>\n");
}

}  // namespace

void add_line_chart(Html& html, const NamedSeries& series, std::size_t number) {
  const Series& data = series.data;
  const std::vector<SeriesPoint> points = data.points();
  if (points.empty()) return;
  const auto [first, last] =
      std::minmax_element(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  const Axis x = Axis::whole(static_cast<double>(first->step), static_cast<double>(last->step));
  const Axis y = data.last() ? Axis::values(data.lowest()->value, data.highest()->value) : Axis::whole(0, 0);
  html.raw("<figure class=\"card\">\n");
  add_caption(html, series, y.logarithmic());
  Plot plot;
  plot.id = fmt::format("chart-{}", number);
  plot.name = fmt::format("{} by step", escaped(series.name));
  plot.description = description(data, y.logarithmic(), first->step, last->step);
  plot.drawing = lines(points, x, y);
  plot.x = x.ticks();
  if (data.last()) plot.y = y.ticks();
  add_plot(html, plot);
  add_table(html, series, points);
  html.raw("</figure>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
