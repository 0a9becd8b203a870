#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "core/hooks/checkpoint_saver_rig.hpp"
#include "runhook/hooks/in_memory_evaluator.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(CheckpointSaverHookTest, SavesWhenItIsDueAndAtBothEnds) {
  add_hook(Trigger::every_steps(2));
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 2, 4, 5));
}

TEST_F(CheckpointSaverHookTest, SaveRequestIsServedAfterTheStepAndTheRunGoesOn) {
  add_hook();
  const auto session = rig.start();
  session->run(train);
  session->request_save();
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 2));
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 2));
  session->close();
}

TEST_F(CheckpointSaverHookTest, SaveRequestIsServedDuringALongCallback) {
  add_hook();
  std::vector<std::int64_t> saved_meanwhile;
  const auto hook = rig.hook();
  hook->on_before = [](SessionRunContext& context) {
    EXPECT_STATUS(context.save_if_requested(), failed_precondition, "after_run");
  };
  hook->on_after = [&](SessionRunContext& context) {
    EXPECT_FALSE(context.save_if_requested());
    context.stop_source().request_save();  // as a thread would, or a signal
    EXPECT_TRUE(context.save_if_requested());
    saved_meanwhile = saved();
  };
  const auto session = rig.start();
  session->run(train);
  EXPECT_THAT(saved_meanwhile, ElementsAre(0, 1));
  session->close();
}

TEST_F(CheckpointSaverHookTest, SaveRequestIsServedBetweenTwoStepsOfAnEvaluation) {
  add_hook();
  std::vector<std::int64_t> saved_meanwhile;
  MonitoredSession* run = nullptr;
  InMemoryEvaluatorOptions evaluator;
  evaluator.every_n_runs = 2;
  int evaluated = 0;
  evaluator.evaluation.config.session_creator = std::make_shared<ChiefSessionCreator>([&] {
    return std::make_shared<FunctionSession>([&](FunctionSession::Step&) {
      if (++evaluated == 3) saved_meanwhile = saved();
      if (evaluated == 2 && run != nullptr) run->request_save();
    });
  });
  evaluator.evaluation.args = SessionRunArgs{};
  evaluator.evaluation.evals.num_evals = 3;
  rig.config.add_hook(std::make_shared<InMemoryEvaluatorHook>(evaluator));
  const auto session = rig.start();
  run = session.get();
  evaluated = 0;
  session->run_until_stop(train, 2);
  EXPECT_THAT(saved_meanwhile, ElementsAre(0, 2));
  session->close();
}

TEST_F(CheckpointSaverHookTest, ListenersAreToldAndOneOfThemMayVeto) {
  const auto listener = std::make_shared<Listener>();
  const auto other = std::make_shared<Listener>();
  listener->vetoed = 2;
  options.listeners = {listener, other};
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 1, 3));
  EXPECT_THAT(listener->calls, ElementsAre("begin", "before 0", "after 0", "before 1", "after 1", "before 2",
                                           "before 3", "after 3", "end 3"));
  EXPECT_EQ(other->calls, listener->calls) << "all are asked";
}

TEST_F(CheckpointSaverHookTest, ListenerStopsTheRun) {
  const auto listener = std::make_shared<Listener>();
  listener->stops = true;
  options.listeners = {listener};
  add_hook(Trigger::every_steps(2));
  const auto session = rig.start();
  EXPECT_FALSE(session->should_stop()) << "the answer at the start does not count";
  EXPECT_EQ(session->run_until_stop(train), 2);
  session->close();
  EXPECT_EQ(session->outcome().stop.who(), "checkpoint saver");
}

TEST_F(CheckpointSaverHookTest, HookThatCannotBeSavedFailsTheSave) {
  const auto counting = std::make_shared<Counting>();
  rig.config.add_hook(counting);
  add_hook(Trigger::every_steps(2));
  const auto session = rig.start();
  counting->fails = true;
  session->run(train);
  EXPECT_STATUS(session->run(train), internal, "cannot be saved");
  EXPECT_THAT(saved(), ElementsAre(0));
  session->close();  // the error has been told
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST_F(CheckpointSaverHookTest, FailedSaveIsTriedAgainAfterTheNextStep) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  add_hook(Trigger::every_steps(10), FailurePolicy::warn);
  const auto session = rig.start();
  session->run_until_stop(train, 9);
  disk->full = true;
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0));
  disk->full = false;
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 11));
  session->close();
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_THAT(rig.log, Contains(HasSubstr("No space left on device")));
}

TEST_F(CheckpointSaverHookTest, FailedSaveFailsTheRunUnlessToldOtherwise) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  disk->full = true;
  EXPECT_STATUS(session->run(train), resource_exhausted, "No space left on device");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
  EXPECT_THAT(saved(), ElementsAre(0)) << "nothing is saved after a failure";
}

