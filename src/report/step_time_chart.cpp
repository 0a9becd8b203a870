#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "report/chart.hpp"
#include "report/plot.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostBars = 48;
constexpr double kGap = 0.12;       // between bars, of a bar's width
constexpr double kLeastHeight = 8;  // of a bar that is not empty

struct Percentile {
  std::string_view name;
  std::string_view words;
  std::int64_t ns;
};

std::array<Percentile, 3> percentiles(const StepTiming& times) {
  return {{{"p50", "half of the steps", times.p50_ns},
           {"p90", "90 % of the steps", times.p90_ns},
           {"p99", "99 % of the steps", times.p99_ns}}};
}

// The buckets without the empty ones at both ends, neighbours merged until there are few enough.
std::vector<TimingBucket> bars(const std::vector<TimingBucket>& buckets) {
  const auto used = [](const TimingBucket& bucket) { return bucket.steps > 0; };
  const auto first = std::find_if(buckets.begin(), buckets.end(), used);
  const auto last = std::find_if(buckets.rbegin(), buckets.rend(), used).base();
  if (first >= last) return {};
  const std::vector<TimingBucket> kept(first, last);
  const std::size_t together = (kept.size() + kMostBars - 1) / kMostBars;
  std::vector<TimingBucket> bars;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i % together == 0) {
      bars.push_back(kept[i]);
    } else {
      bars.back().steps += kept[i].steps;
      bars.back().to_ns = kept[i].to_ns;
    }
  }
  return bars;
}

// The position of a time along the axis of the bars, 0 to 1.
double position(const std::vector<TimingBucket>& bars, std::int64_t ns) {
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (ns >= bars[i].to_ns) continue;
    const double width = static_cast<double>(bars[i].to_ns - bars[i].from_ns);
    const double inside = static_cast<double>(std::max<std::int64_t>(ns - bars[i].from_ns, 0));
    return (static_cast<double>(i) + (width > 0 ? inside / width : 0)) / static_cast<double>(bars.size());
  }
  return 1;
}

std::vector<AxisTick> edges(const std::vector<TimingBucket>& bars) {
  const std::size_t intervals = std::min<std::size_t>(bars.size(), 3);
  std::vector<AxisTick> ticks;
  for (std::size_t i = 0; i <= intervals; ++i) {
    const std::size_t edge = i * bars.size() / intervals;
    const std::int64_t ns = edge < bars.size() ? bars[edge].from_ns : bars.back().to_ns;
    ticks.push_back({static_cast<double>(edge) / static_cast<double>(bars.size()), duration_text(ns)});
  }
  return ticks;
}

std::string drawing(const std::vector<TimingBucket>& bars, const StepTiming& times, const Axis& y) {
  const double width = kPlotSize / static_cast<double>(bars.size());
  std::string svg = "<path class=\"bars\" d=\"";
  for (std::size_t i = 0; i < bars.size(); ++i) {
    if (bars[i].steps == 0) continue;
    const double height = std::max(kLeastHeight, kPlotSize * y.position(static_cast<double>(bars[i].steps)));
    svg += fmt::format("M{:.1f} {}v{:.1f}h{:.1f}V{}z", width * (static_cast<double>(i) + kGap / 2), kPlotSize, -height,
                       width * (1 - kGap), kPlotSize);
  }
  svg += "\"/>\n";
  for (const Percentile& percentile : percentiles(times)) {
    const double left = kPlotSize * position(bars, percentile.ns);
    svg += fmt::format("<path class=\"halo\" d=\"M{0:.1f} 0V{1}\"/><path class=\"{2}\" d=\"M{0:.1f} 0V{1}\"/>\n", left,
                       kPlotSize, percentile.name);
  }
  return svg;
}

void add_table(Html& html, const std::vector<TimingBucket>& bars) {
  html.raw(
      "<details>\n<summary>Table<span class=\"unseen\"> of step times</span></summary>\n<table>\n"
      "<caption>Steps by time</caption>\n");
  html.begin_rows({"From", "To", "Steps"});
  for (const TimingBucket& bar : bars) {
    html.add("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n", duration_text(bar.from_ns),
             duration_text(bar.to_ns), grouped(bar.steps));
  }
  html.end_rows();
  html.raw("</details>\n");
}

}  // namespace

void add_step_time_chart(Html& html, const Timings& timings) {
  const StepTiming& times = timings.step;
  const std::vector<TimingBucket> shown = bars(times.buckets);
  html.raw("<figure class=\"card wide edges\">\n<figcaption>\n<dl class=\"keys\">\n");
  for (const Percentile& percentile : percentiles(times)) {
    html.add("<div class=\"{0}\"><dt>{0}<span class=\"unseen\">, {1} took at most</span></dt><dd>{2}</dd></div>\n",
             percentile.name, percentile.words, duration_text(percentile.ns));
  }
  html.add("<div><dt>mean</dt><dd>{}</dd></div>\n<div><dt>longest</dt><dd>{}</dd></div>\n</dl>\n</figcaption>\n",
           duration_text(times.mean_ns), duration_text(times.max_ns));
  if (!shown.empty()) {
    std::int64_t most = 0;
    for (const TimingBucket& bar : shown) most = std::max(most, bar.steps);
    const Axis y = Axis::whole(0, static_cast<double>(most));
    Plot plot;
    plot.id = "step-times";
    plot.name = "Distribution of step times";
    plot.description =
        fmt::format("{} between {} and {}. Half of them took at most {}, 90 % at most {}, 99 % at most {}.",
                    counted(static_cast<std::uint64_t>(timings.runs), "step", "steps"),
                    duration_text(shown.front().from_ns), duration_text(shown.back().to_ns),
                    duration_text(times.p50_ns), duration_text(times.p90_ns), duration_text(times.p99_ns));
    plot.drawing = drawing(shown, times, y);
    const std::vector<AxisTick> x = edges(shown);
    plot.x = x;
    plot.y = y.ticks();
    add_plot(html, plot);
    add_table(html, shown);
  }
  html.raw("</figure>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
