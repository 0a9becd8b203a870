// runhook_session_table seen as a session's engine.
#ifndef RUNHOOK_CAPI_CALL_ENGINE_HPP_
#define RUNHOOK_CAPI_CALL_ENGINE_HPP_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "boundary/context_base.hpp"
#include "boundary/table.hpp"
#include "handle/run_args_handle.hpp"
#include "runhook/session.h"
#include "runhook/session.hpp"

namespace runhook::capi {

// The merged options of a step, lent to its callback until that returns.
class StepOptions {
 public:
  const runhook_run_options* lend(const RunOptions& options) {
    lent_ = true;
    box_.show(options);
    return handle_.publish(box_);
  }
  void withdraw() noexcept {
    if (!lent_) return;
    lent_ = false;
    box_.show(box_.own);
  }

 private:
  bool lent_ = false;
  RunOptionsBox box_;
  Lent<runhook_run_options> handle_;
};

enum class EngineCallback : std::uint8_t {
  resolve,
  run,
  close,
  list_variables,
  uninitialized,
  initialize,
  read_variable,
  write_variable,
};

// A call of an engine's function. What is set depends on `which`.
struct EngineCall final : ContextBase {
  explicit EngineCall(EngineCallback its_callback) noexcept : ContextBase(Role::engine), which(its_callback) {}
  bool has_name() const noexcept {
    return which == EngineCallback::resolve || which == EngineCallback::read_variable ||
           which == EngineCallback::write_variable;
  }
  bool has_scope() const noexcept {
    return which == EngineCallback::list_variables || which == EngineCallback::uninitialized ||
           which == EngineCallback::initialize;
  }
  const EngineCallback which;
  std::string name;
  VariableScope scope = VariableScope::global;
  SessionStep* step = nullptr;
  const std::atomic<bool>* cancelled = nullptr;
  const Value* input = nullptr;  // in write_variable
  std::optional<NodeId> node;    // answers
  std::vector<std::string> names;
  std::optional<Value> output;
  StepOptions options;
};

class CEngine {
 public:
  CEngine(const runhook_session_table& table, UserData owner);
  NodeId resolve(std::string_view name);
  void run(SessionStep& step);
  void cancel() noexcept;
  void close();
  std::optional<NodeId> global_step();
  std::optional<std::int64_t> read_global_step();
  std::vector<std::string> variables(VariableScope scope);
  std::vector<std::string> uninitialized(VariableScope scope);
  void initialize(VariableScope scope);
  Value read_variable(std::string_view name);
  void write_variable(std::string_view name, const Value& value);
  void* user_data() const noexcept { return data_.get(); }

 private:
  UserData data_;  // first: destroyed last
  runhook_session_table table_;
  std::optional<std::string> global_step_name_;
  std::optional<NodeId> global_step_node_;
  std::atomic<bool> cancelled_{false};
  EngineCall run_call_{EngineCallback::run};
  Lent<runhook_context> run_handle_;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CALL_ENGINE_HPP_
