#include "call/engine.hpp"

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/text.hpp"
#include "handle/guarded_session.hpp"
#include "handle/session_handle.hpp"
#include "handle/value_handle.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_session_table, write_variable);
static_assert(offsetof(runhook_session_table, user_data) == 8 && offsetof(runhook_session_table, destroy) == 16 &&
                  offsetof(runhook_session_table, resolve) == 24 && offsetof(runhook_session_table, run) == 32 &&
                  offsetof(runhook_session_table, cancel) == 40 && offsetof(runhook_session_table, close) == 48 &&
                  offsetof(runhook_session_table, global_step) == 56 &&
                  offsetof(runhook_session_table, list_variables) == 64 &&
                  offsetof(runhook_session_table, uninitialized) == 72 &&
                  offsetof(runhook_session_table, initialize) == 80 &&
                  offsetof(runhook_session_table, read_variable) == 88 &&
                  offsetof(runhook_session_table, write_variable) == 96 && kSizeV1_0 == 104,
              "the 1.0 prefix is frozen");

// Returns the call that the context stands for. Throws INVALID_ARGUMENT, or FAILED_PRECONDITION if it is no engine's.
EngineCall& require_call(const runhook_context* context) {
  if (auto* call = find_context_as<EngineCall>(context, Role::engine)) return *call;
  refuse_context(context, "this is for the functions of an engine");
}

EngineCall& require_call(const runhook_context* context, EngineCallback which, const char* what) {
  EngineCall& call = require_call(context);
  if (call.which != which) throw StatusError(StatusCode::failed_precondition, what);
  return call;
}

EngineCall* find_run(const runhook_context* context) noexcept {
  auto* call = find_context_as<EngineCall>(context, Role::engine);
  return call != nullptr && call->which == EngineCallback::run ? call : nullptr;
}

}  // namespace

CEngine::CEngine(const runhook_session_table& table, UserData owner) : data_(std::move(owner)), table_(table) {
  if (table.resolve == nullptr || table.run == nullptr) {
    throw StatusError(StatusCode::invalid_argument, "resolve or run is NULL");
  }
  if (table.global_step != nullptr) global_step_name_ = required_text(table.global_step, "global_step");
  table_.global_step = nullptr;
  run_call_.cancelled = &cancelled_;
  run_handle_.publish(run_call_);
}

NodeId CEngine::resolve(std::string_view name) {
  EngineCall call(EngineCallback::resolve);
  call.name = name;
  invoke_once(call, "resolve", table_.resolve, data_.get());
  if (!call.node)
    throw StatusError(StatusCode::failed_precondition, "resolve has not called runhook_engine_set_node()");
  return *call.node;
}

[[gnu::always_inline]] inline void CEngine::run(SessionStep& step) {
  cancelled_.store(false, std::memory_order_relaxed);
  run_call_.step = &step;
  struct Withdraw {
    ~Withdraw() { options.withdraw(); }
    StepOptions& options;
  } const withdraw{run_call_.options};
  invoke(run_call_, run_handle_.get(), "run", table_.run, data_.get());
}

void CEngine::cancel() noexcept {
  cancelled_.store(true, std::memory_order_relaxed);
  if (table_.cancel == nullptr) return;
  try {
    table_.cancel(data_.get());
  } catch (...) {  // NOLINT(bugprone-empty-catch): the thread that asks for the stop could do nothing about it
  }
}

void CEngine::close() {
  if (table_.close == nullptr) return;
  EngineCall call(EngineCallback::close);
  invoke_once(call, "close", table_.close, data_.get());
}

std::optional<NodeId> CEngine::global_step() {
  if (global_step_name_ && !global_step_node_) global_step_node_ = resolve(*global_step_name_);
  return global_step_node_;
}

std::optional<std::int64_t> CEngine::read_global_step() {
  if (!global_step_name_ || table_.read_variable == nullptr) return std::nullopt;
  try {
    return read_variable(*global_step_name_).to_int64();
  } catch (const StatusError& error) {
    if (error.code() != StatusCode::not_found) throw;
    return std::nullopt;  // the node is no variable
  }
}

std::vector<std::string> CEngine::variables(VariableScope scope) {
  if (table_.list_variables == nullptr) return {};
  EngineCall call(EngineCallback::list_variables);
  call.scope = scope;
  invoke_once(call, "list_variables", table_.list_variables, data_.get());
  return std::move(call.names);
}

std::vector<std::string> CEngine::uninitialized(VariableScope scope) {
  if (table_.uninitialized == nullptr) return {};
  EngineCall call(EngineCallback::uninitialized);
  call.scope = scope;
  invoke_once(call, "uninitialized", table_.uninitialized, data_.get());
  return std::move(call.names);
}

