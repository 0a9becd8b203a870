// train_fashion_mnist_cpp: the loop of fashion_mnist/main.c with the C++ API.
#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fashion_mnist/dataset.h"
#include "fashion_mnist/nn_math.h"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/training.hpp"

namespace {

using runhook::DType;
using runhook::Graph;
using runhook::KernelContext;
using runhook::SessionRunArgs;
using runhook::SessionRunContext;
using runhook::SessionRunValues;
using runhook::Value;

constexpr std::string_view kTestAccuracy = "test accuracy";
constexpr std::int64_t kPixels = FASHION_PIXELS;
constexpr std::int64_t kHidden = 128;
constexpr std::int64_t kClasses = FASHION_CLASSES;

using Dataset = std::unique_ptr<fashion_dataset, decltype(&fashion_dataset_destroy)>;

Dataset load(const std::string& directory, const char* part) {
  std::array<char, 4352> message{};
  Dataset data(fashion_dataset_load(directory.c_str(), part, message.data(), message.size()), &fashion_dataset_destroy);
  if (!data) throw std::runtime_error(message.data());
  return data;
}

// The graph. Its kernels are lambdas; what they have to keep, they capture.

template <typename T = float>
const T* in(const KernelContext& kernel, std::size_t index) {
  return static_cast<const T*>(kernel.input(index).data());
}

std::size_t rows(const KernelContext& kernel) { return static_cast<std::size_t>(kernel.input(0).shape()[0]); }

template <typename T = float>
T* out(KernelContext& kernel, std::size_t index, std::initializer_list<std::int64_t> shape,
       DType dtype = DType::float32) {
  return static_cast<T*>(kernel.output(index, dtype, std::span(shape.begin(), shape.size())).mutable_data());
}

Value weights(std::int64_t inputs, std::int64_t outputs, std::uint64_t seed) {
  Value value = Value::tensor(DType::float32, std::array{inputs, outputs});
  nn_random_weights(static_cast<float*>(value.mutable_data()), static_cast<std::size_t>(value.element_count()),
                    static_cast<std::size_t>(inputs), seed);
  return value;
}

runhook::FunctionNode node(std::vector<std::string> inputs, std::size_t outputs = 1) {
  runhook::FunctionNode result;
  result.inputs = std::move(inputs);
  result.outputs = outputs;
  return result;
}

// The batch depends on the global step alone, so a session made anew after a failure goes on where it has to.
void add_input(Graph& graph, const fashion_dataset& data, std::int64_t batch_size, std::uint64_t seed) {
  const std::int64_t batches = data.count / batch_size;
  graph.function(
      "batch", node({"global_step"}, 2),
      [&data, batch_size, batches, seed, epoch = std::int64_t{-1},
       order = std::vector<std::int32_t>(static_cast<std::size_t>(data.count))](KernelContext& kernel) mutable {
        const std::int64_t step = kernel.input(0).to_int64();
        if (std::exchange(epoch, step / batches) != step / batches) {
          nn_shuffle(order.data(), order.size(), seed + static_cast<std::uint64_t>(epoch));
        }
        auto* images = out<std::uint8_t>(kernel, 0, {batch_size, kPixels}, DType::uint8);
        auto* labels = out<std::uint8_t>(kernel, 1, {batch_size}, DType::uint8);
        for (std::int64_t i = 0; i < batch_size; ++i) {
          const std::int64_t from = order[static_cast<std::size_t>(step % batches * batch_size + i)];
          std::copy_n(data.images + from * kPixels, kPixels, images + i * kPixels);
          labels[i] = data.labels[from];
        }
      });
}

void add_network(Graph& graph, std::uint64_t seed) {
  graph.variable("w1", weights(kPixels, kHidden, seed + 1));
  graph.variable("b1", Value::tensor(DType::float32, std::array{kHidden}));
  graph.variable("w2", weights(kHidden, kClasses, seed + 2));
  graph.variable("b2", Value::tensor(DType::float32, std::array{kClasses}));

  graph.function("x", node({"batch"}), [](KernelContext& kernel) {
    const auto count = static_cast<std::size_t>(kernel.input(0).element_count());
    nn_scale_pixels(in<std::uint8_t>(kernel, 0), count, out(kernel, 0, {kernel.input(0).shape()[0], kPixels}));
  });
  graph.function("hidden", node({"x", "w1", "b1"}), [](KernelContext& kernel) {
    float* y = out(kernel, 0, {kernel.input(0).shape()[0], kHidden});
    nn_dense(in(kernel, 0), in(kernel, 1), in(kernel, 2), rows(kernel), kPixels, kHidden, y);
    nn_relu(y, rows(kernel) * kHidden);
  });
  graph.function("logits", node({"hidden", "w2", "b2"}), [](KernelContext& kernel) {
    nn_dense(in(kernel, 0), in(kernel, 1), in(kernel, 2), rows(kernel), kHidden, kClasses,
             out(kernel, 0, {kernel.input(0).shape()[0], kClasses}));
  });
  graph.function("loss", node({"logits", "batch:1"}, 2), [](KernelContext& kernel) {
    float* d_logits = out(kernel, 1, {kernel.input(0).shape()[0], kClasses});
    *out(kernel, 0, {}) = nn_softmax_loss(in(kernel, 0), in<std::uint8_t>(kernel, 1), rows(kernel), kClasses, d_logits);
  });
  graph.function("accuracy", node({"logits", "batch:1"}), [](KernelContext& kernel) {
    *out(kernel, 0, {}) = nn_accuracy(in(kernel, 0), in<std::uint8_t>(kernel, 1), rows(kernel), kClasses);
  });
}

void add_training(Graph& graph, float rate) {
  graph.function("d_output", node({"hidden", "loss:1", "w2"}, 3), [](KernelContext& kernel) {
    nn_dense_gradient(in(kernel, 0), in(kernel, 1), rows(kernel), kHidden, kClasses,
                      out(kernel, 0, {kHidden, kClasses}), out(kernel, 1, {kClasses}));
    nn_relu_gradient(in(kernel, 0), in(kernel, 1), in(kernel, 2), rows(kernel), kHidden, kClasses,
                     out(kernel, 2, {kernel.input(0).shape()[0], kHidden}));
  });
  graph.function("d_hidden", node({"x", "d_output:2"}, 2), [](KernelContext& kernel) {
    nn_dense_gradient(in(kernel, 0), in(kernel, 1), rows(kernel), kPixels, kHidden, out(kernel, 0, {kPixels, kHidden}),
                      out(kernel, 1, {kHidden}));
  });
  graph.function("descend",
                 {.inputs = {"d_hidden", "d_hidden:1", "d_output", "d_output:1"},
                  .outputs = 0,
                  .updates = {"w1", "b1", "w2", "b2"},
                  .after = {}},
                 [rate](KernelContext& kernel) {
                   for (std::size_t i = 0; i < kernel.input_count(); ++i) {
                     Value& variable = kernel.variable(i);
                     nn_descend(static_cast<float*>(variable.mutable_data()), in(kernel, i),
                                static_cast<std::size_t>(variable.element_count()), rate);
                   }
                 });
  graph.increment_global_step("train", {"descend"});
}

// The hooks. They are called in the order in which they are added.

class EvaluationHook final : public runhook::SessionRunHook {
 public:
  EvaluationHook(const fashion_dataset& test_set, std::int64_t every)
      : every_(every),
        args_{.fetches = "accuracy",
              .feeds = {{"batch", lend(test_set.images, std::array{test_set.count, kPixels})},
                        {"batch:1", lend(test_set.labels, std::array{test_set.count})}},
              .options = {}} {}
  std::string_view name() const override { return "evaluation"; }
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    if (context.global_step() % every_ == 0) evaluate(context);
  }
  void end(SessionRunContext& context) override {
    if (context.global_step() != step_) evaluate(context);
  }
  std::int64_t step() const { return step_; }  // of the newest evaluation; -1 until there is one
  double accuracy() const { return accuracy_; }

