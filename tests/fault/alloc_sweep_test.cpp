// Every allocation of every scenario fails, once and for good: each call succeeds or says NO_MEMORY, nothing is lost,
// every hook that began is cleaned up, every table's user data destroyed once.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "sweep.hpp"

namespace {

using namespace runhook_test;
constexpr int32_t kOk = RUNHOOK_CALLBACK_OK;

// Values and run args.

void values(Trial& trial) {
  const int64_t shape[] = {2, 3};
  const double elements[] = {1, 2, 3, 4, 5, 6};
  runhook_value* tensor = trial.made(runhook_value_create_tensor(RUNHOOK_FLOAT64, shape, 2, elements, trial.error()));
  runhook_value* number = trial.made(runhook_value_create_double(4, trial.error()));
  runhook_value* integer = trial.made(runhook_value_create_int64(4, trial.error()));
  runhook_value* text =
      trial.made(runhook_value_create_string("a text that is too long to be kept in the string itself", trial.error()));
  runhook_value* bytes = trial.made(runhook_value_create_bytes(elements, sizeof elements, trial.error()));
  runhook_value* clone = nullptr;
  if (tensor != nullptr) {
    clone = trial.made(runhook_value_clone(tensor, trial.error()));
    DLManagedTensor* lent_out = trial.made(runhook_value_to_dlpack(tensor, trial.error()));
    if (lent_out != nullptr) runhook_value_destroy(trial.made(runhook_value_from_dlpack(lent_out, trial.error())));
    runhook_value_retain(tensor);
    runhook_value_destroy(tensor);
  }
  static double lent[2];
  const int64_t extent = 2;
  runhook_buffer buffer = RUNHOOK_BUFFER_INIT;
  buffer.data = lent;
  buffer.shape = &extent;
  buffer.rank = 1;
  buffer.dtype = RUNHOOK_FLOAT64;
  trial.own(buffer);
  runhook_value* adopted = trial.made(runhook_value_adopt(&buffer, trial.error()));
  if (number != nullptr) {
    double read = 0;
    trial.ok(runhook_value_get_double(number, &read, trial.error()));
  }
  for (runhook_value* value : {tensor, number, integer, text, bytes, clone, adopted}) runhook_value_destroy(value);
}

void run_args(Trial& trial) {
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (args != nullptr && value != nullptr) {
    trial.ok(
        runhook_run_args_add_fetch(args, "group/first", "a name that is long enough to be allocated", trial.error()));
    trial.ok(runhook_run_args_add_fetch(args, "group/second", "y", trial.error()));
    trial.ok(runhook_run_args_add_feed(args, "x", value, trial.error()));
    trial.ok(runhook_run_args_add_feed(args, "another name that is long enough", value, trial.error()));
    runhook_run_args_fetch_key_at(args, 0);
    runhook_run_args_feed_value_at(args, 0);
    if (runhook_run_options* options = runhook_run_args_options(args)) {
      trial.ok(runhook_run_options_add_watch(options, "a watch that is long enough to be allocated", trial.error()));
      trial.ok(
          runhook_run_options_set_engine_option(options, "key", "a value that is long enough for it", trial.error()));
      trial.ok(runhook_run_options_add_hook_name(options, "the name of a hook, long enough", trial.error()));
    }
    trial.ok(runhook_run_args_clear(args, trial.error()));
  }
  if (results != nullptr) {
    runhook_results_metadata(results);
    double number = 0;
    runhook_status status = runhook_results_get_double(results, "nothing", &number, trial.error());
    if (status == RUNHOOK_ERR_NOT_FOUND) {
      runhook_error_destroy(std::exchange(*trial.error(), nullptr));
    } else {
      trial.ok(status);
    }
  }
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
}

void stop_sources(Trial& trial) {
  runhook_stop_source* source = trial.made(runhook_stop_source_create(trial.error()));
  if (source != nullptr) {
    runhook_stop_source* shared = trial.made(runhook_stop_source_share(source, trial.error()));
    for (int i = 0; i < 20; ++i) runhook_stop_source_request_stop(source, i, "because", RUNHOOK_STOP_AFTER_STEP);
    if (runhook_stop_source_stop_requested(source) != 1) trial.problem("%s%s", "the stop was lost", "");
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    trial.ok(runhook_stop_source_reason_at(source, 0, &reason, trial.error()));
    trial.ok(runhook_stop_source_reason_at(source, 3, &reason, trial.error()));
    runhook_stop_source_reason_count(source);
    runhook_stop_source_destroy(shared);
  }
  runhook_stop_source_destroy(source);
}

// Threads.

void coordinator(Trial& trial) {
  runhook_coordinator* threads = trial.made(runhook_coordinator_create(trial.error()));
  if (threads == nullptr) return;
  runhook_function body = RUNHOOK_FUNCTION_INIT;
  body.call = [](runhook_context* context, void*) {
    runhook_error* error = nullptr;
    runhook_coordinator* own = runhook_context_coordinator(context, &error);
    const runhook_status status = own != nullptr ? RUNHOOK_OK : runhook_error_code(error);
    runhook_error_destroy(error);
    runhook_coordinator_destroy(own);
    return Trial::verdict(context, status);
  };
  trial.own(body);
  trial.ok(runhook_coordinator_start_thread(threads, "a thread with a name of some length", &body, trial.error()));
  runhook_looper looper = RUNHOOK_LOOPER_INIT;
  looper.start_loop = looper.stop_loop = [](runhook_context*, void*) { return kOk; };
  looper.run_loop = [](runhook_context* context, void*) {
    runhook_coordinator* own = runhook_context_coordinator(context, nullptr);
    runhook_coordinator_destroy(own);
    return kOk;
  };
  trial.own(looper);
  trial.ok(runhook_coordinator_start_looper(threads, "looper", 1000000, &looper, trial.error()));
  runhook_thread* thread = trial.made(runhook_coordinator_register_thread(threads, "registered", trial.error()));
  runhook_thread_destroy(thread);
  trial.ok(runhook_coordinator_request_stop(threads, trial.error()));
  trial.ok(runhook_coordinator_join(threads, 10000000000, 0, trial.error()));
  if (runhook_coordinator_live_threads(threads) != 0) trial.problem("%s%s", "threads are left", "");
  runhook_error* kept = runhook_coordinator_error(threads);
  runhook_error_destroy(kept);
  runhook_coordinator_destroy(threads);
}

// Saved state.

runhook_session* new_graph_session(Trial& trial, runhook_graph** graph_out = nullptr) {
  runhook_graph* graph = trial.made(runhook_graph_create(trial.error()));
  if (graph == nullptr) return nullptr;
  bool good = trial.ok(runhook_graph_add_global_step(graph, "step", trial.error()));
  runhook_value* initial = trial.made(runhook_value_create_double(2, trial.error()));
  good = good && initial != nullptr &&
         trial.ok(runhook_graph_add_variable(graph, "weight", initial, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
         trial.ok(runhook_graph_add_variable(graph, "scratch", initial, RUNHOOK_VARIABLES_LOCAL, trial.error())) &&
         trial.ok(runhook_graph_add_placeholder(graph, "input", RUNHOOK_FLOAT64, nullptr, 0, trial.error()));
  runhook_value_destroy(initial);
  if (good) {
    const char* const inputs[] = {"weight", "input"};
    const char* const updates[] = {"weight"};
    runhook_node node = RUNHOOK_NODE_INIT;
    node.name = "train";
    node.inputs = inputs;
    node.input_count = 2;
    node.updates = updates;
    node.update_count = 1;
    node.output_count = 1;
    node.kernel = [](runhook_context* context, void*) {
      runhook_error* error = nullptr;
      double weight = 0;
      runhook_value* in = runhook_kernel_input(context, 0);
      runhook_value* out =
          in == nullptr ? nullptr : runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, nullptr, 0, &error);
      runhook_value* variable = out == nullptr ? nullptr : runhook_kernel_variable(context, 0, &error);
      runhook_status status = RUNHOOK_OK;
      if (variable == nullptr) {
        status = error != nullptr ? runhook_error_code(error) : RUNHOOK_ERR_NO_MEMORY;
      } else {
        status = runhook_value_get_double(in, &weight, &error);
        *static_cast<double*>(runhook_value_mutable_data(variable)) = weight + 1;
        *static_cast<double*>(runhook_value_mutable_data(out)) = weight;
      }
      runhook_error_destroy(error);
      return Trial::verdict(context, status);
    };
    trial.own(node);
    const char* const after[] = {"train"};
    good = trial.ok(runhook_graph_add_node(graph, &node, trial.error())) &&
           trial.ok(runhook_graph_add_increment(graph, "increment", after, 1, 1, trial.error()));
  }
  runhook_session* session = good ? trial.made(runhook_graph_session_create(graph, trial.error())) : nullptr;
  if (graph_out != nullptr && session != nullptr) {
    *graph_out = graph;
  } else {
    runhook_graph_destroy(graph);
  }
  return session;
}

void snapshots(Trial& trial) {
  runhook_session* session = new_graph_session(trial);
  if (session == nullptr) return;
  runhook_saver* saver = trial.made(runhook_memory_saver_create(trial.error()));
  if (saver != nullptr && trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
      trial.ok(runhook_saver_save(saver, session, 7, trial.error()))) {
    runhook_snapshot* latest = trial.made(runhook_memory_saver_latest(saver, trial.error()));
    runhook_snapshot_destroy(latest);
    int32_t restored = 0;
    int64_t step = 0;
    trial.ok(runhook_saver_restore(saver, session, &restored, &step, trial.error()));
  }
  runhook_snapshot* snapshot = trial.made(runhook_snapshot_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(3, trial.error()));
  if (snapshot != nullptr && value != nullptr &&
      trial.ok(runhook_snapshot_set(snapshot, "weight", value, trial.error())) &&
      trial.ok(runhook_snapshot_set_global_step(snapshot, 3, trial.error()))) {
    runhook_snapshot_find(snapshot, "weight");
    runhook_snapshot_value_at(snapshot, 0);
    trial.ok(runhook_session_restore(session, snapshot, trial.error()));
  }
  runhook_value_destroy(value);
  runhook_snapshot_destroy(snapshot);
  runhook_saver_destroy(saver);
  runhook_session_destroy(session);
}

void graph(Trial& trial) {
  runhook_session* session = new_graph_session(trial);
  if (session == nullptr) return;
  bool good = trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, trial.error())) &&
              trial.ok(runhook_session_initialize(session, RUNHOOK_VARIABLES_LOCAL, trial.error()));
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  good = good && args != nullptr && results != nullptr && value != nullptr &&
         trial.ok(runhook_run_args_add_fetch(args, nullptr, "train", trial.error())) &&
         trial.ok(runhook_run_args_add_fetch(args, nullptr, "increment", trial.error())) &&
         trial.ok(runhook_run_args_add_feed(args, "input", value, trial.error()));
  for (int i = 0; good && i < 3; ++i) trial.ok(runhook_session_run(session, args, results, trial.error()));
  if (good) {
    runhook_session_variable_count(session, RUNHOOK_VARIABLES_GLOBAL);
    runhook_session_variable_name_at(session, RUNHOOK_VARIABLES_GLOBAL, 0);
    runhook_value* read = trial.made(runhook_session_read_variable(session, "weight", trial.error()));
    if (read != nullptr) trial.ok(runhook_session_write_variable(session, "weight", read, trial.error()));
    runhook_value_destroy(read);
    runhook_snapshot* saved = trial.made(runhook_session_save(session, trial.error()));
    if (saved != nullptr) trial.ok(runhook_session_restore(session, saved, trial.error()));
    runhook_snapshot_destroy(saved);
  }
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  trial.ok(runhook_session_close(session, trial.error()));
  runhook_session_destroy(session);
}

