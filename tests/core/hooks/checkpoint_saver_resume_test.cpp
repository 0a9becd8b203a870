#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "core/hooks/checkpoint_saver_rig.hpp"
#include "runhook/hooks/early_stopping.hpp"
#include "runhook/hooks/metrics.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CheckpointSaverHookTest, RunGoesOnFromWhereAnotherHasEnded) {
  add_hook();
  auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 5));

  session = start_anew();
  EXPECT_EQ(session->global_step(), 5);
  EXPECT_EQ(x(*session), 10);
  session->run(train);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 5, 6));
}

TEST_F(CheckpointSaverHookTest, HooksAndTriggersGoOnWhereTheyWere) {
  auto counting = std::make_shared<Counting>();
  rig.config.add_hook(counting);
  std::vector<std::int64_t> due;
  const auto add_due = [&] {
    const auto hook = rig.hook({.name = "due", .trigger = Trigger::every_steps(3)});
    hook->on_after = [&](SessionRunContext& context) { due.push_back(context.global_step()); };
  };
  add_due();
  add_hook();
  auto session = rig.start();
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(due, ElementsAre(1, 4));

  rig.config.hooks.clear();
  counting = std::make_shared<Counting>();
  rig.config.add_hook(counting);
  add_due();
  add_hook();
  session = rig.start();
  EXPECT_EQ(counting->restored_at, 5);
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(counting->count, 10);
  EXPECT_THAT(due, ElementsAre(1, 4, 7, 10)) << "as if there had been no interruption";
}

TEST_F(CheckpointSaverHookTest, RecoveryGoesOnFromTheNewestCheckpoint) {
  add_hook(Trigger::every_steps(2));
  int failures = 0;
  const auto failing = rig.hook();
  failing->on_before = [&](SessionRunContext& context) {
    if (context.global_step() == 3 && failures++ == 0) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  session->run_until_stop(train, 5);
  EXPECT_EQ(session->outcome().recoveries, 1);
  EXPECT_EQ(x(*session), 2.0 * static_cast<double>(session->global_step()));
  EXPECT_EQ(session->global_step(), 5) << "step 3 was made twice, and counts once";
  session->close();
}

TEST_F(CheckpointSaverHookTest, ProgramThatHasChangedIsToldAllDifferences) {
  add_hook();
  rig.start()->close();
  Graph other;
  other.global_step();
  other.increment_global_step("STEP");
  other.variable("x", Value::scalar(0.0f));
  other.variable("y", Value::scalar(0.0));
  rig.make = graph_session_factory(other);
  EXPECT_STATUS(start_anew(), failed_precondition, "'x' is float32[] here, and float64[] there");
  EXPECT_STATUS(start_anew(), failed_precondition, "'y' is not there");
  options.checkpoints.partial = true;
  const auto session = start_anew();
  EXPECT_EQ(session->global_step(), 0);
  session->close();
}

TEST_F(CheckpointSaverHookTest, StateOfTheProgramsOwnIsSavedWithTwoFunctions) {
  std::vector<double> solver{1, 2, 3};
  options.checkpoints.save_state = [&](Snapshot& to) {
    const std::array<std::int64_t, 1> shape{3};
    to.set("solver", DType::float64, shape, solver.data());
  };
  options.checkpoints.restore_state = [&](const Snapshot& from) {
    from.copy_to("solver", DType::float64, solver.size(), solver.data());
  };
  rig.make = nullptr;
  rig.step = [&](FunctionSession::Step&) { solver[0] += 1; };
  add_hook();
  auto session = rig.start();
  session->run_until_stop({}, 4);
  session->close();
  solver = {0, 0, 0};
  session = start_anew();
  EXPECT_THAT(solver, ElementsAre(5, 2, 3));
  EXPECT_EQ(session->global_step(), 4);
  session->close();
}

TEST_F(CheckpointSaverHookTest, StepThatIsAskedForIsRestoredAndNewerOnesAreSetAside) {
  add_hook(Trigger::every_steps(1));
  rig.start()->run_until_stop(train, 4);
  options.checkpoints.restore_step = 2;
  const auto session = start_anew(Trigger::every_steps(1));
  EXPECT_EQ(x(*session), 4);
  EXPECT_THAT(saved(), ElementsAre(0, 1, 2));
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 1, 2, 3));
  session->close();
}

TEST_F(CheckpointSaverHookTest, WhatASaveCoversIsWrittenWhenItIsCommitted) {
  const Folder others;
  const std::string killed = others.file("killed");
  die_after(2, killed);
  add_metrics(folder.file("m.jsonl"), {.keep_all = true});
  add_hook(Trigger::every_steps(2));
  const auto session = rig.start();
  session->run_until_stop(train, 3);
  session->close();
  EXPECT_THAT(rows(killed + "/m.jsonl"),
              ElementsAre(R"(0: "event":"start")", R"(1: "each":1,"rare":10)", R"(2: "each":2,"rare":20)"));
}

