// One live object of every kind, and arguments that are all right, by their types.
#ifndef RUNHOOK_TESTS_MISUSE_FIXTURE_HPP_
#define RUNHOOK_TESTS_MISUSE_FIXTURE_HPP_

#include <dlpack/dlpack.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runhook/runhook.h"
#include "runhook/standalone.h"

namespace runhook_test {

// All kinds of handles. generate.py compares the list with the headers.
using Handles =
    std::tuple<runhook_context*, runhook_error*, runhook_value*, runhook_run_options*, runhook_run_args*,
               runhook_results*, runhook_metadata*, runhook_stop_source*, runhook_outcome*, runhook_clock*,
               runhook_coordinator*, runhook_thread*, runhook_snapshot*, runhook_saver*, runhook_checkpoint_store*,
               runhook_checkpoint_watcher*, runhook_metric_history*, runhook_session*, runhook_graph*,
               runhook_scaffold*, runhook_session_manager*, runhook_session_creator*, runhook_config*,
               runhook_monitored_session*, runhook_trigger*, runhook_builtin_hook*, runhook_signal_subscription*,
               runhook_summary_writer*, runhook_timings*, runhook_stop_flag*, runhook_stop_listener*, runhook_logger*>;

// Whether the test program is called back in the step or in after_run, to do what a test wants done there.
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void in_step(runhook_context*) {}
  virtual void in_after_run(runhook_context*) {}
};

inline int32_t succeed(runhook_context*, void*, int32_t ok) { return ok; }

