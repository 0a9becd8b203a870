#include "runhook/graph.h"

#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "call/graph_engine.hpp"
#include "handle/guarded_session.hpp"
#include "handle/session_handle.hpp"
#include "handle/value_handle.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kNodeSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_node, after_count);
static_assert(offsetof(runhook_node, user_data) == 8 && offsetof(runhook_node, destroy) == 16 &&
                  offsetof(runhook_node, name) == 24 && offsetof(runhook_node, kernel) == 32 &&
                  offsetof(runhook_node, inputs) == 40 && offsetof(runhook_node, input_count) == 48 &&
                  offsetof(runhook_node, output_count) == 56 && offsetof(runhook_node, updates) == 64 &&
                  offsetof(runhook_node, update_count) == 72 && offsetof(runhook_node, after) == 80 &&
                  offsetof(runhook_node, after_count) == 88 && kNodeSizeV1_0 == 96,
              "the 1.0 prefix is frozen");

std::span<const int64_t> extents(const int64_t* shape, size_t rank) {
  if (rank > Value::kMaxRank) throw StatusError(StatusCode::invalid_argument, "the rank is above 32");
  if (shape == nullptr && rank > 0) throw StatusError(StatusCode::invalid_argument, "shape is NULL");
  return {shape, rank};
}

}  // namespace

std::shared_ptr<Session> new_graph_session(const Graph& graph) { return std::make_shared<Guarded<GraphEngine>>(graph); }

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_graph* runhook_graph_create(runhook_error** error) {
  return guarded_handle(error, [] { return create<runhook_graph>(); });
}

void runhook_graph_destroy(runhook_graph* graph) { capi::destroy(graph); }

runhook_status runhook_graph_add_placeholder(runhook_graph* graph, const char* name, int32_t dtype,
                                             const int64_t* shape, size_t rank, runhook_error** error) {
  return guarded(error, [&] {
    require(graph).graph.placeholder(required_text(name, "name"), static_cast<DType>(dtype), extents(shape, rank));
  });
}

runhook_status runhook_graph_add_variable(runhook_graph* graph, const char* name, const runhook_value* initial,
                                          int32_t scope, runhook_error** error) {
  return guarded(error, [&] {
    require(graph).graph.variable(required_text(name, "name"), from_handle(initial), scope_from_number(scope));
  });
}

runhook_status runhook_graph_add_variable_double(runhook_graph* graph, const char* name, double initial, int32_t scope,
                                                 runhook_error** error) {
  return guarded(error, [&] {
    require(graph).graph.variable(required_text(name, "name"), Value::scalar(initial), scope_from_number(scope));
  });
}

runhook_status runhook_graph_add_variable_int64(runhook_graph* graph, const char* name, int64_t initial, int32_t scope,
                                                runhook_error** error) {
  return guarded(error, [&] {
    require(graph).graph.variable(required_text(name, "name"), Value::scalar(std::int64_t{initial}),
                                  scope_from_number(scope));
  });
}

runhook_status runhook_graph_add_node(runhook_graph* graph, const runhook_node* node, runhook_error** error) {
  runhook_node copy{};
  UserData owner;
  if (const auto status = accept_table(node, kNodeSizeV1_0, copy, owner, error); status != RUNHOOK_OK) return status;
  return guarded(error, [&] {
    const auto box = require_pinned(graph);
    if (copy.kernel == nullptr) throw StatusError(StatusCode::invalid_argument, "kernel is NULL");
    FunctionNode description;
    description.inputs = required_texts(copy.inputs, copy.input_count, "input");
    description.outputs = copy.output_count;
    description.updates = required_texts(copy.updates, copy.update_count, "update");
    description.after = required_texts(copy.after, copy.after_count, "after");
    auto function = std::make_shared<const CFunction>(copy.kernel, std::move(owner));
    box->graph.function(
        required_text(copy.name, "name"), std::move(description),
        [function = std::move(function)](KernelContext& kernel) { t_kernel_caller->run(kernel, *function); });
  });
}

runhook_status runhook_graph_add_global_step(runhook_graph* graph, const char* name, runhook_error** error) {
  return guarded(error, [&] { require(graph).graph.global_step(required_text(name, "name")); });
}

runhook_status runhook_graph_add_increment(runhook_graph* graph, const char* name, const char* const* after,
                                           size_t after_count, int64_t increment, runhook_error** error) {
  return guarded(error, [&] {
    require(graph).graph.increment_global_step(required_text(name, "name"), required_texts(after, after_count, "after"),
                                               increment);
  });
}

runhook_status runhook_graph_freeze(runhook_graph* graph, runhook_error** error) {
  return guarded(error, [&] { require(graph).graph.freeze(); });
}

int32_t runhook_graph_frozen(const runhook_graph* graph) {
  const auto* box = find(graph);
  return box != nullptr && box->graph.frozen() ? 1 : 0;
}

size_t runhook_graph_node_count(const runhook_graph* graph) {
  return guarded_value<size_t>(0, [&] { return require(graph).graph.nodes().size(); });
}

const char* runhook_graph_node_name_at(runhook_graph* graph, size_t index) {
  return guarded_value<const char*>(nullptr, [&]() -> const char* {
    GraphBox& box = require(graph);
    auto names = box.graph.nodes();
    if (index >= names.size()) return nullptr;
    box.name = std::move(names[index]);
    return box.name.c_str();
  });
}

runhook_session* runhook_graph_session_create(runhook_graph* graph, runhook_error** error) {
  return guarded_handle(error, [&] { return give_session(new_graph_session(require(graph).graph)); });
}
