// Evaluation during training; rows of the reference are in tests/conformance.
#include "runhook/hooks/in_memory_evaluator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop/listening.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using testing::ElementsAre;

class InMemoryEvaluator : public testing::Test {
 protected:
  InMemoryEvaluator() {
    rig.make = graph_session_factory(training_graph());
    options.on_result = [this](auto&, const EvaluationResult& result) { at.push_back(result.step); };
    options.evaluation.config.add_hook(eval_hook);
  }
  std::unique_ptr<MonitoredSession> start(std::int64_t every_n_runs) {
    options.every_n_runs = every_n_runs;
    hook = std::make_shared<InMemoryEvaluatorHook>(options);
    rig.config.add_hook(hook);
    return rig.start();
  }
  void train(MonitoredSession& session, std::int64_t runs) { session.run_until_stop(fetch("train"), runs); }
  using Steps = std::vector<std::int64_t>;

  LoopRig rig;
  InMemoryEvaluatorOptions options{.evaluation = eval_options()};
  std::shared_ptr<LambdaHook> eval_hook = std::make_shared<LambdaHook>();
  std::shared_ptr<InMemoryEvaluatorHook> hook;
  Steps at;
};

TEST_F(InMemoryEvaluator, VariablesThatOnlyOneOfThemHasAreLeftAlone) {
  Graph graph = eval_graph();
  graph.variable("bias", Value::scalar(4.0));
  options.evaluation.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(graph));
  options.evaluation.final_ops.fetches = Fetches::list({"w", "bias"});
  const auto session = start(1);
  train(*session, 1);
  EXPECT_EQ(hook->last()->final_values.to_double("0"), 3);
  EXPECT_EQ(hook->last()->final_values.to_double("1"), 4);
}

TEST_F(InMemoryEvaluator, LastAndFinalValuesAreLoggedToTheRunAtItsStep) {
  const auto listening = std::make_shared<Listening>();
  rig.config.add_hook(listening);
  options.every_n_runs = 2;
  options.evaluation.final_ops.fetches = Fetches::list({"mean", "w"});
  rig.config.add_hook(std::make_shared<InMemoryEvaluatorHook>(options), {.name = "test"});
  const auto session = rig.start();
  train(*session, 2);
  EXPECT_THAT(listening->heard, ElementsAre("test/eval=9@0", "test/0=4.5@0", "test/1=0@0", "test/eval=9@2",
                                            "test/0=4.5@2", "test/1=4@2"));
}

TEST_F(InMemoryEvaluator, NameThatTheRunHasForAnotherKindIsAWarning) {
  const auto listening = std::make_shared<Listening>();
  rig.config.add_hook(listening);
  rig.hook()->on_begin = [](SessionRunContext& context) { context.log_text("in-memory evaluator/eval", "taken"); };
  const auto session = start(100);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 1);
  EXPECT_EQ(rig.logged("has been logged as a text before"), 1);
}

TEST_F(InMemoryEvaluator, TrainingDoesNotSeeWhatTheEvaluationWrites) {
  eval_hook->on_end = [](SessionRunContext& context) { context.session().write_variable("w", Value::scalar(-7.0)); };
  const auto session = start(1);
  train(*session, 1);
  EXPECT_EQ(session->session()->read_variable("w").to_double(), 3);
}

TEST_F(InMemoryEvaluator, NothingIsEvaluatedTwice) {
  const auto session = start(2);
  train(*session, 4);
  session->close();
  EXPECT_EQ(at, (Steps{0, 2, 4}));
}

TEST_F(InMemoryEvaluator, RecoveryAddsNoEvaluation) {
  rig.scaffold->saver = std::make_shared<MemorySaver>();
  rig.hook()->on_after = [failed = false](SessionRunContext& context) mutable {
    if (context.global_step() == 1) context.request_save();
    if (context.global_step() == 3 && !std::exchange(failed, true)) fail(StatusCode::unavailable);
  };
  const auto session = start(100);
  train(*session, 6);
  session->close();
  EXPECT_EQ(session->outcome().recoveries, 1);
  EXPECT_EQ(at, (Steps{0, 6}));  // two steps before the failure, and five from step 1 on
}

