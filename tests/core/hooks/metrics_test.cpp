#include "runhook/hooks/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "output/json_csv_values.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Without what depends on the time of day.
std::string without_wall_time(std::string row) {
  const std::size_t begin = row.find("\"wall_time\":");
  return row.erase(begin, row.find(',', begin) - begin);
}

class Metrics : public testing::Test {
 protected:
  Metrics() { rig.values = {{"loss", Value::scalar(0.5)}, {"name", Value::string("a \"b\",\nc")}}; }
  void add(MetricsOptions options) {
    options.path = path;
    rig.config.add_hook(MetricsHook::make(std::move(options)));
  }
  ValueRig rig;
  Folder folder;
  std::string path = folder.file("runs/metrics");
};

TEST_F(Metrics, JsonRowHasStepTimesAndValues) {
  add({.names = {"name", "loss"}});
  rig.before_step = [this](int) { rig.clock->advance(1'500'000'000); };
  rig.run(2);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(without_wall_time(lines[0]), R"({"step":1,,"elapsed":1.500000000,"name":"a \"b\",\nc","loss":0.5})");
  EXPECT_EQ(without_wall_time(lines[1]), R"({"step":2,,"elapsed":3.000000000,"name":"a \"b\",\nc","loss":0.5})");
}

TEST_F(Metrics, WallTimeIsTheTimeOfDayInSeconds) {
  add({.names = {"loss"}});
  const auto now = [] {
    return std::chrono::system_clock::now().time_since_epoch() / std::chrono::duration<double>(1);
  };
  const double before = now();
  rig.run(1);
  const std::string row = content(path);
  const double at = std::stod(row.substr(row.find("\"wall_time\":") + 12));
  EXPECT_GE(at, before - 0.001);
  EXPECT_LE(at, now() + 0.001);
}

TEST_F(Metrics, CsvRowsHaveAHeaderAndAreQuotedWhereTheyHaveToBe) {
  add({.format = MetricsFormat::csv, .tags = {{"loss", "loss"}, {"na,me", "name"}}, .every_n_steps = 2});
  rig.run(3);
  const std::string text = content(path);
  EXPECT_THAT(text, StartsWith("step,wall_time,elapsed,loss,\"na,me\"\r\n1,"));
  EXPECT_THAT(text, HasSubstr(",0.5,\"a \"\"b\"\",\nc\"\r\n3,"));
  EXPECT_EQ(text.substr(text.size() - 2), "\r\n");
}

TEST_F(Metrics, OnlyRunsThatAreDueAreFetchedFrom) {
  add({.names = {"loss"}, .every_n_secs = 1});
  rig.before_step = [this](int) { rig.clock->advance(300'000'000); };
  rig.run(9);
  EXPECT_EQ(rig.fetched["loss"], 3);
  EXPECT_EQ(lines_of(path).size(), 3U);
}

TEST_F(Metrics, ContinuedFileHasOneHeader) {
  add({.format = MetricsFormat::csv, .names = {"loss"}});
  rig.run(2);
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0], "step,wall_time,elapsed,loss\r");
  EXPECT_THAT(lines[3], StartsWith("1,")) << "a new session of the rig begins at step 0";
}

TEST_F(Metrics, FileWithOtherColumnsIsLeftAloneWithAWarning) {
  const std::string before = "step,wall_time,elapsed,accuracy\r\n1,2,3,4\r\n";
  path = folder.file("metrics");
  put(path, before);
  add({.format = MetricsFormat::csv, .names = {"loss"}});
  const Outcome outcome = rig.run(3);
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
  EXPECT_EQ(outcome.warnings, 1U);
  EXPECT_EQ(outcome.first_warning.code(), StatusCode::failed_precondition);
  EXPECT_EQ(content(path), before);
}

TEST_F(Metrics, FileWithOtherColumnsFailsARunThatWantsItSo) {
  path = folder.file("metrics");
  put(path, "x,y\r\n");
  add({.format = MetricsFormat::csv, .names = {"loss"}, .output = {.fail_run = true}});
  EXPECT_STATUS(rig.run(1), failed_precondition, path);
}

TEST_F(Metrics, TornLastLineIsLeftBehind) {
  path = folder.file("metrics");
  put(path, "{\"step\":1}\n{\"st");
  add({.names = {"loss"}});
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[2], StartsWith("{\"step\":1,"));
}

