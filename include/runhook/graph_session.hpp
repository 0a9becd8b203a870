// runhook/graph_session.hpp: the embedded session, a small dataflow graph whose kernels are yours.
#ifndef RUNHOOK_GRAPH_SESSION_HPP_
#define RUNHOOK_GRAPH_SESSION_HPP_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/session.hpp"
#include "runhook/session_manager.hpp"

namespace runhook::inline v1 {

namespace detail {
struct GraphData;
class GraphExecutor;
}  // namespace detail

// What a kernel gets: its node's inputs, outputs and variables. Valid during the call.
class KernelContext {
 public:
  std::size_t input_count() const noexcept;
  const Value& input(std::size_t index) const;  // throws INVALID_ARGUMENT
  // A writable output, whose content is undefined. The memory of the last step is used again if dtype and shape are the
  // same and nobody kept it, so that no step need allocate. Throws INVALID_ARGUMENT.
  Value& output(std::size_t index, DType dtype, std::span<const std::int64_t> shape);
  void set_output(std::size_t index, Value value);  // any value, e.g. a string. Throws INVALID_ARGUMENT
  // A variable that the node declared as updated, writable in place; copied first if somebody kept its value.
  Value& variable(std::size_t index);           // throws INVALID_ARGUMENT, FAILED_PRECONDITION if not initialised
  void assign(std::size_t index, Value value);  // replaces such a variable's value. Same dtype and shape required
  bool cancel_requested() const noexcept;       // a stop is urgent, or the step's time is over
  const SessionStep& step() const noexcept;     // that the kernel is part of
  std::string_view node() const noexcept;

 private:
  friend class detail::GraphExecutor;
  KernelContext(detail::GraphExecutor& executor, std::size_t node) noexcept : executor_(executor), node_(node) {}
  detail::GraphExecutor& executor_;
  std::size_t node_;
};

// Computes a node. Reports failure by throwing; OUT_OF_RANGE is the end of input.
using Kernel = std::function<void(KernelContext&)>;

struct FunctionNode {
  std::vector<std::string> inputs = {};   // names of nodes, "node" or "node:1" for a later output
  std::size_t outputs = 1;                // 0: an operation, which gives an absent result when fetched
  std::vector<std::string> updates = {};  // variables that the kernel may change
  std::vector<std::string> after = {};    // nodes that are run before this one, although they are no inputs
};

// A graph of placeholders, variables and function nodes. The first session made from it freezes it.
//
// Sessions share the graph and nothing else: each has its own variables. Not thread-safe while it is built. Since 1.0.
class Graph {
 public:
  static constexpr std::int64_t kAnyExtent = -1;

  Graph();

  // Those that add a node throw StatusError: INVALID_ARGUMENT (empty name, ':' or '/' in it, bad dtype or extent, no
  // kernel), ALREADY_EXISTS, NOT_FOUND (unknown input), FAILED_PRECONDITION (frozen).

  // A value that must be fed if anything needs it. A feed is checked against dtype and shape; kAnyExtent allows any
  // extent.
  void placeholder(std::string_view name, DType dtype, std::span<const std::int64_t> shape);
  // A value that is kept from step to step. `initial` is copied when a session initialises its variables.
  void variable(std::string_view name, const Value& initial, VariableScope scope = VariableScope::global);
  void function(std::string_view name, FunctionNode node, Kernel kernel);
  // Declares an int64 scalar variable, initially 0, as the global step. INVALID_ARGUMENT if there is one already.
  void global_step(std::string_view name = "global_step");
  // A function node without outputs that adds `increment` to the global step.
  void increment_global_step(std::string_view name, std::vector<std::string> after = {}, std::int64_t increment = 1);

  void freeze() noexcept;  // no more nodes; idempotent
  bool frozen() const noexcept;
  std::vector<std::string> nodes() const;
  bool same_as(const Graph& other) const noexcept { return data_ == other.data_; }

 private:
  friend class GraphSession;
  std::shared_ptr<detail::GraphData> data_;
};

// A session of a graph. A step runs exactly the nodes that its fetches need, each once, in the order in which they were
// added. A fed node is not run, nor are nodes that only it needs. A variable that is fetched has the value that it has
// after the step; one that is the input of a node, the value when that node runs. Since 1.0.
class GraphSession final : public Session {
 public:
  explicit GraphSession(const Graph& graph);
  ~GraphSession() override;
  NodeId resolve(std::string_view name) override;
  void run(SessionStep& step) override;
  void cancel() noexcept override;
  void close() override;
  std::optional<NodeId> global_step() override;
  std::optional<std::int64_t> read_global_step() override;
  std::vector<std::string> variables(VariableScope scope) override;
  std::vector<std::string> uninitialized(VariableScope scope) override;
  void initialize(VariableScope scope) override;
  Value read_variable(std::string_view name) override;
  void write_variable(std::string_view name, const Value& value) override;

  Graph graph() const;

 private:
  std::unique_ptr<detail::GraphExecutor> executor_;
};

// A factory of sessions of a graph, for the session creators and training_config().
inline SessionFactory graph_session_factory(const Graph& graph) {
  return [graph] { return std::make_shared<GraphSession>(graph); };
}

}  // namespace runhook::inline v1

#endif  // RUNHOOK_GRAPH_SESSION_HPP_
