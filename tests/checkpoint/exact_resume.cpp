// A run that is to end in the same way however often it is killed: exact_resume FOLDER [OPTION...]. It updates variables by
// numbers drawn from two generators, logs values, some of them rarely, with all default hooks that write files, and prints at
// its end what its last checkpoint has. Steps take some microseconds. Options:
//   full          checkpoints outlive the power, as they do by default; otherwise this run saves the waits for the disk
//   asynchronous  checkpoints are written by a thread
//   forgetful, unflushed, shifted: what is wrong is said below
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contents.hpp"
#include "runhook/checkpoint.hpp"
#include "runhook/default_hooks.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/hooks/summary_saver.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/training.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

constexpr std::int64_t kSteps = 300;
constexpr std::int64_t kWeights = 64;
constexpr std::int64_t kKept = 3;  // checkpoints

// Of the program's own: no variable of the session.
struct Generator {
  std::uint64_t drawn = 0;  // how many numbers
  double next() { return static_cast<double>(mixed(++drawn) >> 11) * 0x1p-53; }
};

// The weights follow a generator that is a variable, and the other one.
Graph make_graph(const std::shared_ptr<Generator>& generator) {
  Graph graph;
  graph.global_step();
  graph.variable("weights", Value::tensor(DType::float32, std::array{kWeights}));
  graph.variable("drawn", Value::scalar(std::int64_t{0}));
  graph.function("UPDATE", {.updates = {"weights", "drawn"}}, [generator](KernelContext& kernel) {
    auto* const weights = static_cast<float*>(kernel.variable(0).mutable_data());
    auto* const drawn = static_cast<std::int64_t*>(kernel.variable(1).mutable_data());
    const auto at = mixed(static_cast<std::uint64_t>(++*drawn)) % static_cast<std::uint64_t>(kWeights);
    weights[at] = 0.75F * weights[at] + static_cast<float>(generator->next());
    double sum = 0;
    for (std::int64_t i = 0; i < kWeights; ++i) sum += weights[i];
    kernel.set_output(0, Value::scalar(sum));
  });
  graph.increment_global_step("STEP", {"UPDATE"});
  return graph;
}

// Logs one value in each step, and others in some.
struct Logs final : SessionRunHook {
  std::string_view name() const override { return "logs"; }
  void before_run(SessionRunContext& context) override { context.add_fetch("sum", "UPDATE"); }
  void after_run(SessionRunContext& context, const SessionRunValues& values) override {
    const std::int64_t step = context.global_step();
    const double sum = values.results().to_double("sum");
    context.log_scalar("loss", 1 / (1 + sum));
    if (step % 10 == 0) context.log_scalar("accuracy", sum / 64);
    if (step % 3 == 1) context.log_int64("third", step);
    if (static_cast<std::int64_t>(sum * 1000) % 8 == 0) context.log_scalar("chance", sum);
    if (step >= 120 && step % 17 == 0) context.log_scalar("late", -sum);
    if (step % 25 == 0) context.log_text("phase", "one of\nmany, \"" + std::to_string(step) + '"');
  }
};

// Metrics whose hook is registered without its save() and restore(): what waits for its thread is lost.
struct Unflushed final : SessionRunHook {
  explicit Unflushed(std::shared_ptr<SessionRunHook> given) : hook(std::move(given)) {}
  std::string_view name() const override { return hook->name(); }
  void begin(SessionRunContext& context) override { hook->begin(context); }
  void after_create_session(SessionRunContext& context) override { hook->after_create_session(context); }
  void before_run(SessionRunContext& context) override { hook->before_run(context); }
  void after_run(SessionRunContext& context, const SessionRunValues& values) override {
    hook->after_run(context, values);
  }
  void end(SessionRunContext& context) override { hook->end(context); }
  void cleanup(SessionRunContext& context, const Outcome& outcome) override { hook->cleanup(context, outcome); }
  ValueListener* value_listener() noexcept override { return hook->value_listener(); }
  const std::shared_ptr<SessionRunHook> hook;
};

