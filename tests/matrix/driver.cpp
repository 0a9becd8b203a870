// Executes cases of the hook matrix through the C ABI and prints one line of trace for each. See run_matrix.py for the
// form of a case and model.py for what the tokens of a trace mean.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runhook/runhook.h"

namespace {

enum class Control { none, drop_after_run, cleanup_order, zero_is_ok, end_twice };

// How the caller makes its steps: by run(), or with a body of its own between begin_step() and end_step(), or between
// one next() and the next.
enum class Shape { run, halves, next };

struct Hook {
  int index = 0;
  std::string name;
  uint64_t id = 0;
  bool has_id = false;
  std::map<std::string, int> calls;  // per callback, to find the action of the n-th call
};

struct Case {
  std::string id;
  int hooks = 3;
  int steps = 3;
  int64_t max_attempts = 5;
  bool close = true;     // else the session is destroyed without close()
  std::string phases;    // one digit per hook; missing: normal
  std::string policies;  // one digit per hook; missing: fail
  int64_t max_failures = 1;
  int caller_add = 0;                          // the caller adds a hook before this run
  int caller_remove = 0;                       // the caller removes hook 0 before this run
  std::map<int, std::string> session_faults;   // n-th step of any session -> code
  std::map<int, std::string> creator_faults;   // n-th creation -> code
  std::map<std::string, std::string> actions;  // "<hook>.<callback>.<n>" -> behaviour
};

struct World {
  const Case* plan = nullptr;
  Control control = Control::none;
  Shape shape = Shape::run;
  std::vector<std::string> trace;
  std::vector<std::unique_ptr<Hook>> hooks;
  runhook_monitored_session* session = nullptr;
  runhook_stop_source* source = nullptr;
  bool destroyed = false;
  int creations = 0;
  int engine_steps = 0;
  int live_engines = 0;
};

World* world = nullptr;
int32_t earlier_ok = 0;  // what the last call of a hook would have had to return, in whichever session

struct Engine {
  int number;
};

void note(std::string token) { world->trace.push_back(std::move(token)); }

std::string code_name(runhook_status status) { return status == RUNHOOK_OK ? "OK" : runhook_status_name(status); }

runhook_status code_number(const std::string& name) {
  static const std::map<std::string, runhook_status> codes = {{"INVALID_ARGUMENT", RUNHOOK_ERR_INVALID_ARGUMENT},
                                                              {"ABORTED", RUNHOOK_ERR_ABORTED},
                                                              {"UNAVAILABLE", RUNHOOK_ERR_UNAVAILABLE},
                                                              {"OUT_OF_RANGE", RUNHOOK_ERR_OUT_OF_RANGE},
                                                              {"INTERNAL", RUNHOOK_ERR_INTERNAL},
                                                              {"STOPPED", RUNHOOK_ERR_STOPPED}};
  const auto found = codes.find(name);
  if (found == codes.end()) {
    std::cerr << "driver: unknown code " << name << "\n";
    std::exit(2);
  }
  return found->second;
}

// However deep: an error that is suppressed may have others suppressed behind it.
size_t suppressed_errors(const runhook_error* error) {
  const size_t count = runhook_error_suppressed_count(error);
  size_t total = count;
  for (size_t i = 0; i < count; ++i) total += suppressed_errors(runhook_error_suppressed_at(error, i));
  return total;
}

// Code, place if it was a hook, and number of suppressed errors, e.g. "INTERNAL@h1.before_run+2".
std::string describe(runhook_status status, const runhook_error* error, bool with_suppressed) {
  std::string text = code_name(status);
  if (error == nullptr) return status == RUNHOOK_OK ? text : text + "!no-error";
  if (runhook_error_code(error) != status) text += "!" + code_name(runhook_error_code(error));
  const std::string hook = runhook_error_hook(error);
  if (!hook.empty()) text += "@" + hook + "." + runhook_error_callback(error);
  const size_t suppressed = suppressed_errors(error);
  if (with_suppressed && suppressed != 0) text += "+" + std::to_string(suppressed);
  return text;
}

struct MoveOnly {
  explicit MoveOnly(int number) : value(std::make_unique<int>(number)) {}
  MoveOnly(MoveOnly&&) noexcept = default;
  MoveOnly(const MoveOnly&) = delete;
  std::unique_ptr<int> value;
};

std::unique_ptr<Hook> make_hook(int index);
runhook_hook table_of(Hook& hook);
runhook_hook_options options_of(int index);

uint64_t id_of(runhook_monitored_session* session, int index) {
  if (index < 0 || index >= static_cast<int>(world->hooks.size())) return 0;
  Hook& hook = *world->hooks[static_cast<size_t>(index)];
  if (!hook.has_id) {
    hook.has_id = runhook_monitored_session_find_hook(session, hook.name.c_str(), &hook.id, nullptr) == RUNHOOK_OK;
  }
  return hook.has_id ? hook.id : 0;
}

std::string add_hook(runhook_monitored_session* session) {
  const int index = static_cast<int>(world->hooks.size());
  world->hooks.push_back(make_hook(index));
  Hook& hook = *world->hooks.back();
  const runhook_hook table = table_of(hook);
  const runhook_hook_options options = options_of(index);
  uint64_t id = 0;
  const runhook_status status = runhook_monitored_session_add_hook(session, &table, &options, &id, nullptr);
  if (status == RUNHOOK_OK) {
    hook.id = id;
    hook.has_id = true;
  }
  return code_name(status);
}

std::string remove_hook(runhook_monitored_session* session, int index) {
  return code_name(runhook_monitored_session_remove_hook(session, id_of(session, index), nullptr));
}

// What asking for a step is answered with.
std::string ask_for_step(runhook_monitored_session* session) {
  if (world->shape == Shape::run) return code_name(runhook_monitored_session_run(session, nullptr, nullptr, nullptr));
  runhook_error* error = nullptr;
  const bool given = world->shape == Shape::next
                         ? runhook_monitored_session_next(session, &error) != nullptr
                         : runhook_monitored_session_begin_step(session, nullptr, &error) != nullptr;
  const std::string answer = given ? "OK" : error == nullptr ? "END" : code_name(runhook_error_code(error));
  runhook_error_destroy(error);
  return answer;
}

// Everything that a behaviour does with the monitored session. Returns false if it is not of that kind.
bool use_session(const std::string& what, int index, runhook_monitored_session* session) {
  const auto run = [session] { return ask_for_step(session); };
  if (what == "run") {
    note(">run=" + run());
  } else if (what == "run_thread") {
    std::string answer;
    std::thread([&] { answer = run(); }).join();
    note(">run_thread=" + answer);
  } else if (what == "close") {
    note(">close=" + code_name(runhook_monitored_session_close(session, nullptr)));
  } else if (what == "destroy_session") {
    world->destroyed = true;
    note(">destroy_session");
    runhook_monitored_session_destroy(session);
  } else if (what == "rm_self") {
    note(">rm=" + remove_hook(session, index));
  } else if (what == "rm_next") {
    note(">rm=" + remove_hook(session, index + 1));
  } else if (what == "rm_prev") {
    note(">rm=" + remove_hook(session, index - 1));
  } else if (what == "add") {
    const size_t place = world->trace.size();
    note(">add");
    const std::string answer = add_hook(session);
    world->trace[place] = ">add=" + answer;
  } else {
    return false;
  }
  return true;
}

void throw_if_asked(const std::string& what) {
  if (what == "throw_rt") throw std::runtime_error("thrown by a callback");
  if (what == "throw_int") throw 42;
  if (what == "throw_move") throw MoveOnly(1);
  if (what == "throw_bad") throw std::bad_alloc();
}

int32_t act(const std::string& what, Hook& hook, runhook_context* context, int32_t ok) {
  const int32_t stale = std::exchange(earlier_ok, ok);
  if (what == "ok") return ok;
  if (what == "v0") return world->control == Control::zero_is_ok ? ok : 0;
  if (what == "v1") return 1;
  if (what == "vm1") return -1;
  if (what == "vmax") return 0x7fffffff;
  if (what == "stale") return stale;
  throw_if_asked(what);
  if (what.starts_with("fail:")) return runhook_context_fail(context, code_number(what.substr(5)), "told to");
  if (what == "fail_then_ok") {
    runhook_context_fail(context, RUNHOOK_ERR_INVALID_ARGUMENT, "told to");
    runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "second, not to count");
    return ok;
  }
  if (what == "stop" || what == "stop_fail") {
    note(">stop=" + std::to_string(runhook_context_request_stop(context, 7, "told to", RUNHOOK_STOP_AFTER_STEP)));
    if (what == "stop") return ok;
    return runhook_context_fail(context, RUNHOOK_ERR_INVALID_ARGUMENT, "told to");
  }
  if (what == "stop_thread") {
    runhook_stop_source* source = runhook_context_stop_source(context, nullptr);
    int32_t answer = -1;
    std::thread([&] {
      answer = runhook_stop_source_request_stop(source, 8, "thread", RUNHOOK_STOP_AFTER_STEP);
    }).join();
    runhook_stop_source_destroy(source);
    note(">stop_thread=" + std::to_string(answer));
    return ok;
  }
  // The handle that a hook gets; only its owner has another one, and destroys the session by that.
  runhook_monitored_session* session = runhook_context_monitored_session(context);
  if (what == "destroy_session" && world->session != nullptr) session = world->session;
  if (!use_session(what, hook.index, session)) {
    std::cerr << "driver: unknown behaviour " << what << "\n";
    std::exit(2);
  }
  return ok;
}