// Sessions.

runhook_session* new_function_session(Trial& trial, runhook_callback step) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = step;
  trial.own(function);
  const char* const outputs[] = {"y", "loss"};
  const char* const inputs[] = {"x"};
  return trial.made(runhook_function_session_create(&function, outputs, 2, inputs, 1, trial.error()));
}

int32_t plain_step(runhook_context* context, void*) {
  runhook_step_input(context, "x");
  runhook_status status = runhook_step_set_double(context, "y", 1, nullptr);
  if (status == RUNHOOK_OK) status = runhook_step_set_double(context, "loss", 0.5, nullptr);
  return Trial::verdict(context, status);
}

void function_session(Trial& trial) {
  runhook_session* session = new_function_session(trial, plain_step);
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  if (args != nullptr && results != nullptr &&
      trial.ok(runhook_run_args_add_fetch(args, "group/y", "y", trial.error())) &&
      trial.ok(runhook_run_args_add_fetch(args, "group/loss", "loss", trial.error()))) {
    for (int i = 0; i < 3; ++i) {
      if (!trial.ok(runhook_session_run(session, args, results, trial.error()))) continue;
      double number = 0;
      trial.ok(runhook_results_get_double(results, "group/y", &number, trial.error()));
      runhook_results_value_at(results, 0);
      runhook_results_key_at(results, 1);
    }
  }
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);
  runhook_session_destroy(session);
}