void CEngine::initialize(VariableScope scope) {
  if (table_.initialize == nullptr) return;
  EngineCall call(EngineCallback::initialize);
  call.scope = scope;
  invoke_once(call, "initialize", table_.initialize, data_.get());
}

Value CEngine::read_variable(std::string_view name) {
  if (table_.read_variable == nullptr) throw StatusError(StatusCode::not_found, "the session has no variables");
  EngineCall call(EngineCallback::read_variable);
  call.name = name;
  invoke_once(call, "read_variable", table_.read_variable, data_.get());
  if (!call.output) {
    throw StatusError(StatusCode::failed_precondition, "read_variable has not called runhook_engine_set_value()");
  }
  return std::move(*call.output);
}

void CEngine::write_variable(std::string_view name, const Value& value) {
  if (table_.write_variable == nullptr) throw StatusError(StatusCode::not_found, "the session has no such variable");
  EngineCall call(EngineCallback::write_variable);
  call.name = name;
  call.input = &value;
  invoke_once(call, "write_variable", table_.write_variable, data_.get());
}

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_session* runhook_session_create(const runhook_session_table* table, runhook_error** error) {
  runhook_session_table copy;
  UserData owner;
  if (accept_table(table, kSizeV1_0, copy, owner, error) != RUNHOOK_OK) return nullptr;
  return guarded_handle(error,
                        [&] { return give_session(std::make_shared<Guarded<CEngine>>(copy, std::move(owner))); });
}

const char* runhook_engine_name(runhook_context* context) {
  const auto* call = find_context_as<EngineCall>(context, Role::engine);
  return call != nullptr && call->has_name() ? call->name.c_str() : nullptr;
}

runhook_status runhook_engine_set_node(runhook_context* context, uint32_t node, runhook_error** error) {
  return guarded(error, [&] { require_call(context, EngineCallback::resolve, "this is for resolve").node = node; });
}

size_t runhook_engine_fetch_count(runhook_context* context) {
  const auto* call = find_run(context);
  return call != nullptr ? call->step->fetches.size() : 0;
}

uint32_t runhook_engine_fetch_at(runhook_context* context, size_t index) {
  const auto* call = find_run(context);
  return call != nullptr && index < call->step->fetches.size() ? call->step->fetches[index] : 0;
}

size_t runhook_engine_feed_count(runhook_context* context) {
  const auto* call = find_run(context);
  return call != nullptr ? call->step->feeds.size() : 0;
}

uint32_t runhook_engine_feed_node_at(runhook_context* context, size_t index) {
  const auto* call = find_run(context);
  return call != nullptr && index < call->step->feeds.size() ? call->step->feeds[index].node : 0;
}

runhook_value* runhook_engine_feed_value_at(runhook_context* context, size_t index) {
  const auto* call = find_run(context);
  if (call == nullptr || index >= call->step->feeds.size()) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(*call->step->feeds[index].value); });
}

runhook_status runhook_engine_set_result(runhook_context* context, size_t index, runhook_value* value,
                                         runhook_error** error) {
  return guarded(error, [&] {
    SessionStep& step = *require_call(context, EngineCallback::run, "this is for run").step;
    if (index >= step.results.size())
      throw StatusError(StatusCode::invalid_argument, "there is no fetch of this index");
    step.results[index] = from_handle(value);
  });
}

runhook_status runhook_engine_add_node_stats(runhook_context* context, const char* node, int64_t start_ns,
                                             int64_t end_ns, runhook_error** error) {
  return guarded(error, [&] {
    SessionStep& step = *require_call(context, EngineCallback::run, "this is for run").step;
    step.metadata->nodes.push_back({std::string(required_text(node, "node")), start_ns, end_ns});
  });
}

int32_t runhook_engine_scope(runhook_context* context) {
  const auto* call = find_context_as<EngineCall>(context, Role::engine);
  return call != nullptr && call->has_scope() ? static_cast<int32_t>(call->scope) : 0;
}

runhook_status runhook_engine_add_name(runhook_context* context, const char* name, runhook_error** error) {
  return guarded(error, [&] {
    EngineCall& call = require_call(context);
    if (call.which != EngineCallback::list_variables && call.which != EngineCallback::uninitialized) {
      throw StatusError(StatusCode::failed_precondition, "this is for list_variables and uninitialized");
    }
    call.names.emplace_back(required_text(name, "name"));
  });
}

runhook_value* runhook_engine_value(runhook_context* context) {
  const auto* call = find_context_as<EngineCall>(context, Role::engine);
  if (call == nullptr || call->input == nullptr) return nullptr;
  return guarded_value<runhook_value*>(nullptr, [&] { return to_handle(*call->input); });
}

runhook_status runhook_engine_set_value(runhook_context* context, runhook_value* value, runhook_error** error) {
  return guarded(error, [&] {
    require_call(context, EngineCallback::read_variable, "this is for read_variable").output = from_handle(value);
  });
}