const std::string& behaviour(Hook& hook, const std::string& callback) {
  static const std::string kOk = "ok";
  const int n = ++hook.calls[callback];
  const auto found = world->plan->actions.find(std::to_string(hook.index) + "." + callback + "." + std::to_string(n));
  return found == world->plan->actions.end() ? kOk : found->second;
}

std::string outcome_name(int32_t kind) {
  static const char* const kNames[] = {"RUNNING", "COMPLETED", "STOPPED", "END_OF_INPUT", "FAILED"};
  return kind >= 0 && kind < 5 ? kNames[kind] : "none";
}

std::string arguments(const std::string& callback, runhook_context* context) {
  std::string text;
  if (callback == "before_run" || callback == "after_run" || callback == "on_error") {
    text = "a" + std::to_string(runhook_context_attempt(context)) + ",s" +
           std::to_string(runhook_context_global_step(context));
  }
  if (callback == "on_error") {
    const runhook_error* error = runhook_context_error(context);
    text += "," + (error == nullptr ? std::string("none") : describe(runhook_error_code(error), error, false));
  }
  if (callback == "end") text = "s" + std::to_string(runhook_context_global_step(context));
  if (callback == "cleanup") text = outcome_name(runhook_outcome_kind(runhook_context_outcome(context)));
  return text.empty() ? text : "(" + text + ")";
}