void engine(Trial& trial) {
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.resolve = [](runhook_context* context, void*) {
    const char* const name = runhook_engine_name(context);
    return Trial::verdict(context,
                          runhook_engine_set_node(context, name != nullptr && name[0] == 's' ? 1 : 2, nullptr));
  };
  table.run = [](runhook_context* context, void*) {
    runhook_status status = RUNHOOK_OK;
    for (size_t i = 0; i < runhook_engine_feed_count(context); ++i) runhook_engine_feed_value_at(context, i);
    for (size_t i = 0; status == RUNHOOK_OK && i < runhook_engine_fetch_count(context); ++i) {
      runhook_value* value = runhook_value_create_int64(5, nullptr);
      status = value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_engine_set_result(context, i, value, nullptr);
      runhook_value_destroy(value);
    }
    if (status == RUNHOOK_OK) status = runhook_engine_add_node_stats(context, "a node of some length", 1, 2, nullptr);
    runhook_context_options(context);
    return Trial::verdict(context, status);
  };
  table.close = [](runhook_context*, void*) { return kOk; };
  table.global_step = "step";
  table.list_variables = table.uninitialized = [](runhook_context* context, void*) {
    return Trial::verdict(context, runhook_engine_add_name(context, "a variable of some length", nullptr));
  };
  table.initialize = [](runhook_context*, void*) { return kOk; };
  table.read_variable = [](runhook_context* context, void*) {
    runhook_value* value = runhook_value_create_double(1, nullptr);
    const runhook_status status =
        value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_engine_set_value(context, value, nullptr);
    runhook_value_destroy(value);
    return Trial::verdict(context, status);
  };
  table.write_variable = [](runhook_context* context, void*) {
    return runhook_engine_value(context) != nullptr ? kOk
                                                    : runhook_context_fail(context, RUNHOOK_ERR_NO_MEMORY, nullptr);
  };
  trial.own(table);
  runhook_session* session = trial.made(runhook_session_create(&table, trial.error()));
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (args != nullptr && results != nullptr && value != nullptr &&
      trial.ok(runhook_run_args_add_fetch(args, nullptr, "out", trial.error())) &&
      trial.ok(runhook_run_args_add_feed(args, "in", value, trial.error()))) {
    for (int i = 0; i < 2; ++i) {
      trial.ok(runhook_session_run(session, args, results, trial.error()), {RUNHOOK_ERR_INVALID_ARGUMENT});
    }
  }
  runhook_snapshot* saved = trial.made(runhook_session_save(session, trial.error()));
  if (saved != nullptr) trial.ok(runhook_session_restore(session, saved, trial.error()));
  runhook_snapshot_destroy(saved);
  runhook_value_destroy(value);
  runhook_results_destroy(results);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

// Monitored sessions.

runhook_hook counted_hook(Trial& trial, const char* name) {
  runhook_hook hook = RUNHOOK_HOOK_INIT;
  trial.own(hook);
  hook.name = name;
  hook.begin = [](runhook_context*, void* self) {
    ++static_cast<Trial*>(self)->begun;
    return kOk;
  };
  hook.cleanup = [](runhook_context* context, void* self) {
    ++static_cast<Trial*>(self)->cleaned;
    runhook_context_outcome(context);
    return kOk;
  };
  hook.on_error = [](runhook_context* context, void*) {
    runhook_context_error(context);
    return kOk;
  };
  return hook;
}

runhook_session_creator* new_creator(Trial& trial, runhook_callback create) {
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = create;
  trial.own(function);
  return trial.made(runhook_session_creator_create(&function, trial.error()));
}

// A creator's callback: the data is the trial, but the error belongs to the call under way.
template <int32_t (*step)(runhook_context*, void*)>
int32_t create_session(runhook_context* context, void* data) {
  Trial& trial = *static_cast<Trial*>(data);
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.call = step;
  trial.own(function);
  const char* const outputs[] = {"y", "loss"};
  const char* const inputs[] = {"x"};
  runhook_error* error = nullptr;
  runhook_session* session = runhook_function_session_create(&function, outputs, 2, inputs, 1, &error);
  runhook_status status = session != nullptr ? RUNHOOK_OK : runhook_error_code(error);
  runhook_error_destroy(error);
  if (session != nullptr) status = runhook_context_set_session(context, session, nullptr);
  runhook_session_destroy(session);
  return Trial::verdict(context, status);
}

bool quieten(Trial& trial, runhook_config* config) {
  runhook_log quiet = RUNHOOK_LOG_INIT;
  quiet.write = [](int32_t, const char*, void*) {};
  trial.own(quiet);
  return trial.ok(runhook_config_set_log(config, &quiet, trial.error()));
}

runhook_config* new_config(Trial& trial, runhook_callback create) {
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  if (config == nullptr) return nullptr;
  runhook_session_creator* creator = new_creator(trial, create);
  const bool good = creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error()));
  runhook_session_creator_destroy(creator);
  if (good && quieten(trial, config)) return config;
  runhook_config_destroy(config);
  return nullptr;
}

