#include "rig.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace conformance {

namespace {

// CONFORMANCE_LOOP=inline: sessions are loops that stay where they are. See inline.py. "planted" makes a step too many.
std::string shape() {
  const char* wanted = std::getenv("CONFORMANCE_LOOP");
  return wanted != nullptr ? wanted : "";
}

}  // namespace

Rig::Rig() : live_before_(runhook_live_handles()) {
  EXPECT_REPLY(make(clock, runhook_manual_clock_create, std::int64_t{1000}), RUNHOOK_OK);
  recovery.jitter = -1;
}

Rig::~Rig() {
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
    if (inline_) break;  // that a session is closed cannot be seen
    EXPECT_EQ(raw->destroyed, raw->opened) << raw->name;
    EXPECT_EQ(raw->closed, raw->opened) << raw->name << " was not closed exactly once";
  }
  EXPECT_EQ(runhook_live_handles(), live_before_) << "handles leak";
}

Raw& Rig::raw() {
  raws.push_back(std::make_unique<Raw>(trace, side_effect, static_cast<int>(raws.size()) + 1));
  return *raws.back();
}

Rec& Rig::hook(const std::string& name) {
  Rec& made = spare_hook(name);
  to_register_.push_back(&made);
  return made;
}

Rec& Rig::spare_hook(const std::string& name) {
  hooks_.push_back(std::make_unique<Rec>(trace, name));
  return *hooks_.back();
}

Reply Rig::add(Rec& hook, std::uint64_t* id) {
  hook_registered_.insert({&hook, true});
  const runhook_hook table = hook.table();
  return call(runhook_monitored_session_add_hook, session.get(), &table, &hook.options, id);
}

Callback Rig::creator() {
  return [this](runhook_context* context) {
    ++created;
    if (before_create) {
      const std::int32_t returned = before_create(context);
      if (returned != kOk) return returned;
    }
    if (next_raw_ >= raws.size()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "list empty");
    const OwnSession made = raws[next_raw_++]->session();
    runhook_context_set_session(context, made.get(), nullptr);
    return kOk;
  };
}

Reply Rig::configure() {
  if (raws.empty()) raw();
  Reply reply = make(config, runhook_config_create);
  if (reply.status != RUNHOOK_OK) return reply;
  if (!shape().empty() && set_inline()) return apply(config.get());
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

Reply Rig::apply(runhook_config* to) {
  runhook_recovery_policy policy = recovery;
  if (singular) policy.max_attempts = -1;
  EXPECT_REPLY(call(runhook_config_set_recovery, to, &policy), RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_config_set_clock, to, clock.get()), RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_config_set_stop_grace_period_ns, to, grace_ns), RUNHOOK_OK);
  if (source) EXPECT_REPLY(call(runhook_config_set_stop_source, to, source.get()), RUNHOOK_OK);
  runhook_log log = RUNHOOK_LOG_INIT;
  log.user_data = this;
  log.write = [](const runhook_log_record* record, void* data) {
    static_cast<Rig*>(data)->logs.emplace_back(record->level, record->message);
  };
  EXPECT_REPLY(call(runhook_config_set_log, to, &log), RUNHOOK_OK);
  for (Rec* hook : to_register_) {
    const runhook_hook table = hook->table();
    hook_registered_.insert({hook, true});
    EXPECT_REPLY(call(runhook_config_add_hook, to, &table, &hook->options), RUNHOOK_OK);
  }
  return {};
}

Reply Rig::open() {
  configure();
  return open_config();
}

Answer Rig::run(const Ask& ask) {
  const OwnArgs args = args_of(ask);
  return run_args(args.get());
}

// A saver's restore takes the place of the creator.
std::int32_t Rig::restore(runhook_context* context) {
  ++created;
  if (before_create) {
    const std::int32_t returned = before_create(context);
    if (returned != kOk) return returned;
  }
  if (next_raw_ >= raws.size()) return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, "list empty");
  raws[next_raw_++]->open_inline(context);
  return kOk;
}

bool Rig::set_inline() {
  if (graph || scaffold || saver) return false;
  runhook_saver_table table = RUNHOOK_SAVER_TABLE_INIT;
  table.user_data = this;
  table.save = [](runhook_context*, void*, std::int32_t ok) { return ok; };
  table.restore = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(static_cast<Rig*>(data)->restore(context), ok);
  };
  OwnSaver restoring;
  EXPECT_REPLY(make(restoring, runhook_saver_create, &table), RUNHOOK_OK);
  runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
  options.saver = restoring.get();
  EXPECT_REPLY(call(runhook_config_set_inline, config.get(), &options), RUNHOOK_OK);
  inline_ = true;
  return true;
}

std::int64_t Rig::completed_runs() const {
  const OwnOutcome got(runhook_monitored_session_outcome(session.get(), nullptr));
  return runhook_outcome_runs(got.get());
}

