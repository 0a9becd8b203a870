// The two halves of an attempt, called apart: what stands between them is the test's own.
#include "loop/step_engine.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace detail;

// The parts that an attempt needs, without a loop around them.
class StepEngineHalves : public testing::Test {
 protected:
  StepEngineHalves() {
    state.context.reset(RunState::new_context(state));
    state.log_sink = [](LogLevel, std::string_view) {};
    state.session.stop = std::make_shared<StopState>();
    state.session.clock = system_clock();
    state.session.global_step = 0;
    state.session.raw = std::make_shared<FunctionSession>([this](auto&) { calls.emplace_back("session"); });
    state.attempt.plan.set_session(state.session.raw.get());
    state.attempt.plan.set_step_context(&state.attempt.options.merged(), &state.attempt.metadata,
                                        state.session.stop.get());
  }
  void add(const std::string& name) {
    auto hook = std::make_shared<LambdaHook>();
    hook->on_before = [this, name](auto& context) {
      calls.push_back(name + ".before_run");
      if (name == skips) context.skip_step();
      if (name == fails) fail(StatusCode::internal);
    };
    hook->on_after = [this, name](auto&) { calls.push_back(name + ".after_run"); };
    hook->on_failure = [this, name](auto&, const Error& why) {
      calls.push_back(name + ".on_error " + std::string(status_name(why.code())));
    };
    hooks.add({hook, {}});
    while (hooks.admit_next() != nullptr) {
    }
    hooks.settle();
  }
  std::vector<std::string> take_calls() { return std::exchange(calls, {}); }
  using Calls = std::vector<std::string>;

  RunState state;
  RunEnd end;
  HookList hooks{state};
  OutcomeRecord outcome;
  StepTimer timer{state, hooks, 0};
  HookFailures failures{state, hooks, outcome};
  HookCaller caller{state, failures, timer};
  ValueDelivery delivery{state, hooks, caller};
  StepEngine engine{state, hooks, caller, timer, end, delivery};
  std::vector<std::string> calls;
  std::string skips, fails;
  Error error;
};

TEST_F(StepEngineHalves, SecondOneCallsAfterRunWhenTheCallersCodeHasSucceeded) {
  add("a");
  add("b");
  ASSERT_TRUE(engine.prepare(no_args, error));
  EXPECT_EQ(take_calls(), (Calls{"a.before_run", "b.before_run"}));
  engine.complete(error);
  EXPECT_FALSE(error);
  EXPECT_EQ(take_calls(), (Calls{"a.after_run", "b.after_run"}));
  EXPECT_EQ(engine.completed_runs(), 1);
  EXPECT_EQ(state.session.global_step, 1);
}

TEST_F(StepEngineHalves, SecondOneCallsOnErrorWhenTheCallersCodeHasFailed) {
  add("a");
  add("b");
  ASSERT_TRUE(engine.prepare(no_args, error));
  take_calls();
  error = Error(StatusCode::data_loss, "on purpose");
  engine.complete(error);
  EXPECT_EQ(error.code(), StatusCode::data_loss);
  EXPECT_EQ(take_calls(), (Calls{"b.on_error DATA_LOSS", "a.on_error DATA_LOSS"}));
  EXPECT_EQ(engine.completed_runs(), 0);
  EXPECT_EQ(state.session.global_step, 0);
}

TEST_F(StepEngineHalves, FirstOneEndsTheAttemptWhenABeforeRunFails) {
  add("a");
  add("b");
  fails = "a";
  EXPECT_FALSE(engine.prepare(no_args, error));
  EXPECT_EQ(error.code(), StatusCode::internal);
  EXPECT_EQ(take_calls(), (Calls{"a.before_run", "a.on_error INTERNAL"}));
}

TEST_F(StepEngineHalves, FirstOneEndsTheAttemptWhenTheStepIsSkipped) {
  add("a");
  skips = "a";
  EXPECT_FALSE(engine.prepare(no_args, error));
  EXPECT_FALSE(error);
  EXPECT_EQ(take_calls(), (Calls{"a.before_run", "a.on_error CANCELLED"}));
  EXPECT_EQ(engine.skipped_runs(), 1);
}

TEST_F(StepEngineHalves, TogetherWithTheSessionTheyAreAnAttempt) {
  add("a");
  EXPECT_FALSE(engine.attempt(no_args));
  EXPECT_EQ(take_calls(), (Calls{"a.before_run", "session", "a.after_run"}));
}

}  // namespace
}  // namespace runhook