bool add(Trial& trial, runhook_config* config, const runhook_hook& hook) {
  return trial.ok(runhook_config_add_hook(config, &hook, nullptr, trial.error()));
}

runhook_hook fetching_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook that fetches");
  hook.before_run = [](runhook_context* context, void*) {
    runhook_context_original_args(context);
    return Trial::verdict(context, runhook_context_add_fetch(context, "the/loss", "loss", nullptr));
  };
  hook.after_run = [](runhook_context* context, void*) {
    double number = 0;
    runhook_context_results(context);
    runhook_context_metadata(context);
    runhook_context_options(context);
    runhook_context_session(context);
    return Trial::verdict(context, runhook_context_get_double(context, nullptr, &number, nullptr));
  };
  return hook;
}

runhook_hook feeding_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook that feeds");
  hook.before_run = [](runhook_context* context, void*) {
    runhook_value* value = runhook_value_create_double(1, nullptr);
    const runhook_status status =
        value == nullptr ? RUNHOOK_ERR_NO_MEMORY : runhook_context_add_feed(context, "x", value, nullptr);
    runhook_value_destroy(value);
    return Trial::verdict(context, status);
  };
  return hook;
}

runhook_hook optioned_hook(Trial& trial) {
  runhook_hook hook = counted_hook(trial, "a hook with options");
  hook.before_run = [](runhook_context* context, void*) {
    runhook_error* error = nullptr;
    runhook_run_options* options = runhook_run_options_create(&error);
    runhook_status status = options == nullptr ? runhook_error_code(error) : RUNHOOK_OK;
    if (status == RUNHOOK_OK) status = runhook_run_options_set_trace_level(options, RUNHOOK_TRACE_FULL, nullptr);
    if (status == RUNHOOK_OK) status = runhook_run_options_add_watch(options, "a watch of some length, too", nullptr);
    if (status == RUNHOOK_OK) status = runhook_context_add_options(context, options, nullptr);
    runhook_run_options_destroy(options);
    runhook_error_destroy(error);
    return Trial::verdict(context, status);
  };
  return hook;
}

