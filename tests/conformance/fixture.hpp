// The vocabulary of the conformance tests: an engine to be driven (RAW), recording hooks (REC), creators, threads,
// scopes.
#ifndef RUNHOOK_TESTS_CONFORMANCE_FIXTURE_HPP_
#define RUNHOOK_TESTS_CONFORMANCE_FIXTURE_HPP_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runhook/runhook.h"

namespace conformance {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000 * kMillisecond;

using Trace = std::vector<std::string>;
using Callback = std::function<std::int32_t(runhook_context*)>;

template <typename T, void (*Destroy)(T*)>
struct HandleDeleter {
  void operator()(T* handle) const { Destroy(handle); }
};
template <typename T, void (*Destroy)(T*)>
using Own = std::unique_ptr<T, HandleDeleter<T, Destroy>>;

using OwnArgs = Own<runhook_run_args, runhook_run_args_destroy>;
using OwnResults = Own<runhook_results, runhook_results_destroy>;
using OwnOptions = Own<runhook_run_options, runhook_run_options_destroy>;
using OwnValue = Own<runhook_value, runhook_value_destroy>;
using OwnSession = Own<runhook_session, runhook_session_destroy>;
using OwnCoordinator = Own<runhook_coordinator, runhook_coordinator_destroy>;
using OwnThread = Own<runhook_thread, runhook_thread_destroy>;
using OwnScaffold = Own<runhook_scaffold, runhook_scaffold_destroy>;
using OwnManager = Own<runhook_session_manager, runhook_session_manager_destroy>;
using OwnCreator = Own<runhook_session_creator, runhook_session_creator_destroy>;
using OwnSaver = Own<runhook_saver, runhook_saver_destroy>;
using OwnSnapshot = Own<runhook_snapshot, runhook_snapshot_destroy>;
using OwnGraph = Own<runhook_graph, runhook_graph_destroy>;
using OwnClock = Own<runhook_clock, runhook_clock_destroy>;
using OwnConfig = Own<runhook_config, runhook_config_destroy>;
using OwnSource = Own<runhook_stop_source, runhook_stop_source_destroy>;
using OwnOutcome = Own<runhook_outcome, runhook_outcome_destroy>;
using OwnError = Own<runhook_error, runhook_error_destroy>;
using OwnMonitored = Own<runhook_monitored_session, runhook_monitored_session_destroy>;

// What a call said, copied out of its error.
struct Reply {
  runhook_status status = RUNHOOK_OK;
  std::string message;
  std::string hook;
  std::string callback;
  std::int64_t step = -1;
  std::vector<Reply> suppressed;

  // Whether an error of this code and text is the primary one or among those behind it, at any depth.
  bool holds(runhook_status code, const std::string& text) const {
    if (status == code && message.find(text) != std::string::npos) return true;
    for (const Reply& later : suppressed) {
      if (later.holds(code, text)) return true;
    }
    return false;
  }
  bool mentions(const std::string& text) const { return message.find(text) != std::string::npos; }
};

inline std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  out << runhook_status_name(reply.status) << " '" << reply.message << "' hook='" << reply.hook << "' callback='"
      << reply.callback << "'";
  for (const Reply& later : reply.suppressed) out << "\n  suppressed: " << later;
  return out;
}

inline Reply read_error(const runhook_error* error) {
  Reply reply;
  reply.status = runhook_error_code(error);
  reply.message = runhook_error_message(error);
  reply.hook = runhook_error_hook(error);
  reply.callback = runhook_error_callback(error);
  reply.step = runhook_error_step(error);
  for (std::size_t i = 0; i < runhook_error_suppressed_count(error); ++i) {
    reply.suppressed.push_back(read_error(runhook_error_suppressed_at(error, i)));
  }
  return reply;
}

// Calls a function that returns a status and takes `runhook_error **` last.
template <typename Function, typename... Args>
Reply call(Function function, Args... args) {
  runhook_error* error = nullptr;
  const runhook_status status = function(args..., &error);
  if (error == nullptr) {
    EXPECT_EQ(status, RUNHOOK_OK) << "a failure without an error";
    Reply reply;
    reply.status = status;
    return reply;
  }
  Reply reply = read_error(error);
  EXPECT_EQ(status, reply.status) << "status and error differ";
  runhook_error_destroy(error);
  return reply;
}

