// What is saved at the end of a run whose last step was not completed. Each step changes x in two places.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "folder.hpp"
#include "runhook/checkpoint.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/inline_step.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using testing::HasSubstr;

class BrokenOffStep : public testing::Test {
 protected:
  BrokenOffStep() {
    CheckpointSaverHookOptions options;
    options.checkpoints.directory = folder.file("checkpoints");
    options.checkpoints.memory = {{"x", DType::float64, 1, &x}};
    rig.config.add_hook(CheckpointSaverHook::make(options, Trigger::every_steps(2)));
    rig.config.stop = std::make_shared<StopState>();
  }
  void ask_for_an_urgent_stop() { rig.config.stop->request_from_signal(2, StopUrgency::now); }
  // Calls `in_the_middle` in the fourth step; if that returns false the loop is left.
  void run_inline(const std::function<bool(InlineStep&)>& in_the_middle) {
    rig.config.set_inline();
    MonitoredSession session(rig.config);
    while (InlineStep* const step = session.next()) {
      x += 5;
      if (step->number() == 4 && !in_the_middle(*step)) break;
      x += 5;
    }
    if (closes) session.close();
  }
  std::int64_t newest() const { return list_checkpoints(folder.file("checkpoints")).back().step; }
  double saved_x() const {
    return *static_cast<const double*>(open_checkpoint(folder.file("checkpoints"), newest()).load("x").data());
  }

  const Folder folder;
  LoopRig rig;
  double x = 0;
  bool closes = true;
};

TEST_F(BrokenOffStep, OneThatIsGivenUpForAnUrgentStopIsNotSaved) {
  run_inline([this](InlineStep& step) {
    ask_for_an_urgent_stop();
    step.abandon();
    return false;
  });
  EXPECT_EQ(newest(), 2);
  EXPECT_EQ(saved_x(), 20);
  EXPECT_EQ(
      rig.logged("the step after 3 was broken off, so that what it has changed may be half done and is not saved: "
                 "the newest checkpoint is that of step 2"),
      1);
}

TEST_F(BrokenOffStep, OneInWhichTheSessionIsLeftIsNotSaved) {
  closes = false;
  run_inline([](InlineStep&) { return false; });
  EXPECT_EQ(newest(), 2);
  EXPECT_EQ(rig.logged("step 4 was open when its session was left, and does not count"), 1);
}

TEST_F(BrokenOffStep, OneThatASessionCancelsIsNotSaved) {
  rig.step = [this](FunctionSession::Step&) {
    x += 5;
    if (rig.steps == 4) {
      ask_for_an_urgent_stop();
      fail(StatusCode::cancelled);
    }
    x += 5;
  };
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_THAT(session->outcome().first_warning.message(), HasSubstr("broken off"));
  EXPECT_EQ(newest(), 2);
}

// As one that next() has opened last in the callback of another library, and that is not going to be made.
TEST_F(BrokenOffStep, StepBeforeOneThatIsAbandonedUntouchedIsSaved) {
  run_inline([this](InlineStep& step) {
    x -= 5;
    step.abandon();
    return false;
  });
  EXPECT_EQ(newest(), 3);
  EXPECT_EQ(saved_x(), 30);
}

TEST_F(BrokenOffStep, StepBeforeTheEndOfTheInputIsSaved) {
  rig.step = [this](FunctionSession::Step&) {
    if (rig.steps == 4) fail(StatusCode::out_of_range);
    x += 10;
  };
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  EXPECT_EQ(newest(), 3);
  EXPECT_EQ(saved_x(), 30);
}

TEST_F(BrokenOffStep, OneThatAnUrgentStopComesTooLateForIsSaved) {
  run_inline([this](InlineStep&) {
    ask_for_an_urgent_stop();
    return true;
  });
  EXPECT_EQ(newest(), 4);
  EXPECT_EQ(saved_x(), 40);
}

}  // namespace
