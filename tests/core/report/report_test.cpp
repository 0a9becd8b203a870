// The page that a run leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "report/run_report.hpp"

namespace runhook::detail::report {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

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
  report.warnings = {{Error(StatusCode::unavailable, "disk full"), 1, -1}};
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("20 in all; the first 1 of them"));
  EXPECT_THAT(page, HasSubstr("disk full"));
}

TEST(ReportPage, EqualWarningsAreOneWithTheirNumberAndTheLastStep) {
  RunReport report;
  report.outcome.warnings = 1200;
  report.warnings = {{Error(StatusCode::unavailable, "disk full"), 1200, 9000}};
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "disk full"), 1);
  EXPECT_THAT(page, HasSubstr("<b>1,200 times, last at step 9,000</b>"));
  EXPECT_THAT(page, Not(HasSubstr("in all")));
}

TEST(ReportPage, WarningsOfARunThatHasFailedComeFirst) {
  RunReport report;
  report.outcome.warnings = 1;
  report.warnings = {{Error(StatusCode::unavailable, "disk full"), 1, -1}};
  report.outcome.kind = OutcomeKind::completed;
  std::string page = render_html(report);
  EXPECT_GT(page.find("id=\"warnings\""), page.find("id=\"figures\""));
  report.outcome.kind = OutcomeKind::failed;
  page = render_html(report);
  EXPECT_LT(page.find("id=\"warnings\""), page.find("id=\"figures\""));
  EXPECT_EQ(count(page, "disk full"), 1);
}

TEST(ReportPage, LastAndBestValuesAreAboveTheCharts) {
  RunReport report;
  report.series = {series("loss", {3, 1, 2})};
  const std::string page = render_html(report);
  EXPECT_LT(page.find("id=\"values\""), page.find("<figure"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">loss</th><td>2 <span class=\"where\">at 3</span></td>"
                              "<td>1 <span class=\"where\">at 2</span></td>"
                              "<td>3 <span class=\"where\">at 1</span></td><td>3</td>"));
}

TEST(ReportPage, AValueThatIsNotFiniteIsTheLastOne) {
  const std::string page = page_of({1, kNan});
  EXPECT_THAT(page, HasSubstr("<td class=\"bad\">NaN <span class=\"where\">at 2</span></td>"));
  EXPECT_THAT(page, HasSubstr("<p class=\"now bad\"><span>last </span>NaN</p>"));
}

TEST(ReportPage, CommandAndProcessCanBeReadAndPasted) {
  RunReport report;
  report.process = {{"./train", "it's"}, "node-17", 31337, "/srv"};
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("<code>./train &#39;it&#39;\\&#39;&#39;s&#39;</code>"));
  EXPECT_THAT(page, HasSubstr("<dd>node-17, process 31337</dd>"));
  EXPECT_THAT(page, HasSubstr("<code>/srv</code>"));
}

TEST(ReportPage, FilesBesideItAreLinks) {
  RunReport report;
  report.files = {{"a&b c.csv", "metrics"}};
  EXPECT_THAT(render_html(report), HasSubstr("<a href=\"a%26b%20c.csv\">a&amp;b c.csv</a>"));
}

TEST(ReportPage, TrainingAndValidationAreLinesOfOneChart) {
  RunReport report;
  report.series = {series("train/loss", {3, 2, 1}), series("validation/loss", {5, 4, kNan})};
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "<figure"), 1);
  EXPECT_THAT(page, HasSubstr("<h3>loss</h3>"));
  EXPECT_THAT(page, HasSubstr("<path class=\"line\" d="));
  EXPECT_THAT(page, HasSubstr("<path class=\"line l2\" d="));
  EXPECT_THAT(page, HasSubstr("<p class=\"key l2\">validation/loss</p>"));
  EXPECT_THAT(page, HasSubstr("<caption>train/loss: all values</caption>"));
  EXPECT_THAT(page, HasSubstr("<caption>validation/loss: all values</caption>"));
}

TEST(ReportPage, MetricsOfAGroupHaveItsHeading) {
  RunReport report;
  report.series = {series("gradient/a", {1, 2}), series("loss", {1, 2}), series("gradient/b", {1, 2})};
  const std::string page = render_html(report);
  EXPECT_LT(page.find("<h3>loss</h3>"), page.find("<h3>gradient</h3>"));
  EXPECT_LT(page.find("<h3>gradient</h3>"), page.find("<h4>gradient/a</h4>"));
  EXPECT_EQ(count(page, "<h3>gradient</h3>"), 1);
}

