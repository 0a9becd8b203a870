// Section 4.23: workers that stop together.
#include "runhook/hooks/stop_flag.hpp"

#include <gtest/gtest.h>

#include "core/evaluation/eval_model.hpp"
#include "core/loop_rig.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;

// One run of a chief whose predicate says `answer`. Returns whether it is to stop.
bool one_run_of_chief(const StopFlag& flag, bool answer) {
  LoopRig rig;
  rig.config.add_hook(
      std::make_shared<StopFlagHook>(flag, StopFlagOptions{.predicate = [answer](auto&) { return answer; }}));
  const auto session = rig.start();
  session->run();
  return session->should_stop();
}

TEST(StopFlag, ES_12_PredicateRaisesTheFlag) {
  const StopFlag lowered;
  EXPECT_FALSE(one_run_of_chief(lowered, false));
  EXPECT_FALSE(lowered.raised());
  const StopFlag raised;
  EXPECT_TRUE(one_run_of_chief(raised, true));
  EXPECT_TRUE(raised.raised());
}

TEST(StopFlag, ES_17_WorkersThatStopTogetherNeedNoOtherInterval) {
  const StopFlag flag;
  LoopRig chief;
  chief.config.add_hook(std::make_shared<StopFlagHook>(
      flag, StopFlagOptions{.predicate = [](auto&) { return true; }, .same_step = true}));
  LoopRig worker;
  worker.config.add_hook(std::make_shared<StopFlagHook>(flag, StopFlagOptions{.same_step = true}));
  const auto working = worker.start();
  const auto leading = chief.start();
  EXPECT_EQ(leading->run_until_stop({}, 100), 1);
  EXPECT_EQ(working->run_until_stop({}, 100), 1);
}

TEST(StopFlag, ES_20_RestoredRunDoesNotBeginStopped) {
  const auto run = [](const std::shared_ptr<MemorySaver>& saver, const StopFlag& flag) {
    LoopRig rig;
    rig.scaffold->saver = saver;
    rig.make = graph_session_factory(training_graph());
    rig.config.add_hook(std::make_shared<StopFlagHook>(flag));
    rig.hook()->on_after = [&](SessionRunContext& context) {
      if (context.global_step() % 3 != 0) return;
      flag.raise("enough");
      context.request_save();
    };
    const auto session = rig.start();
    session->run_until_stop(fetch("train"), 100);
    session->close();
    return session->global_step();
  };
  const auto saver = std::make_shared<MemorySaver>();
  EXPECT_EQ(run(saver, StopFlag()), 3);
  EXPECT_EQ(run(saver, StopFlag()), 6);
}

}  // namespace
}  // namespace conformance
