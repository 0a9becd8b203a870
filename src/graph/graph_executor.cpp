#include "graph/graph_executor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

using SteadyClock = std::chrono::steady_clock;

std::int64_t nanoseconds(SteadyClock::time_point time) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

// Sets up the state of a step, and restores it when the step is over, however it ends.
class GraphExecutor::RunScope {
 public:
  RunScope(GraphExecutor& executor, SessionStep& step) noexcept : executor_(executor) {
    executor.step_ = &step;
    executor.cancelled_.store(false, std::memory_order_release);
  }
  ~RunScope() {
    for (const ResolvedFeed& feed : executor_.step_->feeds) {
      if (feed.node < executor_.current_.size()) executor_.current_[feed.node] = &executor_.values_[feed.node];
    }
    // A value that a kernel has set belongs to somebody else: its memory cannot be used again, and is not kept alive.
    for (const NodeId slot : executor_.given_) executor_.values_[slot].reset();
    executor_.given_.clear();
    executor_.step_ = nullptr;
  }
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  GraphExecutor& executor_;
};

GraphExecutor::GraphExecutor(std::shared_ptr<GraphData> graph) : graph_(std::move(graph)) {
  const std::size_t slots = graph_->node_of.size();
  values_.resize(slots);
  outputs_.resize(slots, Output::missing);
  given_.reserve(slots);
  schedules_.reserve(kMaxSchedules);
  current_.reserve(slots);
  for (const Value& value : values_) current_.push_back(&value);
  graph_->frozen.store(true, std::memory_order_release);
}

void GraphExecutor::check_usable() const {
  if (closed_) fail(StatusCode::closed, "use of a closed Session");
  if (step_ != nullptr) fail(StatusCode::reentrant, "the session is running a step");
}

void GraphExecutor::close() {
  if (step_ != nullptr) fail(StatusCode::reentrant, "the session is running a step");
  closed_ = true;
  for (Value& value : values_) value.reset();
  schedules_.clear();
}

void GraphExecutor::run(SessionStep& step) {
  check_usable();
  const Schedule& plan = schedule(step);
  const RunScope scope(*this, step);
  bind_feeds(step);

  const bool traced = step.options != nullptr && step.options->trace_level > TraceLevel::none;
  check_cancelled();
  for (const NodeIndex index : plan.kernels) {
    if (traced) {
      const SteadyClock::time_point start = SteadyClock::now();
      run_kernel(index);
      step.metadata->nodes.push_back({graph_->nodes[index].name, nanoseconds(start), nanoseconds(SteadyClock::now())});
    } else {
      run_kernel(index);
    }
    check_cancelled();
  }
  for (std::size_t i = 0; i < step.fetches.size(); ++i) {
    const NodeId slot = step.fetches[i];
    const Value& value = *current_[slot];
    if (!value && graph_->node_at(slot).kind == NodeKind::variable) fail_uninitialized(slot);
    step.results[i] = value;
  }
}

const GraphExecutor::Schedule& GraphExecutor::schedule(const SessionStep& step) {
  const auto same_node = [](const ResolvedFeed& feed, NodeId node) { return feed.node == node; };
  const auto matches = [&](const std::unique_ptr<Schedule>& known) {
    return std::ranges::equal(step.fetches, known->fetches) && std::ranges::equal(step.feeds, known->feeds, same_node);
  };
  const auto found = std::find_if(schedules_.begin(), schedules_.end(), matches);
  if (found == schedules_.end()) {
    std::unique_ptr<Schedule> made = make_schedule(step);
    if (schedules_.size() == kMaxSchedules) schedules_.pop_back();
    schedules_.insert(schedules_.begin(), std::move(made));
  } else {
    std::rotate(schedules_.begin(), found, found + 1);
  }
  return *schedules_.front();
}

std::unique_ptr<GraphExecutor::Schedule> GraphExecutor::make_schedule(const SessionStep& step) const {
  const std::size_t slots = graph_->node_of.size();
  const auto check_slot = [slots](NodeId slot) {
    if (slot >= slots) fail(StatusCode::invalid_argument, fmt::format("node number {} is not of this graph", slot));
  };
  auto made = std::make_unique<Schedule>();
  made->fetches.assign(step.fetches.begin(), step.fetches.end());
  std::vector<bool> fed(slots, false);
  std::vector<bool> replaced(graph_->nodes.size(), false);  // nodes that do not run because one of their outputs is fed
  for (const ResolvedFeed& feed : step.feeds) {
    check_slot(feed.node);
    if (graph_->node_at(feed.node).outputs == 0) {
      fail(StatusCode::invalid_argument,
           fmt::format("node '{}' has no output and cannot be fed", graph_->slot_name(feed.node)));
    }
    fed[feed.node] = true;
    replaced[graph_->node_of[feed.node]] = true;
    made->feeds.push_back(feed.node);
  }

  std::vector<bool> needed(graph_->nodes.size(), false);
  const auto need_slot = [&](NodeId slot) {
    if (fed[slot]) return;
    const GraphNode& node = graph_->node_at(slot);
    if (node.kind == NodeKind::placeholder) {
      fail(StatusCode::failed_precondition, fmt::format("placeholder '{}' must be fed", node.name));
    }
    needed[graph_->node_of[slot]] = true;  // also if another output of the node is fed
  };
  for (const NodeId slot : step.fetches) {
    check_slot(slot);
    need_slot(slot);
  }
  for (std::size_t i = graph_->nodes.size(); i-- > 0;) {  // backwards, since a node comes after those that it needs
    const GraphNode& node = graph_->nodes[i];
    if (!needed[i] || node.kind != NodeKind::function) continue;
    made->kernels.push_back(static_cast<NodeIndex>(i));
    for (const NodeId slot : node.inputs) need_slot(slot);
    for (const NodeIndex before : node.after) {
      if (!replaced[before]) needed[before] = true;
    }
  }
  std::reverse(made->kernels.begin(), made->kernels.end());
  return made;
}

