// A saver's hook that knows how long the process has from a signal until it is killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/hooks/checkpoint_saver_rig.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using testing::ElementsAre;
using testing::IsEmpty;

class Grace : public CheckpointSaverHookTest {
 protected:
  Grace() {
    rig.config.stop = std::make_shared<StopState>();
    options.grace = std::chrono::hours(1);
    options.save_at_start = false;
  }
  void signal() { rig.config.stop->request_from_signal(15, StopUrgency::after_step); }
  // A hook whose end takes its time, and sees what is saved by then. It is not the saver that is last.
  void note_what_is_saved_at_the_end() {
    rig.hook()->on_end = [this](SessionRunContext&) { saved_at_the_end = saved(); };
  }
  std::vector<std::int64_t> saved_at_the_end;
};

TEST_F(Grace, AfterASignalTheLastStepIsSavedBeforeHooksEnd) {
  note_what_is_saved_at_the_end();
  rig.hook()->on_after = [this](SessionRunContext& context) {
    if (context.global_step() == 2) signal();
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  EXPECT_THAT(saved(), ElementsAre(2)) << "after the step, not first when the session is closed";
  session->close();
  EXPECT_THAT(saved_at_the_end, ElementsAre(2));
  EXPECT_THAT(saved(), ElementsAre(2));
}

TEST_F(Grace, SignalBetweenTwoStepsHasTheLastOneSavedBeforeHooksEnd) {
  note_what_is_saved_at_the_end();
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  signal();
  session->close();
  EXPECT_THAT(saved_at_the_end, ElementsAre(3));
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
}

TEST_F(Grace, SignalDuringALongCallbackHasTheLastStepSavedThere) {
  std::vector<std::int64_t> saved_meanwhile;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    if (context.global_step() != 2) return;
    signal();
    EXPECT_TRUE(context.save_if_requested());
    saved_meanwhile = saved();
    EXPECT_FALSE(context.save_if_requested()) << "it is saved";
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved_meanwhile, ElementsAre(2));
}

TEST_F(Grace, OtherStopsAreSavedAfterHooksHaveEnded) {
  note_what_is_saved_at_the_end();
  rig.hook()->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 2) context.request_stop();
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved_at_the_end, IsEmpty());
  EXPECT_THAT(saved(), ElementsAre(2));
}

TEST_F(Grace, ThatIsNotKnownChangesNothing) {
  options.grace = {};
  note_what_is_saved_at_the_end();
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  signal();
  session->close();
  EXPECT_THAT(saved_at_the_end, IsEmpty());
  EXPECT_THAT(saved(), ElementsAre(3));
}

TEST_F(Grace, SaveThatFailsInAHurryFailsTheRun) {
  note_what_is_saved_at_the_end();
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  signal();
  disk->full = true;
  EXPECT_STATUS(session->close(), resource_exhausted, "saving step 3");
  EXPECT_THAT(saved_at_the_end, IsEmpty()) << "hooks are not told of the end of a run that has failed";
}

TEST_F(Grace, SaveThatFailsInAHurryIsTriedAgainWhenTheRunIsToGoOn) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  rig.hook()->on_end = [&](SessionRunContext&) { disk->full = false; };
  add_hook(Trigger::never(), FailurePolicy::warn);
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  signal();
  disk->full = true;
  session->close();
  EXPECT_THAT(saved(), ElementsAre(3));
}

TEST_F(Grace, ShorterThanASaveIsSaidOnceBeforeAnySignalComes) {
  const auto disk = shut_disk();
  options.checkpoints.asynchronous = false;
  options.grace = std::chrono::milliseconds(5);
  const std::jthread opener = disk->open_soon();
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_EQ(rig.logged("what comes after the last checkpoint may be lost"), 1);
  EXPECT_EQ(rig.logged("may not be saved in time"), 0);
}

}  // namespace
