#include "runhook/graph_session.hpp"

#include "graph/graph_data.hpp"
#include "graph/graph_executor.hpp"

namespace runhook::inline v1 {

using detail::GraphNode;
using detail::NodeKind;

std::size_t KernelContext::input_count() const noexcept { return executor_.node(node_).inputs.size(); }
const Value& KernelContext::input(std::size_t index) const { return executor_.input(node_, index); }

Value& KernelContext::output(std::size_t index, DType dtype, std::span<const std::int64_t> shape) {
  return executor_.output(node_, index, dtype, shape);
}

void KernelContext::set_output(std::size_t index, Value value) { executor_.set_output(node_, index, std::move(value)); }
Value& KernelContext::variable(std::size_t index) { return executor_.variable(node_, index); }
void KernelContext::assign(std::size_t index, Value value) { executor_.assign(node_, index, std::move(value)); }
const SessionStep& KernelContext::step() const noexcept { return executor_.step(); }
bool KernelContext::cancel_requested() const noexcept { return executor_.cancel_requested(); }
std::string_view KernelContext::node() const noexcept { return executor_.node(node_).name; }

GraphSession::GraphSession(const Graph& graph) : executor_(std::make_unique<detail::GraphExecutor>(graph.data_)) {}
GraphSession::~GraphSession() = default;

NodeId GraphSession::resolve(std::string_view name) { return executor_->graph().slot(name); }
void GraphSession::run(SessionStep& step) { executor_->run(step); }
void GraphSession::cancel() noexcept { executor_->cancel(); }
void GraphSession::close() { executor_->close(); }
std::optional<NodeId> GraphSession::global_step() { return executor_->graph().global_step; }

std::optional<std::int64_t> GraphSession::read_global_step() {
  const auto& graph = executor_->graph();
  if (!graph.global_step) return std::nullopt;
  for (const GraphNode& node : graph.nodes) {
    if (node.kind == NodeKind::variable && graph.slot(node.name) == *graph.global_step &&
        executor_->initialized(node)) {
      return executor_->read(node).to_int64();
    }
  }
  return std::nullopt;
}

std::vector<std::string> GraphSession::variables(VariableScope scope) {
  std::vector<std::string> names;
  for (const GraphNode& node : executor_->graph().nodes) {
    if (node.kind == NodeKind::variable && node.scope == scope) names.push_back(node.name);
  }
  return names;
}

std::vector<std::string> GraphSession::uninitialized(VariableScope scope) {
  std::vector<std::string> names;
  for (const GraphNode& node : executor_->graph().nodes) {
    if (node.kind == NodeKind::variable && node.scope == scope && !executor_->initialized(node)) {
      names.push_back(node.name);
    }
  }
  return names;
}

void GraphSession::initialize(VariableScope scope) { executor_->initialize(scope); }

Value GraphSession::read_variable(std::string_view name) {
  return executor_->read(executor_->graph().nodes[executor_->graph().variable(name)]);
}

void GraphSession::write_variable(std::string_view name, const Value& value) {
  executor_->write(executor_->graph().nodes[executor_->graph().variable(name)], value);
}

Graph GraphSession::graph() const {
  Graph graph;
  graph.data_ = executor_->shared_graph();
  return graph;
}

}  // namespace runhook::inline v1
