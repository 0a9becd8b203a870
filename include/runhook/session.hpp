// runhook/session.hpp: Session, the interface of an engine that can execute one step.
#ifndef RUNHOOK_SESSION_HPP_
#define RUNHOOK_SESSION_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/run_args.hpp"
#include "runhook/snapshot.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

using NodeId = std::uint32_t;  // what a name resolves to; the session chooses the numbers

struct ResolvedFeed {
  NodeId node = 0;
  const Value* value = nullptr;
};

// One step as the engine sees it: merged, de-duplicated, resolved. Lives during Session::run.
struct SessionStep {
  std::span<const NodeId> fetches;  // each at most once
  std::span<const ResolvedFeed> feeds;
  std::span<Value> results;  // one per fetch, absent on entry; an operation's stays absent
  const RunOptions* options = nullptr;
  RunMetadata* metadata = nullptr;  // never NULL
  const StopState* stop = nullptr;  // NULL outside a monitored session
  bool cancel_requested() const noexcept { return stop != nullptr && stop->urgent(); }
};

// Which of a session's variables; saved state holds the global ones.
enum class VariableScope : std::int32_t { global = 0, local = 1 };

// Executes steps. Implement resolve() and run(); the rest has defaults. One thread at a time, except cancel().
// Since 1.0.
class Session {
 public:
  virtual ~Session() = default;

  // Resolves a name that may be fetched or fed. Throws StatusError NOT_FOUND. Called once per name and session.
  virtual NodeId resolve(std::string_view name) = 0;
  // Executes one step. Reports failure by throwing; OUT_OF_RANGE means end of input.
  virtual void run(SessionStep& step) = 0;
  // Cancels the step in progress, if any: run() then throws CANCELLED soon. Any thread. Default: does nothing.
  virtual void cancel() noexcept {}
  // Releases what the session holds; called once, before destruction. run() afterwards throws CLOSED.
  virtual void close() {}
  // The node that holds the global step (an integer scalar), if the session has one. Default: none.
  virtual std::optional<NodeId> global_step() { return std::nullopt; }
  // The global step's present value, told without a step being executed; nullopt if that cannot be done. Default:
  // nullopt.
  virtual std::optional<std::int64_t> read_global_step() { return std::nullopt; }

  // Variables. Defaults: there are none.
  virtual std::vector<std::string> variables(VariableScope) { return {}; }
  virtual std::vector<std::string> uninitialized(VariableScope) { return {}; }
  virtual void initialize(VariableScope) {}
  virtual Value read_variable(std::string_view name);                // throws NOT_FOUND
  virtual void write_variable(std::string_view name, const Value&);  // throws NOT_FOUND, INVALID_ARGUMENT
};

// Runs a session without hooks and without recovery. `results` is filled in the shape of args.fetches.
// Throws what the session throws; INVALID_ARGUMENT for a feed given twice. Not while the session runs a step.
// Since 1.0.
void run_session(Session& session, const SessionRunArgs& args, Results& results, RunMetadata* metadata = nullptr);
Results run_session(Session& session, const SessionRunArgs& args);

// Copies all global variables into a snapshot, or back. Throws NOT_FOUND for a variable that the session lacks.
// Since 1.0.
Snapshot save_variables(Session& session);
void restore_variables(Session& session, const Snapshot& snapshot);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_HPP_
