#include "runhook/hooks/checkpoint_saver.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "checkpoint/file_system.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "folder.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/early_stopping.hpp"
#include "runhook/hooks/in_memory_evaluator.hpp"
#include "runhook/hooks/metrics.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Does as it is told.
struct Listener final : CheckpointSaverListener {
  void begin(SessionRunContext&) override { calls.emplace_back("begin"); }
  bool before_save(SessionRunContext&, std::int64_t step) override {
    calls.push_back("before " + std::to_string(step));
    return step != vetoed;
  }
  bool after_save(SessionRunContext&, std::int64_t step) override {
    calls.push_back("after " + std::to_string(step));
    if (on_saved) on_saved(step);
    return stops;
  }
  void end(SessionRunContext&, std::int64_t step) override { calls.push_back("end " + std::to_string(step)); }
  std::function<void(std::int64_t)> on_saved;
  std::vector<std::string> calls;
  std::int64_t vetoed = -1;
  bool stops = false;
};

// A hook that remembers a number.
struct Counting final : SessionRunHook {
  std::string_view name() const override { return "counting"; }
  void after_run(SessionRunContext&, const SessionRunValues&) override { ++count; }
  std::optional<std::string> save(SessionRunContext&) override {
    if (fails) fail(StatusCode::internal, "cannot be saved");
    return std::to_string(count);
  }
  void restore(SessionRunContext& context, std::string_view state) override {
    restored_at = context.global_step();
    count = std::stoi(std::string(state));
  }
  int count = 0;
  std::int64_t restored_at = -1;
  bool fails = false;
};

// The next writes fail as long as it is full.
struct FullDisk final : detail::FileSystem {
  int reserve(int fd, std::uint64_t size) override {
    if (!full) return FileSystem::reserve(fd, size);
    errno = ENOSPC;
    return -1;
  }
  std::atomic<bool> full = false;
};

// Writes wait while it is shut.
struct ShutDisk final : detail::FileSystem {
  int reserve(int fd, std::uint64_t size) override {
    while (shut) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return FileSystem::reserve(fd, size);
  }
  std::jthread open_soon() {
    return std::jthread([this] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      shut = false;
    });
  }
  std::atomic<bool> shut = true;
};

// Fails at a step.
struct Failing final : CheckpointSaverListener {
  void begin(SessionRunContext&) override {
    if (at_begin) fail(code);
  }
  bool before_save(SessionRunContext&, std::int64_t step) override {
    if (step == before) fail(code);
    return true;
  }
  bool after_save(SessionRunContext&, std::int64_t step) override {
    if (step == after) fail(code);
    return false;
  }
  bool at_begin = false;
  std::int64_t before = -1, after = -1;
  StatusCode code = StatusCode::internal;
};

// A graph whose step adds 1 to the global step, and 2 to x.
class CheckpointSaverHookTest : public testing::Test {
 protected:
  CheckpointSaverHookTest() {
    train.fetches = "STEP";
    options.checkpoints.directory = folder.file("checkpoints");
    rig.config.clock = clock;
    Graph graph;
    graph.global_step();
    graph.variable("x", Value::scalar(0.0));
    graph.function("ADD", {.updates = {"x"}}, [](KernelContext& context) {
      context.assign(0, Value::scalar(context.variable(0).to_double() + 2));
      context.set_output(0, context.variable(0));
    });
    graph.increment_global_step("STEP", {"ADD"});
    rig.make = graph_session_factory(graph);
  }
  void add_hook(Trigger trigger = Trigger::never(), FailurePolicy policy = FailurePolicy::fail) {
    HookRegistration hook = CheckpointSaverHook::make(options, std::move(trigger));
    hook.options.failure_policy = policy;
    rig.config.add_hook(std::move(hook));
  }
  std::unique_ptr<MonitoredSession> start_anew(Trigger trigger = Trigger::never()) {
    rig.config.hooks.clear();
    add_hook(std::move(trigger));
    return rig.start();
  }
  // Saves are asynchronous, and wait for it. There is none at the start.
  std::shared_ptr<ShutDisk> shut_disk() {
    const auto disk = std::make_shared<ShutDisk>();
    options.checkpoints.file_system = disk;
    options.checkpoints.asynchronous = true;
    options.save_at_start = false;
    return disk;
  }
  std::vector<std::int64_t> saved() const {
    std::vector<std::int64_t> steps;
    for (const CheckpointSummary& one : list_checkpoints(folder.file("checkpoints"))) steps.push_back(one.step);
    return steps;
  }
  // What is there as soon as this step has been saved, as if the process had been killed then, is the folder from then on.
  void die_after(std::int64_t step, const std::string& copy) {
    const auto listener = std::make_shared<Listener>();
    listener->on_saved = [this, step, copy](std::int64_t saved_step) {
      if (saved_step == step) std::filesystem::copy(folder.path(), copy, std::filesystem::copy_options::recursive);
    };
    options.listeners = {listener};
  }
  void add_metrics(const std::string& path, MetricsOptions metrics = {}) {
    metrics.path = path;
    metrics.only_logged = true;
    metrics.output.flush_interval = std::chrono::hours(1);
    rig.config.add_hook(MetricsHook::make(std::move(metrics)));
    const auto logging = rig.hook();
    logging->on_after = [](SessionRunContext& context) {
      const std::int64_t step = context.global_step();
      context.log_int64("each", step);
      if (step <= 2) context.log_int64("rare", 10 * step);
    };
  }
  // The step and what follows the attempt, of each row.
  static std::vector<std::string> rows(const std::string& path) {
    std::vector<std::string> found;
    std::istringstream text(content(path));
    for (std::string line; std::getline(text, line);) {
      const std::size_t values = line.find(',', line.find("\"attempt\"")) + 1;
      found.push_back(line.substr(8, line.find(',') - 8) + ": " + line.substr(values, line.size() - 1 - values));
    }
    return found;
  }
  double x(MonitoredSession& session) const { return session.session()->read_variable("x").to_double(); }