TEST_F(CheckpointSaverHookTest, NewestLoggedNumbersAreMetrics) {
  add_hook(Trigger::every_steps(2));
  const auto logging = rig.hook();
  logging->on_after = [](SessionRunContext& context) {
    context.log_scalar("loss", 1.0 / static_cast<double>(context.global_step()));
    context.log_text("note", "none");
  };
  const auto session = rig.start();
  session->run_until_stop(train, 2);
  session->close();
  const std::vector<CheckpointSummary> all = list_checkpoints(folder.file("checkpoints"));
  EXPECT_THAT(all.back().metrics, ElementsAre(testing::Pair("loss", 0.5)));
  EXPECT_THAT(open_checkpoint(folder.file("checkpoints"), 2).state(),
              Contains(testing::Pair("runhook/run", HasSubstr("\"runs\": 2"))));
}

TEST_F(CheckpointSaverHookTest, NothingToSaveIsAnErrorUnlessItIsOptional) {
  rig.make = nullptr;
  add_hook();
  EXPECT_STATUS(rig.start(), failed_precondition, "has no variables");
  options.optional = true;
  const auto session = start_anew();
  session->run_until_stop({}, 3);
  session->close();
  EXPECT_THAT(saved(), IsEmpty());
  EXPECT_THAT(folder.files(), IsEmpty()) << "not even a directory";
}

TEST_F(CheckpointSaverHookTest, OptionsThatMakeNoSenseAreRefused) {
  options.saver = std::make_shared<MemorySaver>();
  EXPECT_STATUS(CheckpointSaverHook::make(options), invalid_argument, "a saver that it is given");
  options.saver = nullptr;
  options.listeners = {nullptr};
  EXPECT_STATUS(CheckpointSaverHook::make(options), invalid_argument, "NULL");
  options.listeners = {};
  options.grace = std::chrono::seconds(-1);
  EXPECT_STATUS(CheckpointSaverHook::make(options), invalid_argument, "negative");
  options.grace = {};
  add_hook();
  add_hook();
  EXPECT_STATUS(rig.start(), already_exists, "another hook saves the session");
}

TEST_F(CheckpointSaverHookTest, SaveThatAListenerFailsIsTriedAgain) {
  const auto listener = std::make_shared<Failing>();
  listener->before = 2;
  options.listeners = {listener};
  add_hook(Trigger::never(), FailurePolicy::warn);
  const auto session = rig.start();
  session->run(train);
  session->request_save();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 3, 4));
}

TEST_F(CheckpointSaverHookTest, DisabledHookSavesNoMore) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  add_hook(Trigger::every_steps(1), FailurePolicy::disable);
  const auto session = rig.start();
  disk->full = true;
  session->run_until_stop(train, 3);
  disk->full = false;
  session->request_save();
  session->run(train);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0));
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_EQ(rig.logged("the hook that saves has been disabled"), 2);
}

TEST_F(CheckpointSaverHookTest, HookThatHasNotBegunSavesNothing) {
  const auto listener = std::make_shared<Failing>();
  listener->at_begin = true;
  options.listeners = {listener};
  add_hook(Trigger::every_steps(1), FailurePolicy::warn);
  const auto session = rig.start();
  session->request_save();
  session->run_until_stop(train, 2);
  session->close();
  EXPECT_THAT(saved(), IsEmpty());
}

TEST_F(CheckpointSaverHookTest, ProgramCannotReplaceAVariableOfTheSession) {
  options.checkpoints.save_state = [](Snapshot& to) { to.set("x", Value::scalar(77.0)); };
  options.checkpoints.restore_state = [](const Snapshot&) {};
  add_hook();
  EXPECT_STATUS(rig.start(), invalid_argument, "two variables 'x'");
}

TEST_F(CheckpointSaverHookTest, SaverServesOneRunAtATime) {
  options.saver = std::make_shared<CheckpointSaver>(std::exchange(options.checkpoints, {}));
  add_hook();
  const auto one = rig.start();
  rig.config.hooks.clear();
  add_hook();
  EXPECT_STATUS(rig.start(), already_exists, "another run, which has not ended, uses the saver");
  one->run(train);
  one->request_save();
  one->run(train);
  one->close();
  EXPECT_THAT(saved(), ElementsAre(0, 2)) << "it is still the first one's";
  rig.start()->close();
}

TEST_F(CheckpointSaverHookTest, NameThatCannotBeSavedIsTold) {
  const auto counting = std::make_shared<Counting>();
  rig.config.add_hook(counting, {.name = "caf\xE9"});
  add_hook();
  EXPECT_STATUS(rig.start(), invalid_argument, "hook/caf\\xe9' of a variable or a state is not UTF-8");
}

TEST_F(CheckpointSaverHookTest, GraceIsThatOfASignal) {
  const auto disk = shut_disk();
  options.checkpoints.asynchronous = false;
  options.save_at_start = true;
  options.grace = std::chrono::milliseconds(5);
  for (const int signals : {0, 1}) {
    disk->shut = true;
    const std::jthread opener = disk->open_soon();
    rig.config.stop = std::make_shared<StopState>();
    const auto session = start_anew();
    session->request_save();
    session->run_until_stop(train, 2);
    signals != 0 ? rig.config.stop->request_from_signal(15, StopUrgency::after_step) : session->request_stop();
    disk->shut = false;
    session->close();
    EXPECT_EQ(rig.logged("may not be saved in time"), signals);
  }
}

}  // namespace
