
#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/refuse.hpp"
#include "graph/graph_data.hpp"
#include "runhook/error.hpp"
#include "value/tensor_text.hpp"

namespace runhook::inline v1 {

namespace {

using detail::fail;
using detail::GraphData;
using detail::GraphNode;
using detail::NodeIndex;
using detail::NodeKind;

constexpr std::size_t kMaxOutputs = 0xFFFF;

void check_new_name(const GraphData& data, std::string_view name) {
  if (data.frozen.load(std::memory_order_acquire)) {
    fail(StatusCode::failed_precondition, fmt::format("node '{}' comes too late: the graph is frozen", name));
  }
  if (name.empty()) fail(StatusCode::invalid_argument, "name of a node is empty");
  if (name.find_first_of(":/") != std::string_view::npos) {
    fail(StatusCode::invalid_argument, fmt::format("name '{}' of a node holds ':' or '/'", name));
  }
  if (data.index.find(name) != data.index.end()) {
    fail(StatusCode::already_exists, fmt::format("there is a node '{}' already", name));
  }
}

// Adds the node or, without memory, changes nothing.
NodeId add_node(GraphData& data, GraphNode node) {
  const std::size_t slots = std::max<std::size_t>(node.outputs, 1);
  const std::size_t first = data.node_of.size();
  if (slots > std::numeric_limits<NodeId>::max() - first)
    fail(StatusCode::resource_exhausted, "the graph is too large");
  node.first_slot = static_cast<NodeId>(first);
  const auto index = static_cast<NodeIndex>(data.nodes.size());
  data.node_of.insert(data.node_of.end(), slots, index);
  try {
    const auto entry = data.index.emplace(node.name, index).first;
    try {
      data.nodes.push_back(std::move(node));
    } catch (...) {
      data.index.erase(entry);
      throw;
    }
  } catch (...) {
    data.node_of.resize(first);
    throw;
  }
  return static_cast<NodeId>(first);
}

NodeId add_variable(GraphData& data, std::string_view name, const Value& initial, VariableScope scope) {
  check_new_name(data, name);
  if (!initial) fail(StatusCode::invalid_argument, fmt::format("variable '{}' has no initial value", name));
  GraphNode node;
  node.name = name;
  node.kind = NodeKind::variable;
  node.initial = initial;
  node.scope = scope;
  return add_node(data, std::move(node));
}

}  // namespace

namespace detail {

NodeId GraphData::slot(std::string_view name) const {
  const std::size_t colon = name.find(':');
  const std::string_view of_node = name.substr(0, colon);
  if (const auto found = index.find(of_node); found != index.end()) {
    const GraphNode& node = nodes[found->second];
    if (colon == std::string_view::npos) return node.first_slot;
    const char* const end = name.data() + name.size();
    std::uint32_t output = 0;
    const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, output);
    if (error == std::errc() && rest == end && output < node.outputs) return node.first_slot + output;
    fail(StatusCode::not_found, fmt::format("the graph has no '{}': node '{}' has {} output{}, counted from 0", name,
                                            of_node, node.outputs, node.outputs == 1 ? "" : "s"));
  }
  std::vector<std::string_view> names;
  for (const GraphNode& node : nodes) names.push_back(node.name);
  fail(StatusCode::not_found, fmt::format("the graph has no '{}'{}", name, known_names(of_node, names)));
}

NodeIndex GraphData::variable(std::string_view name) const {
  const auto found = index.find(name);
  if (found == index.end() || nodes[found->second].kind != NodeKind::variable) {
    std::vector<std::string_view> names;
    for (const GraphNode& node : nodes) {
      if (node.kind == NodeKind::variable) names.push_back(node.name);
    }
    fail(StatusCode::not_found, fmt::format("the session has no variable '{}'{}", name, known_names(name, names)));
  }
  return found->second;
}

std::string GraphData::slot_name(NodeId slot) const {
  const GraphNode& node = node_at(slot);
  return slot == node.first_slot ? node.name : fmt::format("{}:{}", node.name, slot - node.first_slot);
}

void check_value(const GraphNode& node, const Value& value) {
  std::string expected;
  if (node.kind == NodeKind::placeholder) {
    const auto fits = [](std::int64_t wanted, std::int64_t given) {
      return wanted == Graph::kAnyExtent || wanted == given;
    };
    if (value.kind() == ValueKind::tensor && value.dtype() == node.dtype &&
        std::ranges::equal(node.shape, value.shape(), fits)) {
      return;
    }
    expected = describe_tensor(node.dtype, node.shape);
  } else if (node.kind == NodeKind::variable) {
    const Value& initial = node.initial;
    if (value.kind() == initial.kind() && value.dtype() == initial.dtype() &&
        std::ranges::equal(value.shape(), initial.shape())) {
      return;
    }
    expected = describe_value(initial);
  } else {
    if (value) return;
    expected = "a value";
  }
  fail(StatusCode::invalid_argument,
       fmt::format("node '{}': expected {}, got {}", node.name, expected, describe_value(value)));
}

}  // namespace detail

