#include "runhook/hooks/logging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <stdexcept>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"
#include "hooks/value_text.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Lines = std::vector<std::string>;

class Logging : public testing::Test {
 protected:
  Logging() { rig.values = {{"loss", Value::scalar(0.5)}, {"rate", Value::scalar(0.125)}}; }
  void add(LoggingOptions options) {
    if (options.output == nullptr && !options.log) {
      options.log = [this](LogLevel, std::string_view line) { lines.emplace_back(line); };
    }
    rig.config.add_hook(LoggingHook::make(std::move(options)));
  }
  ValueRig rig;
  Lines lines;
};

TEST_F(Logging, NothingIsFetchedInTheRunsBetween) {
  add({.names = {"loss"}, .every_n_iter = 10});
  rig.run(25);
  EXPECT_EQ(rig.fetched["loss"], 3);
  EXPECT_EQ(lines.size(), 3U);
}

TEST_F(Logging, TimeSinceTheLastLineIsThatOfTheSessionsClock) {
  add({.names = {"loss"}, .every_n_iter = 2});
  rig.before_step = [this](int) { rig.clock->advance(125'000'000); };
  rig.run(3);
  EXPECT_THAT(lines, ElementsAre("step 1: loss = 0.5", "step 3: loss = 0.5 (0.250 sec)"));
}

TEST_F(Logging, LastStepHasItsLineIfAnybodyHasFetchedItsValues) {
  add({.names = {"loss"}, .every_n_iter = 10});
  rig.hook({.fetches = {"loss"}});
  rig.before_step = [this](int n) { rig.values["loss"] = Value::scalar(static_cast<double>(n)); };
  auto session = rig.start();
  for (int i = 0; i < 7; ++i) session->run();
  session->close();
  EXPECT_THAT(lines, ElementsAre("step 1: loss = 1", "step 7: loss = 7 (0.000 sec)"));
}

TEST_F(Logging, ValueThatAHookHasRejectedIsInTheLastLine) {
  add({.names = {"loss"}, .every_n_iter = 1});
  const auto guard = rig.hook({.phase = HookPhase::guard, .fetches = {"loss"}});
  guard->on_after = [](SessionRunContext& context) {
    context.log_scalar("seen", 1);
    if (context.global_step() == 2) fail(StatusCode::data_loss);
  };
  auto session = rig.start();
  session->run();
  rig.values["loss"] = Value::scalar(std::nan(""));
  EXPECT_STATUS(session->run(), data_loss, "");
  session->close();
  EXPECT_THAT(lines, ElementsAre("step 1: loss = 0.5, seen = 1", "step 2: loss = nan, seen = 1 (0.000 sec)"));
}

TEST_F(Logging, FormatterMakesTheWholeLine) {
  add({.names = {"rate", "loss"}, .every_n_iter = 1, .formatter = [](const LoggedValues& values) {
         return "<" + std::to_string(values.find("loss")->second.to_double() + values.at("rate").to_double()) + ">";
       }});
  rig.run(2);
  EXPECT_THAT(lines, ElementsAre("<0.625000>", "<0.625000>"));
}

constexpr char kTimeOfDay[] =
    "[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9][+-][0-9][0-9]:[0-9][0-9] ";

// As the lines have it, of a clock that is 5:30 hours before UTC.
std::string hour_at(std::time_t time) {
  time += 5 * 3600 + 30 * 60;
  std::array<char, 32> text{};
  struct tm there {};
  return {text.data(), std::strftime(text.data(), text.size(), "T%H:", gmtime_r(&time, &there))};
}

TEST_F(Logging, TimeOfDayIsLocalAndSaysHowFarFromUtc) {
  setenv("TZ", "XYZ-5:30", 1);
  tzset();
  add({.names = {"loss"}, .every_n_iter = 1, .time_of_day = true});
  const std::time_t before = std::time(nullptr);
  rig.run(1);
  const std::time_t after = std::time(nullptr);
  unsetenv("TZ");
  tzset();
  ASSERT_THAT(lines, ElementsAre(testing::MatchesRegex(kTimeOfDay + std::string("step 1: loss = 0.5"))));
  EXPECT_THAT(lines[0], HasSubstr("+05:30 "));
  EXPECT_THAT(lines[0], testing::AnyOf(HasSubstr(hour_at(before)), HasSubstr(hour_at(after))));
}