int32_t call(const char* callback, runhook_context* context, void* user_data, int32_t ok) {
  Hook& hook = *static_cast<Hook*>(user_data);
  const std::string& what = behaviour(hook, callback);
  const bool dropped = world->control == Control::drop_after_run && std::string_view(callback) == "after_run" &&
                       hook.calls["after_run"] == 1;
  std::string token = hook.name + "." + callback + arguments(callback, context);
  if (runhook_context_callback_name(context) == nullptr ||
      std::string_view(runhook_context_callback_name(context)) != callback) {
    token += "!callback";
  }
  if (runhook_context_hook_name(context) == nullptr || runhook_context_hook_name(context) != hook.name) {
    token += "!hook_name";
  }
  if (!dropped) note(token);
  return act(what, hook, context, ok);
}

int32_t on_begin(runhook_context* c, void* u, int32_t ok) { return call("begin", c, u, ok); }
int32_t on_created(runhook_context* c, void* u, int32_t ok) { return call("after_create_session", c, u, ok); }
int32_t on_before_run(runhook_context* c, void* u, int32_t ok) { return call("before_run", c, u, ok); }
int32_t on_after_run(runhook_context* c, void* u, int32_t ok) { return call("after_run", c, u, ok); }
int32_t on_on_error(runhook_context* c, void* u, int32_t ok) { return call("on_error", c, u, ok); }
int32_t on_end(runhook_context* c, void* u, int32_t ok) { return call("end", c, u, ok); }
int32_t on_cleanup(runhook_context* c, void* u, int32_t ok) { return call("cleanup", c, u, ok); }