// Calls a function that returns a handle and takes `runhook_error **` last.
template <typename Handle, typename Function, typename... Args>
Reply make(Handle& handle, Function function, Args... args) {
  runhook_error* error = nullptr;
  handle.reset(function(args..., &error));
  if (error == nullptr) {
    EXPECT_NE(handle, nullptr) << "no handle and no error";
    return {};
  }
  EXPECT_EQ(handle, nullptr) << "a handle and an error";
  Reply reply = read_error(error);
  runhook_error_destroy(error);
  return reply;
}

inline void expect_status(const Reply& reply, runhook_status wanted, const char* expression, const char* file,
                          int line) {
  if (reply.status == wanted) return;
  ADD_FAILURE_AT(file, line) << expression << "\n  gave " << reply << "\n  instead of " << runhook_status_name(wanted);
}
#define EXPECT_REPLY(reply, wanted) ::conformance::expect_status((reply), (wanted), #reply, __FILE__, __LINE__)

// A runhook_function around a closure, which it owns.
inline runhook_function function_of(Callback callback) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = new Callback(std::move(callback));
  function.destroy = [](void* data) { delete static_cast<Callback*>(data); };
  function.call = [](runhook_context* context, void* data) { return (*static_cast<Callback*>(data))(context); };
  return function;
}

// What is asked of a run, by the caller or by a hook.
struct Ask {
  std::vector<std::pair<std::string, std::string>> fetches;  // key, name
  std::vector<std::pair<std::string, double>> feeds;
  std::function<void(runhook_run_options*)> options;

  Ask& fetch(const std::string& name) { return fetch(name, name); }
  Ask& fetch(const std::string& key, const std::string& name) {
    fetches.emplace_back(key, name);
    return *this;
  }
  Ask& feed(const std::string& name, double value) {
    feeds.emplace_back(name, value);
    return *this;
  }
  Ask& with(std::function<void(runhook_run_options*)> set) {
    options = std::move(set);
    return *this;
  }
};

inline OwnValue number(double value) {
  OwnValue result;
  EXPECT_REPLY(make(result, runhook_value_create_double, value), RUNHOOK_OK);
  return result;
}

inline OwnArgs args_of(const Ask& ask) {
  OwnArgs args;
  EXPECT_REPLY(make(args, runhook_run_args_create), RUNHOOK_OK);
  for (const auto& [key, name] : ask.fetches) {
    EXPECT_REPLY(call(runhook_run_args_add_fetch, args.get(), key.c_str(), name.c_str()), RUNHOOK_OK);
  }
  for (const auto& [name, value] : ask.feeds) {
    EXPECT_REPLY(call(runhook_run_args_add_feed, args.get(), name.c_str(), number(value).get()), RUNHOOK_OK);
  }
  if (ask.options) ask.options(runhook_run_args_options(args.get()));
  return args;
}

using Values = std::map<std::string, std::optional<double>>;

