// The hooks that stop a run by a history of metrics.
#include "runhook/hooks/metric_stops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "runhook/summary_writer.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

MetricHistory history_of(const std::vector<std::pair<std::int64_t, double>>& values) {
  MetricHistory history;
  for (const auto& [step, value] : values) history[step]["m"] = value;
  return history;
}

MetricStopOptions by(std::vector<std::pair<std::int64_t, double>> values, std::int64_t min_steps = 0) {
  return {.metric = "m", .history = [values] { return history_of(values); }, .min_steps = min_steps};
}

// Why one run stops with this hook; empty if it does not.
std::string why(HookRegistration hook) {
  LoopRig rig;
  rig.config.add_hook(std::move(hook));
  const auto session = rig.start();
  session->run();
  session->close();
  return std::string(session->outcome().stop.text());
}

TEST(MetricStops, HigherOrLowerThanTheThresholdStops) {
  EXPECT_EQ(why(stop_if_higher(by({{1, 0.5}, {2, 0.7}}), 0.6)), "'m' is higher than 0.6");
  EXPECT_EQ(why(stop_if_higher(by({{1, 0.5}, {2, 0.6}}), 0.6)), "") << "equal is not higher";
  EXPECT_EQ(why(stop_if_lower(by({{1, 0.5}, {2, 0.7}}), 0.6)), "'m' is lower than 0.6");
  EXPECT_EQ(why(stop_if_lower(by({{1, 0.7}, {2, 0.6}}), 0.6)), "");
}

TEST(MetricStops, ThresholdThatWasPassedBetweenTwoLooksIsNotMissed) {
  EXPECT_NE(why(stop_if_higher(by({{1, 0.5}, {2, 0.7}, {3, 0.5}}), 0.6)), "");
}

TEST(MetricStops, StandingStillStops) {
  EXPECT_EQ(why(stop_if_no_increase(by({{1, 1}, {2, 2}, {3, 2}, {7, 1}}), 5)), "'m' has not increased for 5 steps");
  EXPECT_EQ(why(stop_if_no_increase(by({{1, 1}, {2, 2}, {3, 2}, {6, 1}}), 5)), "");
  EXPECT_EQ(why(stop_if_no_decrease(by({{1, 3}, {2, 2}, {7, 2}}), 5)), "'m' has not decreased for 5 steps");
}

TEST(MetricStops, ES_14_PlateauThatWasOvercomeIsForgiven) {
  EXPECT_EQ(why(stop_if_no_increase(by({{1000, 1}, {2000, 1}, {3000, 1}, {3500, 2}}), 1500)), "");
}

TEST(MetricStops, ES_15_StepsWithoutTheMetricAreSkipped) {
  MetricStopOptions options = {.metric = "m", .history = [] {
                                 return MetricHistory{{1, {{"m", 1}}}, {2, {{"other", 9}}}, {9, {{"other", 9}}}};
                               }};
  EXPECT_EQ(why(stop_if_higher(options, 5)), "");
  EXPECT_EQ(why(stop_if_no_increase(options, 5)), "") << "the last value is the first";
  options.metric = "missing";
  EXPECT_EQ(why(stop_if_no_decrease(options, 0)), "");
}

TEST(MetricStops, ES_16_MinStepsIsAboutTheStepsOfTheHistory) {
  EXPECT_EQ(why(stop_if_higher(by({{10, 9}, {20, 1}}, 11), 5)), "");
  EXPECT_NE(why(stop_if_higher(by({{10, 9}, {20, 1}}, 10), 5)), "") << "though the run is at step 1";
}

