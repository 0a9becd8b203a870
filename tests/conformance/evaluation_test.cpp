// Sections 4.22 and 4.24: evaluation, and stopping at a checkpoint.
#include "runhook/evaluation.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/in_memory_evaluator.hpp"
#include "runhook/hooks/stop_at_checkpoint_step.hpp"
#include "runhook/hooks/stop_at_step.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;
using namespace std::chrono_literals;

TEST(Evaluation, EV_01_CheckpointOfAPerfectModelIsPerfect) {
  // Right is what equals 7.
  Graph graph;
  graph.variable("w", Value::scalar(0.0));
  graph.variable("right", Value::scalar(0.0), VariableScope::local);
  graph.function("eval", {.inputs = {"w"}, .outputs = 0, .updates = {"right"}},
                 [](KernelContext& kernel) { kernel.assign(0, Value::scalar(number(kernel, 0) == 7 ? 1.0 : 0.0)); });
  EvaluationOptions options = eval_options();
  options.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(graph));
  options.evals.num_evals = 1;
  options.final_ops = fetch("right");
  const auto source = std::make_shared<ScriptedSource>();
  source->save(100);
  source->on_restore = [](Session& session) { session.write_variable("w", Value::scalar(7.0)); };
  const EvaluationResult result = evaluate_once(options, source, *source->latest());
  EXPECT_GT(result.final_values.to_double(), 0.99);
  EXPECT_EQ(result.evaluations, 1);
  EXPECT_EQ(result.step, 100);
}

TEST(Evaluation, EV_05_FinalOpsAloneNeedNoRun) {
  EvaluationOptions options = eval_options();
  options.args.reset();
  options.final_ops = fetch("w");
  int runs = 0;
  const auto hook = std::make_shared<LambdaHook>();
  hook->on_before = [&](auto&) { ++runs; };
  options.config.add_hook(hook);
  const auto source = checkpoint_of(9, 5);
  EXPECT_EQ(evaluate_once(options, source, *source->latest()).final_values.to_double(), 9);
  EXPECT_EQ(runs, 0);
}

class Checkpoints : public testing::Test {
 protected:
  CheckpointWatchOptions within(std::chrono::nanoseconds timeout, std::chrono::nanoseconds poll = 1s) {
    return {.wait = {.poll = poll, .timeout = timeout, .clock = clock}};
  }
  int iterate(CheckpointWatchOptions options) {
    CheckpointWatcher watcher(source, std::move(options));
    int found = 0;
    while (watcher.next()) ++found;
    return found;
  }
  std::chrono::nanoseconds waited() const { return std::chrono::nanoseconds(clock->waited_ns()); }
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<ScriptedSource> source = std::make_shared<ScriptedSource>();
};

TEST_F(Checkpoints, EV_06_NoneAreFound) { EXPECT_EQ(iterate(within(0s)), 0); }

TEST_F(Checkpoints, EV_07_OneIsFoundOnce) {
  source->save(1);
  EXPECT_EQ(iterate(within(0s)), 1);
}

TEST_F(Checkpoints, EV_09_FunctionDecidesWhatATimeOutMeans) {
  int asked = 0;
  CheckpointWatchOptions options = within(100ms);
  options.on_timeout = [&] { return ++asked == 4; };
  EXPECT_EQ(iterate(options), 0);
  EXPECT_EQ(asked, 4);
}

TEST_F(Checkpoints, EV_10_WaitEndsWithTheTimeOut) {
  EXPECT_FALSE(wait_for_new_checkpoint(*source, std::nullopt, within(1s, 500ms).wait));
  EXPECT_GE(waited(), 500ms);
  EXPECT_LE(waited(), 1100ms);
}

TEST_F(Checkpoints, EV_11_RepeatedEvaluationEndsWithTheTimeOut) {
  EvaluationOptions options = eval_options();
  int made = 0;
  options.config.session_creator = std::make_shared<FunctionSessionCreator>([&](auto&) {
    ++made;
    return CreatedSession{std::make_shared<GraphSession>(eval_graph()), {}};
  });
  EXPECT_FALSE(evaluate_repeatedly(options, source, {.watch = within(6s)}));
  EXPECT_GE(waited(), 5s);
  EXPECT_LE(waited(), 7s);
  EXPECT_EQ(made, 0);
}

// Trains `steps` steps with an evaluation every `n` runs; the results go to `results`.
class InMemory : public testing::Test {
 protected:
  void train(std::int64_t steps, std::int64_t n) {
    hook = std::make_shared<InMemoryEvaluatorHook>(InMemoryEvaluatorOptions{
        .evaluation = options, .every_n_runs = n, .on_result = [this](auto&, const auto& result) {
          at.push_back(result.step);
          means.push_back(result.final_values.to_double("mean"));
          weights.push_back(result.final_values.to_double("w"));
        }});
    rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = steps}));
    rig.config.add_hook(hook);
    rig.make = graph_session_factory(training_graph());
    const auto session = rig.start();
    session->scope([](MonitoredSession& scoped) { scoped.run_until_stop(fetch("train")); });
  }
  LoopRig rig;
  EvaluationOptions options = eval_options();
  std::shared_ptr<InMemoryEvaluatorHook> hook;
  std::vector<std::int64_t> at;
  std::vector<double> means;
  std::vector<double> weights;
};

