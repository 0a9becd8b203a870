#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/expect_error.hpp"
#include "core/hooks/checkpoint_saver_rig.hpp"
#include "eventually.hpp"
#include "sanitizer.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CheckpointSaverHookTest, AsynchronousSavesAreCommittedByTheEnd) {
  options.checkpoints.asynchronous = true;
  const auto listener = std::make_shared<Listener>();
  options.listeners = {listener};
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 7);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(3, 4, 5, 6, 7));
  EXPECT_EQ(open_checkpoint(folder.file("checkpoints"), 5).load("x").to_double(), 10);
  EXPECT_THAT(listener->calls, Contains("after 7"));
}

TEST_F(CheckpointSaverHookTest, AsynchronousFailureSurfacesAtTheNextSafePoint) {
  const auto disk = std::make_shared<FullDisk>();
  options.checkpoints.file_system = disk;
  options.checkpoints.asynchronous = true;
  add_hook(Trigger::every_steps(1000));
  const auto session = rig.start();
  disk->full = true;
  session->request_save();
  Error error;
  for (int i = 0; i < 100'000 && !error; ++i) {
    try {
      session->run(train);
    } catch (const StatusError& failed) {
      error = failed.error();
    }
  }
  EXPECT_EQ(error.code(), StatusCode::resource_exhausted);
  EXPECT_THAT(error.message(), HasSubstr("saving step"));
  disk->full = false;
  session->run(train);
  session->close();
  EXPECT_THAT(saved(), Contains(session->outcome().step)) << "tried again, and at the end";
}

TEST_F(CheckpointSaverHookTest, LastStepIsSavedThoughABusySaverSkips) {
  const auto disk = shut_disk();
  options.checkpoints.overlap = SaveOverlap::skip;
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  const std::jthread opener = disk->open_soon();
  session->close();
  EXPECT_THAT(saved(), ElementsAre(1, 5));
}

TEST_F(CheckpointSaverHookTest, EndWaitsForASaveOnceAndNoLongerThanItIsTold) {
  const auto disk = shut_disk();
  options.checkpoints.drain_timeout = std::chrono::seconds(2);
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run(train);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_STATUS(session->close(), deadline_exceeded, "is still being written");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2 * options.checkpoints.drain_timeout);
  disk->shut = false;
  wait_until_saved();
}

TEST_F(CheckpointSaverHookTest, LastSaveWaitsNoLongerThanItIsToldEither) {
  const auto disk = shut_disk();
  options.checkpoints.drain_timeout = std::chrono::milliseconds(20);
  add_hook();
  const auto session = rig.start();
  session->request_save();
  session->run_until_stop(train, 2);
  EXPECT_STATUS(session->close(), deadline_exceeded, "is still being written");
  disk->shut = false;
  wait_until_saved();
}

TEST_F(CheckpointSaverHookTest, ListenersHearOfEachSaveThatAnotherHasWaitedFor) {
  const auto disk = shut_disk();
  const auto listener = std::make_shared<Listener>();
  options.listeners = {listener};
  const auto saver = give_saver();
  add_hook(Trigger::every_steps(1));
  const auto slow = rig.hook();
  slow->on_before = [&](SessionRunContext& context) {
    if (context.global_step() < 2) return;
    EXPECT_TRUE(eventually([&] { return !saver->saving(); }));
  };
  const auto session = rig.start();
  session->run(train);
  const std::jthread opener = disk->open_soon();
  session->run_until_stop(train, 2);
  session->close();
  EXPECT_THAT(listener->calls, testing::IsSupersetOf({"after 1", "after 2", "after 3"}));
}

TEST_F(CheckpointSaverHookTest, EndWaitsThoughNothingIsSavedThen) {
  const auto disk = shut_disk();
  const auto listener = std::make_shared<Listener>();
  options.listeners = {listener};
  options.save_at_end = false;
  add_hook();
  const auto session = rig.start();
  session->request_save();
  session->run_until_stop(train, 2);
  const std::jthread opener = disk->open_soon();
  session->close();
  EXPECT_THAT(listener->calls, ElementsAre("begin", "before 1", "after 1", "end 2"));
}