Graph::Graph() : data_(std::make_shared<GraphData>()) {}

void Graph::placeholder(std::string_view name, DType dtype, std::span<const std::int64_t> shape) {
  check_new_name(*data_, name);
  if (dtype_size(dtype) == 0)
    fail(StatusCode::invalid_argument, fmt::format("placeholder '{}' has no valid dtype", name));
  const bool valid = shape.size() <= Value::kMaxRank &&
                     std::ranges::all_of(shape, [](std::int64_t extent) { return extent >= kAnyExtent; });
  if (!valid) fail(StatusCode::invalid_argument, fmt::format("placeholder '{}' has no valid shape", name));
  GraphNode node;
  node.name = name;
  node.kind = NodeKind::placeholder;
  node.dtype = dtype;
  node.shape.assign(shape.begin(), shape.end());
  add_node(*data_, std::move(node));
}

void Graph::variable(std::string_view name, const Value& initial, VariableScope scope) {
  add_variable(*data_, name, initial, scope);
}

void Graph::function(std::string_view name, FunctionNode function, Kernel kernel) {
  check_new_name(*data_, name);
  if (!kernel) fail(StatusCode::invalid_argument, fmt::format("node '{}' has no kernel", name));
  if (function.outputs > kMaxOutputs) {
    fail(StatusCode::invalid_argument, fmt::format("node '{}' has more than {} outputs", name, kMaxOutputs));
  }
  GraphNode node;
  node.name = name;
  node.outputs = static_cast<std::uint32_t>(function.outputs);
  for (const std::string& input : function.inputs) {
    node.inputs.push_back(data_->slot(input));
    if (data_->node_at(node.inputs.back()).outputs == 0) {
      fail(StatusCode::invalid_argument, fmt::format("input '{}' of node '{}' has no output", input, name));
    }
  }
  for (const std::string& update : function.updates) {
    const NodeId slot = data_->slot(update);
    if (data_->node_at(slot).kind != NodeKind::variable) {
      fail(StatusCode::invalid_argument, fmt::format("'{}', updated by node '{}', is not a variable", update, name));
    }
    if (std::ranges::find(node.updates, slot) != node.updates.end()) {
      fail(StatusCode::invalid_argument, fmt::format("node '{}' updates variable '{}' twice", name, update));
    }
    node.updates.push_back(slot);
  }
  for (const std::string& before : function.after) node.after.push_back(data_->node_of[data_->slot(before)]);
  node.kernel = std::move(kernel);
  add_node(*data_, std::move(node));
}

void Graph::global_step(std::string_view name) {
  if (data_->global_step) fail(StatusCode::invalid_argument, "the graph has a global step already");
  data_->global_step = add_variable(*data_, name, Value::scalar(std::int64_t{0}), VariableScope::global);
}

void Graph::increment_global_step(std::string_view name, std::vector<std::string> after, std::int64_t increment) {
  check_new_name(*data_, name);
  if (!data_->global_step) fail(StatusCode::not_found, "the graph has no global step");
  FunctionNode node;
  node.outputs = 0;
  node.updates.push_back(data_->node_at(*data_->global_step).name);
  node.after = std::move(after);
  function(name, std::move(node), [increment](KernelContext& context) {
    Value& step = context.variable(0);
    std::uint64_t number = 0;  // wraps where a signed addition would be undefined
    std::memcpy(&number, step.data(), sizeof number);
    number += static_cast<std::uint64_t>(increment);
    std::memcpy(step.mutable_data(), &number, sizeof number);
  });
}

void Graph::freeze() noexcept { data_->frozen.store(true, std::memory_order_release); }
bool Graph::frozen() const noexcept { return data_->frozen.load(std::memory_order_acquire); }

std::vector<std::string> Graph::nodes() const {
  std::vector<std::string> names;
  names.reserve(data_->nodes.size());
  for (const GraphNode& node : data_->nodes) names.push_back(node.name);
  return names;
}

}  // namespace runhook::inline v1
