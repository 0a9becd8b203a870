// The engine that the sessions under test drive.
#ifndef RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ask.hpp"
#include "callback.hpp"
#include "handle.hpp"
#include "reply.hpp"
#include "runhook/runhook.h"
#include "trace.hpp"

namespace conformance {

// RAW: an engine over a little state, which fails on demand. Sessions made from it share its state.
class Raw {
 public:
  using Node = std::function<std::optional<double>(Raw&)>;
  struct Variable {
    double initial = 0;
    std::optional<double> value;
    std::int32_t scope = RUNHOOK_VARIABLES_GLOBAL;
  };
  struct Failure {
    runhook_status code;
    std::string message;
  };

  Raw(Trace& trace, double& side_effect, int number_in_list)
      : id(number_in_list), name("raw" + std::to_string(number_in_list)), trace_(trace), side_effect_(side_effect) {
    variables["global_step"] = Variable{0, 0.0, RUNHOOK_VARIABLES_GLOBAL};
    for (const char* placeholder : {"a", "b", "c", "x", "h", "n", "zero"}) constant(placeholder, 0);
    constant("five", 5);
    constant("ten", 10);
    constant("g", 7);
    constant("y", 2);
    constant("z", 3);
    constant("id", id);
    nodes["identity"] = [](Raw& raw) -> std::optional<double> { return raw.value("x"); };
    nodes["sum"] = [](Raw& raw) -> std::optional<double> {
      return raw.value("a").value() + raw.value("b").value() + raw.value("c").value();
    };
    nodes["op"] = [](Raw&) -> std::optional<double> { return std::nullopt; };
    nodes["accumulate"] = [](Raw& raw) -> std::optional<double> { return raw.side_effect_ += 0.31; };
    nodes["STEP"] = [](Raw& raw) -> std::optional<double> { return *raw.variables["global_step"].value += 1; };
  }

  void constant(const std::string& node, double value) {
    nodes[node] = [value](Raw&) -> std::optional<double> { return value; };
  }
  void variable(const std::string& variable_name, double initial, std::optional<double> value, std::int32_t scope) {
    variables[variable_name] = Variable{initial, value, scope};
  }
  // Makes the n-th run (from 1) fail, before any of its nodes is computed.
  Raw& fails(int nth, runhook_status code, const std::string& message = "raw failed") {
    failures[nth] = Failure{code, message};
    return *this;
  }
  double step() { return variables["global_step"].value.value_or(-1); }

  // A new session over this state; owned.
  OwnSession session() {
    runhook_session_table table{};
    table.struct_size = sizeof(table);
    table.user_data = this;
    table.destroy = [](void* data) { ++static_cast<Raw*>(data)->destroyed; };
    table.resolve = [](runhook_context* context, void* data) { return static_cast<Raw*>(data)->resolve(context); };
    table.run = [](runhook_context* context, void* data) { return static_cast<Raw*>(data)->run(context); };
    table.cancel = [](void* data) { static_cast<Raw*>(data)->cancel(); };
    table.close = [](runhook_context* context, void* data) { return static_cast<Raw*>(data)->close(context); };
    table.global_step = has_global_step ? "global_step" : nullptr;
    table.list_variables = [](runhook_context* context, void* data) {
      return static_cast<Raw*>(data)->list(context, false);
    };
    table.uninitialized = [](runhook_context* context, void* data) {
      return static_cast<Raw*>(data)->list(context, true);
    };
    table.initialize = [](runhook_context* context, void* data) {
      return static_cast<Raw*>(data)->initialize(context);
    };
    table.read_variable = [](runhook_context* context, void* data) { return static_cast<Raw*>(data)->read(context); };
    table.write_variable = [](runhook_context* context, void* data) { return static_cast<Raw*>(data)->write(context); };
    OwnSession made;
    EXPECT_REPLY(make(made, runhook_session_create, &table), RUNHOOK_OK);
    ++opened;
    return made;
  }

  // The value of a node in the step in progress: what was fed, else what it computes.
  std::optional<double> value(const std::string& node) {
    if (const auto fed_value = fed.find(node); fed_value != fed.end()) return fed_value->second;
    if (const auto known = computed_.find(node); known != computed_.end()) return known->second;
    ++computations[node];
    std::optional<double> result;
    if (const auto held = variables.find(node); held != variables.end()) {
      result = held->second.value;
    } else {
      result = nodes.at(node)(*this);
    }
    computed_[node] = result;
    return result;
  }

  int id;
  std::string name;
  bool has_global_step = true;
  std::map<std::string, Node> nodes;
  std::map<std::string, Variable> variables;
  std::map<int, Failure> failures;
  Failure close_failure{RUNHOOK_OK, {}};
  Failure read_failure{RUNHOOK_OK, {}};
  Callback on_run;  // called first in every run
  int runs = 0;     // without step reads
  int opened = 0;
  int closed = 0;
  int destroyed = 0;
  std::atomic<int> cancels{0};
  std::map<std::string, int> resolutions;
  std::map<std::string, int> computations;
  std::map<std::string, double> fed;  // of the last run
  std::vector<std::string> fetched;   // of the last run
  std::int64_t timeout_ms = 0;        // of the last run's merged options

