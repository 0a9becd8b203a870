#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <memory>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "folder.hpp"
#include "runhook/checkpoint.hpp"
#include "runhook/evaluation.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/hooks/nan_guard.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::ElementsAre;

Snapshot saved_at(std::int64_t step) {
  Snapshot snapshot;
  snapshot.global_step = step;
  snapshot.set("global_step", Value::scalar(step));
  snapshot.set("x", Value::scalar(static_cast<double>(step) / 2));
  return snapshot;
}

SessionFactory model() {
  Graph graph;
  graph.global_step();
  graph.variable("x", Value::scalar(0.0));
  return graph_session_factory(graph);
}

class DirectoryCheckpointsTest : public testing::Test {
 protected:
  DirectoryCheckpointsTest() {
    options.config.session_creator = std::make_shared<ChiefSessionCreator>(model());
    options.args = SessionRunArgs{.fetches = "x", .feeds = {}, .options = {}};
    options.evals.num_evals = 1;
  }
  const Folder folder;
  EvaluationOptions options;
};

TEST_F(DirectoryCheckpointsTest, EachNewOneIsEvaluated) {
  CheckpointStore store(folder.path());
  store.save(saved_at(2));
  std::vector<double> results;
  EvaluateRepeatedlyOptions repeat;
  repeat.max_evaluations = 3;
  repeat.watch.wait.poll = std::chrono::milliseconds(1);
  repeat.on_result = [&](const EvaluationResult& result) {
    results.push_back(result.last_values.to_double());
    store.save(saved_at(result.step + 2));
  };
  evaluate_repeatedly(options, directory_checkpoints(folder.path()), repeat);
  EXPECT_THAT(results, ElementsAre(1, 2, 3));
}

TEST_F(DirectoryCheckpointsTest, NoDirectoryIsNoCheckpointAndDamagedOnesArePassedOver) {
  EXPECT_FALSE(directory_checkpoints(folder.file("nowhere"))->latest());
  EXPECT_STATUS(directory_checkpoints(""), invalid_argument, "empty");
  CheckpointStore store(folder.path());
  store.save(saved_at(1));
  store.save(saved_at(2));
  put(open_checkpoint(folder.path(), 2).summary().path + "/manifest.json", "{}");
  EXPECT_EQ(directory_checkpoints(folder.path())->latest()->step, 1);
}

TEST_F(DirectoryCheckpointsTest, NamedOneIsNotDeletedUntilItIsRestored) {
  CheckpointStoreOptions of_store;
  of_store.keep.last = 1;
  CheckpointStore store(folder.path(), of_store);
  store.save(saved_at(1));
  const auto source = directory_checkpoints(folder.path());
  const CheckpointInfo first = *source->latest();
  store.save(saved_at(2));
  store.save(saved_at(3));
  const auto session = model()();
  session->initialize(VariableScope::global);
  source->restore(first, *session);
  EXPECT_EQ(session->read_variable("x").to_double(), 0.5);
  EXPECT_EQ(source->latest()->step, 3);
  store.prune();
  EXPECT_STATUS(source->restore(first, *session), not_found, "step 1");
}

TEST_F(DirectoryCheckpointsTest, OneThatIsSavedAnewInThePlaceOfAnotherIsANewOne) {
  CheckpointStore store(folder.path());
  store.save(saved_at(1));
  store.save(saved_at(2));
  const auto source = directory_checkpoints(folder.path());
  CheckpointWatchOptions once;
  once.wait.timeout = std::chrono::nanoseconds(0);
  CheckpointWatcher watcher(source, once);
  EXPECT_EQ(watcher.next()->step, 2);
  store.restore(1);
  Snapshot other = saved_at(2);
  other.set("x", Value::scalar(7.0));
  store.save(other);
  const auto found = watcher.next();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->step, 2);
  const auto session = model()();
  session->initialize(VariableScope::global);
  source->restore(*found, *session);
  EXPECT_EQ(session->read_variable("x").to_double(), 7);
  EXPECT_FALSE(watcher.next());
}

TEST_F(DirectoryCheckpointsTest, OneThatIsGoneSinceItWasListedIsPassedOver) {
  CheckpointStore store(folder.path());
  store.save(saved_at(1));
  store.save(saved_at(2));
  const auto source = directory_checkpoints(folder.path());
  const std::string newest = source->latest()->path;
  std::filesystem::rename(newest, newest + ".away");
  std::filesystem::create_symlink("nowhere", newest);  // a name, and nothing behind it
  EXPECT_EQ(source->latest()->step, 1);
}

// A guard that has the run go back to what was saved last.
TEST(NanGuardRollsBack, RunGoesOnFromTheNewestCheckpointAndFailsInTheEnd) {
  for (const bool for_good : {false, true}) {
    const Folder folder;
    LoopRig rig;
    int made = 0;
    Graph graph;
    graph.global_step();
    graph.function("loss", {.inputs = {"global_step"}}, [&](KernelContext& context) {
      const bool bad = context.input(0).to_int64() == 3 && (for_good || made++ == 0);
      context.set_output(0, Value::scalar(bad ? std::numeric_limits<double>::quiet_NaN() : 1.0));
    });
    graph.increment_global_step("STEP", {"loss"});
    rig.make = graph_session_factory(graph);
    rig.config.add_hook(NanGuardHook::make({.names = {"loss"}, .roll_back = true}));
    rig.config.add_hook(
        CheckpointSaverHook::make({.checkpoints = {.directory = folder.path()}}, Trigger::every_steps(2)));
    const auto session = rig.start();
    const SessionRunArgs train{.fetches = "STEP", .feeds = {}, .options = {}};
    if (for_good) {
      EXPECT_STATUS(session->run_until_stop(train, 6), aborted, "'loss' is NaN");
      EXPECT_EQ(session->outcome().recoveries, rig.config.recovery.max_attempts);
    } else {
      session->run_until_stop(train, 6);
      EXPECT_EQ(session->global_step(), 6) << "step 3 was made twice, and counts once";
      EXPECT_EQ(session->outcome().recoveries, 1);
      EXPECT_EQ(rig.logged("'loss' is NaN: back to the newest checkpoint"), 1);
    }
  }
}

}  // namespace
