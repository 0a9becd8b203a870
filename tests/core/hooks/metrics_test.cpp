#include "runhook/hooks/metrics.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <thread>

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

// Without what no two runs have alike: the time of day and the session.
std::string comparable(std::string row) {
  for (const char* const key : {"\"wall_time\":", "\"session\":"}) {
    const std::size_t begin = row.find(key);
    if (begin != std::string::npos) row.erase(begin, row.find(',', begin) + 1 - begin);
  }
  return row;
}

// Of a row of CSV without line ends in it, as far as no field before it is in quotes.
std::string field(const std::string& row, std::size_t index) {
  std::size_t begin = 0;
  for (; index > 0; --index) begin = row.find(',', begin) + 1;
  return row.substr(begin, row.find(',', begin) - begin);
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

TEST_F(Metrics, JsonRowHasStepTimesOriginAndValues) {
  add({.names = {"name", "loss"}});
  rig.before_step = [this](int) { rig.clock->advance(1'500'000'000); };
  rig.run(2);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(comparable(lines[0]), R"({"step":0,"elapsed":0.000000000,"attempt":1,"event":"start"})");
  EXPECT_EQ(comparable(lines[1]), R"({"step":1,"elapsed":1.500000000,"attempt":1,"name":"a \"b\",\nc","loss":0.5})");
  EXPECT_EQ(comparable(lines[2]), R"({"step":2,"elapsed":3.000000000,"attempt":1,"name":"a \"b\",\nc","loss":0.5})");
}

TEST_F(Metrics, RowsOfASessionHaveItsIdAndThoseOfTheNextOneAnother) {
  add({.names = {"loss"}});
  const auto hook = rig.hook();
  std::vector<std::string> ids;
  hook->on_after = [&](SessionRunContext& context) { ids.emplace_back(context.session_id()); };
  rig.run(1);
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 4U);
  ASSERT_EQ(ids.size(), 2U);
  EXPECT_NE(ids[0], ids[1]);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], HasSubstr("\"session\":\"" + ids[i / 2] + "\"")) << i;
  }
}

TEST_F(Metrics, RecoveryBeginsAnotherAttemptAtTheStepThatWasRestored) {
  add({.names = {"loss"}});
  rig.config.recovery.initial_backoff_ns = 0;
  bool failed = false;
  rig.before_step = [&](int) {
    if (rig.steps == 3 && !std::exchange(failed, true)) fail(StatusCode::aborted);
  };
  rig.run(3);
  std::vector<std::string> rows;
  for (const std::string& line : lines_of(path)) {
    rows.push_back(line.substr(1, line.find(',') - 1) + line.substr(line.find(",\"attempt\""), 12) +
                   (line.find("\"start\"") != std::string::npos ? "start" : ""));
  }
  EXPECT_THAT(rows, ElementsAre("\"step\":0,\"attempt\":1start", "\"step\":1,\"attempt\":1", "\"step\":2,\"attempt\":1",
                                "\"step\":2,\"attempt\":2start", "\"step\":3,\"attempt\":2"));
}

TEST_F(Metrics, WallTimeIsTheTimeOfDayInSeconds) {
  add({.names = {"loss"}});
  const auto now = [] {
    return std::chrono::system_clock::now().time_since_epoch() / std::chrono::duration<double>(1);
  };
  const double before = now();
  rig.run(1);
  const std::string row = lines_of(path).back();
  const double at = std::stod(row.substr(row.find("\"wall_time\":") + 12));
  EXPECT_GE(at, before - 0.001);
  EXPECT_LE(at, now() + 0.001);
}

TEST_F(Metrics, CsvRowsHaveAHeaderAndAreQuotedWhereTheyHaveToBe) {
  add({.format = MetricsFormat::csv, .tags = {{"loss", "loss"}, {"na,me", "name"}}, .every_n_steps = 2});
  rig.run(3);
  const std::string text = content(path);
  EXPECT_THAT(text, StartsWith("step,wall_time,elapsed,session,attempt,event,loss,\"na,me\"\n0,"));
  EXPECT_THAT(text, HasSubstr(",start,,\n1,"));
  EXPECT_THAT(text, HasSubstr(",1,,0.5,\"a \"\"b\"\",\nc\"\n3,"));
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
}

