// The ready-made hooks that stop a run.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/expect_error.hpp"
#include "core/loop/stepping_session.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/early_stopping.hpp"
#include "runhook/hooks/nan_guard.hpp"
#include "runhook/hooks/stop_after.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/hooks/stop_when.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

TEST(StopAtStep, KeepsItsStepThroughARecovery) {
  LoopRig rig;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.num_steps = 10}));
  rig.make = [&, made = 0]() mutable {
    auto session = std::make_shared<SteppingSession>(made == 0 ? 0 : 4, 1);  // goes back to 4
    session->fails_at = made++ == 0 ? 6 : -1;
    return session;
  };
  const auto session = rig.start();
  session->run_until_stop({}, 1000);
  EXPECT_EQ(session->global_step(), 10);
}

TEST(StopAtStep, IsAnnouncedToHooksThatAreDueInTheLastRun) {
  LoopRig rig;
  std::vector<std::int64_t> last;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 5}));
  rig.hook({.trigger = Trigger::last()})->on_after = [&](auto& context) { last.push_back(context.global_step()); };
  rig.start()->run_until_stop();
  EXPECT_EQ(last, (std::vector<std::int64_t>{5}));
}

TEST(StopAfter, StopsWithTheFirstStepThatEndsWhenTheTimeIsOver) {
  LoopRig rig;
  const auto clock = std::make_shared<ManualClock>();
  rig.config.clock = clock;
  rig.config.add_hook(std::make_shared<StopAfterHook>(100ns));
  rig.step = [&](auto&) { clock->advance(30); };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 1000), 4);
  EXPECT_EQ(session->outcome().stop.text(), "the time is over");
}

TEST(StopAfter, DeadlineThatHasPassedLeavesNoStep) {
  const auto now = std::chrono::system_clock::now();
  for (const auto deadline : {now - 1h, std::chrono::system_clock::time_point::min()}) {
    LoopRig rig;
    rig.config.add_hook(std::make_shared<StopAfterHook>(deadline));
    const auto session = rig.start();
    EXPECT_EQ(session->run_until_stop({}, 1000), 0);
    EXPECT_EQ(session->outcome().stop.text(), "the deadline has come");
  }
}

TEST(StopAfter, LastDeadlineThereIsNeverComes) {
  LoopRig rig;
  rig.config.add_hook(std::make_shared<StopAfterHook>(std::chrono::system_clock::time_point::max()));
  EXPECT_EQ(rig.start()->run_until_stop({}, 10), 10);
}

TEST(StopAtStep, StepThatIsReachedAlreadyStopsBeforeTheFirstOne) {
  for (const StopAtStepOptions& options : {StopAtStepOptions{.last_step = 0}, StopAtStepOptions{.last_step = -5},
                                           StopAtStepOptions{.num_steps = 0}, StopAtStepOptions{.num_steps = -5}}) {
    LoopRig rig;
    rig.config.add_hook(std::make_shared<StopAtStepHook>(options));
    const auto session = rig.start();
    EXPECT_EQ(session->run_until_stop(), 0);
    EXPECT_EQ(rig.steps, 0);
  }
}

TEST(StopAtStep, LastStepThatLiesFurtherThanCanBeCountedIsNotReached) {
  LoopRig rig;
  rig.config.add_hook(
      std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = std::numeric_limits<std::int64_t>::max()}));
  rig.config.session_creator = std::make_shared<FunctionSessionCreator>([](const CreationContext&) {
    return CreatedSession{std::make_shared<FunctionSession>([](FunctionSession::Step&) {}),
                          std::numeric_limits<std::int64_t>::min()};
  });
  MonitoredSession session(rig.config);
  EXPECT_EQ(session.run_until_stop({}, 5), 5);
}

TEST(StopAfter, NegativeTimeIsRefused) { EXPECT_STATUS(StopAfterHook(-1ns), invalid_argument, "negative"); }

TEST(StopWhen, AsksTheFunctionInTheRunsInWhichItIsDue) {
  LoopRig rig;
  int asked = 0;
  rig.config.add_hook(std::make_shared<StopWhenHook>(
                          [&](SessionRunContext& context) {
                            ++asked;
                            return context.global_step() >= 5;
                          },
                          "enough"),
                      {.trigger = Trigger::every_steps(3)});
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 1000), 7);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(session->outcome().stop.text(), "enough");
  EXPECT_STATUS(StopWhenHook({}), invalid_argument, "predicate");
}