TEST_F(CheckpointSaverHookTest, RunThatGoesOnWritesWhatItWouldHaveWritten) {
  const Folder others;
  const std::string killed = others.file("killed");
  die_after(3, killed);
  const MetricsOptions thinned{.every_n_steps = 4};
  add_metrics(folder.file("m.jsonl"), thinned);
  add_hook(Trigger::every_steps(3));
  auto session = rig.start();
  session->run_until_stop(train, 6);
  session->close();
  const std::vector<std::string> whole = rows(folder.file("m.jsonl"));
  EXPECT_THAT(whole, ElementsAre(R"(0: "event":"start")", R"(1: "each":1,"rare":10)", R"(2: "rare":20)",
                                 R"(5: "each":5)", R"(6: "each":6)"));

  rig.config.hooks.clear();
  options = {};
  options.checkpoints.directory = killed + "/checkpoints";
  add_metrics(killed + "/m.jsonl", thinned);
  add_hook(Trigger::every_steps(3));
  session = rig.start();
  EXPECT_EQ(session->global_step(), 3);
  session->run_until_stop(train, 3);
  session->close();
  std::vector<std::string> both = rows(killed + "/m.jsonl");
  EXPECT_EQ(std::erase(both, R"(3: "event":"start")"), 1U);
  EXPECT_EQ(both, whole) << "what waited is written once, and no value is taken for the first of its name";
  EXPECT_EQ(list_checkpoints(killed + "/checkpoints").back().metrics,
            list_checkpoints(folder.file("checkpoints")).back().metrics);
}

TEST_F(CheckpointSaverHookTest, LastRowOfARunThatStopsIsWrittenBeforeItsLastStepIsSaved) {
  const Folder others;
  const std::string killed = others.file("killed");
  die_after(4, killed);
  add_metrics(folder.file("m.jsonl"), {.every_n_steps = 1000});
  const auto stopping = rig.hook();
  stopping->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 4) context.request_stop(0, "enough");
  };
  add_hook(Trigger::every_steps(2));
  const auto session = rig.start();
  session->run_until_stop(train);
  session->close();
  EXPECT_THAT(rows(killed + "/m.jsonl"), Contains(R"(4: "each":4)"));
  EXPECT_EQ(rows(killed + "/m.jsonl"), rows(folder.file("m.jsonl")));
}

TEST_F(CheckpointSaverHookTest, OutputThatHangsIsWaitedForNoLongerThanItMayTakeToClose) {
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int fd = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  std::array<char, 4096> bytes{};
  while (write(fd, bytes.data(), bytes.size()) > 0) continue;  // until it is full
  MetricsOptions metrics;
  metrics.output.close_timeout = std::chrono::milliseconds(1);
  add_metrics(pipe, metrics);
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 2);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 1, 2));
  EXPECT_EQ(rig.logged("is not written up to step 0, and the save does not wait for it"), 1);
  EXPECT_EQ(rig.logged("is not written up to step"), 1);
  while (read(fd, bytes.data(), bytes.size()) > 0) continue;  // lets its thread go
  close(fd);
}

TEST_F(CheckpointSaverHookTest, IntervalCountsFromTheFirstCheckpointInARunThatGoesOnFromItToo) {
  const Folder others;
  const std::string killed = others.file("killed");
  die_after(0, killed);
  add_hook(Trigger::every_steps(2));
  rig.start()->close();
  options = {};
  options.checkpoints.directory = killed + "/checkpoints";
  auto session = start_anew(Trigger::every_steps(2));
  session->run_until_stop(train, 3);
  session->close();
  std::vector<std::int64_t> steps;
  for (const CheckpointSummary& one : list_checkpoints(killed + "/checkpoints")) steps.push_back(one.step);
  EXPECT_THAT(steps, ElementsAre(0, 2, 3));
}

// The best value is that of step 2; patience ends at step 6.
TEST_F(CheckpointSaverHookTest, EarlyStoppingGoesOnWhereItWas) {
  for (const std::int64_t death : {3, 6}) {
    const Folder others;
    const std::string killed = others.file("killed");
    const auto add_all = [&](const std::string& where) {
      rig.config.hooks.clear();
      options.checkpoints.directory = where + "/checkpoints";
      rig.config.add_hook(std::make_shared<EarlyStoppingHook>(
          EarlyStoppingOptions{.rules = {{.name = "loss", .logged = true, .patience_steps = 4}}}));
      rig.hook()->on_after = [](SessionRunContext& context) {
        context.log_scalar("loss", context.global_step() == 2 ? 1 : 2);
      };
      add_hook(Trigger::every_steps(3));
    };
    const Folder whole;
    const auto listener = std::make_shared<Listener>();
    listener->on_saved = [&](std::int64_t step) {
      if (step == death) std::filesystem::copy(whole.path(), killed, std::filesystem::copy_options::recursive);
    };
    options.listeners = {listener};
    add_all(whole.path());
    auto session = rig.start();
    session->run_until_stop(train);
    session->close();
    EXPECT_EQ(session->outcome().step, 6);

    options.listeners.clear();
    add_all(killed);
    session = rig.start();
    EXPECT_EQ(session->global_step(), death);
    session->run_until_stop(train, 20);
    session->close();
    EXPECT_EQ(session->outcome().step, 6);
    EXPECT_THAT(std::string(session->outcome().stop.text()),
                HasSubstr("'loss' has not improved for 4 steps: it is 2, and was 1 at step 2"));
  }
}

