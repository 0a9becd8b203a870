#include "runhook/hooks/step_counter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "core/expect_error.hpp"
#include "core/value_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kMs = 1'000'000;

// A session whose global step moves as it is told.
class SteppingSession final : public Session {
 public:
  explicit SteppingSession(std::function<std::int64_t(int)> step_after) : step_after_(std::move(step_after)) {}
  NodeId resolve(std::string_view) override { return 0; }
  std::optional<NodeId> global_step() override { return 0; }
  std::optional<std::int64_t> read_global_step() override { return step_after_(runs_); }
  void run(SessionStep& step) override {
    ++runs_;
    for (Value& result : step.results) result = Value::scalar(step_after_(runs_));
  }

 private:
  std::function<std::int64_t(int)> step_after_;
  int runs_ = 0;
};

class StepCounter : public testing::Test {
 protected:
  struct Record {
    std::string tag;
    double rate;
    std::int64_t step;
  };
  void add(StepCounterOptions options) {
    options.scalars = [this](std::string_view tag, double rate, std::int64_t step) {
      records.push_back({std::string(tag), rate, step});
    };
    rig.config.add_hook(StepCounterHook::make(std::move(options)));
  }
  std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> all;
    for (const Record& record : records) all.push_back(record.step);
    return all;
  }
  // Every run moves the clock by so much, and the step as it says.
  Outcome run(int runs, std::int64_t ns, std::function<std::int64_t(int)> step_after) {
    rig.make = [&] { return std::make_shared<SteppingSession>(step_after); };
    const auto session = rig.start();
    for (int i = 0; i < runs; ++i) {
      rig.clock->advance(ns);
      session->run();
    }
    session->close();
    return session->outcome();
  }
  ValueRig rig;
  std::vector<Record> records;
};

TEST_F(StepCounter, MeasuresWhatLiesBetweenTheTimesItIsDue) {
  add({.every_n_steps = 4});
  rig.before_step = [this](int step) { rig.clock->advance(step == 1 ? 60'000 * kMs : 250 * kMs); };
  rig.run(9);
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{5, 9}));
  for (const Record& record : records) EXPECT_DOUBLE_EQ(record.rate, 4.0) << "the slow first step does not count";
}

TEST_F(StepCounter, IsEveryHundredStepsByDefault) {
  add({});
  rig.before_step = [this](int) { rig.clock->advance(kMs); };
  rig.run(250);
  EXPECT_EQ(steps(), (std::vector<std::int64_t>{101, 201}));
  EXPECT_EQ(records.front().tag, "global_step/sec");
}

TEST_F(StepCounter, SaysTheRateInTheSessionsLog) {
  add({.every_n_steps = 2});
  rig.before_step = [this](int) { rig.clock->advance(8 * kMs); };
  rig.run(3);
  EXPECT_EQ(rig.logged("step 3: global_step/sec = 125"), 1);
}

TEST_F(StepCounter, SaysItInALogOfItsOwnIfItHasOne) {
  std::vector<std::string> lines;
  add({.every_n_steps = 2, .log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); }});
  rig.before_step = [this](int) { rig.clock->advance(8 * kMs); };
  rig.run(3);
  EXPECT_THAT(lines, ElementsAre("step 3: global_step/sec = 125"));
  EXPECT_EQ(rig.logged("sec"), 0);
}

TEST_F(StepCounter, RateIsOneLineWhateverTheNameOfTheStepHolds) {
  std::vector<std::string> lines;
  add({.every_n_steps = 2, .global_step_name = "global\nstep", .log = [&](LogLevel, std::string_view line) {
         lines.emplace_back(line);
       }});
  rig.before_step = [this](int) { rig.clock->advance(8 * kMs); };
  rig.run(3);
  EXPECT_THAT(lines, ElementsAre("step 3: global step/sec = 125"));
}

