// Evaluations, once and repeatedly; rows of the reference are in tests/conformance.
#include "runhook/evaluation.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

class Evaluation : public testing::Test {
 protected:
  Evaluation() {
    options.config.log = [this](LogLevel, std::string_view text) { log.emplace_back(text); };
    options.config.clock = clock;
  }
  std::shared_ptr<LambdaHook> hook(HookOptions hook_options = {}) {
    auto made = std::make_shared<LambdaHook>();
    options.config.add_hook(made, std::move(hook_options));
    return made;
  }
  // A session in which each run makes `evals` evaluations, and which fails as it is told to.
  void function_session(std::vector<std::string> outputs = {}) {
    options.config.session_creator = std::make_shared<FunctionSessionCreator>([this, outputs](auto&) {
      return CreatedSession{
          std::make_shared<FunctionSession>([this](FunctionSession::Step& call) { step(call); }, outputs), {}};
    });
    options.args = SessionRunArgs();
    options.final_ops = {};
  }
  std::vector<std::string> progress() const {
    std::vector<std::string> lines;
    for (const std::string& line : log) {
      if (line.rfind("Evaluation [", 0) == 0) lines.push_back(line.substr(11));
    }
    return lines;
  }
  EvaluationOptions options = eval_options();
  std::vector<std::string> log;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::function<void(FunctionSession::Step&)> step = [](auto&) {};
};

TEST_F(Evaluation, EndsWithTheInput) {
  const EvaluationResult result = evaluate_once(options);
  EXPECT_EQ(result.evaluations, 10);
  EXPECT_EQ(result.last_values.to_double(), 9);
  EXPECT_EQ(result.final_values.to_double("mean"), 4.5);
  EXPECT_EQ(result.final_values.to_double("w"), -1);
  EXPECT_EQ(result.step, 0);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.outcome.kind, OutcomeKind::end_of_input);
}

TEST_F(Evaluation, EndsAfterSoMany) {
  options.evals.num_evals = 4;
  const EvaluationResult result = evaluate_once(options);
  EXPECT_EQ(result.evaluations, 4);
  EXPECT_EQ(result.final_values.to_double("mean"), 1.5);
  EXPECT_EQ(progress(), (std::vector<std::string>{"[1/4]", "[2/4]", "[3/4]", "[4/4]"}));
}

TEST_F(Evaluation, MoreThanCanBeCountedIsTheEnd) {
  function_session();
  options.evals.num_evals = std::numeric_limits<std::int64_t>::max();
  options.evals.evals_per_run = std::numeric_limits<std::int64_t>::max() - 1;
  EXPECT_EQ(evaluate_once(options).evaluations, std::numeric_limits<std::int64_t>::max());
}

TEST_F(Evaluation, ManyAreLoggedTenTimes) {
  function_session();
  options.evals.num_evals = 25;
  evaluate_once(options);
  EXPECT_EQ(progress().size(), 13U);
  EXPECT_EQ(progress()[0], "[2/25]");
  EXPECT_EQ(progress()[12], "[25/25]");
}

TEST_F(Evaluation, WithoutANumberEachIsLoggedUnlessItIsNotWanted) {
  evaluate_once(options);
  EXPECT_EQ(progress().size(), 10U);
  EXPECT_EQ(progress()[9], "[10]");
  log.clear();
  options.evals.log_progress = false;
  evaluate_once(options);
  EXPECT_TRUE(progress().empty());
}

TEST_F(Evaluation, SeveralInARunEndExactly) {
  Graph graph;
  graph.variable("evals_per_run", Value::scalar(std::int64_t{0}), VariableScope::local);
  graph.variable("evals", Value::scalar(0.0), VariableScope::local);
  graph.function("eval", {.inputs = {"evals_per_run", "evals"}, .outputs = 0, .updates = {"evals"}},
                 [](KernelContext& kernel) { kernel.assign(0, Value::scalar(number(kernel, 0) + number(kernel, 1))); });
  options.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(graph));
  options.evals = {.num_evals = 10, .evals_per_run_variable = "evals_per_run", .evals_per_run = 4};
  options.final_ops = fetch("evals");
  const EvaluationResult result = evaluate_once(options);
  EXPECT_EQ(result.final_values.to_double(), 10);
  EXPECT_EQ(result.evaluations, 10);
  EXPECT_EQ(progress(), (std::vector<std::string>{"[4/10]", "[8/10]", "[10/10]"}));
}

TEST_F(Evaluation, SessionThatIsMadeAnewIsRestoredAndCountedAnew) {
  int runs = 0;
  hook()->on_after = [&](auto&) {
    if (++runs == 3) fail(StatusCode::aborted);
  };
  options.config.recovery.initial_backoff_ns = 0;
  options.evals.num_evals = 5;
  const auto source = checkpoint_of(7, 30);
  const EvaluationResult result = evaluate_once(options, source, *source->latest());
  EXPECT_EQ(runs, 3 + 5);
  EXPECT_EQ(result.evaluations, 5);
  EXPECT_EQ(result.final_values.to_double("mean"), 2);
  EXPECT_EQ(result.final_values.to_double("w"), 7);
  EXPECT_EQ(result.step, 30);
}