TEST_F(InMemory, IM_01_EvaluatesBeforeEveryNRunsAndAtTheEnd) {
  train(10, 4);
  EXPECT_EQ(at, (std::vector<std::int64_t>{0, 4, 8, 10}));
  EXPECT_EQ(means, (std::vector<double>{4.5, 4.5, 4.5, 4.5}));
}

TEST_F(InMemory, IM_02_UsesTheLatestValuesOfVariables) {
  train(10, 4);
  EXPECT_EQ(weights, (std::vector<double>{0, 6, 10, 12}));
}

TEST_F(InMemory, IM_03_LastResultEqualsAnEvaluationOfItsOwn) {
  train(10, 4);
  const auto source = checkpoint_of(12, 10);
  const EvaluationResult alone = evaluate_once(options, source, *source->latest());
  ASSERT_TRUE(hook->last());
  for (const char* name : {"mean", "w"}) {
    EXPECT_EQ(hook->last()->final_values.to_double(name), alone.final_values.to_double(name)) << name;
  }
  EXPECT_EQ(hook->last()->step, alone.step);
}

TEST_F(InMemory, IM_06_SaverOfTheEvaluationIsRefused) {
  const auto scaffold = std::make_shared<Scaffold>();
  scaffold->saver = std::make_shared<MemorySaver>();
  options.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(eval_graph()), scaffold);
  EXPECT_STATUS(train(1, 1), invalid_argument, "saver");
}

TEST_F(InMemory, IM_07_InitFnOfTheEvaluationIsRefused) {
  const auto scaffold = std::make_shared<Scaffold>();
  scaffold->init_fn = [](auto&, auto&) {};
  options.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(eval_graph()), scaffold);
  EXPECT_STATUS(train(1, 1), invalid_argument, "init_fn");
}

TEST_F(InMemory, IM_09_IntervalThatIsNotPositiveIsRefused) {
  for (const std::int64_t n : {0, -1}) {
    EXPECT_STATUS(InMemoryEvaluatorHook({.evaluation = options, .every_n_runs = n}), invalid_argument, "every_n_runs");
  }
}

class StopAtCheckpoint : public Checkpoints {
 protected:
  // Makes the run that reaches step 10; returns whether it is to stop.
  bool run() {
    rig.config.clock = clock;
    rig.config.add_hook(std::make_shared<StopAtCheckpointStepHook>(
        StopAtCheckpointStepOptions{.source = source, .last_step = 10, .wait = 30s}));
    const auto session = rig.start();
    session->run_until_stop({}, 10);
    return session->should_stop();
  }
  LoopRig rig;
};

TEST_F(StopAtCheckpoint, SCP_02_EarlierCheckpointIsNotEnough) {
  source->save(9);
  EXPECT_FALSE(run());
  EXPECT_EQ(waited(), 30s);
}

TEST_F(StopAtCheckpoint, SCP_03_CheckpointOfTheLastStepStops) {
  rig.step = [this](auto&) {
    if (rig.steps == 10) source->save(10);
  };
  EXPECT_TRUE(run());
  EXPECT_EQ(waited(), 0s);
  EXPECT_EQ(rig.steps, 10);
}

TEST_F(StopAtCheckpoint, SCP_04_ChiefGetsTheRegularHook) {
  const auto hook = std::dynamic_pointer_cast<StopAtStepHook>(
      make_stop_at_checkpoint_step_hook(/*is_chief=*/true, {.source = source, .last_step = 300}));
  ASSERT_NE(hook, nullptr);
  rig.config.add_hook(hook);
  EXPECT_EQ(rig.start()->run_until_stop(), 300);
}

TEST_F(StopAtCheckpoint, SCP_05_WorkersGetTheOneThatLooksAtCheckpoints) {
  const auto hook = std::dynamic_pointer_cast<StopAtCheckpointStepHook>(
      make_stop_at_checkpoint_step_hook(/*is_chief=*/false, {.source = source, .last_step = 300}));
  ASSERT_NE(hook, nullptr);
  EXPECT_EQ(hook->last_step(), 300);
  rig.config.add_hook(hook);
  source->save(300);
  EXPECT_EQ(rig.start()->run_until_stop(), 0);
}

TEST_F(StopAtCheckpoint, SCP_06_SourceAndLastStepAreRequired) {
  EXPECT_STATUS(StopAtCheckpointStepHook({.source = source}), invalid_argument, "last_step");
  EXPECT_STATUS(StopAtCheckpointStepHook({.last_step = 10}), invalid_argument, "source");
}

}  // namespace
}  // namespace conformance