inline Values values_of(runhook_results* results) {
  Values values;
  for (std::size_t i = 0; i < runhook_results_count(results); ++i) {
    const char* key = runhook_results_key_at(results, i);
    runhook_value* value = runhook_results_value_at(results, i);
    std::optional<double> read;
    double got = 0;
    if (value != nullptr && runhook_value_get_double(value, &got, nullptr) == RUNHOOK_OK) read = got;
    values[key == nullptr ? "" : key] = read;
  }
  return values;
}

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
    if (const auto known = computed.find(node); known != computed.end()) return known->second;
    ++computations[node];
    std::optional<double> result;
    if (const auto held = variables.find(node); held != variables.end()) {
      result = held->second.value;
    } else {
      result = nodes.at(node)(*this);
    }
    computed[node] = result;
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
    computed.clear();
    if (const runhook_run_options* options = runhook_context_options(context))
      timeout_ms = runhook_run_options_timeout_ms(options);
    for (std::size_t i = 0; i < runhook_engine_feed_count(context); ++i) {
      double fed_value = 0;
      runhook_value_get_double(runhook_engine_feed_value_at(context, i), &fed_value, nullptr);
      fed[names_.at(runhook_engine_feed_node_at(context, i))] = fed_value;
    }
    if (on_run) {
      const Callback action = on_run;  // a copy: it may replace itself
      const std::int32_t verdict = action(context);
      if (verdict != RUNHOOK_CALLBACK_OK) return verdict;
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

 public:
  std::map<std::string, int> resolutions;

 private:
  std::map<std::string, std::optional<double>> computed;
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

// REC(name): records each of its callbacks in the shared trace, e.g. "A.before", and does what it is told in them.
class Rec {
 public:
  // What one callback saw.
  struct Seen {
    std::string callback;
    std::int64_t step = -1;
    std::int64_t attempt = 0;
    std::int64_t now_ns = 0;
    bool stop_requested = false;
    runhook_status error = RUNHOOK_OK;  // in on_error
    std::int32_t outcome = -1;          // in cleanup
  };

  Rec(Trace& trace, std::string hook_name) : name(std::move(hook_name)), trace_(trace) {}

  Rec& on(const std::string& callback, Callback action) {
    actions[callback] = std::move(action);
    return *this;
  }
  // Does something in the n-th call of a callback only; 0: in every one.
  Rec& on(const std::string& callback, int nth, Callback action) {
    return on(callback, [this, callback, nth, action = std::move(action)](runhook_context* context) {
      return nth == 0 || calls[callback] == nth ? action(context) : std::int32_t{RUNHOOK_CALLBACK_OK};
    });
  }
  Rec& fails(const std::string& callback, int nth, runhook_status code, const std::string& message = "hook failed") {
    return on(callback, nth, [code, message](runhook_context* context) {
      return runhook_context_fail(context, code, message.c_str());
    });
  }
  Rec& stops(const std::string& callback, int nth, const std::string& text = "enough") {
    return on(callback, nth, [text](runhook_context* context) {
      runhook_context_request_stop(context, 7, text.c_str());
      return std::int32_t{RUNHOOK_CALLBACK_OK};
    });
  }
  Rec& asks(Ask ask) {
    wanted = std::move(ask);
    return *this;
  }

  runhook_hook table() {
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = this;
    hook.destroy = [](void* data) { ++static_cast<Rec*>(data)->destroyed; };
    hook.name = name.c_str();
    hook.begin = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->called("begin", context); };
    hook.after_create_session = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("created", context);
    };
    hook.before_run = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->before(context); };
    hook.after_run = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->after(context); };
    hook.on_error = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("error", context);
    };
    hook.end = [](runhook_context* context, void* data) { return static_cast<Rec*>(data)->called("end", context); };
    hook.cleanup = [](runhook_context* context, void* data) {
      return static_cast<Rec*>(data)->called("cleanup", context);
    };
    return hook;
  }

  // The last call of a callback.
  Seen last(const std::string& callback) const {
    for (auto entry = seen.rbegin(); entry != seen.rend(); ++entry) {
      if (entry->callback == callback) return *entry;
    }
    return {};
  }

  std::string name;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  Ask wanted;
  std::map<std::string, Callback> actions;
  std::map<std::string, int> calls;
  std::vector<Seen> seen;
  Values results;  // of the last after_run
  Reply asked;     // what the last request was answered with
  Reply error;     // of the last on_error
  int destroyed = 0;

 private:
  std::int32_t called(const char* callback, runhook_context* context) {
    const std::string which = callback;
    ++calls[which];
    trace_.push_back(name + "." + which);
    Seen entry;
    entry.callback = which;
    entry.step = runhook_context_global_step(context);
    entry.attempt = runhook_context_attempt(context);
    entry.now_ns = runhook_context_now_ns(context);
    entry.stop_requested = runhook_context_stop_requested(context) != 0;
    if (const runhook_error* failure = runhook_context_error(context)) {
      error = read_error(failure);
      entry.error = error.status;
    }
    if (const runhook_outcome* outcome = runhook_context_outcome(context))
      entry.outcome = runhook_outcome_kind(outcome);
    seen.push_back(entry);
    const auto action = actions.find(which);
    return action == actions.end() ? std::int32_t{RUNHOOK_CALLBACK_OK} : action->second(context);
  }

  std::int32_t before(runhook_context* context) {
    asked = {};
    const std::int32_t verdict = called("before", context);
    if (verdict != RUNHOOK_CALLBACK_OK) return verdict;
    if (!wanted.fetches.empty() || !wanted.feeds.empty() || wanted.options) {
      const OwnArgs args = args_of(wanted);
      asked = call(runhook_context_request, context, args.get());
    }
    return verdict;
  }

  std::int32_t after(runhook_context* context) {
    runhook_results* got = runhook_context_results(context);
    results = got == nullptr ? Values{} : values_of(got);
    return called("after", context);
  }

  Trace& trace_;
};

