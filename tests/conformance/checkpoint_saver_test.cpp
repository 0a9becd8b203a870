// Section 4.17: the hook that saves checkpoints, and its listeners; and what of section 4.2 needs it.
#include "runhook/hooks/checkpoint_saver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "folder.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/training.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000'000;

struct CountingListener final : CheckpointSaverListener {
  void begin(SessionRunContext&) override { calls.emplace_back("begin"); }
  bool before_save(SessionRunContext&, std::int64_t) override {
    calls.emplace_back("before");
    return true;
  }
  bool after_save(SessionRunContext&, std::int64_t) override {
    calls.emplace_back("after");
    return stops;
  }
  void end(SessionRunContext&, std::int64_t step) override { calls.push_back("end " + std::to_string(step)); }
  std::ptrdiff_t count(const std::string& call) const { return std::count(calls.begin(), calls.end(), call); }
  std::vector<std::string> calls;
  bool stops = false;
};

class CheckpointSaving : public testing::Test {
 protected:
  CheckpointSaving() {
    train.fetches = "STEP";
    rig.config.clock = clock;
    Graph graph;
    graph.global_step();
    graph.increment_global_step("STEP");
    factory = rig.make = graph_session_factory(graph);
    options.checkpoints.directory = directory;
    options.checkpoints.keep.last = 0;
    options.listeners = {listener};
  }
  // As the reference does without after_create_session: nothing is saved at the start.
  void without_start() { options.save_at_start = false; }
  std::unique_ptr<MonitoredSession> open(Trigger trigger) {
    rig.config.add_hook(CheckpointSaverHook::make(options, std::move(trigger)));
    return rig.start();
  }
  std::vector<std::int64_t> saved() const {
    std::vector<std::int64_t> steps;
    for (const CheckpointSummary& one : list_checkpoints(directory)) steps.push_back(one.step);
    return steps;
  }
  std::int64_t newest() const { return saved().empty() ? -1 : saved().back(); }
  // Makes a STEP at this time.
  void step_at(MonitoredSession& session, double seconds) {
    clock->advance(static_cast<std::int64_t>(seconds * kSecond) - clock->now_ns());
    session.run(train);
  }

  const Folder folder;
  const std::string directory = folder.file("checkpoints");
  const std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  const std::shared_ptr<CountingListener> listener = std::make_shared<CountingListener>();
  SessionFactory factory;
  CheckpointSaverHookOptions options;
  SessionRunArgs train;
  LoopRig rig;
};

TEST_F(CheckpointSaving, CK_01_SaverOfTheSessionIsUsed) {
  without_start();
  const auto saver = std::make_shared<MemorySaver>();
  rig.scaffold->saver = saver;
  options.checkpoints.directory.clear();
  const auto session = open(Trigger::every_steps(1));
  session->run(train);
  EXPECT_EQ(saver->latest()->global_step, 1);
}

TEST_F(CheckpointSaving, CK_02_TwoSaversAreRefused) {
  options.saver = std::make_shared<MemorySaver>();
  EXPECT_STATUS(CheckpointSaverHook::make(options), invalid_argument, "");
}

TEST_F(CheckpointSaving, CK_06_ListenersAreCalledAtBeginAndEnd) {
  without_start();
  const auto session = open(Trigger::every_seconds(2));
  step_at(*session, 0);
  step_at(*session, 0.5);
  session->close();
  EXPECT_EQ(listener->count("begin"), 1);
  EXPECT_EQ(listener->count("before"), 2);
  EXPECT_EQ(listener->count("after"), 2);
  EXPECT_EQ(listener->count("end 2"), 1);
}

TEST_F(CheckpointSaving, CK_07_ListenerOfAMonitoredSession) {
  const auto session = open(Trigger::every_steps(1));
  session->run(train);
  session->run(train);
  session->close();
  EXPECT_EQ(listener->count("begin"), 1);
  EXPECT_EQ(listener->count("before"), 3);
  EXPECT_EQ(listener->count("after"), 3);
  EXPECT_EQ(listener->count("end 2"), 1);
  EXPECT_EQ(newest(), 2);
}