void GraphExecutor::bind_feeds(const SessionStep& step) {
  for (const ResolvedFeed& feed : step.feeds) {
    const GraphNode& node = graph_->node_at(feed.node);
    const Value nothing;
    check_value(node, feed.value != nullptr ? *feed.value : nothing);
    current_[feed.node] = feed.value;
  }
}

void GraphExecutor::run_kernel(NodeIndex index) {
  try {
    call_kernel(index);
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    try {
      error.prepend(fmt::format("node '{}': ", graph_->nodes[index].name));
    } catch (...) {  // without memory the error does not get the name
    }
    throw StatusError(std::move(error));
  }
}

void GraphExecutor::call_kernel(NodeIndex index) {
  const GraphNode& node = graph_->nodes[index];
  for (const NodeId slot : node.inputs) {
    if (!*current_[slot] && graph_->node_at(slot).kind == NodeKind::variable) fail_uninitialized(slot);
  }
  const auto outputs = std::span(outputs_).subspan(node.first_slot, node.outputs);
  std::ranges::fill(outputs, Output::missing);
  KernelContext context(*this, index);
  node.kernel(context);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i] != Output::missing && values_[node.first_slot + i]) continue;
    check_cancelled();  // a kernel that sees that it is cancelled may simply return
    fail(StatusCode::internal, fmt::format("the kernel has not set output {}", i));
  }
}

bool GraphExecutor::cancel_requested() const noexcept {
  return cancelled_.load(std::memory_order_acquire) || (step_ != nullptr && step_->cancel_requested());
}

void GraphExecutor::check_cancelled() const {
  if (cancel_requested()) fail(StatusCode::cancelled, "the step was cancelled");
}

void GraphExecutor::fail_uninitialized(NodeId slot) const {
  throw StatusError(Error::uninitialized(fmt::format("variable '{}' is not initialised", graph_->node_at(slot).name)));
}

void GraphExecutor::initialize(VariableScope scope) {
  check_usable();
  for (const GraphNode& node : graph_->nodes) {
    if (node.kind == NodeKind::variable && node.scope == scope) values_[node.first_slot] = node.initial.clone();
  }
}

Value GraphExecutor::read(const GraphNode& variable) const {
  if (closed_) fail(StatusCode::closed, "use of a closed Session");
  if (!initialized(variable)) fail_uninitialized(variable.first_slot);
  return values_[variable.first_slot];
}

void GraphExecutor::write(const GraphNode& variable, const Value& value) {
  check_usable();
  check_value(variable, value);
  values_[variable.first_slot] = value.is_contiguous() ? value : value.clone();
}

namespace {

void check_index(std::size_t index, std::size_t count, const char* what) {
  if (index >= count)
    fail(StatusCode::invalid_argument, fmt::format("there is no {} {}: the node has {}", what, index, count));
}

}  // namespace

const Value& GraphExecutor::input(std::size_t node_index, std::size_t index) const {
  const std::vector<NodeId>& inputs = node(node_index).inputs;
  check_index(index, inputs.size(), "input");
  return *current_[inputs[index]];
}

Value& GraphExecutor::output(std::size_t node_index, std::size_t index, DType dtype,
                             std::span<const std::int64_t> shape) {
  check_index(index, node(node_index).outputs, "output");
  const std::size_t slot = node(node_index).first_slot + index;
  Value& value = values_[slot];
  const bool reusable = outputs_[slot] != Output::given && value.kind() == ValueKind::tensor && value.unique() &&
                        value.dtype() == dtype && std::ranges::equal(value.shape(), shape) && value.is_contiguous() &&
                        value.device() == Device();
  if (!reusable) value = Value::tensor(dtype, shape);
  outputs_[slot] = Output::buffer;
  return value;
}

void GraphExecutor::set_output(std::size_t node_index, std::size_t index, Value value) {
  check_index(index, node(node_index).outputs, "output");
  const NodeId slot = node(node_index).first_slot + static_cast<NodeId>(index);
  if (outputs_[slot] != Output::given) given_.push_back(slot);
  values_[slot] = std::move(value);
  outputs_[slot] = Output::given;
}

Value& GraphExecutor::variable(std::size_t node_index, std::size_t index) {
  const std::vector<NodeId>& updates = node(node_index).updates;
  check_index(index, updates.size(), "updated variable");
  Value& value = values_[updates[index]];
  if (!value) fail_uninitialized(updates[index]);
  if (!value.unique()) value = value.clone();
  return value;
}

void GraphExecutor::assign(std::size_t node_index, std::size_t index, Value value) {
  const std::vector<NodeId>& updates = node(node_index).updates;
  check_index(index, updates.size(), "updated variable");
  check_value(graph_->node_at(updates[index]), value);
  values_[updates[index]] = value.is_contiguous() ? std::move(value) : value.clone();
}

}  // namespace detail
}  // namespace runhook::inline v1
