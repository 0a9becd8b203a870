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

namespace detail {
class StepStops;
class ValueLog;
}  // namespace detail
class Session;
using NodeId = std::uint32_t;  // what a name resolves to; the session chooses the numbers

struct ResolvedFeed {
  NodeId node = 0;
  const Value* value = nullptr;
};

// One step as the engine gets it: merged, de-duplicated, resolved. Valid during Session::run.
struct SessionStep {
  std::span<const NodeId> fetches;  // each at most once
  std::span<const ResolvedFeed> feeds;
  std::span<Value> results;  // one for each fetch, absent on entry; that of an operation stays absent
  const RunOptions* options = nullptr;
  RunMetadata* metadata = nullptr;     // never NULL
  StopState* stop = nullptr;           // NULL outside a monitored session
  detail::ValueLog* values = nullptr;  // for log_scalar(); NULL outside a monitored session
  detail::StepStops* stops = nullptr;  // for request_stop(); NULL outside a monitored session
  std::int64_t deadline_ns = 0;        // monotonic time at which the time-out of the options ends; 0: there is none

  bool timed_out() const noexcept;
  // Whether the engine should give up: a stop is urgent, or the time is over. Any thread.
  bool cancel_requested() const noexcept { return (stop != nullptr && stop->urgent()) || timed_out(); }
  bool stop_requested() const noexcept;  // whether anyone has asked, also in this step
  // Asks for a stop after this step, as the session. Returns whether this was the first request. If_completed is for
  // the thread that executes the step.
  bool request_stop(std::int32_t code = 0, std::string_view text = {}, StopUrgency urgency = StopUrgency::after_step,
                    bool planned = false) const noexcept;
  // As SessionRunContext::log_scalar(); nothing outside a monitored session.
  void log_scalar(std::string_view name, double number) const;
  void log_int64(std::string_view name, std::int64_t number) const;
  void log_text(std::string_view name, std::string_view text) const;
};

namespace detail {
// Has the session execute the step within the time-out of the options. Throws what the session throws, and
// DEADLINE_EXCEEDED if it took longer, even if the session did not notice.
void run_in_time(Session& session, SessionStep& step);
void set_deadline(SessionStep& step);          // the time of the options begins to run
void check_deadline(const SessionStep& step);  // throws DEADLINE_EXCEEDED if it is over
}  // namespace detail

// Scopes of a session's variables; saved state holds the global ones.
enum class VariableScope : std::int32_t { global = 0, local = 1 };

// Executes steps. Implement resolve() and run(); the rest has defaults. One thread at a time, except cancel().
// Since 1.0.
class Session {
 public:
  virtual ~Session() = default;

  // Resolves a name that may be fetched or fed. Throws NOT_FOUND. Called once for each name.
  virtual NodeId resolve(std::string_view name) = 0;
  // Executes one step. Reports failure by throwing. OUT_OF_RANGE means end of input: the step has changed nothing that
  // is saved. After CANCELLED for an urgent stop nothing more is saved, since it may have.
  virtual void run(SessionStep& step) = 0;
  // Cancels the step in progress, if any: run() then throws CANCELLED soon. Any thread. Default: does nothing.
  virtual void cancel() noexcept {}
  // Releases what the session holds; called once, before destruction. run() afterwards throws CLOSED. A failure with
  // ABORTED or UNAVAILABLE, or what else the recovery policy calls recoverable, is logged and no failure of the run.
  virtual void close() {}
  // The node that holds the global step (an integer scalar), if the session has one. Default: none.
  virtual std::optional<NodeId> global_step() { return std::nullopt; }
  // The present value of the global step, if it can be read without executing a step. Default: nullopt.
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

// Copies all global variables of a session to a snapshot, or all variables of a snapshot to a session, which throws
// NOT_FOUND for one that the session lacks. Since 1.0.
Snapshot save_variables(Session& session);
void restore_variables(Session& session, const Snapshot& snapshot);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_SESSION_HPP_