// What a run gave.
struct Answer {
  Reply reply;
  Values values;
  bool skipped = false;
  bool discarded = false;
  std::size_t timed_nodes = 0;
  double at(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? -999 : found->second.value_or(-998);
  }
};

// A monitored session under test with all it is made from. Handles are counted: each test must leave none behind.
class Rig {
 public:
  Rig() : live_before_(runhook_live_handles()) {
    EXPECT_REPLY(make(clock, runhook_manual_clock_create, std::int64_t{1000}), RUNHOOK_OK);
    recovery.jitter = 0;
  }
  ~Rig() {
    session.reset();
    config.reset();
    source.reset();
    saver.reset();
    scaffold.reset();
    graph.reset();
    clock.reset();
    for (const auto& hook : hooks_) {
      if (hook_registered_.count(hook.get()) != 0) {
        EXPECT_EQ(hook->destroyed, 1) << "hook " << hook->name;
      }
    }
    for (const auto& raw : raws) {
      EXPECT_EQ(raw->destroyed, raw->opened) << raw->name;
      EXPECT_EQ(raw->closed, raw->opened) << raw->name << " was not closed exactly once";
    }
    EXPECT_EQ(runhook_live_handles(), live_before_) << "handles leak";
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // Adds a raw session to the list that the creator hands out.
  Raw& raw() {
    raws.push_back(std::make_unique<Raw>(trace, side_effect, static_cast<int>(raws.size()) + 1));
    return *raws.back();
  }
  // Adds a recording hook, which is registered when the session is opened.
  Rec& hook(const std::string& name) {
    Rec& made = spare_hook(name);
    to_register_.push_back(&made);
    return made;
  }
  // A recording hook that the test registers itself with add().
  Rec& spare_hook(const std::string& name) {
    hooks_.push_back(std::make_unique<Rec>(trace, name));
    return *hooks_.back();
  }
  Reply add(Rec& hook, std::uint64_t* id = nullptr) {
    hook_registered_.insert({&hook, true});
    const runhook_hook table = hook.table();
    return call(runhook_monitored_session_add_hook, session.get(), &table, &hook.options, id);
  }

  // CREATOR(list): hands out the prepared raw sessions one after the other.
  Callback creator() {
    return [this](runhook_context* context) {
      ++created;
      if (before_create) {
        const std::int32_t verdict = before_create(context);
        if (verdict != RUNHOOK_CALLBACK_OK) return verdict;
      }
      if (next_raw_ >= raws.size()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "list empty");
      const OwnSession made = raws[next_raw_++]->session();
      runhook_context_set_session(context, made.get(), nullptr);
      return std::int32_t{RUNHOOK_CALLBACK_OK};
    };
  }

  // Makes the config without opening a session.
  Reply configure() {
    if (raws.empty()) raw();
    Reply reply = make(config, runhook_config_create);
    if (reply.status != RUNHOOK_OK) return reply;
    OwnCreator source_of_sessions;
    if (graph) {
      make(source_of_sessions, runhook_graph_session_creator_create, graph.get(), scaffold.get());
    } else {
      const runhook_function create = function_of(creator());
      if (scaffold || saver) {
        if (!scaffold) make(scaffold, runhook_scaffold_create);
        if (saver) EXPECT_REPLY(call(runhook_scaffold_set_saver, scaffold.get(), saver.get()), RUNHOOK_OK);
        make(source_of_sessions, runhook_chief_session_creator_create, &create, scaffold.get());
      } else {
        make(source_of_sessions, runhook_session_creator_create, &create);
      }
    }
    EXPECT_REPLY(call(runhook_config_set_session_creator, config.get(), source_of_sessions.get()), RUNHOOK_OK);
    return apply(config.get());
  }
  // Sets the hooks and the rest of what the rig holds on a config.
  Reply apply(runhook_config* to) {
    runhook_recovery_policy policy = recovery;
    EXPECT_REPLY(call(runhook_config_set_recovery, to, singular ? nullptr : &policy), RUNHOOK_OK);
    EXPECT_REPLY(call(runhook_config_set_clock, to, clock.get()), RUNHOOK_OK);
    EXPECT_REPLY(call(runhook_config_set_stop_grace_period_ns, to, grace_ns), RUNHOOK_OK);
    if (source) EXPECT_REPLY(call(runhook_config_set_stop_source, to, source.get()), RUNHOOK_OK);
    runhook_log log = RUNHOOK_LOG_INIT;
    log.user_data = this;
    log.write = [](std::int32_t level, const char* message, void* data) {
      static_cast<Rig*>(data)->logs.emplace_back(level, message);
    };
    EXPECT_REPLY(call(runhook_config_set_log, to, &log), RUNHOOK_OK);
    for (Rec* hook : to_register_) {
      const runhook_hook table = hook->table();
      hook_registered_.insert({hook, true});
      EXPECT_REPLY(call(runhook_config_add_hook, to, &table, &hook->options), RUNHOOK_OK);
    }
    return {};
  }
  Reply open() {
    configure();
    return open_config();
  }
  Reply open_config() { return make(session, runhook_monitored_session_create, config.get()); }

  Answer run(const Ask& ask = {}) {
    const OwnArgs args = args_of(ask);
    return run_args(args.get());
  }
  Answer run_args(const runhook_run_args* args) {
    return read_answer(
        [&](runhook_results* results) { return call(runhook_monitored_session_run, session.get(), args, results); });
  }
  // The same through a step function, as one run with hooks.
  Answer run_in_step_fn(const Ask& ask = {}) {
    const OwnArgs args = args_of(ask);
    return read_answer([&](runhook_results* results) {
      return step_fn([&](runhook_context* context) {
        const Reply reply = call(runhook_context_run_with_hooks, context, args.get(), results);
        if (reply.status == RUNHOOK_OK) return std::int32_t{RUNHOOK_CALLBACK_OK};
        return runhook_context_fail(context, reply.status, reply.message.c_str());
      });
    });
  }
  Reply step_fn(Callback body) {
    const runhook_function function = function_of(std::move(body));
    return call(runhook_monitored_session_run_step_fn, session.get(), &function);
  }
  Answer fetch(const std::string& name) { return run(Ask().fetch(name)); }
  Answer identity(double value) { return run(Ask().fetch("identity").feed("x", value)); }
  Answer step() { return fetch("STEP"); }
  bool should_stop() const { return runhook_monitored_session_should_stop(session.get()) != 0; }
  bool closed() const { return runhook_monitored_session_closed(session.get()) != 0; }
  Reply fail(runhook_status code, const std::string& message) {
    return call(runhook_monitored_session_fail, session.get(), code, message.c_str());
  }
  Reply close() { return call(runhook_monitored_session_close, session.get()); }
  std::int32_t outcome() const {
    const OwnOutcome got(runhook_monitored_session_outcome(session.get(), nullptr));
    return runhook_outcome_kind(got.get());
  }
  OwnCoordinator coordinator() {
    OwnCoordinator got;
    EXPECT_REPLY(make(got, runhook_monitored_session_coordinator, session.get()), RUNHOOK_OK);
    return got;
  }

  // scope{...}: runs the body and closes; a body that fails marks the run as failed first. Leaves with the body's
  // error, what closing failed with behind it, unless that is a clean end.
  Reply scope(const std::function<Reply()>& body) {
    Reply left = body();
    if (left.status != RUNHOOK_OK && !closed()) fail(left.status, left.message);
    const Reply closing = close();
    if (left.status == RUNHOOK_OK || left.status == RUNHOOK_ERR_STOPPED || left.status == RUNHOOK_ERR_OUT_OF_RANGE)
      return closing;
    if (closing.status != RUNHOOK_OK) left.suppressed.push_back(closing);
    return left;
  }
  // The error of a run that failed, as the outcome tells it once the session is closed.
  Reply outcome_error() const {
    const OwnOutcome got(runhook_monitored_session_outcome(session.get(), nullptr));
    const runhook_error* error = runhook_outcome_error(got.get());
    return error == nullptr ? Reply{} : read_error(error);
  }

  // THREADSTOP(n, code): starts one thread, once and for all; in the n-th after_run it reports an error to the
  // coordinator of the session in which it was started, and after_run waits until it has.
  Rec& thread_stop(int nth, runhook_status code, runhook_status then_fail = RUNHOOK_OK) {
    Rec& rec = hook("threadstop");
    struct Shared {
      std::mutex mutex;
      std::condition_variable changed;
      bool go = false;
      bool done = false;
      bool started = false;
    };
    auto shared = std::make_shared<Shared>();
    rec.on("created", [shared, code](runhook_context* context) {
      if (shared->started) return std::int32_t{RUNHOOK_CALLBACK_OK};
      shared->started = true;
      const OwnCoordinator coordinator(runhook_context_coordinator(context, nullptr));
      const runhook_function body = function_of([shared, code](runhook_context* thread) {
        const OwnCoordinator mine(runhook_context_coordinator(thread, nullptr));
        std::unique_lock lock(shared->mutex);
        while (!shared->go && runhook_coordinator_should_stop(mine.get()) == 0) {
          shared->changed.wait_for(lock, std::chrono::milliseconds(5));
        }
        if (shared->go) runhook_coordinator_report_error(mine.get(), code, "thread failed", nullptr);
        shared->done = true;
        shared->changed.notify_all();
        return std::int32_t{RUNHOOK_CALLBACK_OK};
      });
      EXPECT_REPLY(call(runhook_coordinator_start_thread, coordinator.get(), "stopper", &body), RUNHOOK_OK);
      return std::int32_t{RUNHOOK_CALLBACK_OK};
    });
    rec.on("after", nth, [shared, then_fail](runhook_context* context) {
      std::unique_lock lock(shared->mutex);
      shared->go = true;
      shared->changed.notify_all();
      shared->changed.wait(lock, [&] { return shared->done; });
      if (then_fail != RUNHOOK_OK) return runhook_context_fail(context, then_fail, "session was garbage collected");
      return std::int32_t{RUNHOOK_CALLBACK_OK};
    });
    return rec;
  }

  // Once opened: makes a thread's error reach the coordinator during the next run of the first RAW, which then fails.
  void report_in_run(runhook_status reported, runhook_status failed) {
    Raw* raw_session = raws.front().get();
    const std::shared_ptr<runhook_coordinator> to(coordinator().release(), runhook_coordinator_destroy);
    raw_session->on_run = [raw_session, to, reported, failed](runhook_context* context) {
      std::thread([&] { runhook_coordinator_report_error(to.get(), reported, "X of a thread", nullptr); }).join();
      raw_session->on_run = {};
      return runhook_context_fail(context, failed, "Y of the session");
    };
  }

  // The part of the trace since the last call of this.
  Trace take() { return std::exchange(trace, {}); }
  bool logged(const std::string& text) const {
    for (const auto& [level, message] : logs) {
      if (message.find(text) != std::string::npos) return true;
    }
    return false;
  }

  Trace trace;
  std::vector<std::unique_ptr<Raw>> raws;
  double side_effect = 0;
  int created = 0;         // calls of the creator
  Callback before_create;  // may make the creator fail
  OwnClock clock;
  OwnSaver saver;
  OwnScaffold scaffold;
  OwnGraph graph;
  OwnSource source;
  OwnConfig config;
  OwnMonitored session;
  runhook_recovery_policy recovery = RUNHOOK_RECOVERY_POLICY_INIT;
  bool singular = false;
  std::int64_t grace_ns = 10 * kSecond;
  std::vector<std::pair<std::int32_t, std::string>> logs;

 private:
  Answer read_answer(const std::function<Reply(runhook_results*)>& run_it) {
    OwnResults results;
    make(results, runhook_results_create);
    Answer answer;
    answer.reply = run_it(results.get());
    answer.values = values_of(results.get());
    answer.skipped = runhook_results_skipped(results.get()) != 0;
    answer.discarded = runhook_results_discarded(results.get()) != 0;
    answer.timed_nodes = runhook_metadata_node_count(runhook_results_metadata(results.get()));
    return answer;
  }

  std::uint64_t live_before_;
  std::size_t next_raw_ = 0;
  std::vector<std::unique_ptr<Rec>> hooks_;
  std::vector<Rec*> to_register_;
  std::map<Rec*, bool> hook_registered_;
};

// FAIL(n, code): a hook that fails once, in its n-th before_run.
inline Rec& failing(Rig& rig, int nth, runhook_status code) {
  return rig.hook("FAIL").fails("before", nth, code, "injected");
}

inline Trace only(const Trace& trace, const std::string& suffix) {
  Trace kept;
  for (const std::string& entry : trace) {
    if (entry.size() >= suffix.size() && entry.compare(entry.size() - suffix.size(), suffix.size(), suffix) == 0)
      kept.push_back(entry);
  }
  return kept;
}
inline Trace of(const Trace& trace, const std::string& name) {
  Trace kept;
  for (const std::string& entry : trace) {
    if (entry.rfind(name + ".", 0) == 0) kept.push_back(entry.substr(name.size() + 1));
  }
  return kept;
}

}  // namespace conformance

#endif  // RUNHOOK_TESTS_CONFORMANCE_FIXTURE_HPP_