CheckpointSaverHookOptions checkpoints(const std::string& folder, const std::shared_ptr<Generator>& generator,
                                       std::string_view options) {
  const auto has = [&](std::string_view option) { return options.find(option) != std::string_view::npos; };
  CheckpointSaverHookOptions wanted;
  wanted.checkpoints.directory = folder + "/checkpoints";
  wanted.checkpoints.keep.last = kKept;
  wanted.checkpoints.durability = has("full") ? Durability::full : Durability::process_crash;
  wanted.checkpoints.asynchronous = has("asynchronous");
  // Forgetful: the generator of the program begins anew. Shifted: it goes on one number too far.
  wanted.checkpoints.save_state = [generator](Snapshot& snapshot) {
    snapshot.set_state("generator", std::to_string(generator->drawn));
  };
  wanted.checkpoints.restore_state = [=, forgetful = has("forgetful"),
                                      shifted = has("shifted")](const Snapshot& snapshot) {
    if (!forgetful) generator->drawn = std::stoull(*snapshot.find_state("generator")) + (shifted ? 1 : 0);
  };
  return wanted;
}

void run(const std::string& folder, std::string_view options) {
  const auto generator = std::make_shared<Generator>();
  TrainingOptions training;
  training.default_hooks = {.dir = folder, .keep_all = true, .quiet = true, .checkpoints = false};
  training.default_hooks.metrics = options.find("unflushed") == std::string_view::npos;
  if (!training.default_hooks.metrics) {
    HookRegistration metrics =
        MetricsHook::make({.path = folder + "/metrics.jsonl", .only_logged = true, .keep_all = true});
    metrics.hook = std::make_shared<Unflushed>(metrics.hook);
    training.hooks.push_back(std::move(metrics));
  }
  training.hooks.push_back({std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = kSteps}), {}});
  training.hooks.push_back({std::make_shared<Logs>(), {}});
  // By steps and thinned: what waits, and when the next row is due, has to be the same, too.
  training.hooks.push_back(MetricsHook::make({.path = folder + "/thinned.csv",
                                              .format = MetricsFormat::csv,
                                              .names = {"UPDATE", "drawn"},
                                              .every_n_steps = 9}));
  training.hooks.push_back(SummarySaverHook::make(
      {.scalars = {"UPDATE"}, .histograms = {"weights"}, .directory = folder + "/thinned"}, Trigger::every_steps(11)));
  training.hooks.push_back(CheckpointSaverHook::make(checkpoints(folder, generator, options), Trigger::every_steps(7)));
  MonitoredSession session(training_config(graph_session_factory(make_graph(generator)), training));
  SessionRunArgs step;
  step.fetches = "STEP";
  session.run_until_stop(step);
  session.close();
}

void print_bytes(const char* what, const std::string& name, const void* data, std::size_t size) {
  std::printf("%s %s ", what, name.c_str());
  for (std::size_t i = 0; i < size; ++i) std::printf("%02x", static_cast<const unsigned char*>(data)[i]);
  std::printf("\n");
}

// All but the times; and of the checkpoints those that are to be kept. A run that was killed when it had saved its last step
// leaves the one that was to be deleted then.
void print_last(const std::string& directory) {
  const std::vector<CheckpointSummary> all = list_checkpoints(directory);
  for (std::size_t i = all.size() - std::min<std::size_t>(kKept, all.size()); i < all.size(); ++i) {
    std::printf("step %lld\n", static_cast<long long>(all[i].step));
  }
  const std::optional<StoredCheckpoint> last = open_newest_checkpoint(directory);
  if (!last) throw StatusError(StatusCode::not_found, "there is no checkpoint");
  const Snapshot snapshot = last->load();
  for (const auto& [name, value] : snapshot.variables) print_bytes("variable", name, value.data(), value.byte_size());
  for (const auto& [name, bytes] : snapshot.state) {
    if (name != "runhook/run" && !name.starts_with("runhook/trigger/"))
      print_bytes("state", name, bytes.data(), bytes.size());
  }
  for (const auto& [name, number] : last->summary().metrics) std::printf("metric %s %.17g\n", name.c_str(), number);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string options;
  for (int i = 2; i < argc; ++i) options += std::string(argv[i]) + ' ';
  try {
    run(argv[1], options);
    print_last(std::string(argv[1]) + "/checkpoints");
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