TEST_F(Metrics, StepThatIsRecoveredFromIsWrittenOnceItIsCompleted) {
  add({.names = {"loss"}});
  rig.config.recovery.initial_backoff_ns = 0;
  bool failed = false;
  auto hook = rig.hook();
  hook->on_after = [&](SessionRunContext& context) {
    if (context.global_step() == 3 && !std::exchange(failed, true)) fail(StatusCode::aborted);
  };
  rig.run(4);
  std::vector<std::string> steps;
  for (const std::string& line : lines_of(path)) steps.push_back(line.substr(0, line.find(',')));
  EXPECT_THAT(steps, ElementsAre("{\"step\":1", "{\"step\":2", "{\"step\":3", "{\"step\":4"));
}

TEST_F(Metrics, BadOptionsAreRefused) {
  const auto make = [](MetricsOptions options) { MetricsHook hook(std::move(options)); };
  EXPECT_STATUS(make({.path = "x"}), invalid_argument, "nothing to write");
  EXPECT_STATUS(make({.names = {"a"}}), invalid_argument, "path");
  EXPECT_STATUS(make({.path = "x", .names = {"step"}}), invalid_argument, "'step'");
  EXPECT_STATUS(make({.path = "x", .names = {"a", "a"}}), invalid_argument, "twice");
  EXPECT_STATUS(make({.path = "x", .names = {"a"}, .every_n_steps = 1, .every_n_secs = 1}), invalid_argument, "one of");
  EXPECT_STATUS(make({.path = "x", .names = {"a"}, .every_n_steps = 0}), invalid_argument, "0");
  EXPECT_STATUS(make({.path = "x", .names = {"a"}, .every_n_secs = -1}), invalid_argument, "-1");
  EXPECT_STATUS(make({.path = "x", .format = MetricsFormat{7}, .names = {"a"}}), invalid_argument, "format");
}

TEST_F(Metrics, UnknownNameIsRefusedBeforeTheFirstStep) {
  add({.names = {"typo"}});
  EXPECT_STATUS(rig.start(), not_found, "typo");
}

std::string json(const Value& value) {
  std::string text;
  detail::append_json(text, value);
  return text;
}
std::string csv(const Value& value) {
  std::string text;
  detail::append_csv(text, value);
  return text;
}

TEST(MetricsText, NumbersAreReadAsWhatTheyWere) {
  EXPECT_EQ(json(Value::scalar(0.1)), "0.1");
  EXPECT_EQ(json(Value::scalar(0.1F)), "0.10000000149011612") << "the double that is equal to the float";
  EXPECT_EQ(json(Value::scalar(2.0)), "2.0");
  EXPECT_EQ(json(Value::scalar(1e300)), "1e+300");
  EXPECT_EQ(json(Value::scalar(std::int64_t{INT64_MAX})), "9223372036854775807");
  EXPECT_EQ(json(Value::scalar(true)), "true");
  EXPECT_EQ(csv(Value::scalar(2.0)), "2.0");
}

TEST(MetricsText, WhatJsonHasNoNumberForIsAString) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(json(Value::scalar(std::numeric_limits<double>::quiet_NaN())), "\"NaN\"");
  EXPECT_EQ(json(Value::scalar(infinity)), "\"Infinity\"");
  EXPECT_EQ(json(Value::scalar(-infinity)), "\"-Infinity\"");
  EXPECT_EQ(csv(Value::scalar(-infinity)), "-Infinity");
}

TEST(MetricsText, TensorsAreNestedLists) {
  const float numbers[4] = {1, 2, 3, 4};
  const Value square = Value::copy_of(DType::float32, std::array<std::int64_t, 2>{2, 2}, numbers);
  EXPECT_EQ(json(square), "[[1.0,2.0],[3.0,4.0]]");
  EXPECT_EQ(csv(square), "\"[[1.0,2.0],[3.0,4.0]]\"");
  EXPECT_EQ(json(Value::copy_of(DType::complex64, std::array<std::int64_t, 1>{2}, numbers)), "[[1.0,2.0],[3.0,4.0]]");
}

TEST(MetricsText, WhatIsNoNumberHasAPlaceToo) {
  int there = 0;
  const Value elsewhere = Value::adopt(DType::int32, {}, {}, Device{2, 0}, &there, [] {});
  EXPECT_EQ(json(elsewhere), "null");
  EXPECT_EQ(csv(elsewhere), "");
  EXPECT_EQ(json(Value()), "null");
  const auto bytes = std::as_bytes(std::span("\x01\xFF", 2));
  EXPECT_EQ(json(Value::bytes(bytes)), "\"01ff\"");
  EXPECT_EQ(csv(Value::bytes(bytes)), "01ff");
}

}  // namespace
}  // namespace runhook