void finish(Trial& trial, runhook_monitored_session* session) {
  trial.ok(runhook_monitored_session_close(session, trial.error()));
  if (runhook_monitored_session_closed(session) != 1) trial.problem("%s%s", "the session is not closed", "");
  runhook_outcome* outcome = trial.made(runhook_monitored_session_outcome(session, trial.error()));
  if (outcome != nullptr) {
    runhook_outcome_to_string(outcome);
    if (const runhook_error* error = runhook_outcome_error(outcome)) {
      runhook_error_message(error);
      runhook_error_suppressed_at(error, 0);
    }
  }
  runhook_outcome_destroy(outcome);
  runhook_monitored_session_destroy(session);
}

void monitored_session(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  const auto all = [&] {
    return add(trial, config, fetching_hook(trial)) && add(trial, config, feeding_hook(trial)) &&
           add(trial, config, optioned_hook(trial));
  };
  runhook_monitored_session* session =
      all() ? trial.made(runhook_monitored_session_create(config, trial.error())) : nullptr;
  runhook_config_destroy(config);
  if (session == nullptr) return;
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_results* results = trial.made(runhook_results_create(trial.error()));
  if (args != nullptr && trial.ok(runhook_run_args_add_fetch(args, nullptr, "y", trial.error()))) {
    for (int i = 0; i < 3; ++i) trial.ok(runhook_monitored_session_run(session, args, results, trial.error()));
  }
  runhook_run_args_destroy(args);
  runhook_results_destroy(results);

  runhook_function step = RUNHOOK_FUNCTION_INIT;
  step.call = [](runhook_context* context, void*) {
    return Trial::verdict(context, runhook_context_run_with_hooks(context, nullptr, nullptr, nullptr));
  };
  trial.own(step);
  trial.ok(runhook_monitored_session_run_step_fn(session, &step, trial.error()));

  const runhook_hook late = counted_hook(trial, "late");
  uint64_t id = 0;
  if (trial.ok(runhook_monitored_session_add_hook(session, &late, nullptr, &id, trial.error()))) {
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
    trial.ok(runhook_monitored_session_remove_hook(session, id, trial.error()), {RUNHOOK_ERR_NOT_FOUND});
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
  }
  int64_t completed = 0;
  trial.ok(runhook_monitored_session_run_until_stop(session, nullptr, 2, &completed, trial.error()));
  runhook_stop_source* source = trial.made(runhook_monitored_session_stop_source(session, trial.error()));
  runhook_stop_source_request_stop(source, 1, "enough", RUNHOOK_STOP_AFTER_STEP);
  runhook_stop_source_destroy(source);
  finish(trial, session);
}