 private:
  // Shows memory of the data set as a tensor, without copying it.
  static Value lend(std::uint8_t* data, std::span<const std::int64_t> shape) {
    return Value::adopt(DType::uint8, shape, {}, {}, data, {});
  }
  void evaluate(SessionRunContext& context) {
    // The raw session: no hooks, no stop check, and the test images are no training step.
    accuracy_ = runhook::run_session(context.session(), args_).to_double();
    step_ = context.global_step();
    context.log_scalar(kTestAccuracy, accuracy_);  // for every output that the run has, and for the hook below
  }

  std::int64_t every_;
  SessionRunArgs args_;
  std::int64_t step_ = -1;
  double accuracy_ = 0.0;
};

class TargetHook final : public runhook::SessionRunHook {
 public:
  explicit TargetHook(double target) : target_(target) {}
  std::string_view name() const override { return "target"; }
  bool wants_values() const noexcept override { return true; }
  void on_values(SessionRunContext& context, std::span<const runhook::LoggedValue> values) override {
    for (const runhook::LoggedValue& value : values) {
      if (value.name != kTestAccuracy || value.number < target_) continue;
      context.request_stop(0, "test accuracy " + std::to_string(value.number) + " has reached the target",
                           runhook::StopUrgency::if_completed);
    }
  }