TEST_F(StepCounter, StepThatStandsStillIsWarnedOfFiveTimes) {
  add({.every_n_steps = 10});
  const Outcome outcome = run(200, kMs, [](int) { return 7; });
  EXPECT_EQ(outcome.warnings, 5U);
  EXPECT_EQ(outcome.first_warning.code(), StatusCode::failed_precondition);
  EXPECT_THAT(outcome.first_warning.message(), HasSubstr("still 7"));
  EXPECT_EQ(outcome.first_warning.hook(), "step counter");
  EXPECT_EQ(rig.logged("still 7"), 5);
  EXPECT_EQ(rig.logged("not said again"), 1);
  EXPECT_TRUE(records.empty());
}

TEST_F(StepCounter, StepThatStandsStillIsWarnedOfByTimeToo) {
  add({.every_n_steps = std::nullopt, .every_n_secs = 0.1});
  EXPECT_EQ(run(50, 20 * kMs, [](int) { return 0; }).warnings, 5U);
}

TEST_F(StepCounter, StepThatMovesInEveryFourthRunIsMeasuredAndNotWarnedOf) {
  add({.every_n_steps = 8});
  const Outcome outcome = run(100, 250 * kMs, [](int runs) { return runs / 4; });
  EXPECT_EQ(outcome.warnings, 0U);
  ASSERT_GE(records.size(), 2U);
  for (const Record& record : records) EXPECT_NEAR(record.rate, 1.0, 0.15);
}

TEST_F(StepCounter, TimeOfARecoveryDoesNotCount) {
  add({.every_n_steps = 5});
  rig.config.recovery.on_recovery = [this](const auto&) { rig.clock->advance(3'600'000 * kMs); };
  rig.before_step = [this](int step) {
    rig.clock->advance(100 * kMs);
    if (step == 8) fail(StatusCode::aborted);
  };
  rig.run(12);
  ASSERT_EQ(steps(), (std::vector<std::int64_t>{6, 11}));
  EXPECT_DOUBLE_EQ(records[0].rate, 10.0);
  EXPECT_DOUBLE_EQ(records[1].rate, 10.0);
}

TEST_F(StepCounter, RecoveryToAnEarlierStepIsNoNegativeRate) {
  add({.every_n_steps = 5});
  int session = 0;
  rig.make = [&] {
    const std::int64_t start = session++ == 0 ? 100 : 20;
    return std::make_shared<SteppingSession>([this, start, &session](int runs) {
      rig.clock->advance(100 * kMs);
      if (session == 1 && runs == 13) fail(StatusCode::aborted);
      return start + runs;
    });
  };
  rig.run(30);
  ASSERT_FALSE(records.empty());
  for (const Record& record : records) EXPECT_GT(record.rate, 0);
  EXPECT_THAT(steps(), testing::Contains(testing::Lt(50)));
}

TEST_F(StepCounter, SecondSessionBeginsAnew) {
  add({.every_n_steps = 2});
  rig.before_step = [this](int) { rig.clock->advance(kMs); };
  rig.run(2);
  rig.run(2);
  EXPECT_TRUE(records.empty()) << "each session only starts its clock";
}

TEST_F(StepCounter, SinkThatThrowsFailsTheHook) {
  StepCounterOptions options{.every_n_steps = 1};
  options.scalars = [](std::string_view, double, std::int64_t) { throw std::runtime_error("no more room"); };
  rig.config.add_hook(StepCounterHook::make(std::move(options)));
  rig.before_step = [this](int) { rig.clock->advance(kMs); };
  EXPECT_STATUS(rig.run(2), hook_failed, "no more room");
}

TEST_F(StepCounter, BadOptionsAreRefused) {
  EXPECT_STATUS(StepCounterHook({.every_n_steps = 0}), invalid_argument, "every_n_steps");
  EXPECT_STATUS(StepCounterHook({.every_n_steps = std::nullopt, .every_n_secs = -1}), invalid_argument, "every_n_secs");
  EXPECT_STATUS(StepCounterHook({.global_step_name = ""}), invalid_argument, "name");
}

}  // namespace
}  // namespace runhook