TEST_F(CheckpointSaving, CK_11_SavesPeriodicallyByTime) {
  without_start();
  const auto session = open(Trigger::every_seconds(2));
  std::vector<std::int64_t> after;
  for (const double time : {0.0, 0.5, 2.5, 2.6, 2.7, 10.0}) {
    step_at(*session, time);
    after.push_back(newest());
  }
  EXPECT_THAT(after, ElementsAre(1, 1, 3, 3, 3, 6));
}

TEST_F(CheckpointSaving, CK_12_ListenersAreCalledPeriodically) {
  without_start();
  const auto session = open(Trigger::every_seconds(2));
  for (const double time : {0.5, 0.5, 3.0, 3.5, 4.0, 6.5, 7.0}) step_at(*session, time);
  clock->advance(kSecond / 2);
  session->close();
  EXPECT_EQ(listener->count("begin"), 1);
  EXPECT_EQ(listener->count("before"), 4);
  EXPECT_EQ(listener->count("after"), 4);
  EXPECT_EQ(listener->count("end 7"), 1);
}

TEST_F(CheckpointSaving, CK_13_FirstStepIsSaved) {
  without_start();
  open(Trigger::every_steps(2))->run(train);
  EXPECT_THAT(saved(), Contains(1));
}

TEST_F(CheckpointSaving, CK_17_SavedBeforeTheFirstStep) {
  const auto session = open(Trigger::every_steps(2));
  EXPECT_THAT(saved(), ElementsAre(0));
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0));
  session->run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 2));
}

TEST_F(CheckpointSaving, CK_22_LastStepIsSavedWhereRunsMakeSeveral) {
  without_start();
  Graph graph;
  graph.global_step();
  graph.increment_global_step("STEP", {}, 5);
  rig.make = graph_session_factory(graph);
  const auto session = open(Trigger::every_steps(100));
  session->run(train);
  session->run(train);
  session->close();
  EXPECT_EQ(newest(), 10);
}

TEST_F(CheckpointSaving, CK_24_EverySecondStepOfFive) {
  const auto session = open(Trigger::every_steps(2));
  session->run_until_stop(train, 5);
  session->close();
  EXPECT_THAT(saved(), ElementsAre(0, 2, 4, 5));
  EXPECT_THAT(listener->calls, ElementsAre("begin", "before", "after", "before", "after", "before", "after", "before",
                                           "after", "end 5"));
}

TEST_F(CheckpointSaving, CK_25_AnswerOfAListenerCountsAfterSteps) {
  listener->stops = true;
  const auto session = open(Trigger::every_steps(2));
  EXPECT_FALSE(session->should_stop());
  session->run(train);
  EXPECT_FALSE(session->should_stop());
  session->run(train);
  EXPECT_TRUE(session->should_stop());
}

TEST_F(CheckpointSaving, CK_26_NothingIsSavedTwice) {
  open(Trigger::every_steps(10))->close();
  EXPECT_THAT(saved(), ElementsAre(0));
  EXPECT_EQ(listener->count("before"), 1);
}

TEST_F(CheckpointSaving, CK_28_NoSaverIsToldInBegin) {
  options.checkpoints.directory.clear();
  bool created = false;
  rig.make = [&, make = factory] {
    created = true;
    return make();
  };
  EXPECT_STATUS(open(Trigger::every_steps(1)), failed_precondition, "nothing to save with");
  EXPECT_FALSE(created);
}

struct BrokenSaver final : Saver {
  void save(Session&, const Snapshot& run) override {
    if (run.global_step == fails_at && !std::exchange(failed, true)) throw StatusError(StatusCode::internal, "broken");
    steps.push_back(run.global_step);
  }
  std::optional<Snapshot> restore(Session&) override { return std::nullopt; }
  std::int64_t fails_at = 0;
  bool failed = false;
  std::vector<std::int64_t> steps;
};

TEST_F(CheckpointSaving, CK_29_FailedSaveFailsTheRunAndStopsNothing) {
  const auto saver = std::make_shared<BrokenSaver>();
  saver->fails_at = 1;
  options.checkpoints.directory.clear();
  options.saver = saver;
  rig.config.add_hook(CheckpointSaverHook::make(options, Trigger::every_steps(1)));
  int told = 0;
  rig.hook({.phase = HookPhase::saver})->on_after = [&](SessionRunContext&) { ++told; };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(train), internal, "broken");
  EXPECT_EQ(told, 1) << "the step was complete before it was saved";
  EXPECT_FALSE(session->should_stop());
}