void on_destroy(void* user_data) {
  Hook& hook = *static_cast<Hook*>(user_data);
  const std::string& what = behaviour(hook, "destroy");
  note(hook.name + ".destroy");
  if (what == "ok") return;
  if (what == "stop_thread") {
    int32_t answer = -1;
    std::thread([&] {
      answer = runhook_stop_source_request_stop(world->source, 8, "thread", RUNHOOK_STOP_AFTER_STEP);
    }).join();
    note(">stop_thread=" + std::to_string(answer));
    return;
  }
  throw_if_asked(what);
  if (!use_session(what, hook.index, world->session)) {
    std::cerr << "driver: unknown behaviour of destroy " << what << "\n";
    std::exit(2);
  }
}

std::unique_ptr<Hook> make_hook(int index) {
  auto hook = std::make_unique<Hook>();
  hook->index = index;
  hook->name = "h" + std::to_string(index);
  return hook;
}

runhook_hook table_of(Hook& hook) {
  runhook_hook table = RUNHOOK_HOOK_INIT;
  table.user_data = &hook;
  table.destroy = on_destroy;
  table.name = hook.name.c_str();
  table.begin = on_begin;
  table.after_create_session = on_created;
  table.before_run = on_before_run;
  table.after_run = on_after_run;
  table.on_error = on_on_error;
  table.end = on_end;
  table.cleanup = on_cleanup;
  return table;
}

runhook_hook_options options_of(int index) {
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  const auto digit = [index](const std::string& text, int32_t other) {
    const auto place = static_cast<size_t>(index);
    return place < text.size() ? static_cast<int32_t>(text[place] - '0') : other;
  };
  options.phase = RUNHOOK_PHASE_GUARD + digit(world->plan->phases, RUNHOOK_PHASE_NORMAL - RUNHOOK_PHASE_GUARD);
  options.failure_policy = RUNHOOK_POLICY_FAIL + digit(world->plan->policies, 0);
  options.max_failures = static_cast<int32_t>(world->plan->max_failures);
  return options;
}

int32_t engine_resolve(runhook_context* context, void*, int32_t) {
  return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, runhook_engine_name(context));
}

// The step itself, of an engine or in the body of a loop.
int32_t make_step(runhook_context* context, int32_t ok) {
  const int n = ++world->engine_steps;
  const auto fault = world->plan->session_faults.find(n);
  if (fault == world->plan->session_faults.end()) {
    note("S" + std::to_string(n));
    return ok;
  }
  note("S" + std::to_string(n) + "!" + fault->second);
  return runhook_context_fail(context, code_number(fault->second), "told to");
}

int32_t engine_run(runhook_context* context, void*, int32_t ok) { return make_step(context, ok); }

int32_t engine_close(runhook_context*, void* user_data, int32_t ok) {
  note("X" + std::to_string(static_cast<Engine*>(user_data)->number));
  return ok;
}

void engine_destroy(void* user_data) {
  --world->live_engines;
  delete static_cast<Engine*>(user_data);
}

