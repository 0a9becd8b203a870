// What a Graph is made of. Nodes are kept in the order in which they were added; since a node names only earlier ones,
// this is a topological order.
#ifndef RUNHOOK_SRC_GRAPH_GRAPH_DATA_HPP_
#define RUNHOOK_SRC_GRAPH_GRAPH_DATA_HPP_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/graph_session.hpp"

namespace runhook::inline v1 {
namespace detail {

using NodeIndex = std::uint32_t;

enum class NodeKind : std::uint8_t { placeholder, variable, function };

// A NodeId of a GraphSession is a slot: every output of every node has one; an operation has one that stays absent.
struct GraphNode {
  std::string name;
  NodeKind kind = NodeKind::function;
  NodeId first_slot = 0;
  std::uint32_t outputs = 1;

  DType dtype = DType::int8;        // of a placeholder
  std::vector<std::int64_t> shape;  // of a placeholder
  Value initial;                    // of a variable
  VariableScope scope = VariableScope::global;

  std::vector<NodeId> inputs;   // slots
  std::vector<NodeId> updates;  // slots of variables
  std::vector<NodeIndex> after;
  Kernel kernel;
};

struct GraphData {
  std::vector<GraphNode> nodes;
  std::vector<NodeIndex> node_of;  // slot -> node
  std::map<std::string, NodeIndex, std::less<>> index;
  std::optional<NodeId> global_step;
  std::atomic<bool> frozen{false};

  // All throw NOT_FOUND.
  NodeId slot(std::string_view name) const;  // of "node" or "node:1"; an operation has no "node:0"
  NodeIndex variable(std::string_view name) const;

  const GraphNode& node_at(NodeId slot) const noexcept { return nodes[node_of[slot]]; }
  std::string slot_name(NodeId slot) const;
};

// Throws INVALID_ARGUMENT, naming the node, unless `value` may be fed to it or, for a variable, assigned.
void check_value(const GraphNode& node, const Value& value);

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_GRAPH_GRAPH_DATA_HPP_