// A session with a hook, and one live object of each other kind.
class World {
 public:
  explicit World(Visitor* visitor = nullptr) : visitor_(visitor) {
    runhook_function create = RUNHOOK_FUNCTION_INIT;
    create.user_data = this;
    create.call = make_session;
    auto*& creator = get<runhook_session_creator>();
    creator = runhook_session_creator_create(&create, nullptr);
    auto*& config = get<runhook_config>();
    config = runhook_config_create(nullptr);
    runhook_config_set_session_creator(config, creator, nullptr);
    runhook_log quiet = RUNHOOK_LOG_INIT;
    quiet.write = [](const runhook_log_record*, void*) {};
    runhook_config_set_log(config, &quiet, nullptr);
    runhook_config_set_stop_grace_period_ns(config, 5000000000, nullptr);
    runhook_hook hook = RUNHOOK_HOOK_INIT;
    hook.user_data = this;
    hook.name = "visited";
    hook.after_run = [](runhook_context* context, void* self, int32_t ok) {
      auto* world = static_cast<World*>(self);
      world->lent_args_ = runhook_context_original_args(context);
      if (world->visitor_ != nullptr) world->visitor_->in_after_run(context);
      return ok;
    };
    runhook_config_add_hook(config, &hook, nullptr, nullptr);
    auto*& monitored = get<runhook_monitored_session>();
    monitored = runhook_monitored_session_create(config, nullptr);
    monitored_ = monitored;

    auto*& value = get<runhook_value>();
    value = runhook_value_create_double(1, nullptr);
    get<runhook_run_options>() = runhook_run_options_create(nullptr);
    get<runhook_run_args>() = runhook_run_args_create(nullptr);
    auto*& results = get<runhook_results>();
    results = runhook_results_create(nullptr);
    get<runhook_metadata>() = const_cast<runhook_metadata*>(runhook_results_metadata(results));
    get<runhook_stop_source>() = runhook_monitored_session_stop_source(monitored, nullptr);
    get<runhook_outcome>() = runhook_monitored_session_outcome(monitored, nullptr);
    get<runhook_timings>() = runhook_monitored_session_timings(monitored, nullptr);
    get<runhook_signal_subscription>() =
        runhook_signal_subscription_create(get<runhook_stop_source>(), nullptr, nullptr);
    get<runhook_clock>() = runhook_manual_clock_create(0, nullptr);
    get<runhook_trigger>() = runhook_trigger_every_steps(1, nullptr);
    get<runhook_builtin_hook>() = runhook_final_ops_hook_create(nullptr, nullptr);
    get<runhook_summary_writer>() = runhook_summary_writer_create(folder().c_str(), nullptr, nullptr);
    get<runhook_stop_flag>() = runhook_stop_flag_create(nullptr, nullptr);
    runhook_stop_listener_table listener = RUNHOOK_STOP_LISTENER_TABLE_INIT;
    listener.on_stop = [](const runhook_stop_reason*, void*) {};
    get<runhook_stop_listener>() = runhook_stop_listener_create(get<runhook_stop_source>(), &listener, nullptr);
    get<runhook_logger>() = runhook_logger_create(monitored, nullptr);
    auto*& coordinator = get<runhook_coordinator>();
    coordinator = runhook_coordinator_create(nullptr);
    coordinator_ = runhook_coordinator_share(coordinator, nullptr);
    threads_ = runhook_coordinator_create(nullptr);
    get<runhook_thread>() = runhook_coordinator_register_thread(threads_, "registered", nullptr);
    auto*& snapshot = get<runhook_snapshot>();
    snapshot = runhook_snapshot_create(nullptr);
    get<runhook_saver>() = runhook_memory_saver_create(nullptr);
    get<runhook_checkpoint_store>() =
        runhook_checkpoint_store_create((folder() + "/checkpoints").c_str(), nullptr, nullptr);
    runhook_checkpoint_watcher_options watched = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
    watched.directory = keep(folder() + "/checkpoints").c_str();
    watched.timeout_ns = 1;
    get<runhook_checkpoint_watcher>() = runhook_checkpoint_watcher_create(&watched, nullptr);
    get<runhook_metric_history>() = runhook_metric_history_read(folder().c_str(), nullptr, nullptr);
    get<runhook_graph>() = runhook_graph_create(nullptr);
    runhook_graph* other = runhook_graph_create(nullptr);
    runhook_graph_add_variable(other, "text", value, RUNHOOK_VARIABLES_GLOBAL, nullptr);
    auto*& session = get<runhook_session>();
    session = runhook_graph_session_create(other, nullptr);
    runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr);
    runhook_graph_destroy(other);
    auto*& scaffold = get<runhook_scaffold>();
    scaffold = runhook_scaffold_create(nullptr);
    get<runhook_session_manager>() = runhook_session_manager_create(&create, scaffold, 1, nullptr);
    get<runhook_context>() = runhook_context_create(nullptr, session, nullptr);
    runhook_coordinator_report_error(nullptr, 1, nullptr, &get<runhook_error>());
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    runhook_monitored_session_destroy(monitored_);
    runhook_coordinator_request_stop(coordinator_, nullptr);
    runhook_coordinator_join(coordinator_, 5000000000, 1, nullptr);
    runhook_coordinator_destroy(coordinator_);
    runhook_coordinator_destroy(threads_);
    end_all();
    std::error_code ignored;
    std::filesystem::remove_all(folder(), ignored);
    runhook_value_destroy(get<runhook_value>());  // it may have been retained; else this does nothing
    runhook_run_args_destroy(own_args_);
  }

  template <class Handle>
  Handle*& get() {
    return std::get<Handle*>(handles_);
  }
  const Handles& handles() const { return handles_; }
  bool complete() const {
    return std::apply([](auto*... handle) { return ((handle != nullptr) && ...); }, handles_);
  }
  // Puts args in the place of those there that a context has lent: that of the session's hooks in an earlier run, or
  // one outside a loop.
  void borrow_args_of_session() {
    run();
    borrow(lent_args_);
  }
  void borrow_args_of_context() {
    auto*& context = get<runhook_context>();
    runhook_context_destroy(context);
    context = runhook_context_create(get<runhook_run_args>(), get<runhook_session>(), nullptr);
    borrow(runhook_context_original_args(context));
  }
  // Ends all objects, as a callback may.
  void end_all();
  // One step, in which the visitor is called.
  runhook_status run() { return runhook_monitored_session_run(monitored_, nullptr, nullptr, nullptr); }

  // User data of the tables: how many were made for a call, and how many were destroyed.
  template <class Table>
  Table* own(Table& table) {
    table.user_data = this;
    table.destroy = [](void* self) { ++static_cast<World*>(self)->destroyed_here(); };
    return &table;
  }
  int& destroyed_here() { return *destroyed_; }
  void count_destroys_in(int* counter) { destroyed_ = counter; }

  // Memory for arguments that have to outlive the call.
  template <class T>
  T& keep(T init) {
    auto made = std::make_shared<T>(std::move(init));
    kept_.push_back(made);
    return *made;
  }

  // For what is written; gone with the world.
  static std::string folder() { return testing::TempDir() + "runhook-world-" + std::to_string(getpid()); }

 private:
  static int32_t make_session(runhook_context* context, void* self, int32_t ok) {
    runhook_function step = RUNHOOK_FUNCTION_INIT;
    step.user_data = self;
    step.call = [](runhook_context* its_context, void* data, int32_t its_ok) {
      auto* world = static_cast<World*>(data);
      runhook_step_set_double(its_context, "text", 1, nullptr);
      if (world->visitor_ != nullptr) world->visitor_->in_step(its_context);
      return its_ok;
    };
    const char* const names[] = {"text"};
    runhook_error* error = nullptr;
    runhook_session* made = runhook_function_session_create(&step, names, 1, nullptr, 0, &error);
    runhook_status status = runhook_error_code(error);
    runhook_error_destroy(error);
    if (made != nullptr) status = runhook_context_set_session(context, made, nullptr);
    runhook_session_destroy(made);
    return status == RUNHOOK_OK ? ok : runhook_context_fail(context, status, nullptr);
  }

  void borrow(const runhook_run_args* args) {
    own_args_ = std::exchange(get<runhook_run_args>(), const_cast<runhook_run_args*>(args));
  }

  Handles handles_;
  Visitor* const visitor_;
  runhook_monitored_session* monitored_ = nullptr;
  runhook_coordinator* coordinator_ = nullptr;
  runhook_coordinator* threads_ = nullptr;
  const runhook_run_args* lent_args_ = nullptr;
  runhook_run_args* own_args_ = nullptr;  // if others are in their place
  int* destroyed_ = nullptr;
  std::vector<std::shared_ptr<void>> kept_;
};