// The session is destroyed without being closed, with threads of its coordinator running.
void abandoned_session(Trial& trial) {
  runhook_config* config = new_config(trial, create_session<plain_step>);
  if (config == nullptr) return;
  runhook_monitored_session* session =
      add(trial, config, counted_hook(trial, "first")) && add(trial, config, feeding_hook(trial))
          ? trial.made(runhook_monitored_session_create(config, trial.error()))
          : nullptr;
  runhook_config_destroy(config);
  if (session == nullptr) return;
  runhook_coordinator* threads = trial.made(runhook_monitored_session_coordinator(session, trial.error()));
  if (threads != nullptr) {
    runhook_function body = RUNHOOK_FUNCTION_INIT;
    body.call = [](runhook_context*, void*) { return kOk; };
    trial.own(body);
    trial.ok(runhook_coordinator_start_thread(threads, "thread", &body, trial.error()));
  }
  runhook_coordinator_destroy(threads);
  trial.ok(runhook_monitored_session_fail(session, RUNHOOK_ERR_DATA_LOSS, "the caller has failed", trial.error()));
  runhook_monitored_session_destroy(session);
}

int32_t aborting_step(runhook_context* context, void* data) {
  Trial& trial = *static_cast<Trial*>(data);
  if (++trial.number == 2) return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "the second step is aborted");
  return plain_step(context, nullptr);
}

// The second step fails; a memory saver has the state of the first.
void recovery(Trial& trial) {
  runhook_scaffold* scaffold = trial.made(runhook_scaffold_create(trial.error()));
  runhook_saver* saver = trial.made(runhook_memory_saver_create(trial.error()));
  runhook_session_creator* creator = nullptr;
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  bool good = scaffold != nullptr && saver != nullptr && config != nullptr &&
              trial.ok(runhook_scaffold_set_saver(scaffold, saver, trial.error()));
  if (good) {
    runhook_function factory = RUNHOOK_FUNCTION_INIT;
    factory.call = create_session<aborting_step>;
    trial.own(factory);
    creator = trial.made(runhook_chief_session_creator_create(&factory, scaffold, trial.error()));
    good = creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error()));
  }
  if (good) {
    runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
    trial.own(policy);
    policy.initial_backoff_ns = 0;
    policy.classify = [](runhook_context* context, void*) {
      const runhook_error* error = runhook_context_error(context);
      const int32_t yes = error != nullptr && runhook_error_code(error) == RUNHOOK_ERR_ABORTED ? 1 : 0;
      return Trial::verdict(context, runhook_context_set_recoverable(context, yes, nullptr));
    };
    policy.on_recovery = [](runhook_context*, void*) { return kOk; };
    good = trial.ok(runhook_config_set_recovery(config, &policy, trial.error())) &&
           add(trial, config, fetching_hook(trial)) && add(trial, config, counted_hook(trial, "second"));
    good = good && quieten(trial, config);
  }
  runhook_monitored_session* session =
      good ? trial.made(runhook_monitored_session_create(config, trial.error()), {RUNHOOK_ERR_ABORTED}) : nullptr;
  runhook_config_destroy(config);
  runhook_session_creator_destroy(creator);
  runhook_scaffold_destroy(scaffold);
  if (session == nullptr) {
    runhook_saver_destroy(saver);
    return;
  }
  trial.ok(runhook_monitored_session_request_save(session, trial.error()));
  for (int i = 0; i < 3; ++i) {
    trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()), {RUNHOOK_ERR_ABORTED});
  }
  if (!trial.failed()) {
    const bool as_meant = runhook_memory_saver_count(saver) == 1 && trial.number == 4;
    if (!as_meant) trial.problem("%s%s", "nothing was saved, or recovered", "");
  }
  finish(trial, session);
  runhook_saver_destroy(saver);
}

void worker(Trial& trial) {
  runhook_clock* clock = trial.made(runhook_manual_clock_create(0, trial.error()));
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  runhook_session_creator* creator = nullptr;
  if (clock != nullptr && config != nullptr) {
    runhook_function factory = RUNHOOK_FUNCTION_INIT;
    factory.call = create_session<plain_step>;
    trial.own(factory);
    creator = trial.made(runhook_worker_session_creator_create(&factory, nullptr, 1000, 10, trial.error()));
  }
  if (creator != nullptr && trial.ok(runhook_config_set_session_creator(config, creator, trial.error())) &&
      trial.ok(runhook_config_set_clock(config, clock, trial.error())) && quieten(trial, config) &&
      add(trial, config, counted_hook(trial, "only"))) {
    runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
    if (session != nullptr) {
      trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
      finish(trial, session);
    }
  }
  runhook_session_creator_destroy(creator);
  runhook_config_destroy(config);
  runhook_clock_destroy(clock);
}

