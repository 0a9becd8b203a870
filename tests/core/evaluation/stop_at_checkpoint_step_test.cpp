// Stopping at a checkpoint; rows of the reference are in tests/conformance.
#include "runhook/hooks/stop_at_checkpoint_step.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

class CheckpointStop : public testing::Test {
 protected:
  std::unique_ptr<MonitoredSession> start(std::int64_t last_step, std::chrono::nanoseconds wait) {
    rig.config.add_hook(std::make_shared<StopAtCheckpointStepHook>(
        StopAtCheckpointStepOptions{.source = source, .last_step = last_step, .wait = wait}));
    return rig.start();
  }
  LoopRig rig;
  std::shared_ptr<ScriptedSource> source = std::make_shared<ScriptedSource>();
};

TEST_F(CheckpointStop, WorkerGoesOnUntilTheCheckpointIsThere) {
  const auto clock = std::make_shared<ManualClock>();
  rig.config.clock = clock;
  source->on_look = [this] {
    if (source->looks == 4) source->save(3);
  };
  const auto session = start(3, 10s);
  EXPECT_EQ(session->run_until_stop({}, 100), 5);  // looks before the first run, and from step 3 on
  EXPECT_EQ(clock->waited_ns(), std::chrono::nanoseconds(20s).count());
  EXPECT_EQ(session->outcome().stop.text(), "step 3 has been saved");
}

TEST_F(CheckpointStop, StopEndsTheWait) {
  const auto session = start(1, 1h);
  std::thread stopper([&] {
    while (source->looks < 2) std::this_thread::yield();
    session->request_stop();
  });
  EXPECT_EQ(session->run_until_stop({}, 100), 1);
  stopper.join();
}

TEST_F(CheckpointStop, NegativeWaitIsRefused) {
  EXPECT_STATUS(StopAtCheckpointStepHook({.source = source, .last_step = 1, .wait = -1ns}), invalid_argument, "wait");
}

}  // namespace
}  // namespace runhook
