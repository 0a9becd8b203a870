// The engine behind a GraphSession: schedules, values and variables of one session.
#ifndef RUNHOOK_SRC_GRAPH_GRAPH_EXECUTOR_HPP_
#define RUNHOOK_SRC_GRAPH_GRAPH_EXECUTOR_HPP_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "graph/graph_data.hpp"

namespace runhook::inline v1 {
namespace detail {

class GraphExecutor {
 public:
  explicit GraphExecutor(std::shared_ptr<GraphData> graph);

  const GraphData& graph() const noexcept { return *graph_; }
  const std::shared_ptr<GraphData>& shared_graph() const noexcept { return graph_; }
  void run(SessionStep& step);
  void cancel() noexcept { cancelled_.store(true, std::memory_order_release); }
  void close();

  bool initialized(const GraphNode& variable) const noexcept { return bool(values_[variable.first_slot]); }
  void initialize(VariableScope scope);
  Value read(const GraphNode& variable) const;
  void write(const GraphNode& variable, const Value& value);

  // For the kernel of node `node`; see KernelContext.
  const GraphNode& node(std::size_t node) const noexcept { return graph_->nodes[node]; }
  const Value& input(std::size_t node, std::size_t index) const;
  Value& output(std::size_t node, std::size_t index, DType dtype, std::span<const std::int64_t> shape);
  void set_output(std::size_t node, std::size_t index, Value value);
  Value& variable(std::size_t node, std::size_t index);
  void assign(std::size_t node, std::size_t index, Value value);
  bool cancel_requested() const noexcept;
  const SessionStep& step() const noexcept { return *step_; }  // in progress

 private:
  // Which kernels a set of fetches and feeds needs, in order.
  struct Schedule {
    std::vector<NodeId> fetches;
    std::vector<NodeId> feeds;
    std::vector<NodeIndex> kernels;
  };
  static constexpr std::size_t kMaxSchedules = 8;

  // How the output of a slot came about in this step.
  enum class Output : std::uint8_t { missing, buffer, given };

  class RunScope;

  void check_usable() const;
  const Schedule& schedule(const SessionStep& step);
  std::unique_ptr<Schedule> make_schedule(const SessionStep& step) const;
  void bind_feeds(const SessionStep& step);
  void run_kernel(NodeIndex index);
  void call_kernel(NodeIndex index);
  void check_cancelled() const;
  [[noreturn]] void fail_uninitialized(NodeId slot) const;

  std::shared_ptr<GraphData> graph_;
  std::vector<Value> values_;          // of the last step, or of the variable
  std::vector<const Value*> current_;  // for readers: the value of the slot, or the one that is fed instead
  std::vector<Output> outputs_;
  std::vector<NodeId> given_;                         // slots whose value came from set_output() in this step
  std::vector<std::unique_ptr<Schedule>> schedules_;  // the most recently used first
  std::atomic<bool> cancelled_{false};
  SessionStep* step_ = nullptr;  // in progress
  bool closed_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_GRAPH_GRAPH_EXECUTOR_HPP_
