#include "graph.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "harness.hpp"

namespace bench {

namespace {

const std::vector<std::string>& names() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (int i = 0; i < kScalars; ++i) made.push_back("scalar" + std::to_string(i));
    return made;
  }();
  return all;
}

std::int32_t compute_scalar(runhook_context* context, void*, std::int32_t ok) {
  runhook_value* output = runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, nullptr, 0, nullptr);
  if (output == nullptr) return RUNHOOK_CALLBACK_FAILED;
  *static_cast<double*>(runhook_value_mutable_data(output)) += 1.0;
  return ok;
}

std::int32_t train(runhook_context*, void*, std::int32_t ok) { return ok; }

std::int32_t ask(runhook_context* context, void* user_data, std::int32_t ok) {
  const bool asked =
      runhook_context_add_fetch(context, nullptr, static_cast<const char*>(user_data), nullptr) == RUNHOOK_OK;
  return asked ? ok : RUNHOOK_CALLBACK_FAILED;
}

std::int32_t read(runhook_context* context, void*, std::int32_t ok) {
  double number = 0;
  const bool there = runhook_context_get_double(context, nullptr, &number, nullptr) == RUNHOOK_OK;
  return there ? ok : RUNHOOK_CALLBACK_FAILED;
}

runhook_monitored_session* session_with(bool hooks) {
  runhook_error* error = nullptr;
  runhook_graph* graph = scalar_graph();
  runhook_config* config = runhook_config_create(&error);
  check(runhook_config_set_graph(config, graph, &error), error);
  for (int i = 0; hooks && i < kScalars; ++i) {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = const_cast<char*>(names()[static_cast<std::size_t>(i)].c_str());
    hook.before_run = &ask;
    hook.after_run = &read;
    check(runhook_config_add_hook(config, &hook, nullptr, &error), error);
  }
  runhook_monitored_session* session = runhook_monitored_session_create(config, &error);
  if (session == nullptr) give_up(error);
  runhook_config_destroy(config);
  runhook_graph_destroy(graph);
  return session;
}

}  // namespace

runhook_graph* scalar_graph() {
  runhook_error* error = nullptr;
  runhook_graph* graph = runhook_graph_create(&error);
  std::vector<const char*> inputs;
  for (const std::string& name : names()) {
    runhook_node node = RUNHOOK_NODE_INIT;
    node.name = name.c_str();
    node.kernel = &compute_scalar;
    node.output_count = 1;
    check(runhook_graph_add_node(graph, &node, &error), error);
    inputs.push_back(name.c_str());
  }
  runhook_node node = RUNHOOK_NODE_INIT;
  node.name = "train";
  node.kernel = &train;
  node.inputs = inputs.data();
  node.input_count = inputs.size();
  check(runhook_graph_add_node(graph, &node, &error), error);
  return graph;
}

runhook_run_args* scalar_args() {
  runhook_error* error = nullptr;
  runhook_run_args* args = runhook_run_args_create(&error);
  for (const std::string& name : names()) check(runhook_run_args_add_fetch(args, nullptr, name.c_str(), &error), error);
  return args;
}

runhook_run_args* train_args() {
  runhook_error* error = nullptr;
  runhook_run_args* args = runhook_run_args_create(&error);
  check(runhook_run_args_add_fetch(args, nullptr, "train", &error), error);
  return args;
}

runhook_monitored_session* fetching_session() { return session_with(true); }
runhook_monitored_session* plain_session() { return session_with(false); }

}  // namespace bench