TEST_F(Logging, FormattersLineGetsTheTimeOfDayToo) {
  add({.names = {"loss"},
       .every_n_iter = 1,
       .formatter = [](const LoggedValues&) { return std::string("a line"); },
       .time_of_day = true});
  rig.run(1);
  EXPECT_THAT(lines, ElementsAre(testing::MatchesRegex(kTimeOfDay + std::string("a line"))));
}

TEST_F(Logging, FormatterThatThrowsFailsTheRun) {
  add({.names = {"loss"}, .every_n_iter = 1, .formatter = [](const LoggedValues&) -> std::string {
         throw std::runtime_error("no words");
       }});
  EXPECT_STATUS(rig.run(1), hook_failed, "no words");
}

TEST_F(Logging, LogThatThrowsIsIgnored) {
  add({.names = {"loss"}, .every_n_iter = 1, .log = [](LogLevel, std::string_view) {
         throw std::runtime_error("no");
       }});
  EXPECT_EQ(rig.run(2).runs, 2);
}

TEST_F(Logging, UnknownNameIsRefusedBeforeTheFirstStep) {
  add({.names = {"loss", "typo"}, .at_end = true});
  EXPECT_STATUS(rig.start(), not_found, "typo");
  EXPECT_EQ(rig.steps, 0);
}

TEST_F(Logging, NothingToLogAndContradictionsAreRefused) {
  const auto make = [](LoggingOptions options) { LoggingHook hook(std::move(options)); };
  EXPECT_STATUS(make({.every_n_iter = 1}), invalid_argument, "nothing to log");
  EXPECT_STATUS(make({.names = {"a"}, .tags = {{"b", "b"}}, .every_n_iter = 1}), invalid_argument, "names and tags");
  EXPECT_STATUS(make({.names = {"a", "a"}, .every_n_iter = 1}), invalid_argument, "'a'");
  EXPECT_STATUS(make({.names = {""}, .every_n_iter = 1}), invalid_argument, "empty");
  EXPECT_STATUS(make({.names = {"a"}, .every_n_secs = std::numeric_limits<double>::quiet_NaN()}), invalid_argument, "");
  EXPECT_STATUS(make({.names = {"a"},
                      .every_n_iter = 1,
                      .output = Output::descriptor(1, "out"),
                      .log = [](LogLevel, std::string_view) {}}),
                invalid_argument, "output and a log");
}

TEST_F(Logging, AnotherTriggerSaysWhenItLogs) {
  auto registration = LoggingHook::make(
      {.names = {"loss"}, .at_end = true, .log = [this](LogLevel, auto line) { lines.emplace_back(line); }});
  registration.options.trigger = Trigger::at_steps({3, 4});
  rig.config.add_hook(registration);
  rig.run(10);
  EXPECT_EQ(lines.size(), 3U);
}

TEST_F(Logging, SecondSessionBeginsAnew) {
  add({.names = {"loss"}, .every_n_iter = 3});
  rig.run(2);
  rig.run(2);
  EXPECT_THAT(lines, ElementsAre("step 1: loss = 0.5", "step 1: loss = 0.5"));
}

TEST_F(Logging, CountsOnAfterARecovery) {
  add({.names = {"loss"}, .every_n_iter = 3});
  rig.before_step = [](int steps) {
    if (steps == 3) fail(StatusCode::aborted);
  };
  rig.run(5);  // the third run takes two attempts; due are the first and the fourth
  EXPECT_EQ(lines.size(), 2U);
}

TEST_F(Logging, RunThatHasFailedIsNotLoggedAtItsEnd) {
  add({.names = {"loss"}, .at_end = true});
  rig.before_step = [](int) { fail(StatusCode::internal); };
  EXPECT_STATUS(rig.run(1), internal, "");
  EXPECT_TRUE(lines.empty());
}

TEST_F(Logging, WritesToAGivenOutputWhichStaysOpen) {
  Pipe pipe;
  const auto output = Output::descriptor(pipe.writer, "the pipe");
  add({.names = {"loss"}, .every_n_iter = 1, .output = output});
  rig.run(1);
  EXPECT_TRUE(output->write("and more\n"));
  EXPECT_TRUE(output->close());
  EXPECT_EQ(pipe.read_all(), "step 1: loss = 0.5\nand more\n") << "no control characters where there is no terminal";
}

TEST_F(Logging, WritesToADescriptorWhichStaysOpen) {
  Pipe pipe;
  rig.config.add_hook(LoggingHook::make({.names = {"loss"}, .every_n_iter = 1, .descriptor = pipe.writer}));
  rig.run(1);
  rig.run(1);
  EXPECT_EQ(pipe.read_all(), "step 1: loss = 0.5\nstep 1: loss = 0.5\n");
  EXPECT_STATUS(LoggingHook({.names = {"a"}, .at_end = true, .descriptor = -1}), invalid_argument, "descriptor");
}