// A chief, with the hooks of a chief only.
void training(Trial& trial) {
  runhook_function factory = RUNHOOK_FUNCTION_INIT;
  factory.call = create_session<plain_step>;
  trial.own(factory);
  const runhook_training_options options = RUNHOOK_TRAINING_OPTIONS_INIT;
  runhook_config* config = trial.made(runhook_training_config_create(&factory, nullptr, &options, trial.error()));
  if (config == nullptr) return;
  const runhook_hook hook = counted_hook(trial, "of the chief");
  runhook_hook_options registration = RUNHOOK_HOOK_OPTIONS_INIT;
  registration.chief_only = 1;
  registration.phase = RUNHOOK_PHASE_SAVER;
  registration.failure_policy = RUNHOOK_POLICY_WARN;
  runhook_stop_source* source = trial.made(runhook_stop_source_create(trial.error()));
  if (trial.ok(runhook_config_add_hook(config, &hook, &registration, trial.error())) && source != nullptr &&
      trial.ok(runhook_config_set_stop_source(config, source, trial.error())) && quieten(trial, config)) {
    runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
    if (session != nullptr) {
      trial.ok(runhook_monitored_session_run(session, nullptr, nullptr, trial.error()));
      finish(trial, session);
    }
  }
  runhook_stop_source_destroy(source);
  runhook_config_destroy(config);
}

// A monitored session of a graph.
void monitored_graph(Trial& trial) {
  runhook_graph* graph = nullptr;
  runhook_session* probe = new_graph_session(trial, &graph);
  runhook_session_destroy(probe);
  if (graph == nullptr) return;
  runhook_config* config = trial.made(runhook_config_create(trial.error()));
  runhook_run_args* args = trial.made(runhook_run_args_create(trial.error()));
  runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
  if (config != nullptr && args != nullptr && value != nullptr &&
      trial.ok(runhook_config_set_graph(config, graph, trial.error())) && quieten(trial, config) &&
      add(trial, config, counted_hook(trial, "only")) &&
      trial.ok(runhook_run_args_add_fetch(args, nullptr, "increment", trial.error())) &&
      trial.ok(runhook_run_args_add_feed(args, "input", value, trial.error()))) {
    runhook_monitored_session* session = trial.made(runhook_monitored_session_create(config, trial.error()));
    if (session != nullptr) {
      for (int i = 0; i < 3; ++i) trial.ok(runhook_monitored_session_run(session, args, nullptr, trial.error()));
      if (!trial.failed() && runhook_monitored_session_global_step(session) != 3) {
        trial.problem("%s%s", "not at step 3", "");
      }
      runhook_session* raw = trial.made(runhook_monitored_session_session(session, trial.error()));
      runhook_session_destroy(raw);
      finish(trial, session);
    }
  }
  runhook_value_destroy(value);
  runhook_run_args_destroy(args);
  runhook_config_destroy(config);
  runhook_graph_destroy(graph);
}

void scaffold(Trial& trial) {
  runhook_scaffold* pieces = trial.made(runhook_scaffold_create(trial.error()));
  runhook_session* session = new_graph_session(trial);
  if (pieces != nullptr && session != nullptr) {
    runhook_function init = RUNHOOK_FUNCTION_INIT;
    init.call = [](runhook_context* context, void*) {
      runhook_context_session(context);
      return kOk;
    };
    trial.own(init);
    trial.ok(runhook_scaffold_set(pieces, RUNHOOK_PIECE_INIT_FN, &init, trial.error()));
    runhook_function ready = RUNHOOK_FUNCTION_INIT;
    ready.call = [](runhook_context* context, void*) {
      return Trial::verdict(context, runhook_context_add_missing(context, "something of some length", nullptr));
    };
    trial.own(ready);
    trial.ok(runhook_scaffold_set(pieces, RUNHOOK_PIECE_READY_OP, &ready, trial.error()));
    runhook_scaffold* copy = trial.made(runhook_scaffold_copy(pieces, trial.error()));
    runhook_scaffold_destroy(copy);
    if (trial.ok(runhook_scaffold_finalize(pieces, trial.error()))) {
      trial.ok(runhook_scaffold_run(pieces, RUNHOOK_PIECE_INIT_OP, session, trial.error()));
      trial.ok(runhook_scaffold_run(pieces, RUNHOOK_PIECE_INIT_FN, session, trial.error()), {RUNHOOK_ERR_NOT_FOUND});
      const runhook_status status = runhook_scaffold_run(pieces, RUNHOOK_PIECE_READY_OP, session, trial.error());
      if (status == RUNHOOK_ERR_FAILED_PRECONDITION) {
        runhook_error_destroy(std::exchange(*trial.error(), nullptr));
      } else {
        trial.ok(status);
      }
    }
  }
  runhook_function factory = RUNHOOK_FUNCTION_INIT;
  factory.call = create_session<plain_step>;
  trial.own(factory);
  runhook_session_manager* manager = trial.made(runhook_session_manager_create(&factory, nullptr, 1, trial.error()));
  if (manager != nullptr) {
    int32_t is_ready = 0;
    runhook_session* made = trial.made(runhook_session_manager_recover(manager, &is_ready, trial.error()));
    runhook_session_destroy(made);
  }
  runhook_session_manager_destroy(manager);
  runhook_session_destroy(session);
  runhook_scaffold_destroy(pieces);
}

