#include "runhook/scaffold.hpp"

#include <iterator>
#include <utility>

#include "session/readiness.hpp"

namespace runhook::inline v1 {

namespace {

std::vector<std::string> missing_variables(Session& session) {
  std::vector<std::string> missing = session.uninitialized(VariableScope::global);
  std::vector<std::string> local = session.uninitialized(VariableScope::local);
  missing.insert(missing.end(), std::make_move_iterator(local.begin()), std::make_move_iterator(local.end()));
  return missing;
}

}  // namespace

Scaffold Scaffold::copy_from(const Scaffold& source, Scaffold overrides) {
  if (!overrides.init_op) overrides.init_op = source.init_op;
  if (!overrides.init_fn) overrides.init_fn = source.init_fn;
  if (!overrides.ready_op) overrides.ready_op = source.ready_op;
  if (!overrides.ready_for_local_init_op) overrides.ready_for_local_init_op = source.ready_for_local_init_op;
  if (!overrides.local_init_op) overrides.local_init_op = source.local_init_op;
  if (!overrides.saver) overrides.saver = source.saver;
  overrides.finalized_ = false;
  return overrides;
}

Scaffold::Op Scaffold::run_op(SessionRunArgs args) {
  return [args = std::move(args)](Session& session) { run_session(session, args); };
}

Scaffold::Probe Scaffold::fetch_probe(std::string name) {
  SessionRunArgs args;
  args.fetches = Fetches(name);
  return [args = std::move(args)](Session& session) -> std::vector<std::string> {
    try {
      const Results results = run_session(session, args);
      const Value& value = results.value();
      if (value.text().empty()) return {};
      return {std::string(value.text())};
    } catch (const StatusError& e) {
      if (!detail::means_not_ready(e.error())) throw;
      return {e.error().message()};
    }
  };
}

void Scaffold::finalize() {
  if (finalized_) return;
  if (!init_op) init_op = [](Session& session) { session.initialize(VariableScope::global); };
  if (!ready_op) ready_op = missing_variables;
  if (!ready_for_local_init_op) {
    ready_for_local_init_op = [](Session& session) { return session.uninitialized(VariableScope::global); };
  }
  if (!local_init_op) local_init_op = [](Session& session) { session.initialize(VariableScope::local); };
  finalized_ = true;
}

}  // namespace runhook::inline v1