TEST_F(CheckpointSaverHookTest, RunThatIsMadeAgainIsComparedWithWhatItHasSaved) {
  add_hook(Trigger::every_steps(1));
  rig.start()->run_until_stop(train, 4);
  const std::vector<CheckpointSummary> before = list_checkpoints(folder.file("checkpoints"));
  options.checkpoints.verify = true;
  options.checkpoints.restore_step = 1;
  const auto session = start_anew();
  EXPECT_EQ(x(*session), 2);
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_EQ(rig.logged("3 steps were compared with their checkpoints in '"), 1);
  EXPECT_EQ(rig.logged("', and 0 are different"), 1);
  const std::vector<CheckpointSummary> after = list_checkpoints(folder.file("checkpoints"));
  ASSERT_EQ(after.size(), before.size()) << "nothing is saved, set aside or deleted";
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].saved_unix_ns, before[i].saved_unix_ns);
}

TEST_F(CheckpointSaverHookTest, StateThatTheProgramCannotRestoreIsToldWithItsCheckpoint) {
  options.checkpoints.save_state = [](Snapshot&) {};
  options.checkpoints.restore_state = [](const Snapshot&) { fail(StatusCode::data_loss, "cannot be parsed"); };
  add_hook();
  rig.start()->run_until_stop(train, 4);
  const Error error = error_of([&] { start_anew(); });
  EXPECT_EQ(error.to_string(), "DATA_LOSS in restore_state at step 4: cannot be parsed");
}

TEST_F(CheckpointSaverHookTest, RunThatComesToSomethingElseIsToldEachDifference) {
  int lucky = 0;
  options.checkpoints.save_state = [&](Snapshot& snapshot) {
    snapshot.set_state("luck", "it is " + std::to_string(lucky));
  };
  options.checkpoints.restore_state = [](const Snapshot&) {};
  add_hook(Trigger::every_steps(2));
  rig.start()->run_until_stop(train, 4);
  options.checkpoints.verify = true;
  lucky = 7;
  const auto session = start_anew();
  session->session()->write_variable("x", Value::scalar(0.5));
  EXPECT_STATUS(
      session->run_until_stop(train, 4), failed_precondition,
      "step 2 is not as it was saved: variable 'x' differs, first in element 0 of 1; state 'luck' differs from byte "
      "6 on");
  EXPECT_THAT(saved(), ElementsAre(0, 2, 4));

  rig.config.hooks.clear();
  add_hook(Trigger::never(), FailurePolicy::warn);
  const auto tolerant = rig.start();
  tolerant->run_until_stop(train, 6);
  tolerant->close();
  EXPECT_EQ(rig.logged("2 steps were compared"), 1);
  EXPECT_EQ(rig.logged("and 2 are different"), 1);
  EXPECT_EQ(tolerant->outcome().warnings, 2);
}

TEST_F(CheckpointSaverHookTest, RunIsNotComparedWithNothing) {
  options.checkpoints.verify = true;
  EXPECT_STATUS(start_anew(), not_found, "there is no checkpoint");
}

TEST_F(CheckpointSaverHookTest, HookThatComesTooLateToGoOnIsRefused) {
  add_hook(Trigger::every_steps(1));
  rig.start()->run_until_stop(train, 4);
  const std::vector<HookRegistration> hooks = std::exchange(rig.config.hooks, {});
  const auto session = rig.start();
  session->add_hook(hooks.back().hook, hooks.back().options);
  EXPECT_STATUS(session->run(train), failed_precondition, "so that it cannot go on from step 4 in '");
  EXPECT_THAT(saved(), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(CheckpointSaverHookTest, VerificationInWhichNoStepIsComparedFails) {
  add_hook(Trigger::every_steps(1));
  rig.start()->run_until_stop(train, 4);
  options.checkpoints.verify = true;
  options.checkpoints.restore_step = 4;
  const auto session = start_anew();
  session->run_until_stop(train, 2);
  EXPECT_STATUS(session->close(), failed_precondition, "nothing was verified: of no step that was made there is a");
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST_F(CheckpointSaverHookTest, HooksOfAnyNamesAreToldApart) {
  const std::array<const char*, 4> names{"a", "a", "a#2", "#2/a"};
  std::array<std::shared_ptr<Counting>, 4> hooks;
  for (const int sign : {1, 0}) {
    rig.config.hooks.clear();
    for (std::size_t i = 0; i < names.size(); ++i) {
      hooks[i] = std::make_shared<Counting>();
      hooks[i]->count = sign * static_cast<int>(i + 1);
      rig.config.add_hook(hooks[i], {.name = names[i]});
    }
    add_hook();
    rig.start()->close();
  }
  for (std::size_t i = 0; i < hooks.size(); ++i) EXPECT_EQ(hooks[i]->count, i + 1);
}

}  // namespace
