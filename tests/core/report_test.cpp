// The page that a run leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "report/axis.hpp"
#include "report/html.hpp"
#include "report/run_report.hpp"
#include "report/series.hpp"

namespace runhook::detail::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();

int count(std::string_view text, std::string_view what) {
  int found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

NamedSeries series(std::string name, const std::vector<double>& values) {
  NamedSeries made{std::move(name), {}};
  std::int64_t step = 0;
  for (const double value : values) made.data.add(++step, value);
  return made;
}

// The page of a report with one metric.
std::string page_of(const std::vector<double>& values) {
  RunReport report;
  report.series.push_back(series("loss", values));
  return render_html(report);
}

TEST(ReportSeries, FewValuesAreAllKept) {
  const std::vector<SeriesPoint> points = series("x", {1, 3, 2, kNan, 5}).data.points();
  ASSERT_EQ(points.size(), 5U);
  EXPECT_EQ(points[1].step, 2);
  EXPECT_EQ(points[1].value, 3);
  EXPECT_TRUE(std::isnan(points[3].value));
}

TEST(ReportSeries, WithoutValuesThereIsNothing) {
  const Series none;
  EXPECT_TRUE(none.points().empty());
  EXPECT_FALSE(none.first() || none.last() || none.lowest() || none.highest() || none.first_not_finite());
}

TEST(ReportSeries, OfManyValuesPeaksAndGapsAndEndsAreKept) {
  Series many;
  constexpr int kValues = 100'003;
  for (int i = 0; i < kValues; ++i) {
    many.add(i, i == 31'234 ? 99.0 : i == 77'777 ? -99.0 : i == 50'001 ? kInfinity : std::sin(i));
  }
  const std::vector<SeriesPoint> points = many.points();
  EXPECT_LE(points.size(), Series::kMaxFinitePoints + 1);
  EXPECT_GE(points.size(), Series::kMaxBuckets / 2);
  EXPECT_EQ(points.front().step, 0);
  EXPECT_EQ(points.back().step, kValues - 1);
  EXPECT_TRUE(std::is_sorted(points.begin(), points.end(), [](auto& a, auto& b) { return a.step < b.step; }));
  const auto has = [&points](std::int64_t step) {
    return std::any_of(points.begin(), points.end(), [step](const auto& point) { return point.step == step; });
  };
  EXPECT_TRUE(has(31'234) && has(77'777) && has(50'001));
  EXPECT_EQ(many.highest()->step, 31'234);
  EXPECT_EQ(many.lowest()->step, 77'777);
  EXPECT_EQ(many.first_not_finite()->step, 50'001);
  EXPECT_EQ(many.count(), static_cast<std::uint64_t>(kValues));
  EXPECT_EQ(many.not_finite(), 1U);
}

TEST(ReportText, MarkupIsEscaped) {
  EXPECT_EQ(escaped("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(ReportText, WhatIsNotTextIsReplaced) {
  EXPECT_EQ(escaped("a\xff"
                    "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(escaped("\xc3"), "\xEF\xBF\xBD");
  EXPECT_EQ(escaped(std::string_view("a\0b\x1b[31m\x7f", 9)),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD[31m\xEF\xBF\xBD");
  EXPECT_EQ(escaped("line\n\tline"), "line\n\tline");
  EXPECT_EQ(escaped("Gr\xC3\xB6\xC3\x9F"
                    "e"),
            "Gr\xC3\xB6\xC3\x9F"
            "e");
}

TEST(ReportText, LongTextIsCutBetweenCharacters) {
  const std::string text = std::string(kMaxReportText - 1, 'a') + "\xC3\xB6" + std::string(100, 'b');
  EXPECT_EQ(escaped(text), std::string(kMaxReportText - 1, 'a') + "… (101 more bytes)");
}

TEST(ReportText, NumbersAreReadable) {
  EXPECT_EQ(grouped(std::int64_t{999}), "999");
  EXPECT_EQ(grouped(std::int64_t{-1234567}), "-1,234,567");
  EXPECT_EQ(grouped(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(number_text(0.00123456789), "0.0012346");
  EXPECT_EQ(number_text(1e-7), "1e-7");
  EXPECT_EQ(number_text(12345.6), "12,346");
  EXPECT_EQ(number_text(-1.5e300), "-1.5e300");
  EXPECT_EQ(number_text(-kInfinity), "-infinity");
  EXPECT_EQ(short_count(12500), "12.5k");
  EXPECT_EQ(short_count(3e9), "3G");
  EXPECT_EQ(percent(0.123), "12.3 %");
  EXPECT_EQ(percent(0.00001), "< 0.1 %");
}

TEST(ReportText, DurationsHaveTheirUnits) {
  EXPECT_EQ(duration_text(-5), "0 ns");
  EXPECT_EQ(duration_text(812), "812 ns");
  EXPECT_EQ(duration_text(999'600), "1 ms");
  EXPECT_EQ(duration_text(1'500'000), "1.5 ms");
  EXPECT_EQ(duration_text(59'960'000'000), "1 min 0 s");
  EXPECT_EQ(duration_text(3'599'700'000'000), "1 h 0 min");
  EXPECT_EQ(duration_text(90'000'000'000'000), "1 d 1 h");
}

TEST(ReportText, TimesAreInUtc) {
  const std::chrono::system_clock::time_point time(std::chrono::seconds(1'769'903'999));
  EXPECT_EQ(iso_time(time), "2026-01-31T23:59:59Z");
  EXPECT_EQ(readable_time(time), "31 January 2026, 23:59:59 UTC");
}

TEST(ReportAxis, MoreThanThreeDecadesAreLogarithmic) {
  EXPECT_FALSE(Axis::values(0.01, 9).logarithmic());
  EXPECT_TRUE(Axis::values(0.01, 11).logarithmic());
  EXPECT_FALSE(Axis::values(0, 1e9).logarithmic());
  EXPECT_FALSE(Axis::values(-1, 1e9).logarithmic());
}

TEST(ReportAxis, EveryRangeHasPlaceForItsEnds) {
  const std::vector<std::pair<double, double>> ranges = {
      {0, 0},           {3, 3},      {-kLargest, kLargest}, {kLargest, kLargest},
      {5e-324, 5e-324}, {0, 5e-324}, {5e-324, kLargest},    {1e17, 1e17 + 16},
      {-2, 7}};
  for (const auto& [low, high] : ranges) {
    const Axis axis = Axis::values(low, high);
    const double from = axis.position(low);
    const double to = axis.position(high);
    EXPECT_TRUE(0 <= from && from <= to && to <= 1) << low << " to " << high << ": " << from << ", " << to;
    EXPECT_LE(axis.ticks().size(), 12U) << low << " to " << high;
    for (const AxisTick& tick : axis.ticks()) EXPECT_TRUE(0 <= tick.at && tick.at <= 1) << tick.label;
  }
}

TEST(ReportAxis, TicksAreRoundNumbers) {
  const auto labels = [](const Axis& axis) {
    std::vector<std::string> texts;
    for (const AxisTick& tick : axis.ticks()) texts.push_back(tick.label);
    return texts;
  };
  EXPECT_THAT(labels(Axis::whole(0, 12'000)), testing::ElementsAre("0", "2k", "4k", "6k", "8k", "10k", "12k"));
  EXPECT_THAT(labels(Axis::values(0.001, 20)), testing::ElementsAre("0.001", "0.01", "0.1", "1", "10"));
}

TEST(ReportPage, OfNothingIsAWholePage) {
  const std::string page = render_html({});
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"));
  EXPECT_THAT(page, testing::EndsWith("</html>\n"));
  EXPECT_THAT(page, HasSubstr("<h1>Run report</h1>"));
  EXPECT_THAT(page, Not(HasSubstr("<figure")));
}

TEST(ReportPage, LoadsNothingAndRunsNothing) {
  const std::string page = page_of({1, 2});
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
  for (const char* what : {"http:", "https:", "<script", "<link", "<img", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(what)));
  }
}

TEST(ReportPage, SaysHowItEnded) {
  RunReport report;
  report.outcome.step = 1200;
  const auto page = [&report](OutcomeKind kind) {
    report.outcome.kind = kind;
    return render_html(report);
  };
  EXPECT_THAT(page(OutcomeKind::completed), HasSubstr("<strong>Completed</strong> at step 1,200"));
  EXPECT_THAT(page(OutcomeKind::end_of_input), HasSubstr("<strong>End of input</strong> at step 1,200"));
  EXPECT_THAT(page(OutcomeKind::running), HasSubstr("<strong>Running</strong> at step 1,200 when this page"));
  report.outcome.stop.origin = StopOrigin::hook;
  report.outcome.stop.set_who("accuracy");
  report.outcome.stop.set_text("reached 0.83");
  EXPECT_THAT(page(OutcomeKind::stopped), HasSubstr("<strong>Stopped</strong> by <bdi>hook &#39;accuracy&#39;</bdi> "
                                                    "at step 1,200: <bdi>reached 0.83</bdi>"));
  report.outcome.error = Error(StatusCode::data_loss, "'loss' is NaN");
  report.outcome.error.locate("NaN guard", "after_run", 1199);
  EXPECT_THAT(page(OutcomeKind::failed), HasSubstr("<strong>Failed</strong> in hook <bdi>'NaN guard'</bdi> at "
                                                   "step 1,199: <bdi>&#39;loss&#39; is NaN</bdi>"));
}

TEST(ReportPage, ErrorsThatFollowedAreBelowTheFirst) {
  RunReport report;
  report.outcome.kind = OutcomeKind::failed;
  report.outcome.error = Error(StatusCode::aborted, "first");
  Error second(StatusCode::internal, "second");
  second.add_suppressed(Error(StatusCode::unavailable, "third"));
  report.outcome.error.add_suppressed(second);
  const std::string page = render_html(report);
  const std::size_t first = page.find("<span class=\"message\">first");
  const std::size_t inner = page.find("<ul class=\"errors\">", first);
  const std::size_t then = page.find("<span class=\"message\">second");
  const std::size_t last = page.find("<span class=\"message\">third");
  EXPECT_TRUE(first < inner && inner < then && then < last && last != std::string::npos);
  EXPECT_THAT(page, HasSubstr("UNAVAILABLE"));
}

TEST(ReportPage, ErrorsWithoutEndAreCutOff) {
  Error chain(StatusCode::internal, "deepest");
  for (int i = 0; i < 100; ++i) {
    Error above(StatusCode::internal, "above");
    above.add_suppressed(chain);
    chain = above;
  }
  RunReport report;
  report.outcome.kind = OutcomeKind::failed;
  report.outcome.error = chain;
  EXPECT_THAT(render_html(report), Not(HasSubstr("deepest")));
}

TEST(ReportPage, WarningsSayHowManyThereWere) {
  RunReport report;
  EXPECT_THAT(render_html(report), HasSubstr("<p>None.</p>"));
  report.outcome.warnings = 20;
  report.warnings = {Error(StatusCode::unavailable, "disk full")};
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("20 in all; the first 1 of them"));
  EXPECT_THAT(page, HasSubstr("disk full"));
}

TEST(ReportPage, LaterRequestsToStopAreTold) {
  RunReport report;
  StopReason late;
  late.origin = StopOrigin::signal;
  late.code = 15;
  late.step = 7;
  report.later_stops = {late};
  report.later_stops_dropped = 3;
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("signal 15"));
  EXPECT_THAT(page, HasSubstr("and 3 more"));
}

TEST(ReportPage, AnUnusualLossSaysItsScale) {
  EXPECT_THAT(page_of({100, 1, 0.01}), HasSubstr("logarithmic scale"));
  EXPECT_THAT(page_of({100, 1, 0.5}), HasSubstr("linear scale"));
}

TEST(ReportPage, OneValueIsADot) {
  const std::string page = page_of({5});
  EXPECT_THAT(page, HasSubstr("<path class=\"dot\""));
  EXPECT_THAT(page, Not(HasSubstr("<path class=\"line\"")));
}

TEST(ReportPage, WhereAValueIsNotFiniteTheLineHasAGap) {
  const std::string page = page_of({1, 2, kNan, 3, 4, kInfinity});
  EXPECT_THAT(page, HasSubstr("2 values are NaN or infinite, first at step 3"));
  EXPECT_THAT(page, HasSubstr("<path class=\"odd\""));
  const std::size_t line = page.find("<path class=\"line\" d=\"");
  ASSERT_NE(line, std::string::npos);
  EXPECT_EQ(count(page.substr(line, page.find("/>", line) - line), "M"), 2);
}

TEST(ReportPage, OnlyNanHasAChartToo) {
  const std::string page = page_of({kNan, kNan});
  EXPECT_THAT(page, HasSubstr("<path class=\"odd\""));
  EXPECT_THAT(page, Not(HasSubstr("last </span>")));
}

TEST(ReportPage, ARunThatWentBackStartsANewLine) {
  RunReport report;
  NamedSeries metric{"loss", {}};
  for (const std::int64_t step : {1, 2, 3, 2, 3, 4}) metric.data.add(step, 1.0 / static_cast<double>(step));
  report.series.push_back(metric);
  const std::string page = render_html(report);
  const std::size_t line = page.find("<path class=\"line\" d=\"");
  EXPECT_EQ(count(page.substr(line, page.find("/>", line) - line), "M"), 2);
}

TEST(ReportPage, AMetricWithoutValuesHasNoChart) {
  const std::string page = page_of({});
  EXPECT_THAT(page, HasSubstr("No value was seen."));
  EXPECT_THAT(page, Not(HasSubstr("<figure")));
}

TEST(ReportPage, DrawsABoundedNumberOfPoints) {
  std::vector<double> values;
  for (int i = 0; i < 50'000; ++i) values.push_back(std::cos(i));
  const std::string page = page_of(values);
  const std::size_t line = page.find("<path class=\"line\" d=\"");
  const int points = count(page.substr(line, page.find("/>", line) - line), "L");
  EXPECT_GE(points, 200);
  EXPECT_LE(points, 500);
  EXPECT_THAT(page, HasSubstr("30 of 50,000 values"));
}

TEST(ReportPage, OfHundredsOfMetricsSomeAreDrawnAndAllListed) {
  RunReport report;
  for (int i = 0; i < 300; ++i) report.series.push_back(series("metric " + std::to_string(i), {1, 2}));
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "<figure"), 24);
  EXPECT_THAT(page, HasSubstr("24 of 300 metrics are drawn"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">metric 299</th>"));
}

CallbackTiming callback(std::string hook, std::string name, std::int64_t total_ns) {
  CallbackTiming timing;
  timing.hook = std::move(hook);
  timing.callback = std::move(name);
  timing.total_ns = total_ns;
  return timing;
}

TEST(ReportPage, HooksAreSortedByTheirTime) {
  RunReport report;
  report.duration_ns = 1000;
  report.timings.callbacks = {callback("cheap", "after_run", 100), callback("dear", "before_run", 150),
                              callback("dear", "after_run", 100)};
  const std::string page = render_html(report);
  EXPECT_LT(page.find("<th scope=\"row\">dear"), page.find("<th scope=\"row\">cheap"));
  EXPECT_THAT(page, HasSubstr("<td>25.0 %</td>"));
  EXPECT_THAT(page, HasSubstr("everything else 65.0 %"));
}

TEST(ReportPage, StepTimesAreDrawnWithTheirPercentiles) {
  RunReport report;
  report.timings.runs = 100;
  StepTiming& times = report.timings.step;
  times.samples = 50;
  times.p50_ns = 15;
  times.p90_ns = 25;
  times.p99_ns = 1'000'000;  // beyond the last bar
  times.buckets = {{0, 10, 0}, {10, 20, 60}, {20, 30, 39}, {30, 40, 0}, {40, 50, 1}, {50, 60, 0}};
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "<tr><th scope=\"row\">"), 4);
  EXPECT_THAT(page, HasSubstr("<td>20 ns</td><td>60</td>"));
  for (const char* percentile : {"p50", "p90", "p99"}) {
    EXPECT_THAT(page, HasSubstr(std::string("<path class=\"") + percentile + "\" d=\"M"));
  }
  EXPECT_THAT(page, HasSubstr("Measured in 50 of 100 steps"));
}

TEST(ReportPage, ManyBucketsBecomeFewBarsThatHoldTheSame) {
  RunReport report;
  report.timings.runs = report.timings.step.samples = 1000;
  for (int i = 0; i < 500; ++i) report.timings.step.buckets.push_back({i, i + 1, 2});
  const std::string page = render_html(report);
  EXPECT_LE(count(page, "<tr><th scope=\"row\">"), 48);
  EXPECT_THAT(page, HasSubstr("<td>11 ns</td><td>22</td>"));
}

TEST(ReportPage, TextOfTheRunCannotBecomeMarkup) {
  const std::string evil = "</title></style><script>\"'><b onx=1>&\xff";
  RunReport report;
  report.title = report.library_version = evil;
  report.outcome.kind = OutcomeKind::failed;
  report.outcome.error = Error(StatusCode::internal, evil);
  report.outcome.error.locate(evil, evil, 1);
  report.outcome.error.add_suppressed(report.warnings.emplace_back(StatusCode::internal, evil));
  report.outcome.stop.origin = StopOrigin::hook;
  report.outcome.stop.set_who(evil);
  report.outcome.stop.set_text(evil);
  report.later_stops = {report.outcome.stop};
  report.series.push_back(series(evil, {1, 2}));
  report.timings.callbacks = {callback(evil, evil, 1)};
  report.facts = {{evil, evil}};
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "</title>"), 2);  // the page's own and the chart's
  EXPECT_EQ(count(page, "</style>"), 1);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<b onx")));
  EXPECT_THAT(page, Not(HasSubstr("\xff")));
  EXPECT_GE(count(page, "&lt;/title&gt;&lt;/style&gt;&lt;script&gt;&quot;&#39;&gt;&lt;b onx=1&gt;&amp;"), 15);
}

TEST(ReportPage, TheSameReportGivesTheSamePage) {
  RunReport report;
  report.series.push_back(series("loss", {3, 2, 1}));
  EXPECT_EQ(render_html(report), render_html(report));
}

}  // namespace
}  // namespace runhook::detail::report