RunMark mark(MarkKind kind, std::int64_t begin_ns, std::int64_t end_ns, std::string text) {
  RunMark made;
  made.kind = kind;
  made.begin_ns = begin_ns;
  made.end_ns = end_ns;
  made.step = 42;
  made.text = std::move(text);
  return made;
}

RunReport fast_run() {
  RunReport report;
  report.start_ns = 1000;
  report.duration_ns = 10'000'000'000;
  report.speed.add(5'000'000'000, 50);
  report.speed.add(10'000'000'000, 100);
  return report;
}

TEST(ReportPage, SpeedIsDrawnByTimeWithWhatHappenedMeanwhile) {
  RunReport report = fast_run();
  report.marks = {mark(MarkKind::evaluation, 1000, 2'000'001'000, "validation")};
  report.mark_counts[0] = 1;
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("id=\"speed\">Steps per second"));
  EXPECT_THAT(page, HasSubstr("<path class=\"mark m0\" d=\"M0.0 0V1000H200.0V0z\"/>"));
  EXPECT_THAT(page, HasSubstr("<path class=\"line\" d=\"M500.0 523.8V47.6L1000.0 47.6\"/>"));
  EXPECT_THAT(page, HasSubstr("<span class=\"last\" style=\"left:100.0%\">10 s</span>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">0 ns</th><td><b class=\"m0\">evaluation</b>: validation</td>"
                              "<td>42</td><td>2 s</td>"));
}

TEST(ReportPage, ManyMarksOfAKindAreShort) {
  RunReport report = fast_run();
  report.marks = {mark(MarkKind::evaluation, 1000, 2000, ""), mark(MarkKind::recovery, 1000, 2000, "")};
  report.mark_counts = {1000, 1, 0, 0};
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("<path class=\"mark m0\" d=\"M0.0 0V62.5H"));
  EXPECT_THAT(page, HasSubstr("<path class=\"mark m1\" d=\"M0.0 0V1000H"));
}

TEST(ReportPage, StackOfAStallCanBeOpened) {
  RunReport report = fast_run();
  report.marks = {mark(MarkKind::stall, 1000, RunMark::kGoesOn, "hung")};
  report.marks[0].details = {"#0 f<int>", "addr2line"};
  report.mark_counts[2] = 1;
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("<pre>#0 f&lt;int&gt;\naddr2line\n</pre>"));
  EXPECT_THAT(page, HasSubstr("<td>up to 10 s</td>")) << "it is over now";
}

TEST(ReportPage, WithoutASpeedWhatHappenedIsToldAllTheSame) {
  RunReport report;
  report.marks = {mark(MarkKind::recovery, 0, 1, "lost")};
  report.mark_counts[1] = 1000;
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("<b class=\"m1\">recovery</b>: lost"));
  EXPECT_THAT(page, HasSubstr("of 1,000 recoveries the last 200"));
  EXPECT_THAT(page, Not(HasSubstr("<figure")));
  EXPECT_THAT(render_html({}), Not(HasSubstr("id=\"speed\"")));
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
  EXPECT_THAT(page, HasSubstr("SIGTERM"));
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
  EXPECT_THAT(page, HasSubstr("no finite value: 2 values are all NaN or infinite, the last NaN at step 2"));
  EXPECT_THAT(page, Not(HasSubstr("linear scale")));
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
  EXPECT_EQ(count(page, "<figure"), 48);
  EXPECT_THAT(page, HasSubstr("48 of 300 charts are drawn"));
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

TEST(ReportPage, NoShareIsAboveTheWhole) {
  RunReport report;
  report.duration_ns = 100;
  report.timings.session_run.total_ns = 50;
  report.timings.callbacks = {callback("dear", "after_run", 450)};  // by an estimate
  const std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("<td>90.0 %</td>"));
  EXPECT_THAT(page, HasSubstr("steps 10.0 %"));
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
  report.warnings = {{report.outcome.error, 2, 1}};
  report.outcome.error.add_suppressed(Error(StatusCode::internal, evil));
  report.process = {{evil}, evil, 1, evil};
  report.files = {{evil, "words"}};
  report.speed = fast_run().speed;
  report.marks = {mark(MarkKind::stall, 0, 1, evil)};
  report.marks[0].details = {evil};
  report.series.push_back(series("val/" + evil, {1, 2}));
  report.outcome.stop.origin = StopOrigin::hook;
  report.outcome.stop.set_who(evil);
  report.outcome.stop.set_text(evil);
  report.later_stops = {report.outcome.stop};
  report.series.push_back(series(evil, {1, 2}));
  report.timings.callbacks = {callback(evil, evil, 1)};
  report.facts = {{evil, evil}};
  const std::string page = render_html(report);
  EXPECT_EQ(count(page, "</title>"), 3);  // the page's own and the charts'
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