TEST_F(Evaluation, FinalOpsSeeWhatOtherHooksDoAtTheEnd) {
  hook({.phase = HookPhase::saver})->on_end = [](SessionRunContext& context) {
    context.session().write_variable("w", Value::scalar(5.0));
  };
  EXPECT_EQ(evaluate_once(options).final_values.to_double("w"), 5);
}

TEST_F(Evaluation, FailureIsThrown) {
  hook()->on_after = [](auto&) { fail(StatusCode::data_loss, "bad record"); };
  EXPECT_STATUS(evaluate_once(options), data_loss, "bad record");
}

TEST_F(Evaluation, ValuesOfTheLastRunAreKept) {
  function_session({"loss"});
  step = [n = 0.0](FunctionSession::Step& call) mutable { call.set_output("loss", Value::scalar(++n)); };
  options.args = fetch("loss");
  options.evals.num_evals = 3;
  EXPECT_EQ(evaluate_once(options).last_values.to_double(), 3);
}

TEST_F(Evaluation, StopCutsItShortAndOneThatIsStoppedAlreadyRunsNothing) {
  options.config.stop = std::make_shared<StopState>();
  hook()->on_after = [&](SessionRunContext& context) {
    if (context.global_step() == 2) StopSource(options.config.stop).request_stop();
  };
  const EvaluationResult first = evaluate_once(options);
  EXPECT_FALSE(first.complete);
  EXPECT_EQ(first.evaluations, 2);
  const EvaluationResult second = evaluate_once(options);
  EXPECT_FALSE(second.complete);
  EXPECT_EQ(second.evaluations, 0);
}

// Runs that choose among the hooks. More than twenty of them are too many.
class ChosenHooks : public Evaluation, public testing::WithParamInterface<HookSelection> {
 protected:
  ChosenHooks() {
    for (const char* const name : {"chosen", "other"}) {
      hook({.name = name})->on_after = [this, name](auto&) { called.emplace_back(name); };
    }
    step = [this](auto&) {
      if (++runs == stop_at_run) StopSource(options.config.stop).request_stop();
      if (runs > 20) fail(StatusCode::internal, "does not end");
    };
    function_session();
    options.args->options.hooks = GetParam();
    if (GetParam() == HookSelection::named) options.args->options.hook_names = {"chosen"};
  }
  void expect_calls_in(std::size_t completed) {
    const std::size_t expected = GetParam() == HookSelection::named ? completed : 0;
    EXPECT_EQ(called, std::vector<std::string>(expected, "chosen"));
  }
  std::vector<std::string> called;
  int runs = 0;
  int stop_at_run = 0;
};

TEST_P(ChosenHooks, EvaluationsAreCountedAllTheSame) {
  options.evals.num_evals = 3;
  EXPECT_EQ(evaluate_once(options).evaluations, 3);
  EXPECT_EQ(evaluate_once(options).evaluations, 3) << "the options are as they were";
  EXPECT_EQ(runs, 6);
  expect_calls_in(6);
}

TEST_P(ChosenHooks, StopCutsItShortAllTheSame) {
  options.config.stop = std::make_shared<StopState>();
  stop_at_run = 2;
  const EvaluationResult result = evaluate_once(options);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.evaluations, 2);
  expect_calls_in(2);
}

INSTANTIATE_TEST_SUITE_P(Evaluation, ChosenHooks, testing::Values(HookSelection::none, HookSelection::named));

TEST_F(Evaluation, ItsOwnStopIsNotTheCallers) {
  options.config.stop = std::make_shared<StopState>();
  options.evals.num_evals = 2;
  EXPECT_TRUE(evaluate_once(options).complete);
  EXPECT_FALSE(options.config.stop->requested());
}

TEST_F(Evaluation, BadOptionsAreRefused) {
  EXPECT_STATUS(evaluate_once(EvaluationOptions()), invalid_argument, "session creator");
  EXPECT_STATUS(evaluate_once(options, nullptr, {}), invalid_argument, "source");
  options.evals.num_evals = 0;
  EXPECT_STATUS(evaluate_once(options), invalid_argument, "num_evals");
  options.evals = {.evals_per_run = 0};
  EXPECT_STATUS(evaluate_once(options), invalid_argument, "evals_per_run");
}

TEST_F(Evaluation, StateThatLacksAVariableIsRefused) {
  Graph graph = eval_graph();
  graph.variable("bias", Value::scalar(0.0));
  options.config.session_creator = std::make_shared<ChiefSessionCreator>(graph_session_factory(graph));
  const auto source = checkpoint_of(7, 30);
  EXPECT_STATUS(evaluate_once(options, source, *source->latest()), not_found, "'bias'");
}

