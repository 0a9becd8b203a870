#include "runhook/snapshot.hpp"

#include <gtest/gtest.h>

#include <map>

#include "core/expect_error.hpp"
#include "runhook/graph_session.hpp"

namespace {

using runhook::Graph;
using runhook::GraphSession;
using runhook::MemorySaver;
using runhook::run_session;
using runhook::Snapshot;
using runhook::Value;
using runhook::VariableScope;

// One global variable `w`, one local variable, and a step that adds 1 to `w` and to the global step.
Graph counting_graph() {
  Graph graph;
  graph.global_step();
  graph.variable("w", Value::scalar(10.0));
  graph.variable("scratch", Value::scalar(0.0), VariableScope::local);
  graph.function(
      "train", {.inputs = {}, .outputs = 0, .updates = {"w"}, .after = {}},
      [](runhook::KernelContext& context) { *static_cast<double*>(context.variable(0).mutable_data()) += 1; });
  graph.increment_global_step("tick", {"train"});
  return graph;
}

class SnapshotTest : public testing::Test {
 protected:
  SnapshotTest() : session(counting_graph()) {
    session.initialize(VariableScope::global);
    session.initialize(VariableScope::local);
  }
  void step() { run_session(session, {"tick", {}, {}}); }
  double w() { return session.read_variable("w").to_double(); }
  GraphSession session;
};

TEST_F(SnapshotTest, SavedVariablesAreCopies) {
  step();
  const Snapshot snapshot = runhook::save_variables(session);
  step();
  EXPECT_EQ(snapshot.global_step, 1);
  ASSERT_NE(snapshot.find("w"), nullptr);
  EXPECT_EQ(snapshot.find("w")->to_double(), 11.0);
  EXPECT_EQ(snapshot.find("scratch"), nullptr) << "local variables are not saved";
  EXPECT_EQ(snapshot.variables.size(), 2u);
  EXPECT_EQ(w(), 12.0);
}

TEST_F(SnapshotTest, RestoreBringsBackValuesAndStep) {
  step();
  const Snapshot snapshot = runhook::save_variables(session);
  step();
  runhook::restore_variables(session, snapshot);
  EXPECT_EQ(w(), 11.0);
  EXPECT_EQ(session.read_variable("global_step").to_int64(), 1);
  step();
  EXPECT_EQ(snapshot.find("w")->to_double(), 11.0) << "running on leaves the snapshot alone";
}

TEST_F(SnapshotTest, RestoreOfUnknownVariableIsNotFound) {
  const Snapshot snapshot{0, {{"nobody", Value::scalar(1.0)}}};
  EXPECT_STATUS(runhook::restore_variables(session, snapshot), not_found, "'nobody'");
}

TEST_F(SnapshotTest, RestoreOfOtherShapeIsRefused) {
  const Snapshot snapshot{0, {{"w", Value::scalar(1.0f)}}};
  EXPECT_STATUS(runhook::restore_variables(session, snapshot), invalid_argument, "float64[], got float32[]");
}

TEST_F(SnapshotTest, UninitialisedVariableCannotBeSaved) {
  GraphSession fresh(session.graph());
  EXPECT_STATUS(runhook::save_variables(fresh), failed_precondition, "'global_step'");
}

TEST_F(SnapshotTest, MemorySaverKeepsTheNewest) {
  MemorySaver saver;
  EXPECT_FALSE(saver.restore(session));
  EXPECT_FALSE(saver.latest());
  step();
  saver.save(session, {1});
  step();
  saver.save(session, {2});
  step();
  EXPECT_EQ(saver.save_count(), 2);
  EXPECT_EQ(saver.latest()->global_step, 2);
  GraphSession other(session.graph());
  EXPECT_EQ(saver.restore(other)->global_step, 2);
  EXPECT_EQ(other.read_variable("w").to_double(), 12.0);
  EXPECT_TRUE(other.uninitialized(VariableScope::global).empty());
}

TEST_F(SnapshotTest, FailedSaveKeepsTheOldState) {
  MemorySaver saver;
  saver.save(session, {5});
  GraphSession fresh(session.graph());
  EXPECT_STATUS(saver.save(fresh, {6}), failed_precondition, "");
  EXPECT_EQ(saver.latest()->global_step, 5);
  EXPECT_EQ(saver.save_count(), 1);
}

}  // namespace