// A step that is recovered from is given again. What the caller has fetched it knows from its own body.
Answer Rig::run_inline(const runhook_run_args* args) {
  Answer answer;
  const std::int64_t before = completed_runs();
  do {
    runhook_error* error = nullptr;
    runhook_context* step = runhook_monitored_session_begin_step(session.get(), args, &error);
    if (step == nullptr) {
      if (error != nullptr) answer.reply = read_error(error);
      if (error == nullptr) answer.reply.status = RUNHOOK_ERR_STOPPED;
      runhook_error_destroy(error);
      return answer;
    }
    Raw& raw = *raws[next_raw_ - 1];
    raw.make_inline_step(step);
    answer.reply = call(runhook_monitored_session_end_step, session.get());
    if (answer.reply.status != RUNHOOK_OK) return answer;
    for (std::size_t i = 0; i < runhook_run_args_fetch_count(args); ++i) {
      const std::string node = runhook_run_args_fetch_name_at(args, i);
      answer.values[runhook_run_args_fetch_key_at(args, i)] = raw.value(node);
    }
  } while (completed_runs() == before);
  if (shape() == "planted" && runhook_monitored_session_begin_step(session.get(), nullptr, nullptr) != nullptr) {
    call(runhook_monitored_session_end_step, session.get());
  }
  return answer;
}

Answer Rig::run_args(const runhook_run_args* args) {
  if (inline_) return run_inline(args);
  return read_answer(
      [&](runhook_results* results) { return call(runhook_monitored_session_run, session.get(), args, results); });
}

Answer Rig::run_in_step_fn(const Ask& ask) {
  const OwnArgs args = args_of(ask);
  return read_answer([&](runhook_results* results) {
    return step_fn([&](runhook_context* context) {
      const Reply reply = call(runhook_context_run_with_hooks, context, args.get(), results);
      if (reply.status == RUNHOOK_OK) return kOk;
      return runhook_context_fail(context, reply.status, reply.message.c_str());
    });
  });
}

Reply Rig::step_fn(Callback body) {
  const runhook_function function = function_of(std::move(body));
  return call(runhook_monitored_session_run_step_fn, session.get(), &function);
}

Reply Rig::fail(runhook_status code, const std::string& message) {
  return call(runhook_monitored_session_fail, session.get(), code, message.c_str());
}

std::int32_t Rig::outcome() const {
  const OwnOutcome got(runhook_monitored_session_outcome(session.get(), nullptr));
  return runhook_outcome_kind(got.get());
}

OwnCoordinator Rig::coordinator() {
  OwnCoordinator got;
  EXPECT_REPLY(make(got, runhook_monitored_session_coordinator, session.get()), RUNHOOK_OK);
  return got;
}

OwnSource Rig::stop_source() {
  OwnSource got;
  EXPECT_REPLY(make(got, runhook_monitored_session_stop_source, session.get()), RUNHOOK_OK);
  return got;
}

Reply Rig::scope(const std::function<Reply()>& body) {
  Reply left = body();
  if (left.status != RUNHOOK_OK && !closed()) fail(left.status, left.message);
  const Reply closing = close();
  if (left.status == RUNHOOK_OK || left.status == RUNHOOK_ERR_STOPPED || left.status == RUNHOOK_ERR_OUT_OF_RANGE)
    return closing;
  if (closing.status != RUNHOOK_OK) left.suppressed.push_back(closing);
  return left;
}

Reply Rig::outcome_error() const {
  const OwnOutcome got(runhook_monitored_session_outcome(session.get(), nullptr));
  const runhook_error* error = runhook_outcome_error(got.get());
  return error == nullptr ? Reply{} : read_error(error);
}

Rec& Rig::thread_stop(int nth, runhook_status code, runhook_status then_fail) {
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
    if (shared->started) return kOk;
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
      return kOk;
    });
    EXPECT_REPLY(call(runhook_coordinator_start_thread, coordinator.get(), "stopper", &body), RUNHOOK_OK);
    return kOk;
  });
  rec.on("after", nth, [shared, then_fail](runhook_context* context) {
    std::unique_lock lock(shared->mutex);
    shared->go = true;
    shared->changed.notify_all();
    shared->changed.wait(lock, [&] { return shared->done; });
    if (then_fail != RUNHOOK_OK) return runhook_context_fail(context, then_fail, "session was garbage collected");
    return kOk;
  });
  return rec;
}

void Rig::report_in_run(runhook_status reported, runhook_status failed) {
  Raw* raw_session = raws.front().get();
  const std::shared_ptr<runhook_coordinator> to(coordinator().release(), runhook_coordinator_destroy);
  raw_session->on_run = [raw_session, to, reported, failed](runhook_context* context) {
    std::thread([&] { runhook_coordinator_report_error(to.get(), reported, "X of a thread", nullptr); }).join();
    raw_session->on_run = {};
    return runhook_context_fail(context, failed, "Y of the session");
  };
}

bool Rig::logged(const std::string& text) const {
  for (const auto& [level, message] : logs) {
    if (message.find(text) != std::string::npos) return true;
  }
  return false;
}

Rec& failing(Rig& rig, int nth, runhook_status code) { return rig.hook("FAIL").fails("before", nth, code, "injected"); }

void expect_v_initialised(Rig& rig) {
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] {
    const Answer answer = rig.fetch("v");
    EXPECT_EQ(answer.at("v"), 0);
    return answer.reply;
  }),
               RUNHOOK_OK);
}

}  // namespace conformance
