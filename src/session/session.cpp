#include "runhook/session.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/monotonic.hpp"
#include "runhook/error.hpp"
#include "session/session_variables.hpp"
#include "stop/step_stops.hpp"
#include "value/value_log.hpp"

namespace runhook::inline v1 {

namespace {

[[noreturn]] void fail_no_variable(std::string_view name) {
  throw StatusError(StatusCode::not_found, fmt::format("the session has no variable '{}', nor any other", name));
}

}  // namespace

Value detail::own_copy(Value value) {
  const bool changeable = value.kind() == ValueKind::tensor && value.device().type == Device().type;
  return changeable && !value.unique() ? value.clone() : value;
}

bool SessionStep::timed_out() const noexcept { return deadline_ns != 0 && detail::monotonic_ns() >= deadline_ns; }

bool SessionStep::stop_requested() const noexcept {
  return (stop != nullptr && stop->requested()) || (stops != nullptr && !stops->empty());
}

bool SessionStep::request_stop(std::int32_t code, std::string_view text, StopUrgency urgency,
                               bool planned) const noexcept {
  if (stop == nullptr) return false;
  StopReason reason;
  reason.origin = StopOrigin::session;
  reason.planned = planned;
  reason.code = code;
  reason.set_text(text);
  const bool of_step = reason.set_urgency(urgency);
  if (!of_step || stops == nullptr) return stop->request(reason);
  try {
    return stops->add(reason, *stop);
  } catch (...) {
    return stop->request(reason);  // for want of memory at once
  }
}

void SessionStep::log_scalar(std::string_view name, double number) const {
  if (values != nullptr) values->log(name, number);
}

void SessionStep::log_int64(std::string_view name, std::int64_t number) const {
  if (values != nullptr) values->log(name, number);
}

void SessionStep::log_text(std::string_view name, std::string_view text) const {
  if (values != nullptr) values->log(name, text);
}

namespace detail {

void set_deadline(SessionStep& step) {
  step.deadline_ns = 0;
  const std::int64_t timeout_ns = step.options != nullptr ? step.options->timeout_ns : 0;
  if (timeout_ns <= 0) [[likely]]
    return;
  step.deadline_ns = saturating_add(monotonic_ns(), timeout_ns);
}

void check_deadline(const SessionStep& step) {
  if (!step.timed_out()) [[likely]]
    return;
  throw StatusError(StatusCode::deadline_exceeded,
                    fmt::format("the step has taken more than {:g} ms",
                                static_cast<double>(step.options->timeout_ns) / kNsPerMillisecond));
}

void run_in_time(Session& session, SessionStep& step) {
  set_deadline(step);
  try {
    session.run(step);
  } catch (const StatusError& error) {
    // A session that gives up because its time is over says that it was cancelled.
    const bool urgent = step.stop != nullptr && step.stop->urgent();
    if (error.code() == StatusCode::cancelled && !urgent) check_deadline(step);
    throw;
  }
  check_deadline(step);
}

std::vector<std::pair<std::string, Value>> copy_variables(Session& session) {
  std::vector<std::pair<std::string, Value>> copies;
  std::vector<std::string> names = session.variables(VariableScope::global);
  copies.reserve(names.size());
  for (std::string& name : names) {
    Value copy = own_copy(session.read_variable(name));
    copies.emplace_back(std::move(name), std::move(copy));
  }
  return copies;
}

void restore_all(Session& session, const Snapshot& state, std::string_view name) {
  Snapshot wanted;
  for (std::string& variable : session.variables(VariableScope::global)) {
    const Value* value = state.find(variable);
    if (value == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& kept : state.variables) names.emplace_back(kept.first);
      throw StatusError(StatusCode::not_found,
                        fmt::format("the {} has no variable '{}'{}", name, variable, known_names(variable, names)));
    }
    wanted.variables.emplace_back(std::move(variable), *value);
  }
  restore_variables(session, wanted);
}

}  // namespace detail

Value Session::read_variable(std::string_view name) { fail_no_variable(name); }
void Session::write_variable(std::string_view name, const Value&) { fail_no_variable(name); }

void run_session(Session& session, const SessionRunArgs& args, Results& results, RunMetadata* metadata) {
  RunMetadata unwanted;
  if (metadata == nullptr) metadata = &unwanted;
  metadata->nodes.clear();
  results.reset(args.fetches);

  std::vector<NodeId> fetches;
  std::vector<std::size_t> slots;  // leaf -> index into `fetches`
  slots.reserve(args.fetches.leaves().size());
  for (const std::string& name : args.fetches.leaves()) {
    const NodeId node = session.resolve(name);
    const auto found = std::find(fetches.begin(), fetches.end(), node);
    slots.push_back(static_cast<std::size_t>(found - fetches.begin()));
    if (found == fetches.end()) fetches.push_back(node);
  }
  std::vector<ResolvedFeed> feeds;
  feeds.reserve(args.feeds.size());
  for (const Feed& feed : args.feeds) {
    const NodeId node = session.resolve(feed.name);
    if (std::any_of(feeds.begin(), feeds.end(), [node](const ResolvedFeed& x) { return x.node == node; })) {
      throw StatusError(StatusCode::invalid_argument, fmt::format("'{}' is fed twice", feed.name));
    }
    feeds.push_back({node, &feed.value});
  }

  std::vector<Value> values(fetches.size());
  SessionStep step;
  step.fetches = fetches;
  step.feeds = feeds;
  step.results = values;
  step.options = &args.options;
  step.metadata = metadata;
  detail::run_in_time(session, step);
  for (std::size_t leaf = 0; leaf < slots.size(); ++leaf) results.set_leaf(leaf, values[slots[leaf]]);
}

Results run_session(Session& session, const SessionRunArgs& args) {
  Results results;
  run_session(session, args, results);
  return results;
}

Snapshot save_variables(Session& session) {
  Snapshot snapshot;
  snapshot.variables = detail::copy_variables(session);
  const std::optional<NodeId> step = session.global_step();
  if (!step) return snapshot;
  // The step is one of the variables. Fetching it would be a run, which may do more than read.
  for (const auto& [name, value] : snapshot.variables) {
    try {
      if (session.resolve(name) != *step) continue;
    } catch (const StatusError& error) {
      if (error.code() == StatusCode::not_found) continue;  // a variable need not be a name that can be fetched
      throw;
    }
    snapshot.global_step = value.to_int64();
    break;
  }
  return snapshot;
}

void restore_variables(Session& session, const Snapshot& snapshot) {
  for (const auto& [name, value] : snapshot.variables) session.write_variable(name, detail::own_copy(value));
}

}  // namespace runhook::inline v1
