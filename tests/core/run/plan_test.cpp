// What is left of the plan of a step when another one cannot be made.
#include "run/plan.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/graph_session.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using detail::HookRequest;
using detail::Plan;

// Two hooks and a caller, of whom the session takes anything.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    plan.set_session(&session);
    first.requester = "hook 'first'";
    second.requester = "hook 'second'";
  }
  // Executes the step that is planned: each fetch gives its own number.
  void execute() {
    const SessionStep& step = plan.step();
    for (std::size_t i = 0; i < step.fetches.size(); ++i) {
      step.results[i] = Value::scalar(static_cast<std::int64_t>(step.fetches[i]));
    }
    plan.distribute(results);
  }
  std::int64_t number_of(std::string_view name) {
    Plan other;
    other.set_session(&session);
    HookRequest request;
    other.add_fetch(request, name, name);
    other.merge({});
    return other.step().fetches[0];
  }
  void fail_by_conflict() {
    plan.add_feed(second, "fed", Value::scalar(1.0));
    EXPECT_STATUS(plan.merge(feeding), invalid_argument, "Same tensor is fed by hook 'second' and the caller: 'fed'");
  }
  struct Numbered final : Session {
    NodeId resolve(std::string_view name) override {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == name) return static_cast<NodeId>(i);
      }
      names.emplace_back(name);
      return static_cast<NodeId>(names.size() - 1);
    }
    void run(SessionStep&) override {}
    std::vector<std::string> names;
  };

  const SessionRunArgs nothing;
  const SessionRunArgs feeding{{}, {{"fed", Value::scalar(2.0)}}, {}};
  Numbered session;
  HookRequest first, second;
  Plan plan;
  Results results;
};

TEST_F(PlanTest, HS_10_FetchOfAnAttemptThatConflictedLeavesNothingToOneThatAsksForNothing) {
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  fail_by_conflict();
  for (int step = 0; step < 2; ++step) {
    plan.begin_attempt();
    plan.merge(nothing);
    execute();
    EXPECT_TRUE(first.results.absent()) << step;
    EXPECT_TRUE(plan.quiet());
  }
}

TEST_F(PlanTest, HS_10_OldPlanIsUsedAgainAfterAConflict) {
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  plan.merge(nothing);
  execute();
  const NodeId* const planned = plan.step().fetches.data();
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  EXPECT_STATUS(plan.merge({{}, {{"fed", Value::scalar(1.0)}, {"fed", Value::scalar(2.0)}}, {}}), invalid_argument,
                "fed twice by the caller");
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  plan.merge(nothing);
  EXPECT_EQ(plan.step().fetches.data(), planned) << "it was made anew";
  execute();
  EXPECT_EQ(first.results.value("x").to_int64(), number_of("x"));
}

TEST_F(PlanTest, HS_10_OtherFetchOfAnAttemptThatConflictedIsForgotten) {
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  plan.merge(nothing);
  execute();
  plan.begin_attempt();
  plan.add_fetch(first, "y", "y");
  plan.add_fetch(first, "z", "z");
  fail_by_conflict();
  EXPECT_EQ(first.results.value("x").to_int64(), number_of("x")) << "results stay those of the plan they are of";
  plan.begin_attempt();
  plan.add_fetch(first, "x", "x");
  plan.merge(nothing);
  EXPECT_EQ(plan.step().fetches.size(), 1U);
  execute();
  EXPECT_EQ(first.results.value("x").to_int64(), number_of("x"));
  EXPECT_EQ(first.results.find("y"), nullptr);
  plan.begin_attempt();
  plan.merge(nothing);
  execute();
  EXPECT_TRUE(first.results.absent());
}

TEST_F(PlanTest, FewerFetchesOfAnAttemptThatConflictedAreForgotten) {
  const auto ask = [&](bool both) {
    plan.begin_attempt();
    plan.add_fetch(first, "x", "x");
    if (both) plan.add_fetch(first, "y", "y");
  };
  ask(/*both=*/true);
  plan.merge(nothing);
  ask(/*both=*/false);
  EXPECT_STATUS(plan.merge({"", {}, {}}), invalid_argument, "");
  ask(/*both=*/false);
  fail_by_conflict();
  ask(/*both=*/true);
  plan.merge(nothing);
  execute();
  EXPECT_EQ(first.results.value("y").to_int64(), number_of("y"));
}

TEST_F(PlanTest, IsTheOldOneOrTheNewOneWhereverMemoryRunsOut) {
  number_of("x"), number_of("y"), number_of("z"), number_of("fed");
  bool enough = false;
  for (std::uint64_t allocation = 0; !enough; ++allocation) {
    ASSERT_LT(allocation, 200U);
    Plan fresh;
    fresh.set_session(&session);
    HookRequest a, b;
    const auto ask = [&](bool more) {
      fresh.begin_attempt();
      fresh.add_fetch(a, "x", "x");
      if (!more) return;
      fresh.add_fetch(b, "y", "y");
      fresh.add_feed(b, "fed", Value::scalar(1.0));
    };
    ask(/*more=*/false);
    fresh.merge(nothing);
    ask(/*more=*/true);
    const SessionRunArgs caller{"z", {}, {}};
    {
      const AllocationFailure failure(allocation, /*once=*/true);
      try {
        fresh.merge(caller);
        enough = true;
      } catch (const std::bad_alloc&) {
        EXPECT_EQ(fresh.empty_step().fetches.size(), 1U) << allocation;
        EXPECT_EQ(fresh.empty_step().results.size(), 1U) << allocation;
        EXPECT_TRUE(b.results.absent()) << allocation;
      }
    }
    ask(/*more=*/false);
    fresh.merge(nothing);
    const SessionStep& step = fresh.step();
    ASSERT_EQ(step.fetches.size(), 1U) << allocation;
    step.results[0] = Value::scalar(4.0);
    fresh.distribute(results);
    EXPECT_EQ(a.results.to_double("x"), 4.0) << allocation;
    EXPECT_TRUE(b.results.absent()) << allocation;
    EXPECT_TRUE(results.absent()) << allocation;
  }
}

TEST(PlanInALoop, HS_10_HookThatAskedInAnAttemptThatConflictedGetsNothingAfterwards) {
  Graph graph;
  graph.placeholder("fed", DType::float64, {});
  graph.function("x", {}, [](KernelContext& context) { context.set_output(0, Value::scalar(3.0)); });
  LoopRig rig;
  rig.make = graph_session_factory(graph);
  bool asks = true;
  const auto asking = rig.hook();
  asking->on_before = [&](auto& context) {
    if (asks) context.add_fetch("x", "x");
  };
  std::vector<bool> absent;
  asking->on_after = [&](auto& context) { absent.push_back(context.values()->results().absent()); };
  const auto feeding = rig.hook();
  feeding->on_before = [&](auto& context) {
    if (asks) context.add_feed("fed", Value::scalar(1.0));
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run({{}, {{"fed", Value::scalar(2.0)}}, {}}), invalid_argument, "Same tensor");
  asks = false;
  session->run();
  session->run();
  EXPECT_EQ(absent, (std::vector<bool>{true, true}));
}

}  // namespace
}  // namespace runhook
