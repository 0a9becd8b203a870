// A saver's hook that knows how long the process has from a signal until it is killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "core/hooks/checkpoint_saver_rig.hpp"
#include "eventually.hpp"

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
  void signal_in_step(std::int64_t step) {
    rig.hook()->on_after = [this, step](SessionRunContext& context) {
      if (context.global_step() == step) signal();
    };
  }
  // A hook whose end takes its time, and sees what is saved by then. It is not the saver that is last.
  void note_what_is_saved_at_the_end() {
    rig.hook()->on_end = [this](SessionRunContext&) { saved_at_the_end = saved(); };
  }
  std::vector<std::int64_t> saved_at_the_end;
};

TEST_F(Grace, AfterASignalTheLastStepIsSavedBeforeHooksEnd) {
  note_what_is_saved_at_the_end();
  signal_in_step(2);
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

TEST_F(Grace, SignalDuringTheEndHasTheLastStepSavedThere) {
  for (const bool is_stopped_already : {false, true}) {
    rig.config.stop = std::make_shared<StopState>();
    rig.config.hooks.clear();
    options.checkpoints.directory = folder.file(is_stopped_already ? "other" : "checkpoints");
    rig.hook()->on_end = [&](SessionRunContext& context) {
      signal();
      EXPECT_TRUE(context.save_if_requested());
      EXPECT_EQ(list_checkpoints(options.checkpoints.directory).size(), 1U);
      EXPECT_FALSE(context.save_if_requested()) << "it is saved";
    };
    add_hook();
    const auto session = rig.start();
    session->run_until_stop(train, 2);
    if (is_stopped_already) session->request_stop();
    session->close();
  }
}

TEST_F(Grace, SignalDuringAStepHasAllOfItSaved) {
  rig.hook()->on_after = [&](SessionRunContext& context) {
    if (context.global_step() != 2) return;
    signal();
    EXPECT_FALSE(context.save_if_requested()) << "the other hook has not counted the step yet";
  };
  rig.config.add_hook(std::make_shared<Counting>());
  add_hook();
  rig.start()->run_until_stop(train, 5);
  rig.config.hooks.clear();
  rig.config.stop = std::make_shared<StopState>();
  const auto counting = std::make_shared<Counting>();
  rig.config.add_hook(counting);
  add_hook();
  const auto session = rig.start();
  EXPECT_EQ(session->global_step(), 2);
  EXPECT_EQ(counting->count, 2);
}

TEST_F(Grace, VetoIsHeeded) {
  const auto listener = std::make_shared<Listener>();
  listener->vetoed = 2;
  options.listeners = {listener};
  int asked = 0;
  const auto hook = rig.hook();
  hook->on_after = [this](SessionRunContext& context) {
    if (context.global_step() == 2) signal();
  };
  hook->on_end = [&](SessionRunContext& context) {
    for (int i = 0; i < 5; ++i) asked += context.save_if_requested() ? 1 : 0;
  };
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(asked, 0);
  EXPECT_THAT(listener->calls, ElementsAre("begin", "before 2", "before 2", "end 2"));
}

TEST_F(Grace, NothingIsComparedInAHurry) {
  add_hook(Trigger::every_steps(2));
  const auto first = rig.start();
  first->run_until_stop(train, 4);  // saves 1 and 3, and 4 at the end
  first->close();
  options.checkpoints.verify = true;
  rig.config.hooks.clear();
  signal_in_step(2);
  note_what_is_saved_at_the_end();
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
  EXPECT_THAT(saved(), ElementsAre(1, 3, 4));
}

TEST_F(Grace, SaveInAHurryIsNotSkipped) {
  const auto disk = shut_disk();
  options.checkpoints.overlap = SaveOverlap::skip;
  rig.hook()->on_after = [this](SessionRunContext& context) {
    if (context.global_step() == 1) context.request_save();
    if (context.global_step() == 2) signal();
  };
  rig.hook()->on_end = [&](SessionRunContext&) {
    EXPECT_TRUE(eventually([&] { return saved().size() == 2; }));
    saved_at_the_end = saved();
  };
  add_hook();
  const auto session = rig.start();
  const std::jthread opener = disk->open_soon();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved_at_the_end, ElementsAre(1, 2));
}

TEST_F(Grace, NothingIsSavedWhereThereIsNothingToSave) {
  options.optional = true;
  rig.make = nullptr;  // a function has no variables
  rig.hook()->on_create = [this](SessionRunContext& context) {
    signal();
    EXPECT_FALSE(context.save_if_requested());
  };
  add_hook();
  rig.start()->close();
  EXPECT_THAT(saved(), IsEmpty());
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

TEST_F(Grace, ShorterThanTheLastSaveIsOfNoInterestToARunThatHasEndedWell) {
  const auto disk = shut_disk();
  options.checkpoints.asynchronous = false;
  options.grace = std::chrono::milliseconds(5);
  const std::jthread opener = disk->open_soon();
  add_hook();
  const auto session = rig.start();
  session->run_until_stop(train, 2);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 0);
}

TEST_F(Grace, ThatIsOverIsNoNegativeTime) {
  options.grace = std::chrono::milliseconds(20);
  rig.hook()->on_after = [this](SessionRunContext& context) {
    if (context.global_step() != 3) return;
    signal();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(rig.logged("nothing is left: step 3 may not be saved in time"), 1);
}

}  // namespace
