// A model to evaluate: a weight, and the mean over ten items of what it makes of them.
#ifndef RUNHOOK_TESTS_CORE_EVALUATION_EVAL_MODEL_HPP_
#define RUNHOOK_TESTS_CORE_EVALUATION_EVAL_MODEL_HPP_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runhook/evaluation.hpp"
#include "runhook/graph_session.hpp"

namespace runhook_test {

constexpr double kItems = 10;

inline double number(runhook::KernelContext& kernel, std::size_t input) { return kernel.input(input).to_double(); }

// The global step and "w", which "train" sets to the step after it plus 2.
inline runhook::Graph training_graph() {
  runhook::Graph graph;
  graph.global_step();
  graph.variable("w", runhook::Value::scalar(0.0));
  graph.variable("momentum", runhook::Value::scalar(0.5));  // which only training has
  graph.increment_global_step("step");
  graph.function(
      "train", {.inputs = {"global_step"}, .outputs = 0, .updates = {"w"}, .after = {"step"}},
      [](runhook::KernelContext& kernel) { kernel.assign(0, runhook::Value::scalar(number(kernel, 0) + 2)); });
  return graph;
}

// "eval" adds up one item of 0, 1, ..., 9 in each step, then there are no more; "mean" is their mean. "w" is the
// weight.
inline runhook::Graph eval_graph() {
  runhook::Graph graph;
  graph.variable("w", runhook::Value::scalar(-1.0));
  graph.variable("sum", runhook::Value::scalar(0.0), runhook::VariableScope::local);
  graph.variable("count", runhook::Value::scalar(0.0), runhook::VariableScope::local);
  graph.function("eval", {.inputs = {"sum", "count"}, .updates = {"sum", "count"}}, [](runhook::KernelContext& kernel) {
    const double count = number(kernel, 1);
    if (count == kItems) throw runhook::StatusError(runhook::StatusCode::out_of_range, "no more items");
    kernel.assign(0, runhook::Value::scalar(number(kernel, 0) + count));
    kernel.assign(1, runhook::Value::scalar(count + 1));
    kernel.set_output(0, runhook::Value::scalar(count));
  });
  graph.function("mean", {.inputs = {"sum", "count"}}, [](runhook::KernelContext& kernel) {
    kernel.set_output(0, runhook::Value::scalar(number(kernel, 0) / number(kernel, 1)));
  });
  return graph;
}

inline runhook::SessionRunArgs fetch(const char* name) { return {.fetches = runhook::Fetches(name)}; }

// Evaluates all items; the final values are "mean" and "w".
inline runhook::EvaluationOptions eval_options() {
  using runhook::Fetches;
  runhook::EvaluationOptions options;
  options.config.session_creator =
      std::make_shared<runhook::ChiefSessionCreator>(runhook::graph_session_factory(eval_graph()));
  options.config.log = [](runhook::LogLevel, std::string_view) {};
  options.args = fetch("eval");
  options.final_ops.fetches = Fetches::map({{"mean", Fetches("mean")}, {"w", Fetches("w")}});
  return options;
}

// A source of one checkpoint, in which "w" is `w`.
inline std::shared_ptr<runhook::CheckpointSource> checkpoint_of(double w, std::int64_t step) {
  runhook::Graph graph = training_graph();
  runhook::GraphSession session(graph);
  session.initialize(runhook::VariableScope::global);
  session.write_variable("w", runhook::Value::scalar(w));
  const auto saver = std::make_shared<runhook::MemorySaver>();
  saver->save(session, {step});
  return runhook::memory_checkpoints(saver);
}

// Tells and restores what it is told to.
struct ScriptedSource final : runhook::CheckpointSource {
  std::optional<runhook::CheckpointInfo> latest() override {
    ++looks;
    if (on_look) on_look();
    return newest;
  }
  void restore(const runhook::CheckpointInfo& checkpoint, runhook::Session& session) override {
    restored.push_back(checkpoint.path);
    if (on_restore) on_restore(session);
  }
  void save(std::int64_t step) { newest = runhook::CheckpointInfo{"step-" + std::to_string(step), step}; }

  std::optional<runhook::CheckpointInfo> newest;
  std::function<void()> on_look;
  std::function<void(runhook::Session&)> on_restore;
  std::atomic<int> looks{0};
  std::vector<std::string> restored;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_EVALUATION_EVAL_MODEL_HPP_
