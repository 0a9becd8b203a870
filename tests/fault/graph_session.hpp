// Sessions of a graph that trains a weight.
#ifndef RUNHOOK_TESTS_FAULT_GRAPH_SESSION_HPP_
#define RUNHOOK_TESTS_FAULT_GRAPH_SESSION_HPP_

#include "runhook/runhook.h"
#include "sweep.hpp"

namespace runhook_test {

inline runhook_session* new_graph_session(Trial& trial, runhook_graph** graph_out = nullptr) {
  runhook_graph* graph = trial.made(runhook_graph_create(trial.error()));
  if (graph == nullptr) return nullptr;
  bool good = trial.ok(runhook_graph_add_global_step(graph, "step", trial.error()));
  runhook_value* initial = trial.made(runhook_value_create_double(2, trial.error()));
  good = good && initial != nullptr &&
         trial.ok(runhook_graph_add_variable(graph, "weight", initial, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
         trial.ok(runhook_graph_add_variable(graph, "scratch", initial, RUNHOOK_VARIABLES_LOCAL, trial.error())) &&
         trial.ok(runhook_graph_add_placeholder(graph, "input", RUNHOOK_FLOAT64, nullptr, 0, trial.error()));
  runhook_value_destroy(initial);
  if (good) {
    const char* const inputs[] = {"weight", "input"};
    const char* const updates[] = {"weight"};
    runhook_node node = RUNHOOK_NODE_INIT;
    node.name = "train";
    node.inputs = inputs;
    node.input_count = 2;
    node.updates = updates;
    node.update_count = 1;
    node.output_count = 1;
    node.kernel = [](runhook_context* context, void*, int32_t ok) {
      runhook_error* error = nullptr;
      double weight = 0;
      runhook_value* in = runhook_kernel_input(context, 0);
      runhook_value* out =
          in == nullptr ? nullptr : runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, nullptr, 0, &error);
      runhook_value* variable = out == nullptr ? nullptr : runhook_kernel_variable(context, 0, &error);
      runhook_status status = RUNHOOK_OK;
      if (variable == nullptr) {
        status = error != nullptr ? runhook_error_code(error) : RUNHOOK_ERR_NO_MEMORY;
      } else {
        status = runhook_value_get_double(in, &weight, &error);
        *static_cast<double*>(runhook_value_mutable_data(variable)) = weight + 1;
        *static_cast<double*>(runhook_value_mutable_data(out)) = weight;
      }
      runhook_error_destroy(error);
      return Trial::returned(context, status, ok);
    };
    trial.own(node);
    const char* const after[] = {"train"};
    good = trial.ok(runhook_graph_add_node(graph, &node, trial.error())) &&
           trial.ok(runhook_graph_add_increment(graph, "increment", after, 1, 1, trial.error()));
  }
  runhook_session* session = good ? trial.made(runhook_graph_session_create(graph, trial.error())) : nullptr;
  if (graph_out != nullptr && session != nullptr) {
    *graph_out = graph;
  } else {
    runhook_graph_destroy(graph);
  }
  return session;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_FAULT_GRAPH_SESSION_HPP_
