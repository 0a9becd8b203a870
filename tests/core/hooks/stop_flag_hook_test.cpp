// Sessions that stop together; rows of the reference are in tests/conformance.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/stop_flag.hpp"
#include "runhook/stop_flag.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

TEST(StopFlag, KnowsWhoRaisedItFirstAndWhy) {
  const StopFlag flag;
  EXPECT_FALSE(flag.raised());
  EXPECT_TRUE(flag.raise("converged", "chief", 12));
  EXPECT_FALSE(flag.raise("tired", "worker", 13));
  EXPECT_TRUE(flag.raised());
  EXPECT_EQ(flag.reason().text(), "converged");
  EXPECT_EQ(flag.reason().who(), "chief");
  EXPECT_EQ(flag.reason().step, 12);
}

TEST(StopFlag, CopiesAreTheSameFlag) {
  const StopFlag flag;
  const StopFlag copy = flag;  // NOLINT(performance-unnecessary-copy-initialization)
  copy.raise();
  EXPECT_TRUE(flag.raised());
}

TEST(StopFlag, SourceOfASessionMayBeTheFlagOfOthers) {
  const StopSource source;
  const StopFlag flag(source);
  source.request_stop(3, "enough");
  EXPECT_TRUE(flag.raised());
  EXPECT_EQ(flag.reason().code, 3);
}

class Worker : public testing::Test {
 protected:
  std::unique_ptr<MonitoredSession> start(StopFlagOptions options = {}) {
    hook = std::make_shared<StopFlagHook>(flag, std::move(options));
    rig.config.add_hook(hook);
    return rig.start();
  }
  StopFlag flag;
  LoopRig rig;
  std::shared_ptr<StopFlagHook> hook;
};

TEST_F(Worker, StopsAfterTheRunInWhichTheFlagIsRaised) {
  rig.step = [this](auto&) {
    if (rig.steps == 3) flag.raise("enough", "chief");
  };
  const auto session = start();
  EXPECT_EQ(session->run_until_stop({}, 100), 3);
  EXPECT_TRUE(hook->has_stopped());
  EXPECT_EQ(session->outcome().stop.text(), "chief has raised the stop flag: enough");
}

TEST_F(Worker, MakesNoRunIfTheFlagIsRaisedAlready) {
  flag.raise();
  EXPECT_EQ(start()->run_until_stop({}, 100), 0);
}

TEST_F(Worker, RunThatIsAboutToBeginIsNotMade) {
  const auto session = start();
  session->run();
  flag.raise();
  EXPECT_STATUS(session->run(), stopped, "");
  EXPECT_EQ(rig.steps, 1);
}

TEST_F(Worker, OwnStopIsNobodyElsesBusiness) {
  const auto session = start();
  session->request_stop();
  session->close();
  EXPECT_FALSE(flag.raised());
  EXPECT_FALSE(hook->has_stopped());
}

TEST_F(Worker, PredicateIsAskedInTheRunsInWhichItIsDue) {
  std::vector<std::int64_t> asked;
  const auto session = start({.predicate =
                                  [&](SessionRunContext& context) {
                                    asked.push_back(context.global_step());
                                    return asked.size() == 3;
                                  },
                              .ask = Trigger::every_steps(4),
                              .reason = "converged"});
  EXPECT_EQ(session->run_until_stop({}, 100), 9);
  EXPECT_EQ(asked, (std::vector<std::int64_t>{1, 5, 9}));
  EXPECT_EQ(flag.reason().text(), "converged");
  EXPECT_EQ(flag.reason().who(), "stop flag");
  EXPECT_EQ(flag.reason().step, 9);
}

TEST_F(Worker, HookServesAnotherSession) {
  int asked = 0;
  const StopFlagOptions options{.predicate =
                                    [&](auto&) {
                                      ++asked;
                                      return false;
                                    },
                                .ask = Trigger::every_steps(10),
                                .same_step = true};
  start(options)->run_until_stop({}, 5);
  rig.start()->run_until_stop({}, 5);
  EXPECT_EQ(asked, 2);  // in the first run of each
}

// Workers of different speed, each in a thread. Returns the steps at which they ended.
std::vector<std::int64_t> steps_at_end(int workers, std::int64_t chief_raises_at, std::int64_t shortest) {
  const StopFlag flag;
  std::vector<std::int64_t> steps(static_cast<std::size_t>(workers));
  std::vector<std::unique_ptr<LoopRig>> rigs;
  std::vector<std::unique_ptr<MonitoredSession>> sessions;
  for (int i = 0; i < workers; ++i) {
    rigs.push_back(std::make_unique<LoopRig>());
    StopFlagOptions options{.same_step = true};
    if (i == 0) {
      options.ask = Trigger();
      options.predicate = [=](SessionRunContext& context) { return context.global_step() >= chief_raises_at; };
    }
    rigs.back()->config.add_hook(std::make_shared<StopFlagHook>(flag, std::move(options)));
    rigs.back()->step = [i](auto&) {
      for (int turn = 0; turn < i; ++turn) std::this_thread::yield();
    };
    sessions.push_back(rigs.back()->start());
  }
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    threads.emplace_back([&, i] {
      // The last one ends by itself.
      const bool short_lived = shortest > 0 && i + 1 == steps.size();
      sessions[i]->run_until_stop({}, short_lived ? shortest : 1'000'000);
      steps[i] = sessions[i]->global_step();
      if (short_lived) sessions[i]->close();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return steps;
}

TEST(SameStep, WorkersOfDifferentSpeedStopAtOneStep) {
  for (int round = 0; round < 20; ++round) {
    const std::vector<std::int64_t> steps = steps_at_end(4, 20 + round, 0);
    EXPECT_GE(steps[0], 20 + round);
    EXPECT_TRUE(std::all_of(steps.begin(), steps.end(), [&](std::int64_t step) { return step == steps[0]; }))
        << testing::PrintToString(steps);
  }
}

TEST(SameStep, WorkerThatHasEndedDoesNotCount) {
  const std::vector<std::int64_t> steps = steps_at_end(3, 50, 5);
  EXPECT_EQ(steps[2], 5);
  EXPECT_GE(steps[0], 50);
  EXPECT_EQ(steps[0], steps[1]);
}

TEST(SameStep, WorkerThatIsBehindGoesOnUntilItGetsThere) {
  const StopFlag flag;
  const auto worker = [&flag](LoopRig& rig) {
    rig.config.add_hook(std::make_shared<StopFlagHook>(flag, StopFlagOptions{.same_step = true}));
    return rig.start();
  };
  LoopRig ahead_rig;
  LoopRig behind_rig;
  const auto ahead = worker(ahead_rig);
  const auto behind = worker(behind_rig);
  ahead->run_until_stop({}, 7);
  behind->run_until_stop({}, 2);
  flag.raise();
  EXPECT_EQ(behind->run_until_stop({}, 100), 5);
  EXPECT_EQ(ahead->run_until_stop({}, 100), 0);
}

}  // namespace
}  // namespace runhook