// Of a session that is being created. Returns whether it is to be.
bool note_creation(runhook_context* context) {
  const int n = ++world->creations;
  const auto fault = world->plan->creator_faults.find(n);
  if (fault == world->plan->creator_faults.end()) {
    note("M" + std::to_string(n));
    return true;
  }
  note("M" + std::to_string(n) + "!" + fault->second);
  runhook_context_fail(context, code_number(fault->second), "told to");
  return false;
}

// A loop that stays where it is has no creator, but restores what is saved with each session that it creates.
int32_t restore_nothing(runhook_context* context, void*, int32_t ok) {
  return note_creation(context) ? ok : RUNHOOK_CALLBACK_FAILED;
}

int32_t save_nothing(runhook_context*, void*, int32_t ok) { return ok; }

int32_t create_session(runhook_context* context, void*, int32_t ok) {
  if (!note_creation(context)) return RUNHOOK_CALLBACK_FAILED;
  runhook_session_table table{};
  table.struct_size = sizeof(table);
  table.user_data = new Engine{world->creations};
  ++world->live_engines;
  table.destroy = engine_destroy;
  table.resolve = engine_resolve;
  table.run = engine_run;
  table.close = engine_close;
  runhook_session* session = runhook_session_create(&table, nullptr);
  const runhook_status status = runhook_context_set_session(context, session, nullptr);
  runhook_session_destroy(session);
  return status == RUNHOOK_OK ? ok : RUNHOOK_CALLBACK_FAILED;
}

int32_t on_recovery(runhook_context* context, void*, int32_t ok) {
  note("N" + std::to_string(runhook_context_recovery_attempt(context)));
  return ok;
}

void log_nothing(const runhook_log_record*, void*) {}

void set_inline(runhook_config* config) {
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.save = save_nothing;
  table.restore = restore_nothing;
  runhook_saver* saver = runhook_saver_create(&table, nullptr);
  runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
  options.saver = saver;
  if (runhook_config_set_inline(config, &options, nullptr) != RUNHOOK_OK) note("!set_inline");
  runhook_saver_destroy(saver);
}

void set_creator(runhook_config* config) {
  runhook_function create = RUNHOOK_FUNCTION_INIT;
  create.call = create_session;
  runhook_session_creator* creator = runhook_session_creator_create(&create, nullptr);
  runhook_config_set_session_creator(config, creator, nullptr);
  runhook_session_creator_destroy(creator);
}

runhook_config* make_config() {
  runhook_config* config = runhook_config_create(nullptr);
  world->shape == Shape::run ? set_creator(config) : set_inline(config);
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.on_recovery = on_recovery;
  policy.max_attempts = world->plan->max_attempts > 0 ? world->plan->max_attempts : -1;
  policy.initial_backoff_ns = -1;
  if (runhook_config_set_recovery(config, &policy, nullptr) != RUNHOOK_OK) note("!set_recovery");
  runhook_log log = RUNHOOK_LOG_INIT;
  log.write = log_nothing;
  if (runhook_config_set_log(config, &log, nullptr) != RUNHOOK_OK) note("!set_log");
  if (runhook_config_set_stop_source(config, world->source, nullptr) != RUNHOOK_OK) note("!set_stop_source");
  for (int i = 0; i < world->plan->hooks; ++i) world->hooks.push_back(make_hook(i));
  for (const auto& hook : world->hooks) {
    const runhook_hook table = table_of(*hook);
    const runhook_hook_options options = options_of(hook->index);
    if (runhook_config_add_hook(config, &table, &options, nullptr) != RUNHOOK_OK) note("!add_hook");
  }
  return config;
}

void show_outcome() {
  runhook_outcome* outcome = runhook_monitored_session_outcome(world->session, nullptr);
  note("O=" + outcome_name(runhook_outcome_kind(outcome)) + ",runs" + std::to_string(runhook_outcome_runs(outcome)) +
       ",recoveries" + std::to_string(runhook_outcome_recoveries(outcome)) + ",warnings" +
       std::to_string(runhook_outcome_warnings(outcome)));
  runhook_outcome_destroy(outcome);
}