void context_outside(Trial& trial) {
  runhook_session* session = new_function_session(trial, plain_step);
  runhook_context* context =
      session != nullptr ? trial.made(runhook_context_create(nullptr, session, trial.error())) : nullptr;
  if (context != nullptr) {
    if (trial.ok(runhook_context_add_fetch(context, nullptr, "loss", trial.error()))) {
      runhook_context_requested(context);
      if (trial.ok(runhook_context_execute(context, trial.error()))) {
        double number = 0;
        trial.ok(runhook_context_get_double(context, nullptr, &number, trial.error()));
        runhook_context_results(context);
      }
    }
    runhook_stop_source* source = trial.made(runhook_context_stop_source(context, trial.error()));
    runhook_stop_source_destroy(source);
    runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "a message that is long enough to be allocated");
  }
  runhook_context_destroy(context);
  runhook_session_destroy(session);
}

struct Named {
  const char* name;
  Scenario scenario;
};

class AllocationFailure : public testing::TestWithParam<Named> {};

TEST_P(AllocationFailure, EveryAllocationFailsOnceAndForGood) {
  const Swept swept = sweep(GetParam().scenario);
  EXPECT_EQ(swept.problems, 0) << swept.first;
  EXPECT_GT(swept.injections, 2);
  std::printf("%s: %d injections\n", GetParam().name, swept.injections);
}

constexpr Named kScenarios[] = {{"values", values},
                                {"run_args", run_args},
                                {"stop_sources", stop_sources},
                                {"coordinator", coordinator},
                                {"snapshots", snapshots},
                                {"graph", graph},
                                {"function_session", function_session},
                                {"engine", engine},
                                {"monitored_session", monitored_session},
                                {"abandoned_session", abandoned_session},
                                {"recovery", recovery},
                                {"worker", worker},
                                {"training", training},
                                {"monitored_graph", monitored_graph},
                                {"scaffold", scaffold},
                                {"context_outside", context_outside}};
INSTANTIATE_TEST_SUITE_P(Scenarios, AllocationFailure, testing::ValuesIn(kScenarios),
                         [](const auto& tested) { return std::string(tested.param.name); });

// What the checker has to find.

TEST(AllocationFailureChecker, LeakIsFound) {
  static runhook_value* lost[64];
  static int losses = 0;
  const Swept swept = sweep(
      +[](Trial& trial) {
        runhook_value* first = trial.made(runhook_value_create_double(1, trial.error()));
        runhook_value* second = trial.made(runhook_value_create_double(1, trial.error()));
        if (second != nullptr || first == nullptr) {
          runhook_value_destroy(first);
        } else if (losses < 64) {
          lost[losses++] = first;  // this failure is not cleaned up after
        }
        runhook_value_destroy(second);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("handles"), std::string::npos) << swept.first;
  while (losses > 0) runhook_value_destroy(lost[--losses]);
}

TEST(AllocationFailureChecker, LostMemoryIsFound) {
  static void* lost[64];
  static int losses = 0;
  const Swept swept = sweep(
      +[](Trial&) {
        void* first = operator new(8, std::nothrow);
        void* second = operator new(8, std::nothrow);
        if (second == nullptr && losses < 64) {
          lost[losses++] = first;
        } else {
          operator delete(first);
        }
        operator delete(second);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("memory"), std::string::npos) << swept.first;
  while (losses > 0) operator delete(lost[--losses]);
}

TEST(AllocationFailureChecker, IgnoredFailureIsFound) {
  const Swept swept = sweep(
      +[](Trial& trial) {
        runhook_run_args* args = runhook_run_args_create(nullptr);  // not looked at
        trial.ok(runhook_run_args_clear(args, trial.error()));
        runhook_run_args_destroy(args);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("INVALID_ARGUMENT"), std::string::npos) << swept.first;
}

}  // namespace