TEST_F(CheckpointSaving, CK_30_FailedSaveIsTriedAgainAtTheNextStep) {
  const auto saver = std::make_shared<BrokenSaver>();
  saver->fails_at = 10;
  options.checkpoints.directory.clear();
  options.saver = saver;
  const auto session = open(Trigger::every_steps(10));
  for (int i = 0; i < 21; ++i) {
    try {
      session->run(train);
    } catch (const StatusError&) {
      EXPECT_EQ(i, 9);
    }
  }
  EXPECT_THAT(saver->steps, ElementsAre(0, 11, 20));
}

// The helper of section 4.2, with the default hooks that write files.
class TrainingCheckpoints : public CheckpointSaving {
 protected:
  Config config(std::int64_t steps, std::chrono::nanoseconds interval) const {
    TrainingOptions training;
    training.default_hooks.dir = folder.path();
    training.default_hooks.quiet = true;
    training.default_hooks.profiler = training.default_hooks.report = false;
    training.default_hooks.checkpoint_steps = steps;
    training.default_hooks.checkpoint_interval = interval;
    Config made = training_config(factory, std::move(training));
    made.clock = clock;
    return made;
  }
  std::int64_t reopened(std::int64_t steps, std::chrono::nanoseconds interval) const {
    MonitoredSession session(config(steps, interval));
    return session.global_step();
  }
};

using namespace std::chrono_literals;

TEST_F(TrainingCheckpoints, MT_02_EveryHundredSteps) {
  {
    MonitoredSession session(config(100, 0s));
    session.run_until_stop(train, 100);
    EXPECT_THAT(saved(), ElementsAre(0, 100));
  }
  EXPECT_EQ(reopened(100, 0s), 100);
}

TEST_F(TrainingCheckpoints, MT_03_BySeconds) {
  {
    MonitoredSession session(config(0, 100ms));
    session.run(train);
    clock->advance(kSecond / 5);
    session.run_until_stop(train, 10);
    EXPECT_THAT(saved(), ElementsAre(0, 2)) << "the first one that is due";
  }
  EXPECT_EQ(reopened(0, 100ms), 11);
}

TEST_F(TrainingCheckpoints, MT_11_NoIntervalOfTimeLeavesTheSteps) {
  MonitoredSession session(config(2, 0s));
  clock->advance(3600 * kSecond);
  session.run_until_stop(train, 4);
  EXPECT_THAT(saved(), ElementsAre(0, 2, 4));
}

TEST_F(TrainingCheckpoints, MT_12_OfBothIntervalsTheFirstCounts) {
  MonitoredSession session(config(3, 10s));
  session.run(train);
  clock->advance(10 * kSecond);
  session.run(train);
  EXPECT_THAT(saved(), ElementsAre(0, 2));
  session.run_until_stop(train, 3);
  EXPECT_THAT(saved(), ElementsAre(0, 2, 5));
}

TEST_F(TrainingCheckpoints, MT_13_StepsAlone) {
  MonitoredSession session(config(2, 0s));
  session.run_until_stop(train, 3);
  EXPECT_THAT(saved(), ElementsAre(0, 2));
}

TEST_F(TrainingCheckpoints, MT_04_SummariesHaveTheSpeed) {
  {
    MonitoredSession session(config(0, 0s));
    for (int i = 0; i < 101; ++i) {
      clock->advance(kSecond / 10);
      session.run(train);
    }
  }
  bool found = false;
  for (const std::string& file : folder.files()) {
    if (file.find("tfevents") == std::string::npos) continue;
    found = found || !scalars_of(read_events(file), "global_step/sec").empty();
  }
  EXPECT_TRUE(found);
}

TEST_F(TrainingCheckpoints, MT_17_DirectoryWithoutCheckpointsHasTheOthers) {
  TrainingOptions training;
  training.default_hooks.dir = folder.path();
  training.default_hooks.checkpoints = false;
  std::vector<std::string> names;
  for (const HookRegistration& hook : training_config(factory, std::move(training)).hooks) {
    names.emplace_back(hook.hook->name());
  }
  EXPECT_THAT(names, Contains("step counter"));
  EXPECT_THAT(names, Contains("summary saver"));
  EXPECT_THAT(names, testing::Not(Contains("checkpoint saver")));
}

}  // namespace
}  // namespace conformance