 private:
  double target_;
};

class ProgressHook final : public runhook::SessionRunHook {
 public:
  std::string_view name() const override { return "progress"; }
  void before_run(SessionRunContext& context) override {
    context.request(loss_);
    if (!shown_ns_) shown_ns_ = context.now_ns();
  }
  void after_run(SessionRunContext& context, const SessionRunValues& values) override {
    if (context.now_ns() - *shown_ns_ < kIntervalNs) return;
    shown_ns_ = context.now_ns();
    std::cerr << "step " << context.global_step() << "  loss " << values.results().to_double() << '\n';
  }

 private:
  static constexpr std::int64_t kIntervalNs = 500'000'000;
  const SessionRunArgs loss_ = {
      .fetches = "loss", .feeds = {}, .options = {}};  // the same each time: the plan is reused
  std::optional<std::int64_t> shown_ns_;
};

struct Options {
  std::string data = FASHION_DEFAULT_DIRECTORY;
  std::string dir;  // for what the run leaves behind; empty: nothing
  double target = 0.83;
  std::int64_t max_steps = 10000;
};

Options parse(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    if (arguments[i] == "--data") {
      options.data = arguments[i + 1];
    } else if (arguments[i] == "--dir") {
      options.dir = arguments[i + 1];
    } else if (arguments[i] == "--target") {
      options.target = std::stod(arguments[i + 1]);
    } else if (arguments[i] == "--max-steps") {
      options.max_steps = std::stoll(arguments[i + 1]);
    } else {
      throw std::invalid_argument("unknown option " + arguments[i]);
    }
  }
  if (arguments.size() % 2 != 0) throw std::invalid_argument(arguments.back() + " has no value");
  return options;
}

bool train(const Options& options) {
  const Dataset training_set = load(options.data, "train");
  const Dataset test_set = load(options.data, "t10k");

  Graph graph;
  graph.global_step();
  add_input(graph, *training_set, 64, 1);
  add_network(graph, 1);
  add_training(graph, 0.1F);

  const auto evaluation = std::make_shared<EvaluationHook>(*test_set, 100);
  runhook::TrainingOptions training;
  training.default_hooks.dir = options.dir;
  training.default_hooks.scalars = {"loss", "accuracy"};
  training.default_hooks.parameters = R"({"learning_rate": 0.1})";
  runhook::Config config =
      runhook::training_config([graph] { return std::make_shared<runhook::GraphSession>(graph); }, std::move(training));
  config.add_hook(evaluation).add_hook(std::make_shared<TargetHook>(options.target));
  if (options.dir.empty()) config.add_hook(std::make_shared<ProgressHook>());

  runhook::MonitoredSession session(std::move(config));
  // With a directory the run goes on from the newest checkpoint that is there.
  const std::int64_t left = options.max_steps - session.global_step();
  if (left > 0) session.run_until_stop({.fetches = "train", .feeds = {}, .options = {}}, left);
  session.close();

  std::cout << session.outcome().to_string() << '\n'
            << "test accuracy " << evaluation->accuracy() << " after " << evaluation->step() << " steps\n";
  return evaluation->accuracy() >= options.target;
}

}  // namespace

int main(int argc, char** argv) try {
  return train(parse(std::vector<std::string>(argv + 1, argv + argc))) ? 0 : 1;
} catch (const runhook::StatusError& error) {
  std::cerr << "training failed: " << error.error().to_string() << '\n';
  return 2;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 2;
}