TEST_F(Metrics, OnlyRunsThatAreDueAreFetchedFrom) {
  add({.names = {"loss"}, .every_n_secs = 1});
  rig.before_step = [this](int) { rig.clock->advance(300'000'000); };
  rig.run(9);
  EXPECT_EQ(rig.fetched["loss"], 3);
  EXPECT_EQ(lines_of(path).size(), 1U + 3U);
}

TEST_F(Metrics, ContinuedFileHasOneHeader) {
  add({.format = MetricsFormat::csv, .names = {"loss"}});
  rig.run(2);
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 1U + 3U + 2U);
  EXPECT_EQ(lines[0], "step,wall_time,elapsed,session,attempt,event,loss");
  EXPECT_EQ(field(lines[4], 5), "start");
  EXPECT_THAT(lines[5], StartsWith("1,")) << "a new session of the rig begins at step 0";
}

TEST_F(Metrics, CsvFileWithOtherColumnsGetsThoseThatItLacks) {
  path = folder.file("metrics");
  put(path, "step,accuracy,wall_time\r\n1,\"0\n5\",3\r\n2,,4\r\n5,0.");
  add({.format = MetricsFormat::csv, .names = {"loss"}});
  const Outcome outcome = rig.run(1);
  EXPECT_EQ(outcome.warnings, 0) << outcome.first_warning.to_string();
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[0], "step,accuracy,wall_time,elapsed,session,attempt,event,loss");
  EXPECT_EQ(lines[1] + lines[2], "1,\"05\",3,,,,,");
  EXPECT_EQ(lines[3], "2,,4,,,,,");
  EXPECT_THAT(lines[4], StartsWith("0,,")) << "half a row of a process that was killed is gone";
  EXPECT_EQ(field(lines[4], 6), "start");
  EXPECT_EQ(field(lines[5], 7), "0.5");
}

TEST_F(Metrics, HalfARowWithATextOfSeveralLinesIsCutOffAsAWhole) {
  path = folder.file("metrics");
  put(path, "step,loss,note\n1,2,\"a\nb\"\n2,0.25,\"one of\nma");
  add({.format = MetricsFormat::csv, .names = {"loss"}});
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1] + lines[2], "1,2,\"ab\",,,,,");
  EXPECT_THAT(lines[3], StartsWith("0,,,"));
  EXPECT_THAT(lines[4], StartsWith("1,0.5,,"));
}

TEST_F(Metrics, WriterWhoseFileAnotherHasReplacedGoesOnInTheNewOne) {
  add({.format = MetricsFormat::csv, .names = {"loss"}, .output = {.flush_interval = std::chrono::milliseconds(1)}});
  auto session = rig.start();
  session->run();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::string before = content(path);
  put(path + ".new", "step,other,loss\n");
  std::filesystem::rename(path + ".new", path);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  session->run();
  session->close();
  EXPECT_EQ(session->outcome().warnings, 0);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], StartsWith("2,,0.5,"));
}

TEST_F(Metrics, FileThatIsNotOfMetricsIsLeftAloneWithAWarning) {
  const std::string before = "name,accuracy\r\nx,4\r\nhalf a li";
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

TEST_F(Metrics, HalfARowOfAProcessThatWasKilledIsCutOff) {
  path = folder.file("metrics");
  put(path, "{\"step\":1}\n{\"st");
  add({.names = {"loss"}});
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "{\"step\":1}");
  EXPECT_THAT(lines[1], StartsWith("{\"step\":0,"));
}

TEST_F(Metrics, LastLineThatIsNoRowIsKept) {
  path = folder.file("metrics");
  put(path, "{\"step\":1}\nnote to myself");
  add({.names = {"loss"}});
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1], "note to myself");
}

TEST_F(Metrics, LastStepHasItsRowThoughNoneWasDueIfAnybodyHasFetchedItsValues) {
  add({.names = {"loss"}, .every_n_secs = 100});
  rig.hook({.fetches = {"loss"}});
  rig.before_step = [this](int n) { rig.values["loss"] = Value::scalar(static_cast<double>(n)); };
  auto session = rig.start();
  for (int i = 0; i < 7; ++i) session->run();
  session->request_stop();
  session->close();
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[2], StartsWith("{\"step\":7,"));
  EXPECT_THAT(lines[2], HasSubstr("\"loss\":7.0"));
}