  bool wait_for_cancel(std::int64_t timeout_ns) {
    std::unique_lock lock(mutex_);
    return cancelled_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), [this] { return cancels.load() > 0; });
  }

 private:
  std::int32_t resolve(runhook_context* context) {
    const std::string wanted = runhook_engine_name(context);
    if (nodes.count(wanted) == 0 && variables.count(wanted) == 0) {
      return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, ("no node '" + wanted + "'").c_str());
    }
    ++resolutions[wanted];
    names_.push_back(wanted);
    runhook_engine_set_node(context, static_cast<std::uint32_t>(names_.size() - 1), nullptr);
    return RUNHOOK_CALLBACK_OK;
  }

  std::int32_t run(runhook_context* context) {
    ++runs;
    trace_.push_back(name + ".run");
    fed.clear();
    fetched.clear();
    computed_.clear();
    if (const runhook_run_options* options = runhook_context_options(context))
      timeout_ms = runhook_run_options_timeout_ms(options);
    for (std::size_t i = 0; i < runhook_engine_feed_count(context); ++i) {
      double fed_value = 0;
      runhook_value_get_double(runhook_engine_feed_value_at(context, i), &fed_value, nullptr);
      fed[names_.at(runhook_engine_feed_node_at(context, i))] = fed_value;
    }
    if (on_run) {
      const Callback action = on_run;  // a copy: it may replace itself
      const std::int32_t returned = action(context);
      if (returned != RUNHOOK_CALLBACK_OK) return returned;
    }
    if (const auto failure = failures.find(runs); failure != failures.end()) {
      return runhook_context_fail(context, failure->second.code, failure->second.message.c_str());
    }
    const std::size_t count = runhook_engine_fetch_count(context);
    for (std::size_t i = 0; i < count; ++i) fetched.push_back(names_.at(runhook_engine_fetch_at(context, i)));
    // Variables last: a fetched variable has its value after the step.
    for (const bool variables_now : {false, true}) {
      for (std::size_t i = 0; i < count; ++i) {
        if ((variables.count(fetched[i]) != 0) != variables_now) continue;
        const std::optional<double> result = value(fetched[i]);
        if (!result) continue;
        OwnValue made;
        if (fetched[i] == "global_step") {
          make(made, runhook_value_create_int64, static_cast<std::int64_t>(*result));
        } else {
          made = number(*result);
        }
        runhook_engine_set_result(context, i, made.get(), nullptr);
      }
    }
    if (runhook_run_options_trace_level(runhook_context_options(context)) > RUNHOOK_TRACE_NONE) {
      runhook_engine_add_node_stats(context, "step", 10, 20, nullptr);
    }
    return RUNHOOK_CALLBACK_OK;
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    ++cancels;
    cancelled_.notify_all();
  }

  std::int32_t close(runhook_context* context) {
    ++closed;
    trace_.push_back(name + ".close");
    if (close_failure.code != RUNHOOK_OK)
      return runhook_context_fail(context, close_failure.code, close_failure.message.c_str());
    return RUNHOOK_CALLBACK_OK;
  }

  std::int32_t list(runhook_context* context, bool only_missing) {
    for (const auto& [variable_name, held] : variables) {
      if (held.scope != runhook_engine_scope(context) || (only_missing && held.value)) continue;
      runhook_engine_add_name(context, variable_name.c_str(), nullptr);
    }
    return RUNHOOK_CALLBACK_OK;
  }

  std::int32_t initialize(runhook_context* context) {
    for (auto& [variable_name, held] : variables) {
      if (held.scope == runhook_engine_scope(context)) held.value = held.initial;
    }
    return RUNHOOK_CALLBACK_OK;
  }

  std::int32_t read(runhook_context* context) {
    if (read_failure.code != RUNHOOK_OK) {
      const Failure failure = std::exchange(read_failure, Failure{RUNHOOK_OK, {}});
      return runhook_context_fail(context, failure.code, failure.message.c_str());
    }
    const std::string wanted = runhook_engine_name(context);
    if (wanted == "id") {
      runhook_engine_set_value(context, number(id).get(), nullptr);
      return RUNHOOK_CALLBACK_OK;
    }
    const auto held = variables.find(wanted);
    if (held == variables.end()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such variable");
    if (!held->second.value) return runhook_context_fail(context, RUNHOOK_ERR_FAILED_PRECONDITION, "no value yet");
    runhook_engine_set_value(context, number(*held->second.value).get(), nullptr);
    return RUNHOOK_CALLBACK_OK;
  }

  std::int32_t write(runhook_context* context) {
    const auto held = variables.find(runhook_engine_name(context));
    if (held == variables.end()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such variable");
    double written = 0;
    runhook_value_get_double(runhook_engine_value(context), &written, nullptr);
    held->second.value = written;
    return RUNHOOK_CALLBACK_OK;
  }

  std::map<std::string, std::optional<double>> computed_;
  std::vector<std::string> names_;
  Trace& trace_;
  double& side_effect_;
  std::mutex mutex_;
  std::condition_variable cancelled_;
};

// The number of the raw session that a callback sees; 0 if it sees none.
inline int session_id(runhook_context* context) {
  runhook_session* session = runhook_context_session(context);
  if (session == nullptr) return 0;
  OwnValue value(runhook_session_read_variable(session, "id", nullptr));
  double id = -1;
  if (value) runhook_value_get_double(value.get(), &id, nullptr);
  return static_cast<int>(id);
}

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_RAW_HPP_
