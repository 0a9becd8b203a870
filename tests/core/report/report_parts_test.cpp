// What the run report is made of: series, texts, axes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "report/axis.hpp"
#include "report/html.hpp"
#include "report/series.hpp"

namespace runhook::detail::report {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargest = std::numeric_limits<double>::max();

TEST(ReportSeries, FewValuesAreAllKept) {
  Series few;
  std::int64_t step = 0;
  for (const double value : {1.0, 3.0, 2.0, kNan, 5.0}) few.add(++step, value);
  const std::vector<SeriesPoint> points = few.points();
  ASSERT_EQ(points.size(), 5U);
  EXPECT_EQ(points[1].step, 2);
  EXPECT_EQ(points[1].value, 3);
  EXPECT_TRUE(std::isnan(points[3].value));
}

TEST(ReportSeries, TheNewestValueNeedNotBeFinite) {
  Series series;
  series.add(1, 2.0);
  series.add(2, kInfinity);
  EXPECT_EQ(series.last()->step, 1);
  EXPECT_EQ(series.newest()->step, 2);
}

TEST(ReportSeries, WithoutValuesThereIsNothing) {
  const Series none;
  EXPECT_TRUE(none.points().empty());
  EXPECT_FALSE(none.first() || none.last() || none.newest() || none.lowest() || none.highest() ||
               none.first_not_finite());
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
  EXPECT_EQ(percent(0.00001), "under 0.1 %");
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

TEST(ReportAxis, TimeHasTheUnitThatSuitsIt) {
  const auto labels = [](double ns) {
    std::vector<std::string> texts;
    const Axis axis = Axis::time(ns);
    for (const AxisTick& tick : axis.ticks()) texts.push_back(tick.label);
    return texts;
  };
  EXPECT_THAT(labels(800e6), testing::ElementsAre("0 ms", "200 ms", "400 ms", "600 ms", "800 ms"));
  EXPECT_THAT(labels(90e9), testing::ElementsAre("0 s", "20 s", "40 s", "60 s", "80 s"));
  EXPECT_THAT(labels(5 * 3600e9), testing::ElementsAre("0 h", "1 h", "2 h", "3 h", "4 h", "5 h"));
  EXPECT_THAT(labels(7 * 86400e9), testing::ElementsAre("0 d", "2 d", "4 d", "6 d"));
  for (const double ns : {0.0, 1.0, 9e18}) {
    EXPECT_FALSE(Axis::time(ns).ticks().empty()) << ns;
    EXPECT_EQ(Axis::time(ns).position(ns), ns > 0 ? 1 : 0);
  }
}

TEST(ReportAxis, FromZeroItHasRoomAboveTheHighest) {
  const Axis axis = Axis::from_zero(100);
  EXPECT_EQ(axis.position(0), 0);
  EXPECT_NEAR(axis.position(100), 1 / 1.05, 1e-9);
  EXPECT_EQ(Axis::from_zero(0).position(0), 0);
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

}  // namespace
}  // namespace runhook::detail::report