TEST_F(Metrics, PlannedLastStepIsFetchedFrom) {
  add({.names = {"loss"}, .every_n_secs = 100});
  rig.run(7);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[2], StartsWith("{\"step\":7,"));
}

TEST_F(Metrics, ValueThatAHookHasRejectedIsInARowThatSaysSo) {
  add({.names = {"loss"}, .every_n_secs = 100});
  const auto guard = rig.hook({.fetches = {"loss"}});
  guard->on_after = [&](SessionRunContext& context) {
    if (context.global_step() == 4) fail(StatusCode::failed_precondition);
  };
  rig.before_step = [this](int n) { rig.values["loss"] = Value::scalar(n == 4 ? std::nan("") : 0.5); };
  EXPECT_STATUS(rig.run(9), failed_precondition, "");
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(comparable(lines[2]).substr(0, 10), "{\"step\":4,");
  EXPECT_THAT(lines[2], HasSubstr("\"event\":\"failed\",\"loss\":\"NaN\"}"));
}

TEST_F(Metrics, FailedStepLeavesTheLastValuesOfTheOneBeforeIt) {
  add({.names = {"loss"}, .every_n_secs = 100});
  rig.hook({.fetches = {"loss"}});
  rig.before_step = [this](int n) {
    rig.values["loss"] = Value::scalar(static_cast<double>(n));
    if (n == 5) fail(StatusCode::internal);
  };
  EXPECT_STATUS(rig.run(9), internal, "");
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[2], StartsWith("{\"step\":4,"));
  EXPECT_THAT(lines[2], HasSubstr("\"loss\":4.0}"));
}

TEST_F(Metrics, RowThatIsWholeButForItsEndIsKept) {
  path = folder.file("metrics");
  put(path, "{\"step\":1}\n{\"step\":2}");
  add({.names = {"loss"}});
  rig.run(1);
  const auto lines = lines_of(path);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[1], "{\"step\":2}");
}

TEST_F(Metrics, RowThatSomebodyElseIsWritingIsLeftToThem) {
  path = folder.file("metrics");
  put(path, "{\"step\":1}\n{\"st");
  const int fd = open(path.c_str(), O_RDWR);
  ASSERT_EQ(flock(fd, LOCK_SH), 0);
  add({.names = {"loss"}});
  rig.run(1);
  close(fd);
  EXPECT_EQ(lines_of(path)[1], "{\"st");
}

TEST_F(Metrics, FileStaysWithinItsSizeHoweverMuchComesAtOnce) {
  path = folder.file("metrics.jsonl");
  MetricsOptions options{.names = {"loss"}};
  options.output.max_bytes = 4000;
  options.output.flush_interval = std::chrono::hours(1);
  add(options);
  rig.run(300);
  EXPECT_LE(content(path).size() + content(folder.file("metrics.1.jsonl")).size(), 4000U);
  const auto rows = lines_of(path);
  EXPECT_THAT(rows.back(), StartsWith("{\"step\":300,"));
  EXPECT_THAT(rows.front(), HasSubstr("\"event\":null")) << "so that a reader knows the column";
}

TEST_F(Metrics, FileStaysWithinItsSize) {
  path = folder.file("metrics.jsonl");
  MetricsOptions options{.names = {"loss"}};
  options.output.max_bytes = 4000;
  options.output.flush_interval = std::chrono::milliseconds(1);
  add(options);
  auto session = rig.start();
  for (int i = 0; i < 200; ++i) {
    session->run();
    if (i % 5 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  session->close();
  const auto old = lines_of(folder.file("metrics.1.jsonl"));
  const auto now = lines_of(path);
  ASSERT_FALSE(old.empty());
  ASSERT_FALSE(now.empty());
  EXPECT_LE(content(path).size() + content(folder.file("metrics.1.jsonl")).size(), 4000U);
  EXPECT_THAT(now.back(), StartsWith("{\"step\":200,"));
  const auto step_of = [](const std::string& row) { return std::stoi(row.substr(8)); };
  EXPECT_EQ(step_of(now.front()), step_of(old.back()) + 1) << "nothing is lost in between";
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
  EXPECT_THAT(steps,
              ElementsAre("{\"step\":0", "{\"step\":1", "{\"step\":2", "{\"step\":2", "{\"step\":3", "{\"step\":4"));
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