  const Folder folder;
  const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  CheckpointSaverHookOptions options;
  SessionRunArgs train;
  LoopRig rig;
};

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
  EXPECT_EQ(session->global_step(), 4) << "step 3 was made twice";
  session->close();
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

TEST_F(CheckpointSaverHookTest, AsynchronousSavesAreCommittedByTheEnd) {
  options.checkpoints.asynchronous = true;
  const auto listener = std::make_shared<Listener>();
  options.listeners = {listener};
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run_until_stop(train, 20);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(16, 17, 18, 19, 20));
  EXPECT_EQ(open_checkpoint(folder.file("checkpoints"), 18).load("x").to_double(), 36);
  EXPECT_THAT(listener->calls, Contains("after 20"));
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
  EXPECT_EQ(rig.logged("is not written up to step 0, which is saved all the same"), 1);
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
  EXPECT_EQ(rig.logged("3 steps were compared with their checkpoints"), 1);
  EXPECT_EQ(rig.logged("and 0 are different"), 1);
  const std::vector<CheckpointSummary> after = list_checkpoints(folder.file("checkpoints"));
  ASSERT_EQ(after.size(), before.size()) << "nothing is saved, set aside or deleted";
  for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].saved_unix_ns, before[i].saved_unix_ns);
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
  options.checkpoints.drain_timeout = std::chrono::milliseconds(400);
  add_hook(Trigger::every_steps(1));
  const auto session = rig.start();
  session->run(train);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_STATUS(session->close(), deadline_exceeded, "is still being written");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 2 * options.checkpoints.drain_timeout);
  disk->shut = false;
  while (saved().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
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
  while (saved().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

TEST_F(CheckpointSaverHookTest, ListenersHearOfEachSaveThatAnotherHasWaitedFor) {
  const auto disk = shut_disk();
  const auto listener = std::make_shared<Listener>();
  options.listeners = {listener};
  add_hook(Trigger::every_steps(1));
  const auto slow = rig.hook();
  slow->on_before = [&](SessionRunContext& context) {
    if (context.global_step() < 2) return;
    while (saved().size() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // until it has ended, too
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
  const auto steps = [&] {
    for (int i = 0; i < 1000; ++i) {
      session->run_until_stop(train, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  EXPECT_STATUS(steps(), internal, "failed with OUT_OF_RANGE");
  session->close();
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

TEST_F(CheckpointSaverHookTest, ForkedProcessDoesNotWaitForTheSaveOfItsParent) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "it cannot let go of a thread that is in the parent only";
#endif
#endif
  const auto disk = shut_disk();
  const std::shared_ptr<Session> session = rig.make();
  session->initialize(VariableScope::global);
  auto saver = std::make_unique<CheckpointSaver>(options.checkpoints);
  saver->save(*session, {1});
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

TEST_F(CheckpointSaverHookTest, EndOfASaveIsForgottenThoughNobodyIsToldOfIt) {
  rig.config.stop = std::make_shared<StopState>();
  rig.config.stop->tell_save_ended();
  const auto session = rig.start();
  session->run(train);
  EXPECT_FALSE(rig.config.stop->anything()) << "every step would look at it";
  session->close();
}

}  // namespace
