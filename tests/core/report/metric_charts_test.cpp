// Which metrics share a chart.
#include "report/metric_charts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace runhook::detail::report {
namespace {

using testing::ElementsAre;

// Each chart as "group: chart(line line)", without the lines if it has one.
std::vector<std::string> grouping(const std::vector<std::string>& names) {
  std::vector<NamedSeries> series;
  for (const std::string& name : names) {
    series.push_back({name, {}});
    series.back().data.add(1, 1);
  }
  std::vector<std::string> told;
  for (const MetricChart& chart : metric_charts(series)) {
    std::string text = chart.group + ": " + chart.name;
    if (chart.lines.size() > 1) {
      text += "(";
      for (const NamedSeries* line : chart.lines) text += (line != chart.lines.front() ? " " : "") + line->name;
      text += ")";
    }
    told.push_back(text);
  }
  return told;
}

TEST(MetricCharts, PartsOfTheDataShareAChart) {
  EXPECT_THAT(grouping({"train/loss", "validation/loss"}), ElementsAre(": loss(train/loss validation/loss)"));
  EXPECT_THAT(grouping({"loss", "val_loss"}), ElementsAre(": loss(loss val_loss)"));
  EXPECT_THAT(grouping({"Loss/train", "Loss/test"}), ElementsAre(": Loss(Loss/train Loss/test)"));
  EXPECT_THAT(grouping({"loss_train", "loss_dev"}), ElementsAre(": loss(loss_train loss_dev)"));
  EXPECT_THAT(grouping({"accuracy", "in-memory evaluator/accuracy"}),
              ElementsAre(": accuracy(accuracy in-memory evaluator/accuracy)"));
  EXPECT_THAT(grouping({"head/loss", "head/val_loss", "Eval/head/loss"}),
              ElementsAre("head: head/loss(head/loss head/val_loss Eval/head/loss)"));
}

TEST(MetricCharts, AMetricThatHasNoOtherKeepsItsName) {
  EXPECT_THAT(grouping({"val_loss", "train/accuracy"}), ElementsAre(": val_loss", "train: train/accuracy"));
  EXPECT_THAT(grouping({"train/", "val_", "test"}), ElementsAre(": val_", ": test", "train: train/"));
}

TEST(MetricCharts, GroupsAreWhatIsBeforeTheSlashInTheOrderOfTheirFirstMetric) {
  EXPECT_THAT(grouping({"b/1", "loss", "a/1", "b/2/x", "rate"}),
              ElementsAre(": loss", ": rate", "b: b/1", "b: b/2/x", "a: a/1"));
}

TEST(MetricCharts, AChartHasAFewLinesOnly) {
  EXPECT_THAT(grouping({"x", "train_x", "val_x", "test_x", "dev_x", "eval_x"}),
              ElementsAre(": x(x train_x val_x test_x)", ": x(dev_x eval_x)"));
}

TEST(MetricCharts, WithoutValuesThereIsNoChart) {
  EXPECT_TRUE(metric_charts({{"loss", {}}}).empty());
  EXPECT_TRUE(metric_charts({}).empty());
}

}  // namespace
}  // namespace runhook::detail::report
