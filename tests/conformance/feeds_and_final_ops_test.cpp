// Section 4.21: waiting for a step, final ops, feeding by a function.
#include <gtest/gtest.h>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/feed_fn.hpp"
#include "runhook/hooks/final_ops.hpp"
#include "runhook/hooks/global_step_waiter.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;

// A session whose step others move.
class SharedStepSession final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep&) override { ++runs; }
  std::optional<std::int64_t> read_global_step() override {
    ++reads;
    return step;
  }
  std::optional<std::int64_t> step;
  int reads = 0;
  int runs = 0;
};

// A clock on which each wait also does something.
class ActingClock final : public Clock {
 public:
  std::int64_t now_ns() override { return now_; }
  bool wait(std::int64_t ns, const StopState*) override {
    waits.push_back(ns);
    now_ += ns;
    if (on_wait) on_wait();
    return false;
  }
  std::vector<std::int64_t> waits;
  std::function<void()> on_wait;

 private:
  std::int64_t now_ = 0;
};

class GlobalStepWaiter : public testing::Test {
 protected:
  std::unique_ptr<MonitoredSession> waiting_for(std::int64_t step) {
    rig.config.clock = clock;
    rig.config.add_hook(std::make_shared<GlobalStepWaiterHook>(step));
    rig.make = [this] { return raw; };
    auto session = rig.start();
    raw->reads = 0;
    return session;
  }
  LoopRig rig;
  std::shared_ptr<SharedStepSession> raw = std::make_shared<SharedStepSession>();
  std::shared_ptr<ActingClock> clock = std::make_shared<ActingClock>();
};

TEST_F(GlobalStepWaiter, GW_01_StepZeroIsNotWaitedForAndNothingIsRead) {
  const auto session = waiting_for(0);
  session->run();
  EXPECT_EQ(raw->reads, 0);
  EXPECT_TRUE(clock->waits.empty());
}

TEST_F(GlobalStepWaiter, GW_02_WaitsUntilOthersHaveGotToTheStep) {
  raw->step = 0;
  clock->on_wait = [this] { raw->step = clock->waits.size() == 1 ? 500 : 1100; };
  const auto session = waiting_for(1000);
  session->run();
  EXPECT_EQ(clock->waits.size(), 2U);
  EXPECT_EQ(raw->runs, 1);
}

TEST_F(GlobalStepWaiter, GW_03_LaterRunsDoNotWait) {
  raw->step = 0;
  clock->on_wait = [this] { raw->step = clock->waits.size() == 1 ? 500 : 1100; };
  const auto session = waiting_for(1000);
  session->run();
  session->run();
  EXPECT_EQ(clock->waits, (std::vector<std::int64_t>{500'000'000, 500'000'000}));
  EXPECT_EQ(rig.logged("Waiting"), 1);
}

// Runs final ops on a session whose output "value" is `value`, or which has no input left if that is absent.
std::shared_ptr<FinalOpsHook> final_ops_of(LoopRig& rig, const Value& value, SessionRunArgs args = fetch("value")) {
  const auto hook = std::make_shared<FinalOpsHook>(std::move(args));
  rig.config.add_hook(hook);
  rig.make = [value] {
    return std::make_shared<FunctionSession>(
        [value](FunctionSession::Step& step) {
          if (!value) fail(StatusCode::out_of_range, "exhausted");
          step.set_output("value", value);
        },
        std::vector<std::string>{"value"});
  };
  return hook;
}

TEST(FinalOps, FO_01_Scalar) {
  LoopRig rig;
  const auto hook = final_ops_of(rig, Value::scalar(4.0));
  rig.start()->close();
  EXPECT_EQ(hook->values().to_double(), 4);
}

TEST(FinalOps, FO_02_Tensor) {
  LoopRig rig;
  const std::vector<double> numbers = {1, 6, 3, 5, 2, 4};
  const std::int64_t shape[] = {6};
  const auto hook = final_ops_of(rig, Value::copy_of(DType::float64, shape, numbers.data()));
  rig.start()->close();
  const Value& got = hook->values().value();
  ASSERT_EQ(got.element_count(), 6);
  const auto* data = static_cast<const double*>(got.data());
  EXPECT_EQ(std::vector<double>(data, data + 6), numbers);
}

TEST(FinalOps, FO_03_EndOfInputIsNoCleanEnd) {
  LoopRig rig;
  final_ops_of(rig, Value());
  const auto session = rig.start();
  EXPECT_STATUS(session->scope([](auto&) {}), out_of_range, "exhausted");
  EXPECT_EQ(rig.logged("input source"), 1);
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST(FinalOps, FO_05_AbsentBeforeTheEndAndWithoutOps) {
  LoopRig rig;
  const auto hook = final_ops_of(rig, Value::scalar(4.0));
  const auto session = rig.start();
  EXPECT_TRUE(hook->values().absent());
  session->close();
  EXPECT_FALSE(hook->values().absent());

  LoopRig other;
  const auto none = final_ops_of(other, Value::scalar(4.0), {});
  other.start()->close();
  EXPECT_TRUE(none->values().absent());
}

class FeedFn : public testing::Test {
 protected:
  // y = x + 1; "nothing was fed" is -1.
  FeedFn() {
    rig.make = [] {
      return std::make_shared<FunctionSession>(
          [](FunctionSession::Step& step) {
            const Value* x = step.input("x");
            step.set_output("y", Value::scalar(x == nullptr ? -1 : x->to_double() + 1));
          },
          std::vector<std::string>{"y"}, std::vector<std::string>{"x"});
    };
  }
  LoopRig rig;
};

TEST_F(FeedFn, FF_01_FeedsAPlaceholder) {
  rig.config.add_hook(std::make_shared<FeedFnHook>([](auto&) { return std::vector<Feed>{{"x", Value::scalar(1.0)}}; }));
  EXPECT_EQ(rig.start()->run(fetch("y")).to_double(), 2);
}

TEST_F(FeedFn, FF_02_IsAskedForEachRunAndMayGiveNothing) {
  int asked = 0;
  rig.config.add_hook(std::make_shared<FeedFnHook>([&](auto&) {
    ++asked;
    return asked < 3 ? std::vector<Feed>{{"x", Value::scalar(static_cast<double>(asked))}} : std::vector<Feed>();
  }));
  const auto session = rig.start();
  EXPECT_EQ(session->run(fetch("y")).to_double(), 2);
  EXPECT_EQ(session->run(fetch("y")).to_double(), 3);
  EXPECT_EQ(session->run(fetch("y")).to_double(), -1);
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace conformance