TEST_F(Logging, WritesToStandardErrorByDefault) {
  rig.config.add_hook(LoggingHook::make({.names = {"rate"}, .every_n_iter = 1}));
  testing::internal::CaptureStderr();
  rig.run(1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "step 1: rate = 0.125\n");
}

TEST_F(Logging, TextThatWouldNotStayOnItsLineIsEscaped) {
  rig.values = {{"say", Value::string("a\n\x1b[2J\tb\xC2\x85 caf\xC3\xA9")}};
  add({.tags = {{"ta\ng", "say"}}, .every_n_iter = 1});
  rig.run(1);
  EXPECT_THAT(lines, ElementsAre("step 1: ta\\ng = a\\n\\x1b[2J\\tb\\x85 caf\xC3\xA9"));
}

std::string text_of(const Value& value) { return detail::value_text(value); }

TEST(ValueText, NumbersHaveSixDigitsAndWholeOnesAll) {
  EXPECT_EQ(text_of(Value::scalar(0.1F)), "0.1");
  EXPECT_EQ(text_of(Value::scalar(1.0 / 3)), "0.333333");
  EXPECT_EQ(text_of(Value::scalar(1234567.0)), "1234567");
  EXPECT_EQ(text_of(Value::scalar(1234567.25)), "1.23457e+06");
  EXPECT_EQ(text_of(Value::scalar(1e300)), "1e+300");
  EXPECT_EQ(text_of(Value::scalar(-0.0)), "-0");
  EXPECT_EQ(text_of(Value::scalar(std::int64_t{INT64_MIN})), "-9223372036854775808");
  EXPECT_EQ(text_of(Value::scalar(true)), "true");
  EXPECT_EQ(text_of(Value::scalar(std::numeric_limits<double>::quiet_NaN())), "nan");
  EXPECT_EQ(text_of(Value::scalar(-std::numeric_limits<float>::infinity())), "-inf");
}

template <typename T>
Value tensor(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& elements) {
  return Value::copy_of(dtype, shape, elements.data());
}

TEST(ValueText, TensorsAreInBracketsAndLongOnesShortened) {
  EXPECT_EQ(text_of(tensor<float>(DType::float32, {2, 2}, {1, 2, 3, 4.5F})), "[[1 2] [3 4.5]]");
  EXPECT_EQ(text_of(tensor<float>(DType::float32, {0}, {})), "[]");
  std::vector<std::int32_t> many(100);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int32_t>(i);
  EXPECT_EQ(text_of(tensor(DType::int32, {100}, many)), "[0 1 2 ... 97 98 99]");
  EXPECT_EQ(text_of(tensor(DType::int32, {20, 5}, many)),
            "[[0 1 2 3 4] [5 6 7 8 9] [10 11 12 13 14] ... [85 86 87 88 89] [90 91 92 93 94] [95 96 97 98 99]]");
  EXPECT_EQ(text_of(tensor<float>(DType::complex64, {2}, {1, -2, 0, 0.5F})), "[1-2j 0+0.5j]");
  EXPECT_EQ(text_of(tensor<std::uint16_t>(DType::float16, {2}, {0x3C00, 0xFC00})), "[1 -inf]");
  EXPECT_EQ(text_of(tensor<std::uint16_t>(DType::bfloat16, {1}, {0x3F80})), "[1]");
}

TEST(ValueText, StridesAreFollowed) {
  float numbers[6] = {1, 2, 3, 4, 5, 6};
  const Value transposed = Value::adopt(DType::float32, std::array<std::int64_t, 2>{3, 2},
                                        std::array<std::int64_t, 2>{1, 3}, Device(), numbers, [] {});
  EXPECT_EQ(text_of(transposed), "[[1 4] [2 5] [3 6]]");
}

TEST(ValueText, WhatCannotBeReadIsDescribed) {
  int there = 0;
  EXPECT_EQ(text_of(Value::adopt(DType::float32, std::array<std::int64_t, 1>{2}, {}, Device{2, 0}, &there, [] {})),
            "float32[2]");
  EXPECT_EQ(text_of(Value()), "nothing");
  EXPECT_EQ(detail::one_line("\xFFok\x7F"), "\\xffok\\x7f");
}

}  // namespace
}  // namespace runhook