// A session that gives the values of `series`, one for each run, as output "m".
class Metric : public testing::Test {
 protected:
  Metric() {
    rig.config.clock = clock;
    rig.make = [this] {
      return std::make_shared<FunctionSession>(
          [this](FunctionSession::Step& step) {
            clock->advance(10);
            if (at == series.size()) fail(StatusCode::out_of_range);
            step.set_output("m", series[at++]);
          },
          std::vector<std::string>{"m"});
    };
  }
  void give(std::initializer_list<double> values) {
    for (const double value : values) series.push_back(Value::scalar(value));
  }
  // How many runs were completed.
  std::int64_t run() {
    session = rig.start();
    return session->run_until_stop();
  }
  std::string_view why() const {
    last = session->outcome().stop;
    return last.text();
  }
  LoopRig rig;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::vector<Value> series;
  std::size_t at = 0;
  std::unique_ptr<MonitoredSession> session;
  mutable StopReason last;
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class NanGuard : public Metric {};

TEST_F(NanGuard, FailsTheRunBeforeAnySaver) {
  int saved = 0;
  give({1, kNan});
  rig.hook({.phase = HookPhase::saver})->on_after = [&](auto& context) {
    if (!context.stop_requested() && context.global_step() > 1) ++saved;
  };
  rig.config.add_hook(NanGuardHook::make({.names = {"m"}}));
  std::vector<std::string> order;
  rig.hook({.phase = HookPhase::saver})->on_failure = [&](auto&, const Error&) { order.push_back("saver"); };
  EXPECT_STATUS(run(), data_loss, "'m' is NaN");
}

TEST_F(NanGuard, InfinityMayPass) {
  give({kInfinity, -kInfinity});
  rig.config.add_hook(NanGuardHook::make({.names = {"m"}, .check_infinity = false}));
  EXPECT_EQ(run(), 2);
}

TEST_F(NanGuard, LooksAtEveryElementOfEveryKindOfNumber) {
  const auto tensor = [](DType dtype, auto bits, std::size_t index) {
    const std::int64_t shape[] = {4};
    Value value = Value::tensor(dtype, shape);
    static_cast<decltype(bits)*>(value.mutable_data())[index] = bits;
    return value;
  };
  const std::vector<std::pair<Value, bool>> cases = {
      {tensor(DType::float32, std::uint32_t{0x7FC00000}, 3), true},
      {tensor(DType::float32, std::uint32_t{0x7F7FFFFF}, 3), false},  // the largest
      {tensor(DType::float64, std::uint64_t{0x7FF8000000000000}, 3), true},
      {tensor(DType::float16, std::uint16_t{0x7E00}, 3), true},
      {tensor(DType::float16, std::uint16_t{0x7C00}, 3), true},  // infinite
      {tensor(DType::float16, std::uint16_t{0x7BFF}, 3), false},
      {tensor(DType::bfloat16, std::uint16_t{0xFFC0}, 3), true},
      {tensor(DType::bfloat16, std::uint16_t{0x7F7F}, 3), false},
      {tensor(DType::complex64, std::uint32_t{0x7FC00000}, 7), true},  // the last imaginary part
      {tensor(DType::int64, std::uint64_t{0x7FF8000000000000}, 3), false},
      {Value::string("NaN"), false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    series = {cases[i].first};
    at = 0;
    rig.config.hooks.clear();
    rig.config.add_hook(NanGuardHook::make({.names = {"m"}, .fail = false}));
    EXPECT_EQ(run(), 1);
    EXPECT_EQ(session->outcome().stop.origin == StopOrigin::hook, cases[i].second) << "case " << i;
  }
}

TEST_F(NanGuard, NothingToCheckIsRefused) { EXPECT_STATUS(NanGuardHook({}), invalid_argument, "nothing"); }

class EarlyStopping : public Metric {
 protected:
  std::int64_t run_with(MetricRule rule, std::int64_t warm_up = 0) {
    rule.name = "m";
    hook = std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{.rules = {rule}, .warm_up_steps = warm_up});
    rig.config.add_hook(hook);
    return run();
  }
  std::shared_ptr<EarlyStoppingHook> hook;
};

TEST_F(EarlyStopping, PatienceCountsStepsWithoutImprovement) {
  give({5, 4, 4.5, 4.2, 4.1, 3});
  EXPECT_EQ(run_with({.patience_steps = 3}), 5);
  EXPECT_EQ(why().substr(0, why().find(':')), "'m' has not improved for 3 steps");
  EXPECT_EQ(hook->best(0), 4);
  EXPECT_EQ(hook->best_step(0), 2);
}

TEST_F(EarlyStopping, ES_14_PlateauThatWasOvercomeIsForgiven) {
  give({5, 5, 5, 4, 4, 4, 3});
  EXPECT_EQ(run_with({.patience_steps = 3}), 7);
}

TEST_F(EarlyStopping, PatienceCountsTime) {
  give({5, 5, 5, 5, 5, 5});
  EXPECT_EQ(run_with({.patience_time = 30ns}), 4);
}

TEST_F(EarlyStopping, DirectionMayBeUpwards) {
  give({1, 2, 3, 2, 2});
  EXPECT_EQ(run_with({.direction = Direction::higher_is_better, .patience_steps = 2}), 5);
  EXPECT_EQ(hook->best(0), 3);
}

TEST_F(EarlyStopping, SmallImprovementsDoNotCount) {
  give({10, 9.9, 9.8, 9.7});
  EXPECT_EQ(run_with({.patience_steps = 3, .min_delta = 0.5}), 4);
}

TEST_F(EarlyStopping, MinimumMayBeAFractionOfTheBest) {
  give({100, 95, 89, 85, 80.2});
  EXPECT_EQ(run_with({.patience_steps = 2, .min_delta = 0.1, .relative = true}), 5);
  EXPECT_EQ(hook->best(0), 89);
}

TEST_F(EarlyStopping, BaselineHasToBeBeaten) {
  give({5, 4, 3, 2});
  EXPECT_EQ(run_with({.patience_steps = 2, .baseline = 1.0}), 3);
  EXPECT_TRUE(std::isnan(hook->best(0)));
}

TEST_F(EarlyStopping, TargetEndsIt) {
  give({5, 4, 3});
  EXPECT_EQ(run_with({.target = 4.0}), 2);
  EXPECT_EQ(why(), "'m' has reached 4: 4");
}

TEST_F(EarlyStopping, DivergenceEndsIt) {
  give({5, 50, 3});
  EXPECT_EQ(run_with({.divergence = 40.0}), 2);
}

TEST_F(EarlyStopping, NothingIsJudgedDuringTheWarmUp) {
  give({5, 6, 7, 8, 9, 10});
  EXPECT_EQ(run_with({.patience_steps = 1}, 4), 4);
}

TEST_F(EarlyStopping, ES_18_NanIsNoBest) {
  give({kNan, 5, 4, kNan, kNan});
  EXPECT_EQ(run_with({.patience_steps = 2}), 5);
  EXPECT_EQ(hook->best(0), 4);
}

TEST_F(EarlyStopping, RulesAreJoinedByAnyOrAll) {
  for (const bool all : {false, true}) {
    series.clear();
    at = 0;
    rig.config.hooks.clear();
    give({5, 3, 1});
    const MetricRule first{.name = "m", .target = 4.0};
    const MetricRule second{.name = "m", .target = 2.0};
    rig.config.add_hook(
        std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{.rules = {first, second}, .all = all}));
    EXPECT_EQ(run(), all ? 3 : 2);
  }
}

TEST_F(EarlyStopping, BadRulesAreRefused) {
  const auto refused = [](MetricRule rule, const char* why) {
    EXPECT_STATUS(EarlyStoppingHook({.rules = {rule}}), invalid_argument, why);
  };
  refused({.patience_steps = 1}, "no name");
  refused({.name = "m"}, "no patience");
  refused({.name = "m", .patience_steps = -1}, "patience_steps");
  refused({.name = "m", .patience_time = -1ns}, "patience_time");
  refused({.name = "m", .patience_steps = 1, .min_delta = -1}, "min_delta");
  refused({.name = "m", .target = kNan}, "NaN");
  EXPECT_STATUS(EarlyStoppingHook({}), invalid_argument, "no rule");
}

}  // namespace
}  // namespace runhook