// What the caller does before a run, besides.
void change_hooks(int run) {
  if (world->plan->caller_add == run) note(">add=" + add_hook(world->session));
  if (world->plan->caller_remove == run) note(">rm=" + remove_hook(world->session, 0));
}

void note_result(const std::string& result) {
  note("R=" + result + "," + std::to_string(runhook_monitored_session_should_stop(world->session)));
}

int64_t completed_runs() {
  runhook_outcome* outcome = runhook_monitored_session_outcome(world->session, nullptr);
  const int64_t runs = runhook_outcome_runs(outcome);
  runhook_outcome_destroy(outcome);
  return runs;
}

runhook_status end_step(runhook_error** error) {
  const runhook_status status = runhook_monitored_session_end_step(world->session, error);
  // A loop that has lost count.
  if (world->control == Control::end_twice && status == RUNHOOK_OK &&
      runhook_monitored_session_begin_step(world->session, nullptr, nullptr) != nullptr) {
    runhook_monitored_session_end_step(world->session, nullptr);
  }
  return status;
}

void run_once() {
  runhook_error* error = nullptr;
  const runhook_status status = runhook_monitored_session_run(world->session, nullptr, nullptr, &error);
  note_result(describe(status, error, true));
  runhook_error_destroy(error);
}

// The same run: a step that is recovered from is given again.
void run_by_halves() {
  runhook_error* error = nullptr;
  const int64_t before = completed_runs();
  std::string result;
  do {
    runhook_context* step = runhook_monitored_session_begin_step(world->session, nullptr, &error);
    if (step == nullptr) {
      result = error == nullptr ? "END" : describe(runhook_error_code(error), error, true);
      break;
    }
    make_step(step, 0);
    const runhook_status status = end_step(&error);
    result = describe(status, error, true);
  } while (result == "OK" && !world->destroyed && completed_runs() == before);
  note_result(result);
  runhook_error_destroy(error);
}

void execute_steps() {
  for (int run = 1; run <= world->plan->steps; ++run) {
    change_hooks(run);
    note("R");
    world->shape == Shape::halves ? run_by_halves() : run_once();
  }
}

// The same steps, each ended by the call that opens the next one. Where something comes between, end_step() ends it.
void execute_steps_by_next() {
  const Case& plan = *world->plan;
  int over = 0;     // runs
  int changed = 0;  // the last run before which the caller has changed hooks
  bool open = false;
  int64_t completed = 0;
  const auto completes = [&] { return completed_runs() > std::exchange(completed, completed_runs()); };
  while (over < plan.steps) {
    const int run = over + 1;
    const bool is_alone = run == plan.steps || plan.caller_add == run + 1 || plan.caller_remove == run + 1;
    if (open && is_alone) {
      open = false;
      const bool failed = end_step(nullptr) != RUNHOOK_OK;
      if (completes() || failed || world->destroyed) ++over;
      continue;
    }
    if (!open && changed != run) {
      changed = run;
      change_hooks(run);
    }
    runhook_context* step = runhook_monitored_session_next(world->session, nullptr);
    const bool completed_one = completes();
    if (step != nullptr) {
      over += completed_one ? 1 : 0;
      make_step(step, 0);
    } else {
      over += open && completed_one ? 2 : 1;
    }
    open = step != nullptr;
  }
}

void finish() {
  if (world->plan->close) {
    for (const char* name : {"K", "K2"}) {
      runhook_error* error = nullptr;
      note(name);
      const runhook_status status = runhook_monitored_session_close(world->session, &error);
      // What a second close() returns is not laid down, only that it does nothing.
      if (std::string_view(name) == "K") note("K=" + describe(status, error, true));
      runhook_error_destroy(error);
    }
    if (!world->destroyed) {
      show_outcome();
      note_result(ask_for_step(world->session));
    }
  }
  note("D");
  runhook_monitored_session_destroy(world->session);
  note("D.");
}