TEST(MetricStops, ES_18_NanIsNeverBest) {
  EXPECT_EQ(why(stop_if_no_decrease(by({{1, kNan}, {8, 3}, {9, 2}}), 5)), "");
  EXPECT_NE(why(stop_if_no_decrease(by({{1, 2}, {3, kNan}, {7, kNan}}), 5)), "");
  EXPECT_NE(why(stop_if_no_decrease(by({{1, kNan}, {7, kNan}}), 5)), "") << "it has never decreased";
  EXPECT_EQ(why(stop_if_higher(by({{1, kNan}}), 5)), "");
  EXPECT_EQ(why(stop_if_lower(by({{1, kNan}}), 5)), "");
}

TEST(MetricStops, NothingRecordedDoesNotStop) {
  const Folder folder;
  EXPECT_EQ(why(stop_if_no_increase({.metric = "m", .directory = folder.path()}, 0)), "");
  EXPECT_EQ(why(stop_if_no_increase({.metric = "m", .directory = folder.file("missing")}, 0)), "");
}

TEST(MetricStops, DirectoryIsReadAnewEachTimeItIsDue) {
  const Folder folder;
  LoopRig rig;
  SummaryWriter writer(folder.path());
  rig.config.add_hook(stop_if_lower({.metric = "m", .directory = folder.path(), .interval = {.steps = 2}}, 1));
  rig.step = [&](auto&) {
    if (rig.steps != 4) return;
    writer.add_scalar("m", 0.5, 4);
    writer.close();
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 100), 5);
  EXPECT_EQ(session->outcome().stop.who(), "metric stop");
}

TEST(MetricStops, DamagedFileIsAWarningOnce) {
  const Folder folder;
  std::ofstream(folder.file("events.out.tfevents.1")) << "this is not a file of records";
  LoopRig rig;
  rig.config.add_hook(stop_if_lower({.metric = "m", .directory = folder.path(), .interval = {.steps = 1}}, 1));
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 3), 3);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 1u);
  EXPECT_EQ(rig.logged("damaged"), 1);
}

TEST(MetricStops, LooksOnceAMinuteUnlessToldOtherwise) {
  for (const auto& [interval, expected] :
       std::vector<std::pair<StopInterval, int>>{{{}, 2}, {{.time = 30s}, 4}, {{.steps = 5}, 2}}) {
    LoopRig rig;
    const auto clock = std::make_shared<ManualClock>();
    rig.config.clock = clock;
    rig.step = [&](auto&) { clock->advance(std::chrono::nanoseconds(12s).count()); };
    int asked = 0;
    rig.config.add_hook(stop_on_predicate(
        [&](SessionRunContext&) {
          ++asked;
          return false;
        },
        interval));
    rig.start()->run_until_stop({}, 10);  // begin at 0, 12, ... 108 s
    EXPECT_EQ(asked, expected);
  }
}

TEST(MetricStops, BadOptionsAreRefused) {
  const MetricStopOptions good = by({});
  EXPECT_STATUS(stop_on_predicate({}), invalid_argument, "no predicate");
  EXPECT_STATUS(stop_on_predicate([](SessionRunContext&) { return false; }, {.time = 1s, .steps = 1}), invalid_argument,
                "not by both");
  EXPECT_STATUS(stop_on_predicate([](SessionRunContext&) { return false; }, {.steps = 0}), invalid_argument, "");
  MetricStopOptions bad = good;
  bad.metric = "";
  EXPECT_STATUS(stop_if_higher(bad, 1), invalid_argument, "no name");
  bad = good;
  bad.directory = "both";
  EXPECT_STATUS(stop_if_lower(bad, 1), invalid_argument, "directory and history");
  EXPECT_STATUS(stop_if_lower({.metric = "m"}, 1), invalid_argument, "directory and history");
  bad = good;
  bad.min_steps = -1;
  EXPECT_STATUS(stop_if_no_increase(bad, 1), invalid_argument, "min_steps");
  EXPECT_STATUS(stop_if_higher(good, kNan), invalid_argument, "NaN");
  EXPECT_STATUS(stop_if_no_decrease(good, -1), invalid_argument, "negative");
}

}  // namespace
}  // namespace runhook
