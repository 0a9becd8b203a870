// fake_session.hpp: a session with variables and a trace, for tests of what makes sessions ready.
#ifndef RUNHOOK_TESTS_CORE_FAKE_SESSION_HPP_
#define RUNHOOK_TESTS_CORE_FAKE_SESSION_HPP_

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runhook/error.hpp"
#include "runhook/session.hpp"

namespace runhook::test {

using Trace = std::vector<std::string>;

// Has one global variable `my_var` and one local one `my_local_var`, and gives back any value that is in `nodes`.
class FakeSession final : public Session {
 public:
  explicit FakeSession(std::shared_ptr<Trace> trace = std::make_shared<Trace>()) : trace_(std::move(trace)) {}

  NodeId resolve(std::string_view name) override {
    names_.emplace_back(name);
    return static_cast<NodeId>(names_.size() - 1);
  }
  void run(SessionStep& step) override {
    trace_->push_back("run");
    for (std::size_t i = 0; i < step.fetches.size(); ++i) {
      const auto found = nodes.find(names_.at(step.fetches[i]));
      if (found == nodes.end()) throw StatusError(StatusCode::not_found, "no such node");
      if (!fails_with.empty()) throw StatusError(StatusCode::failed_precondition, fails_with);
      step.results[i] = found->second;
    }
  }
  void close() override {
    trace_->push_back("close");
    ++closed;
    if (close_fails) throw StatusError(StatusCode::internal, "close failed");
  }
  std::vector<std::string> variables(VariableScope scope) override { return {name(scope)}; }
  std::vector<std::string> uninitialized(VariableScope scope) override {
    return initialized.count(scope) != 0 ? std::vector<std::string>{} : std::vector<std::string>{name(scope)};
  }
  void initialize(VariableScope scope) override {
    trace_->push_back("initialize " + name(scope));
    initialized.insert(scope);
  }

  static std::string name(VariableScope scope) { return scope == VariableScope::global ? "my_var" : "my_local_var"; }

  std::map<std::string, Value> nodes;
  std::string fails_with;
  std::set<VariableScope> initialized;
  int closed = 0;
  bool close_fails = false;

 private:
  std::shared_ptr<Trace> trace_;
  std::vector<std::string> names_;
};

// Restores the global variables if `step` is set.
class FakeSaver final : public Saver {
 public:
  void save(Session&, const Snapshot& run) override { step = run.global_step; }
  std::optional<Snapshot> restore(Session& session) override {
    if (fails) throw StatusError(StatusCode::data_loss, "no checkpoint verifies");
    if (step) dynamic_cast<FakeSession&>(session).initialized.insert(VariableScope::global);
    if (!step) return std::nullopt;
    return Snapshot{*step};
  }
  std::optional<std::int64_t> step;
  bool fails = false;
};

template <typename Body>
Error thrown_by(Body&& body) {
  try {
    std::forward<Body>(body)();
  } catch (const StatusError& e) {
    return e.error();
  }
  return {};
}

}  // namespace runhook::test

#endif  // RUNHOOK_TESTS_CORE_FAKE_SESSION_HPP_