TEST_F(CheckpointSaverHookTest, WhatFailsBehindTheLoopIsNoEndOfInput) {
  const auto disk = shut_disk();
  const auto listener = std::make_shared<Failing>();
  listener->after = 1;
  listener->code = StatusCode::out_of_range;
  options.listeners = {listener};
  add_hook();
  const auto session = rig.start();
  session->request_save();
  session->run(train);
  disk->shut = false;
  const auto step = [&] {
    session->run_until_stop(train, 1);
    return false;
  };
  EXPECT_STATUS(eventually(step), internal, "failed with OUT_OF_RANGE");
  session->close();
}

TEST_F(CheckpointSaverHookTest, WhatTheProgramSharesIsCopiedBeforeTheRunGoesOn) {
  const auto disk = shut_disk();
  Value shared = Value::scalar(1.0);
  options.checkpoints.save_state = [&](Snapshot& to) { to.variables.emplace_back("shared", shared); };
  options.checkpoints.restore_state = [](const Snapshot&) {};
  add_hook();
  const auto session = rig.start();
  session->request_save();
  session->run(train);
  *static_cast<double*>(shared.mutable_data()) = 99;
  disk->shut = false;
  session->close();
  EXPECT_EQ(open_checkpoint(folder.file("checkpoints"), 1).load("shared").to_double(), 1);
}

TEST_F(CheckpointSaverHookTest, ForkedProcessDoesNotWaitForTheSaveOfItsParent) {
  if (kIsThreadSanitized) GTEST_SKIP() << "its runtime cannot let go of a thread that is in the parent only";
  const auto disk = shut_disk();
  const std::shared_ptr<Session> session = rig.make();
  session->initialize(VariableScope::global);
  auto saver = std::make_unique<CheckpointSaver>(options.checkpoints);
  saver->save(*session, {1});
  disk->wait_for_a_save();  // its thread holds no lock of an allocator any more
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(10);
    const bool waits = saver->saving() || !saver->drain(std::chrono::nanoseconds(-1));
    saver->close();
    saver.reset();
    _exit(waits ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it has waited: " << status;
  disk->shut = false;
  saver->close();
  EXPECT_THAT(saved(), ElementsAre(1));
}

TEST_F(CheckpointSaverHookTest, SaveThatIsNotWaitedForCallsNothingOfTheProgramAnyMore) {
  for (const bool is_listed : {true, false}) {
    const auto disk = shut_disk();
    disk->can_be_listed = is_listed;
    options.checkpoints.directory = folder.file(is_listed ? "checkpoints" : "other");
    options.checkpoints.drain_timeout = std::chrono::milliseconds(5);
    std::atomic<bool> is_over = false;
    std::atomic<int> calls = 0;
    options.checkpoints.keep.wanted = [&](const CheckpointSummary&) {
      calls += is_over ? 1 : 0;
      return true;
    };
    options.checkpoints.log = [&](const LogRecord&) { calls += is_over ? 1 : 0; };
    auto saver = std::make_shared<CheckpointSaver>(options.checkpoints);
    const std::shared_ptr<Session> session = rig.make();
    session->initialize(VariableScope::global);
    saver->save(*session, {1});
    disk->wait_for_a_save();
    EXPECT_STATUS(saver->close(), deadline_exceeded, "is still being written");
    is_over = true;
    disk->shut = false;
    wait_until_saved();
    EXPECT_EQ(calls, 0);
  }
}

TEST_F(CheckpointSaverHookTest, RecoveryWaitsForASaveNoLongerThanItIsTold) {
  const auto disk = shut_disk();
  options.checkpoints.drain_timeout = std::chrono::milliseconds(5);
  add_hook(Trigger::every_steps(1));
  rig.hook()->on_before = [](SessionRunContext& context) {
    if (context.global_step() == 1) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop(train, 5), deadline_exceeded, "nothing can be restored before it is");
  disk->shut = false;
  session->close();
  wait_until_saved();
}

TEST_F(CheckpointSaverHookTest, EndOfASaveIsForgottenThoughNobodyIsToldOfIt) {
  rig.config.stop = std::make_shared<StopState>();
  rig.config.stop->tell_save_ended();
  const auto session = rig.start();
  session->run(train);
  EXPECT_FALSE(rig.config.stop->anything()) << "every step would look at it";
  session->close();
}

}  // namespace
