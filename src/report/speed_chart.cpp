#include <algorithm>
#include <array>
#include <cmath>

#include "base/monotonic.hpp"
#include "report/chart.hpp"
#include "report/plot.hpp"
#include "report/sections.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

struct MarkWords {
  std::string_view one, many;
};
constexpr std::array<MarkWords, kMarkKinds> kMarkWords{
    {{"evaluation", "evaluations"}, {"recovery", "recoveries"}, {"stall", "stalls"}, {"save", "saves"}}};

std::size_t number_of(MarkKind kind) { return static_cast<std::size_t>(kind); }

// The time that a mark takes, from the start of the run on. What goes on has ended by the time of writing: it is written
// by the thread that does all else.
struct Times {
  Times(const RunMark& mark, const RunReport& report)
      : begin_ns(saturating_distance(report.start_ns, mark.begin_ns)),
        end_ns(mark.end_ns == RunMark::kGoesOn ? report.duration_ns
                                               : saturating_distance(report.start_ns, mark.end_ns)) {}
  std::int64_t begin_ns, end_ns;
};

// Where there are so many of a kind that they would hide the line, they are short.
constexpr std::uint64_t kFewMarks = 40;
constexpr double kShortMark = kPlotSize / 16;

std::string drawing(const RunReport& report, const Axis& x) {
  std::array<std::string, kMarkKinds> paths;
  const auto left = [&x](std::int64_t ns) { return kPlotSize * x.position(static_cast<double>(ns)); };
  for (const RunMark& mark : report.marks) {
    const Times times(mark, report);
    const std::size_t kind = number_of(mark.kind);
    append_format(paths[kind], "M{:.1f} 0V{}H{:.1f}V0z", left(times.begin_ns),
                  report.mark_counts[kind] > kFewMarks ? kShortMark : kPlotSize, left(times.end_ns));
  }
  std::string svg;
  for (std::size_t kind = 0; kind < kMarkKinds; ++kind) {
    if (!paths[kind].empty()) append_format(svg, "<path class=\"mark m{}\" d=\"{}\"/>\n", kind, paths[kind]);
  }
  return svg;
}

std::string marks_in_words(const RunReport& report) {
  std::string text;
  for (std::size_t kind = 0; kind < kMarkKinds; ++kind) {
    const std::uint64_t count = report.mark_counts[kind];
    if (count > 0) append_format(text, " {}.", counted(count, kMarkWords[kind].one, kMarkWords[kind].many));
  }
  return text;
}

void add_keys(Html& html, const RunReport& report) {
  html.raw("<figcaption>\n<dl class=\"keys\">\n");
  const auto key = [&html](std::string_view style_class, std::string_view name, const std::string& value) {
    html.add("<div{}><dt>{}</dt><dd>{}</dd></div>\n", style_class, name, value);
  };
  key("", "fastest", rate_text(report.speed.highest()->value));
  key("", "slowest", rate_text(report.speed.lowest()->value));
  key("", "last", rate_text(report.speed.last()->value));
  for (std::size_t kind = 0; kind < kMarkKinds; ++kind) {
    const std::uint64_t count = report.mark_counts[kind];
    if (count > 0) key(fmt::format(" class=\"m{}\"", kind), kMarkWords[kind].many, grouped(count));
  }
  html.raw("</dl>\n</figcaption>\n");
}

void add_marks(Html& html, const RunReport& report) {
  html.begin_scroll("Table of what happened between the steps", "card tall");
  html.raw("<table class=\"marks\">\n<caption>What happened between the steps");
  for (std::size_t kind = 0; kind < kMarkKinds; ++kind) {
    const std::uint64_t count = report.mark_counts[kind];
    if (count > RunMarks::kMostOfAKind) {
      html.add("; of {} the last {}", counted(count, kMarkWords[kind].one, kMarkWords[kind].many),
               RunMarks::kMostOfAKind);
    }
  }
  html.raw("</caption>\n");
  html.begin_rows({"After", "What", "Step", "Took"});
  for (const RunMark& mark : report.marks) {
    const Times times(mark, report);
    html.add("<tr><th scope=\"row\">{}</th><td><b class=\"m{}\">{}</b>", duration_text(times.begin_ns),
             number_of(mark.kind), kMarkWords[number_of(mark.kind)].one);
    if (!mark.text.empty()) html.add(": {}", escaped(mark.text));
    if (!mark.details.empty()) {
      html.raw("<details>\n<summary>Stack</summary>\n<pre>");
      for (const std::string& line : mark.details) html.add("{}\n", escaped(line));
      html.raw("</pre>\n</details>\n");
    }
    html.add("</td><td>{}</td><td>{}{}</td></tr>\n", grouped(mark.step),
             mark.end_ns == RunMark::kGoesOn ? "up to " : "",
             duration_text(saturating_distance(times.begin_ns, times.end_ns)));
  }
  html.end_rows();
  html.raw("</div>\n");
}

}  // namespace

void add_speed_chart(Html& html, const RunReport& report) {
  const Series& speed = report.speed;
  const Axis x = Axis::time(static_cast<double>(report.duration_ns));
  const Axis y = Axis::from_zero(speed.highest()->value);
  html.raw("<figure class=\"card wide speed\">\n");
  add_keys(html, report);
  Plot plot;
  plot.id = "speed-chart";
  plot.name = "Steps per second by time";
  plot.description =
      fmt::format("Between {} and {}, at last {} in a second.{}", rate_text(speed.lowest()->value),
                  rate_text(speed.highest()->value), rate_text(speed.last()->value), marks_in_words(report));
  plot.drawing = drawing(report, x) + lines_through(speed.points(), x, y, "", true);
  plot.x = x.ticks();
  plot.y = y.ticks();
  add_plot(html, plot);
  html.raw("<details>\n<summary>Table<span class=\"unseen\"> of steps per second</span></summary>\n");
  add_points(html, speed, "Steps per second", "After", &duration_text);
  html.raw("</details>\n</figure>\n");
}

void add_speed(Html& html, const RunReport& report) {
  const bool drawn = report.speed.count() > 1 && report.speed.last();
  if (!drawn && report.marks.empty()) return;
  html.begin_section("speed", drawn ? "Steps per second" : "Between the steps");
  if (drawn) add_speed_chart(html, report);
  if (!report.marks.empty()) add_marks(html, report);
  html.raw("</section>\n");
}

}  // namespace detail::report
}  // namespace runhook::inline v1