// What is given for an argument that is all right. generate.py reads the list of these macros.
template <class T>
struct Sane;
#define RUNHOOK_SANE(...)    \
  template <>                \
  struct Sane<__VA_ARGS__> { \
    static __VA_ARGS__ make([[maybe_unused]] World& world, [[maybe_unused]] const char* name)
#define RUNHOOK_SANE_END }
#define RUNHOOK_SANE_TOO(alias)  // another name of the type that follows

// clang-format off
RUNHOOK_SANE_TOO(runhook_status)
RUNHOOK_SANE(int32_t) { return std::strcmp(name, "dtype") == 0 ? RUNHOOK_FLOAT64 : 1; } RUNHOOK_SANE_END;
RUNHOOK_SANE(int64_t) { return 1; } RUNHOOK_SANE_END;
RUNHOOK_SANE(uint32_t) { return 1; } RUNHOOK_SANE_END;
RUNHOOK_SANE_TOO(size_t)
RUNHOOK_SANE(uint64_t) { return std::strcmp(name, "index") == 0 ? 0 : 1; } RUNHOOK_SANE_END;
RUNHOOK_SANE(double) { return 1; } RUNHOOK_SANE_END;
RUNHOOK_SANE(const char*) {
  if (std::strcmp(name, "path") == 0) return "/dev/null";
  return std::strcmp(name, "directory") == 0 ? world.keep(World::folder()).c_str() : "text";
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const char*const*) { return world.keep(std::array<const char*, 1>{"text"}).data(); } RUNHOOK_SANE_END;
RUNHOOK_SANE(const int64_t*) { return &world.keep(int64_t{1}); } RUNHOOK_SANE_END;
RUNHOOK_SANE_TOO(const runhook_status*)
RUNHOOK_SANE(const int32_t*) { return &world.keep(runhook_status{RUNHOOK_ERR_CANCELLED}); } RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_at_step_options*) {
  runhook_stop_at_step_options options = RUNHOOK_STOP_AT_STEP_OPTIONS_INIT;
  options.target = RUNHOOK_STOP_AT_LAST_STEP;
  options.step = 1000000;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_summary_options*) {
  runhook_summary_options options = RUNHOOK_SUMMARY_OPTIONS_INIT;
  options.scalars = world.keep(std::array<const char*, 1>{"text"}).data();
  options.scalar_count = 1;
  options.directory = world.keep(World::folder()).c_str();
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_at_checkpoint_step_options*) {
  runhook_stop_at_checkpoint_step_options options = RUNHOOK_STOP_AT_CHECKPOINT_STEP_OPTIONS_INIT;
  options.directory = world.keep(World::folder()).c_str();
  options.last_step = 1000000;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_run_record_options*) {
  runhook_run_record_options options = RUNHOOK_RUN_RECORD_OPTIONS_INIT;
  options.dir = world.keep(World::folder()).c_str();
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_report_options*) {
  runhook_report_options options = RUNHOOK_REPORT_OPTIONS_INIT;
  options.path = world.keep(World::folder() + "/report.html").c_str();
  options.metrics = world.keep(std::array<const char*, 1>{"text"}).data();
  options.metric_count = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_metric_stop_options*) {
  runhook_metric_stop_options options = RUNHOOK_METRIC_STOP_OPTIONS_INIT;
  options.metric = "text";
  options.directory = "text";
  options.kind = RUNHOOK_STOP_IF_LOWER;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_metric_rule*const*) {
  runhook_metric_rule rule = RUNHOOK_METRIC_RULE_INIT;
  rule.name = "text";
  rule.given = RUNHOOK_RULE_TARGET;
  return world.keep(std::array<const runhook_metric_rule*, 1>{&world.keep(rule)}).data();
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_profiler_options*) {
  runhook_profiler_options options = RUNHOOK_PROFILER_OPTIONS_INIT;
  options.every_n_steps = 2;
  options.directory = world.keep(World::folder()).c_str();
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_watchdog_options*) {
  const runhook_watchdog_options options = RUNHOOK_WATCHDOG_OPTIONS_INIT;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(runhook_timing*) {
  const runhook_timing init = RUNHOOK_TIMING_INIT;
  return &world.keep(init);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const void*) { return &world.keep(double{1}); } RUNHOOK_SANE_END;
RUNHOOK_SANE(void*) { return &world.keep(double{0}); } RUNHOOK_SANE_END;
RUNHOOK_SANE(double*) { return &world.keep(double{0}); } RUNHOOK_SANE_END;
RUNHOOK_SANE_TOO(runhook_status*)
RUNHOOK_SANE(int32_t*) { return &world.keep(int32_t{0}); } RUNHOOK_SANE_END;
RUNHOOK_SANE(int64_t*) { return &world.keep(int64_t{0}); } RUNHOOK_SANE_END;
RUNHOOK_SANE_TOO(size_t*)
RUNHOOK_SANE(uint64_t*) { return &world.keep(uint64_t{0}); } RUNHOOK_SANE_END;
RUNHOOK_SANE(runhook_error**) { return &world.keep<runhook_error*>(nullptr); } RUNHOOK_SANE_END;
RUNHOOK_SANE(struct DLManagedTensor*) {
  return runhook_value_to_dlpack(world.get<runhook_value>(), nullptr);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(runhook_stop_reason*) {
  const runhook_stop_reason init = RUNHOOK_STOP_REASON_INIT;
  return &world.keep(init);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(runhook_evaluation_result*) {
  const runhook_evaluation_result init = RUNHOOK_EVALUATION_RESULT_INIT;
  return &world.keep(init);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_function*) {
  runhook_function table = RUNHOOK_FUNCTION_INIT;
  table.call = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_looper*) {
  runhook_looper table = RUNHOOK_LOOPER_INIT;
  table.run_loop = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_hook*) {
  const runhook_hook table = RUNHOOK_HOOK_INIT;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_clock_table*) {
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.now_ns = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_listener_table*) {
  runhook_stop_listener_table table = RUNHOOK_STOP_LISTENER_TABLE_INIT;
  table.on_stop = [](const runhook_stop_reason*, void*) {};
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_log*) {
  runhook_log table = RUNHOOK_LOG_INIT;
  table.write = [](const runhook_log_record*, void*) {};
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_log_formatter*) {
  runhook_log_formatter table = RUNHOOK_LOG_FORMATTER_INIT;
  table.format = [](const char* const*, runhook_value* const*, size_t, char* line, size_t, void*, int32_t ok) -> int32_t {
    line[0] = '\0';
    return ok;
  };
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_scalar_sink*) {
  runhook_scalar_sink table = RUNHOOK_SCALAR_SINK_INIT;
  table.write = [](const char*, double, int64_t, void*, int32_t ok) { return ok; };
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_recovery_policy*) {
  const runhook_recovery_policy table = RUNHOOK_RECOVERY_POLICY_INIT;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_saver_table*) {
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.save = succeed;
  table.restore = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_checkpoint_listener*) {
  const runhook_checkpoint_listener table = RUNHOOK_CHECKPOINT_LISTENER_INIT;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_checkpoint_options*) {
  runhook_checkpoint_options options = RUNHOOK_CHECKPOINT_OPTIONS_INIT;
  options.directory = world.keep(World::folder() + "/saved").c_str();
  options.memory = &world.keep(runhook_memory{"x", &world.keep(double{1}), 1, RUNHOOK_FLOAT64, 0});
  options.memory_count = 1;
  options.process_crash_only = 1;  // a sweep saves thousands of times
  options.state = Sane<const runhook_saver_table*>::make(world, "");
  options.listener = Sane<const runhook_checkpoint_listener*>::make(world, "");
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_checkpoint_store_options*) {
  runhook_checkpoint_store_options options = RUNHOOK_CHECKPOINT_STORE_OPTIONS_INIT;
  options.log = Sane<const runhook_log*>::make(world, "");
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_checkpoint_watcher_options*) {
  runhook_checkpoint_watcher_options options = RUNHOOK_CHECKPOINT_WATCHER_OPTIONS_INIT;
  options.directory = world.keep(World::folder() + "/checkpoints").c_str();
  options.timeout_ns = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_session_table*) {
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.resolve = succeed;
  table.run = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_node*) {
  runhook_node table = RUNHOOK_NODE_INIT;
  table.name = "node";
  table.kernel = succeed;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_buffer*) {
  runhook_buffer table = RUNHOOK_BUFFER_INIT;
  table.data = &world.keep(double{1});
  table.dtype = RUNHOOK_FLOAT64;
  return world.own(world.keep(table));
} RUNHOOK_SANE_END;
// Options that need something, or that point to tables: those are all given.
RUNHOOK_SANE(const runhook_stop_after_options*) {
  runhook_stop_after_options options = RUNHOOK_STOP_AFTER_OPTIONS_INIT;
  options.time_ns = INT64_MAX;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_at_time_options*) {
  runhook_stop_at_time_options options = RUNHOOK_STOP_AT_TIME_OPTIONS_INIT;
  options.unix_ns = INT64_MAX;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_when_options*) {
  runhook_stop_when_options options = RUNHOOK_STOP_WHEN_OPTIONS_INIT;
  options.predicate = Sane<const runhook_function*>::make(world, name);
  options.reason = "text";
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_nan_guard_options*) {
  runhook_nan_guard_options options = RUNHOOK_NAN_GUARD_OPTIONS_INIT;
  options.names = Sane<const char*const*>::make(world, name);
  options.name_count = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_early_stopping_options*) {
  runhook_early_stopping_options options = RUNHOOK_EARLY_STOPPING_OPTIONS_INIT;
  options.rules = Sane<const runhook_metric_rule*const*>::make(world, name);
  options.rule_count = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_feed_fn_options*) {
  runhook_feed_fn_options options = RUNHOOK_FEED_FN_OPTIONS_INIT;
  options.function = Sane<const runhook_function*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_final_ops_options*) {
  runhook_final_ops_options options = RUNHOOK_FINAL_OPS_OPTIONS_INIT;
  options.args = world.get<runhook_run_args>();
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_logging_options*) {
  runhook_logging_options options = RUNHOOK_LOGGING_OPTIONS_INIT;
  options.names = Sane<const char*const*>::make(world, name);
  options.name_count = 1;
  options.log = Sane<const runhook_log*>::make(world, name);
  options.formatter = Sane<const runhook_log_formatter*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_step_counter_options*) {
  runhook_step_counter_options options = RUNHOOK_STEP_COUNTER_OPTIONS_INIT;
  options.scalars = Sane<const runhook_scalar_sink*>::make(world, name);
  options.log = Sane<const runhook_log*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_progress_options*) {
  runhook_progress_options options = RUNHOOK_PROGRESS_OPTIONS_INIT;
  options.names = Sane<const char*const*>::make(world, name);
  options.name_count = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_metrics_options*) {
  runhook_metrics_options options = RUNHOOK_METRICS_OPTIONS_INIT;
  options.path = "/dev/null";
  options.names = Sane<const char*const*>::make(world, name);
  options.name_count = 1;
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_summary_at_end_options*) {
  runhook_summary_at_end_options options = RUNHOOK_SUMMARY_AT_END_OPTIONS_INIT;
  options.summaries = Sane<const runhook_summary_options*>::make(world, name);
  options.args = world.get<runhook_run_args>();
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_in_memory_evaluator_options*) {
  runhook_in_memory_evaluator_options options = RUNHOOK_IN_MEMORY_EVALUATOR_OPTIONS_INIT;
  options.config = world.get<runhook_config>();
  const runhook_evaluation_options evaluation = RUNHOOK_EVALUATION_OPTIONS_INIT;
  options.evaluation = &world.keep(evaluation);
  options.every_n_runs = 1;
  options.on_result = Sane<const runhook_function*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_stop_flag_options*) {
  runhook_stop_flag_options options = RUNHOOK_STOP_FLAG_OPTIONS_INIT;
  options.flag = world.get<runhook_stop_flag>();
  options.predicate = Sane<const runhook_function*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
RUNHOOK_SANE(const runhook_signal_options*) {
  runhook_signal_options options = RUNHOOK_SIGNAL_OPTIONS_INIT;
  options.log = Sane<const runhook_log*>::make(world, name);
  return &world.keep(options);
} RUNHOOK_SANE_END;
// clang-format on

// Ends an object that a function returned as owned.
inline void end(runhook_value* handle) { runhook_value_destroy(handle); }
inline void end(runhook_run_options* handle) { runhook_run_options_destroy(handle); }
inline void end(runhook_run_args* handle) { runhook_run_args_destroy(handle); }
inline void end(runhook_results* handle) { runhook_results_destroy(handle); }
inline void end(runhook_stop_source* handle) { runhook_stop_source_destroy(handle); }
inline void end(runhook_outcome* handle) { runhook_outcome_destroy(handle); }
inline void end(runhook_clock* handle) { runhook_clock_destroy(handle); }
inline void end(runhook_stop_flag* handle) { runhook_stop_flag_destroy(handle); }
inline void end(runhook_stop_listener* handle) { runhook_stop_listener_destroy(handle); }
inline void end(runhook_logger* handle) { runhook_logger_destroy(handle); }
inline void end(runhook_builtin_hook* handle) { runhook_builtin_hook_destroy(handle); }
inline void end(runhook_signal_subscription* handle) { runhook_signal_subscription_destroy(handle); }
inline void end(runhook_summary_writer* handle) { runhook_summary_writer_destroy(handle); }
inline void end(runhook_timings* handle) { runhook_timings_destroy(handle); }
inline void end(runhook_trigger* handle) { runhook_trigger_destroy(handle); }
inline void end(runhook_coordinator* handle) { runhook_coordinator_destroy(handle); }
inline void end(runhook_thread* handle) { runhook_thread_destroy(handle); }
inline void end(runhook_snapshot* handle) { runhook_snapshot_destroy(handle); }
inline void end(runhook_saver* handle) { runhook_saver_destroy(handle); }
inline void end(runhook_checkpoint_store* handle) { runhook_checkpoint_store_destroy(handle); }
inline void end(runhook_checkpoint_watcher* handle) { runhook_checkpoint_watcher_destroy(handle); }
inline void end(runhook_metric_history* handle) { runhook_metric_history_destroy(handle); }
inline void end(runhook_session* handle) { runhook_session_destroy(handle); }
inline void end(runhook_graph* handle) { runhook_graph_destroy(handle); }
inline void end(runhook_scaffold* handle) { runhook_scaffold_destroy(handle); }
inline void end(runhook_session_manager* handle) { runhook_session_manager_destroy(handle); }
inline void end(runhook_session_creator* handle) { runhook_session_creator_destroy(handle); }
inline void end(runhook_config* handle) { runhook_config_destroy(handle); }
inline void end(runhook_monitored_session* handle) { runhook_monitored_session_destroy(handle); }
inline void end(runhook_context* handle) { runhook_context_destroy(handle); }
inline void end(runhook_error* handle) { runhook_error_destroy(handle); }
inline void end(DLManagedTensor* tensor) { tensor->deleter(tensor); }

inline void end(runhook_metadata*) {}  // is part of results

inline void World::end_all() {
  std::apply([](auto*... handle) { (end(handle), ...); }, handles_);
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_MISUSE_FIXTURE_HPP_
