// Section 4.23: stopping by what an evaluation has written.
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "runhook/hooks/metric_stops.hpp"
#include "runhook/summary_writer.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;

// The directory of an evaluation.
class EarlyStopping : public testing::Test {
 protected:
  struct Record {
    std::int64_t step;
    double loss;
    double accuracy;
  };
  void write(const std::vector<Record>& records) {
    SummaryWriter writer(folder.path());
    for (const Record& record : records) {
      writer.add_scalar("loss", record.loss, record.step);
      writer.add_scalar("accuracy", record.accuracy, record.step);
    }
    ASSERT_TRUE(writer.close());
  }
  void write_records() { write({{1000, 0.8, 0.5}, {2000, 0.7, 0.6}, {3000, 0.4, 0.7}, {3500, 0.41, 0.68}}); }
  MetricStopOptions by(const char* metric, std::int64_t min_steps = 0) const {
    return {.metric = metric, .directory = folder.path(), .min_steps = min_steps};
  }
  // Whether one run that does nothing stops.
  static bool stops(std::vector<HookRegistration> hooks) {
    LoopRig rig;
    for (HookRegistration& hook : hooks) rig.config.add_hook(std::move(hook));
    const auto session = rig.start();
    session->run();
    return session->should_stop();
  }
  Folder folder;
};

TEST_F(EarlyStopping, ES_01_RecordsAreReadByStep) {
  write({{1000, 1, 2}, {2000, 3, 4}, {3000, 5, 6}});
  EXPECT_EQ(read_eval_metrics(folder.path()), (MetricHistory{{1000, {{"loss", 1}, {"accuracy", 2}}},
                                                             {2000, {{"loss", 3}, {"accuracy", 4}}},
                                                             {3000, {{"loss", 5}, {"accuracy", 6}}}}));
}

TEST_F(EarlyStopping, ES_04_HigherThanAThreshold) {
  write_records();
  EXPECT_FALSE(stops({stop_if_higher(by("accuracy"), 0.8)}));
  EXPECT_FALSE(stops({stop_if_higher(by("accuracy", 4000), 0.6)}));
  EXPECT_TRUE(stops({stop_if_higher(by("accuracy"), 0.6)}));
}

TEST_F(EarlyStopping, ES_07_NoDecrease) {
  write_records();
  EXPECT_FALSE(stops({stop_if_no_decrease(by("loss"), 1500)}));
  EXPECT_FALSE(stops({stop_if_no_decrease(by("loss", 4000), 500)}));
  EXPECT_TRUE(stops({stop_if_no_decrease(by("loss"), 500)}));
}

TEST_F(EarlyStopping, ES_08_SeveralHooks) {
  write_records();
  EXPECT_FALSE(stops({stop_if_no_decrease(by("loss"), 1500), stop_if_lower(by("loss"), 0.3)}));
  EXPECT_TRUE(stops({stop_if_no_decrease(by("loss"), 1500), stop_if_lower(by("loss"), 0.5)}));
  EXPECT_TRUE(stops({stop_if_no_decrease(by("loss"), 500), stop_if_lower(by("loss"), 0.3)}));
}

TEST_F(EarlyStopping, ES_09_FirstRunAlwaysLooks) {
  EXPECT_FALSE(stops({stop_on_predicate([](SessionRunContext&) { return false; })}));
  EXPECT_TRUE(stops({stop_on_predicate([](SessionRunContext&) { return true; })}));
}

TEST_F(EarlyStopping, ES_10_NothingToReadTheHistoryFromIsRefused) {
  EXPECT_STATUS(stop_if_higher({.metric = "loss"}, 1), invalid_argument, "directory and history");
  EXPECT_STATUS(stop_on_predicate({}), invalid_argument, "no predicate");
}

TEST_F(EarlyStopping, ES_11_BothIntervalsAreRefused) {
  EXPECT_STATUS(stop_on_predicate([](SessionRunContext&) { return true; }, {.time = 60s, .steps = 100}),
                invalid_argument, "not by both");
}

}  // namespace
}  // namespace conformance