std::string execute(const Case& plan, Control control, Shape shape) {
  World fresh;
  world = &fresh;
  fresh.plan = &plan;
  fresh.control = control;
  fresh.shape = shape;
  const uint64_t handles = runhook_live_handles();
  fresh.source = runhook_stop_source_create(nullptr);
  runhook_config* config = make_config();
  runhook_error* error = nullptr;
  note("C");
  fresh.session = runhook_monitored_session_create(config, &error);
  note("C=" + describe(error == nullptr ? RUNHOOK_OK : runhook_error_code(error), error, true));
  if (error == nullptr && fresh.session == nullptr) note("!no-session");
  runhook_error_destroy(error);
  runhook_config_destroy(config);
  if (fresh.session != nullptr) {
    for (int i = 0; i < plan.hooks; ++i) id_of(fresh.session, i);
    shape == Shape::next ? execute_steps_by_next() : execute_steps();
    finish();
  }
  runhook_stop_source_destroy(fresh.source);
  note("L=" + std::to_string(runhook_live_handles() - handles) + "," + std::to_string(fresh.live_engines));
  if (control == Control::cleanup_order) {
    std::vector<size_t> places;
    for (size_t i = 0; i < fresh.trace.size(); ++i) {
      if (fresh.trace[i].find(".cleanup(") != std::string::npos) places.push_back(i);
    }
    if (places.size() > 1) std::swap(fresh.trace[places[0]], fresh.trace[places[1]]);
  }
  std::string line;
  for (const std::string& token : fresh.trace) line += " " + token;
  world = nullptr;
  return line;
}

std::map<int, std::string> faults(const std::string& text) {
  std::map<int, std::string> result;
  std::istringstream parts(text);
  std::string part;
  while (std::getline(parts, part, ',')) {
    const size_t colon = part.find(':');
    result[std::stoi(part.substr(0, colon))] = part.substr(colon + 1);
  }
  return result;
}

Case parse(const std::string& line) {
  Case plan;
  std::istringstream words(line);
  words >> plan.id;
  std::string word;
  while (words >> word) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (key == "hooks")
      plan.hooks = std::stoi(value);
    else if (key == "steps")
      plan.steps = std::stoi(value);
    else if (key == "max")
      plan.max_attempts = std::stoi(value);
    else if (key == "finish")
      plan.close = value == "close";
    else if (key == "phases")
      plan.phases = value;
    else if (key == "policies")
      plan.policies = value;
    else if (key == "max_failures")
      plan.max_failures = std::stoi(value);
    else if (key == "caller_add")
      plan.caller_add = std::stoi(value);
    else if (key == "caller_remove")
      plan.caller_remove = std::stoi(value);
    else if (key == "session")
      plan.session_faults = faults(value);
    else if (key == "creator")
      plan.creator_faults = faults(value);
    else if (key == "act")
      plan.actions[value.substr(0, value.find('/'))] = value.substr(value.find('/') + 1);
    else {
      std::cerr << "driver: unknown key " << key << "\n";
      std::exit(2);
    }
  }
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  Control control = Control::none;
  Shape shape = Shape::run;
  unsigned seconds = 20;  // a case that hangs is ended by SIGALRM
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--control=drop-after-run")
      control = Control::drop_after_run;
    else if (argument == "--control=cleanup-order")
      control = Control::cleanup_order;
    else if (argument == "--control=zero-is-ok")
      control = Control::zero_is_ok;
    else if (argument == "--control=end-twice")
      control = Control::end_twice;
    else if (argument == "--shape=run")
      shape = Shape::run;
    else if (argument == "--shape=halves")
      shape = Shape::halves;
    else if (argument == "--shape=next")
      shape = Shape::next;
    else if (argument == "--no-alarm")
      seconds = 0;
    else
      return 2;
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.empty()) continue;
    const Case plan = parse(line);
    // The name goes out first, so that the runner knows which case a crash belongs to.
    std::cout << plan.id << std::flush;
    alarm(seconds);
    std::cout << execute(plan, control, shape) << "\n" << std::flush;
  }
  return 0;
}