TEST_F(Evaluation, SnapshotIsEvaluated) {
  Snapshot snapshot{.global_step = 12, .variables = {{"momentum", Value::scalar(0.5)}, {"w", Value::scalar(6.0)}}};
  const EvaluationResult result = evaluate_once(options, snapshot);
  EXPECT_EQ(result.final_values.to_double("w"), 6);
  EXPECT_EQ(result.step, 12);
  snapshot.variables.pop_back();
  EXPECT_STATUS(evaluate_once(options, snapshot), not_found, "the snapshot has no variable 'w'");
}

class Repeatedly : public Evaluation {
 protected:
  Repeatedly() {
    options.args.reset();
    options.final_ops = {};
    repeat.watch.wait = {.poll = 1s, .timeout = 5s};
    repeat.on_result = [this](const EvaluationResult& result) { steps.push_back(result.step); };
  }
  std::optional<EvaluationResult> evaluate() { return evaluate_repeatedly(options, source, repeat); }
  std::shared_ptr<ScriptedSource> source = std::make_shared<ScriptedSource>();
  EvaluateRepeatedlyOptions repeat;
  std::vector<std::int64_t> steps;
};

TEST_F(Repeatedly, EachNewCheckpointIsEvaluatedOnce) {
  source->on_look = [this] {
    if (source->looks == 2) source->save(10);
    if (source->looks == 5) source->save(20);
  };
  const auto last = evaluate();
  EXPECT_EQ(steps, (std::vector<std::int64_t>{10, 20}));
  EXPECT_EQ(source->restored, (std::vector<std::string>{"step-10", "step-20"}));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->step, 20);
}

TEST_F(Repeatedly, EndsAfterSoManyCheckpoints) {
  source->on_look = [this] { source->save(source->looks); };
  repeat.max_evaluations = 3;
  evaluate();
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(source->looks, 3);
}

TEST_F(Repeatedly, CheckpointsWithinTheIntervalArePassedBy) {
  source->on_look = [this] { source->save(clock->now_ns() / 1'000'000'000); };
  repeat.max_evaluations = 3;
  repeat.watch.min_interval = 60s;
  evaluate();
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 60, 120}));
}

TEST_F(Repeatedly, StopEndsTheWaitForTheNext) {
  options.config.stop = std::make_shared<StopState>();
  options.config.clock = nullptr;  // a real wait
  repeat.watch.wait = {.poll = 1h};
  source->save(1);
  std::thread stopper([&] {
    while (source->looks < 2) std::this_thread::yield();
    StopSource(options.config.stop).request_stop();
  });
  const auto last = evaluate();
  stopper.join();
  EXPECT_EQ(steps, (std::vector<std::int64_t>{1}));
  EXPECT_TRUE(last);
}

TEST_F(Repeatedly, EvaluationThatIsCutShortHasNoResult) {
  options.config.stop = std::make_shared<StopState>();
  source->save(1);
  options.args = fetch("eval");
  hook()->on_after = [&](auto&) { StopSource(options.config.stop).request_stop(); };
  EXPECT_FALSE(evaluate());
  EXPECT_TRUE(steps.empty());
}

TEST_F(Repeatedly, BadOptionsAreRefused) {
  EXPECT_STATUS(evaluate_repeatedly(options, nullptr), invalid_argument, "source");
  repeat.max_evaluations = 0;
  EXPECT_STATUS(evaluate(), invalid_argument, "max_evaluations");
  repeat = {.watch = {.wait = {.poll = 0s}}};
  EXPECT_STATUS(evaluate(), invalid_argument, "poll");
  repeat = {.watch = {.wait = {.timeout = -1s}}};
  EXPECT_STATUS(evaluate(), invalid_argument, "time-out");
  repeat = {.watch = {.min_interval = -1s}};
  EXPECT_STATUS(evaluate(), invalid_argument, "interval");
}

TEST(MemoryCheckpoints, WhatWasToldCanBeRestoredWhenTheSaverHasGoneOn) {
  GraphSession session(training_graph());
  session.initialize(VariableScope::global);
  const auto saver = std::make_shared<MemorySaver>();
  const auto source = memory_checkpoints(saver);
  EXPECT_FALSE(source->latest());
  const auto save = [&](double w, std::int64_t step) {
    session.write_variable("w", Value::scalar(w));
    saver->save(session, {step});
  };
  save(1, 10);
  const CheckpointInfo first = *source->latest();
  EXPECT_EQ(first.step, 10);
  save(2, 20);
  source->restore(first, session);
  EXPECT_EQ(session.read_variable("w").to_double(), 1);
  EXPECT_NE(*source->latest(), first);
  EXPECT_STATUS(source->restore(first, session), not_found, "memory-10");
  EXPECT_STATUS(memory_checkpoints(nullptr), invalid_argument, "saver");
}

}  // namespace
}  // namespace runhook
