#include "raw.hpp"

namespace conformance {

Raw::Raw(Trace& trace, double& side_effect, int number_in_list)
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

void Raw::constant(const std::string& node, double value) {
  nodes[node] = [value](Raw&) -> std::optional<double> { return value; };
}

void Raw::variable(const std::string& variable_name, double initial, std::optional<double> value, std::int32_t scope) {
  variables[variable_name] = Variable{initial, value, scope};
}

Raw& Raw::fails(int nth, runhook_status code, const std::string& message) {
  failures[nth] = Failure{code, message};
  return *this;
}

OwnSession Raw::session() {
  runhook_session_table table{};
  table.struct_size = sizeof(table);
  table.user_data = this;
  table.destroy = [](void* data) { ++static_cast<Raw*>(data)->destroyed; };
  table.resolve = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->resolve(context), ok);
  };
  table.run = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->run(context), ok);
  };
  table.cancel = [](void* data) { static_cast<Raw*>(data)->cancel(); };
  table.close = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->close(context), ok);
  };
  table.global_step = has_global_step ? "global_step" : nullptr;
  table.list_variables = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->list(context, false), ok);
  };
  table.uninitialized = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->list(context, true), ok);
  };
  table.initialize = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->initialize(context), ok);
  };
  table.read_variable = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->read(context), ok);
  };
  table.write_variable = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Raw*>(data)->write(context), ok);
  };
  OwnSession made;
  EXPECT_REPLY(make(made, runhook_session_create, &table), RUNHOOK_OK);
  ++opened;
  return made;
}

std::optional<double> Raw::value(const std::string& node) {
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

bool Raw::wait_for_cancel(std::int64_t limit_ns) {
  std::unique_lock lock(mutex_);
  return cancelled_.wait_for(lock, std::chrono::nanoseconds(limit_ns), [this] { return cancels.load() > 0; });
}

std::int32_t Raw::resolve(runhook_context* context) {
  const std::string wanted = runhook_engine_name(context);
  if (nodes.count(wanted) == 0 && variables.count(wanted) == 0) {
    return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, ("no node '" + wanted + "'").c_str());
  }
  ++resolutions[wanted];
  names_.push_back(wanted);
  runhook_engine_set_node(context, static_cast<std::uint32_t>(names_.size() - 1), nullptr);
  return kOk;
}

void Raw::clear_run(runhook_context* context) {
  ++runs;
  trace_.push_back(name + ".run");
  fed.clear();
  fetched.clear();
  computed_.clear();
  if (const runhook_run_options* options = runhook_context_options(context))
    timeout_ns = runhook_run_options_timeout_ns(options);
}

std::int32_t Raw::begin_run(runhook_context* context) {
  if (on_run) {
    const Callback action = on_run;  // a copy: it may replace itself
    const std::int32_t returned = action(context);
    if (returned != kOk) return returned;
  }
  if (const auto failure = failures.find(runs); failure != failures.end()) {
    return runhook_context_fail(context, failure->second.code, failure->second.message.c_str());
  }
  return kOk;
}

std::int32_t Raw::run(runhook_context* context) {
  clear_run(context);
  for (std::size_t i = 0; i < runhook_engine_feed_count(context); ++i) {
    double fed_value = 0;
    runhook_value_get_double(runhook_engine_feed_value_at(context, i), &fed_value, nullptr);
    fed[names_.at(runhook_engine_feed_node_at(context, i))] = fed_value;
  }
  if (const std::int32_t returned = begin_run(context); returned != kOk) return returned;
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
  return kOk;
}

void Raw::open_inline(runhook_context* restore) {
  ++opened;
  if (has_global_step) runhook_context_set_restored_step(restore, static_cast<std::int64_t>(step()), nullptr);
}

void Raw::make_inline_step(runhook_context* step_context) {
  clear_run(step_context);
  std::vector<std::string> names;
  for (const auto& [node, computed] : nodes) names.push_back(node);
  for (const auto& [variable_name, held] : variables) names.push_back(variable_name);  // last: as they are after it
  for (const std::string& node : names) {
    double fed_value = 0;
    const runhook_value* value = runhook_step_input(step_context, node.c_str());
    if (value != nullptr && runhook_value_get_double(value, &fed_value, nullptr) == RUNHOOK_OK) fed[node] = fed_value;
    if (runhook_step_wanted(step_context, node.c_str()) == 1) fetched.push_back(node);
  }
  if (begin_run(step_context) != kOk) return;
  for (const std::string& node : fetched) {
    const std::optional<double> result = value(node);
    OwnValue made;
    if (result && node == "global_step") {
      make(made, runhook_value_create_int64, static_cast<std::int64_t>(*result));
    } else if (result) {
      made = number(*result);
    }
    runhook_step_set_output(step_context, node.c_str(), made.get(), nullptr);
  }
  if (has_global_step) runhook_step_set_global_step(step_context, static_cast<std::int64_t>(step()), nullptr);
}

void Raw::cancel() {
  const std::lock_guard lock(mutex_);
  ++cancels;
  cancelled_.notify_all();
}

std::int32_t Raw::close(runhook_context* context) {
  ++closed;
  trace_.push_back(name + ".close");
  if (close_failure.code != RUNHOOK_OK)
    return runhook_context_fail(context, close_failure.code, close_failure.message.c_str());
  return kOk;
}

std::int32_t Raw::list(runhook_context* context, bool only_missing) {
  for (const auto& [variable_name, held] : variables) {
    if (held.scope != runhook_engine_scope(context) || (only_missing && held.value)) continue;
    runhook_engine_add_name(context, variable_name.c_str(), nullptr);
  }
  return kOk;
}

std::int32_t Raw::initialize(runhook_context* context) {
  for (auto& [variable_name, held] : variables) {
    if (held.scope == runhook_engine_scope(context)) held.value = held.initial;
  }
  return kOk;
}

std::int32_t Raw::read(runhook_context* context) {
  if (read_failure.code != RUNHOOK_OK) {
    const Failure failure = std::exchange(read_failure, Failure{RUNHOOK_OK, {}});
    return runhook_context_fail(context, failure.code, failure.message.c_str());
  }
  const std::string wanted = runhook_engine_name(context);
  if (wanted == "id") {
    runhook_engine_set_value(context, number(id).get(), nullptr);
    return kOk;
  }
  const auto held = variables.find(wanted);
  if (held == variables.end()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such variable");
  if (!held->second.value) return runhook_context_fail(context, RUNHOOK_ERR_FAILED_PRECONDITION, "no value yet");
  runhook_engine_set_value(context, number(*held->second.value).get(), nullptr);
  return kOk;
}

std::int32_t Raw::write(runhook_context* context) {
  const auto held = variables.find(runhook_engine_name(context));
  if (held == variables.end()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "no such variable");
  double written = 0;
  runhook_value_get_double(runhook_engine_value(context), &written, nullptr);
  held->second.value = written;
  return kOk;
}

int session_id(runhook_context* context) {
  runhook_session* session = runhook_context_session(context);
  if (session == nullptr) return 0;
  OwnValue value(runhook_session_read_variable(session, "id", nullptr));
  double id = -1;
  if (value) runhook_value_get_double(value.get(), &id, nullptr);
  return static_cast<int>(id);
}

}  // namespace conformance