TEST_F(InMemoryEvaluator, FailedRunIsNotEvaluatedAtTheEnd) {
  const auto session = start(10);
  train(*session, 1);
  session->fail(Error(StatusCode::internal, "broken"));
  session->close();
  EXPECT_EQ(at, (Steps{0}));
}

TEST_F(InMemoryEvaluator, ItsFailureNeitherEndsNorRecoversTheRun) {
  for (const StatusCode code : {StatusCode::out_of_range, StatusCode::unavailable, StatusCode::stopped}) {
    eval_hook->on_begin = [code](SessionRunContext&) { fail(code, "no data"); };
    rig.config.hooks.clear();
    const Error error = error_of([&] { start(1); });
    EXPECT_EQ(error.code(), StatusCode::hook_failed);
    EXPECT_EQ(error.hook(), "in-memory evaluator");
    EXPECT_NE(error.message().find("no data"), std::string::npos) << error.to_string();
    ASSERT_EQ(error.suppressed_count(), 1U);
    EXPECT_EQ(error.suppressed(0).code(), code);
  }
}

TEST_F(InMemoryEvaluator, ItsFailureIsNotOnStandardErrorWhenTheRunHasNoLog) {
  rig.config.log = nullptr;
  eval_hook->on_before = [](SessionRunContext&) { fail(StatusCode::internal, "no data"); };
  testing::internal::CaptureStderr();
  const Error error = error_of([&] { train(*start(1), 1); });
  EXPECT_NE(error.message().find("no data"), std::string::npos) << error.to_string();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(InMemoryEvaluator, StopOfTheRunCutsAnEvaluationShortAndTheLastOneIsMade) {
  MonitoredSession* running = nullptr;
  eval_hook->on_after = [&](SessionRunContext& context) {
    if (running != nullptr && context.global_step() == 3) running->request_stop();
  };
  const auto session = start(2);
  running = session.get();
  train(*session, 100);
  EXPECT_EQ(session->global_step(), 2);
  EXPECT_EQ(at, (Steps{0}));
  session->close();
  EXPECT_EQ(at, (Steps{0, 2}));
}

TEST_F(InMemoryEvaluator, UrgentStopLeavesTheLastOneOut) {
  const auto session = start(10);
  train(*session, 1);
  session->request_stop(0, {}, StopUrgency::now);
  session->close();
  EXPECT_EQ(at, (Steps{0}));
}

TEST_F(InMemoryEvaluator, ResultMayStopTheRun) {
  options.on_result = [](SessionRunContext& context, const EvaluationResult& result) {
    if (result.final_values.to_double("w") >= 6) context.request_stop(0, "good enough");
  };
  const auto session = start(2);
  train(*session, 100);
  EXPECT_EQ(session->global_step(), 4);
}

TEST_F(InMemoryEvaluator, LogIsTheRunsUnlessItHasItsOwn) {
  options.evaluation.config.log = {};
  start(1);
  EXPECT_EQ(rig.logged("Evaluation [10]"), 1);
}

TEST_F(InMemoryEvaluator, HookServesAnotherRun) {
  train(*start(2), 2);
  at.clear();
  const auto session = rig.start();
  EXPECT_FALSE(hook->last() && hook->last()->step != 0);
  train(*session, 3);
  session->close();
  EXPECT_EQ(at, (Steps{0, 2, 3}));
}

TEST_F(InMemoryEvaluator, NoSessionCreatorIsRefused) {
  EXPECT_STATUS(InMemoryEvaluatorHook({}), invalid_argument, "session creator");
}

}  // namespace
}  // namespace runhook
