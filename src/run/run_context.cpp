#include "runhook/run_context.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

using detail::CallbackKind;
using detail::RunState;

namespace {

// The state behind a context outside a loop: one nameless hook, for which every callback is always in progress.
struct StandaloneState : RunState {
  StandaloneState(SessionRunArgs args, std::shared_ptr<Session> raw) : own_args(std::move(args)), hook(*this) {
    hook.request.requester = "the hook";
    session.raw = std::move(raw);
    session.stop = std::make_shared<StopState>();
    session.clock = system_clock();
    session.coordinator.emplace(
        Coordinator::Options{{StatusCode::out_of_range, StatusCode::stopped}, session.stop, {}});
    session.global_step = 0;
    hot.slot = &hook;
    hot.callback = CallbackKind::standalone;
    attempt.plan.set_session(session.raw.get());
    attempt.plan.set_step_context(&attempt.options.merged(), &attempt.metadata, session.stop.get());
    begin_attempt(own_args);
  }
  SessionRunArgs own_args;
  Results caller_results;
  detail::HookSlot hook;
  bool executed = false;
};

[[noreturn]] void throw_not_here(const char* what, const char* where) {
  throw StatusError(StatusCode::failed_precondition, fmt::format("{} is possible in {} only", what, where));
}

// Makes a request. If it fails, so does the callback, even if that catches the exception.
template <typename Body>
void requesting(RunState& state, const char* what, Body&& body) {
  if (state.hot.callback == CallbackKind::none) throw_not_here(what, "before_run");  // no callback could fail
  if (state.hot.callback == CallbackKind::standalone) {
    auto& own = static_cast<StandaloneState&>(state);
    if (std::exchange(own.executed, false)) own.begin_attempt(own.own_args);
  }
  state.hot.leave_fast_path = true;
  try {
    if (state.hot.callback != CallbackKind::before_run && state.hot.callback != CallbackKind::standalone) {
      throw_not_here(what, "before_run");
    }
    body();
  } catch (...) {
    state.fail(Error::from_current_exception(StatusCode::unknown));
    throw;
  }
}

template <typename T>
void log_value(RunState& state, std::string_view name, T value) {
  if (state.hot.callback == CallbackKind::cleanup || state.hot.callback == CallbackKind::on_values ||
      state.hot.callback == CallbackKind::on_logged) {
    throw StatusError(StatusCode::failed_precondition,
                      fmt::format("values cannot be logged in {} any more", detail::callback_text(state.hot.callback)));
  }
  state.values.log(name, value);
}

// Keeps what the hook has asked for, so that the merged options can be made again without it.
void add_options_of(RunState& state, const RunOptions& options) {
  detail::HookSlot& slot = *state.hot.slot;
  state.attempt.options.add(options, slot.request.requester);
  if (std::exchange(slot.options_attempt, state.attempt.plan.attempt()) != state.attempt.plan.attempt())
    slot.wanted_options.clear();
  slot.wanted_options.push_back(options);
}

}  // namespace

SessionRunContext::SessionRunContext(detail::RunState* state) noexcept : state_(state) {}

SessionRunContext::SessionRunContext(SessionRunArgs args, std::shared_ptr<Session> session) : state_(nullptr) {
  if (session == nullptr) throw StatusError(StatusCode::invalid_argument, "the session is NULL");
  own_ = std::make_unique<StandaloneState>(std::move(args), std::move(session));
  state_ = own_.get();
}

SessionRunContext::~SessionRunContext() = default;

const SessionRunArgs& SessionRunContext::original_args() const noexcept {
  static const SessionRunArgs nothing;
  return state_->hot.original != nullptr ? *state_->hot.original : nothing;
}

Session& SessionRunContext::session() const {
  if (state_->session.raw == nullptr) throw StatusError(StatusCode::failed_precondition, "there is no session");
  return *state_->session.raw;
}

std::shared_ptr<Session> SessionRunContext::shared_session() const noexcept { return state_->session.raw; }
std::int64_t SessionRunContext::global_step() const noexcept { return state_->session.global_step; }
std::int64_t SessionRunContext::attempt() const noexcept { return state_->attempt.number; }

std::int64_t SessionRunContext::now_ns() const {
  if (!state_->hot.now_known) {
    state_->attempt.now = state_->session.clock->now_ns();
    state_->hot.now_known = true;
  }
  return state_->attempt.now;
}

void SessionRunContext::log_scalar(std::string_view name, double number) { log_value(*state_, name, number); }
void SessionRunContext::log_int64(std::string_view name, std::int64_t number) { log_value(*state_, name, number); }
void SessionRunContext::log_text(std::string_view name, std::string_view text) { log_value(*state_, name, text); }

std::span<const LoggedValue> SessionRunContext::logged() const noexcept {
  if (state_->hot.callback != CallbackKind::after_run) return state_->attempt.logged;
  return state_->values.peek(state_->session.global_step, /*failed=*/false);
}

std::shared_ptr<Clock> SessionRunContext::clock() const noexcept { return state_->session.clock; }

bool SessionRunContext::wait_ns_for_stop(std::int64_t ns) {
  state_->hot.now_known = false;
  return state_->session.clock->wait(ns, state_->session.stop.get());
}

Coordinator SessionRunContext::coordinator() const {
  if (!state_->session.coordinator) throw StatusError(StatusCode::failed_precondition, "there is no coordinator");
  return *state_->session.coordinator;
}

std::string_view SessionRunContext::session_id() const noexcept { return state_->id; }
MonitoredSession* SessionRunContext::monitored_session() const noexcept { return state_->monitored; }

std::string_view SessionRunContext::hook_name() const noexcept {
  const detail::HookSlot* slot = state_->hook_called();
  return slot != nullptr ? std::string_view(slot->options.name) : std::string_view("");
}

std::string_view SessionRunContext::callback_name() const noexcept {
  return detail::callback_text(state_->hot.callback);
}

const SessionRunValues* SessionRunContext::values() const noexcept {
  const detail::HookSlot* slot = state_->hook_called();
  if (slot == nullptr) return nullptr;
  if (state_->hot.callback == CallbackKind::standalone) {
    return static_cast<const StandaloneState*>(state_)->executed ? &slot->values : nullptr;
  }
  return state_->hot.callback == CallbackKind::after_run ? &slot->values : nullptr;
}

const Outcome& SessionRunContext::outcome() const noexcept {
  if (state_->reporter != nullptr) state_->outcome = state_->reporter->outcome_so_far();
  return state_->outcome;
}

bool SessionRunContext::request_stop(std::int32_t code, std::string_view text, StopUrgency urgency, bool planned) {
  StopReason reason;
  reason.planned = planned;
  reason.origin = state_->hot.callback == CallbackKind::step_function ? StopOrigin::step_function : StopOrigin::hook;
  reason.code = code;
  reason.step = state_->session.global_step;
  reason.set_who(hook_name());
  reason.set_text(text);
  return state_->request_stop(reason, urgency);
}

bool SessionRunContext::stop_requested() const noexcept { return state_->stop_requested(); }
StopSource SessionRunContext::stop_source() const { return StopSource(state_->session.stop); }
void SessionRunContext::request_save() noexcept { state_->session.stop->request_save(); }

bool SessionRunContext::save_if_requested() {
  const CallbackKind now = state_->hot.callback;
  if (now != CallbackKind::after_create_session && now != CallbackKind::after_run && now != CallbackKind::end) {
    throw_not_here("saving", "after_create_session, after_run and end");
  }
  return state_->reporter != nullptr && state_->reporter->save_if_requested();
}

void SessionRunContext::request(const SessionRunArgs& args) {
  requesting(*state_, "a request", [&] {
    detail::HookRequest& request = state_->hot.slot.get()->request;
    if (args.fetches.kind() != Fetches::Kind::absent) state_->attempt.plan.set_fetches(request, args.fetches);
    for (const Feed& feed : args.feeds) state_->attempt.plan.add_feed(request, feed.name, feed.value);
    if (!args.options.is_default()) add_options_of(*state_, args.options);
  });
}

void SessionRunContext::add_fetch(std::string_view key, std::string_view name) {
  requesting(*state_, "a request", [&] { state_->attempt.plan.add_fetch(state_->hot.slot.get()->request, key, name); });
}

void SessionRunContext::add_feed(std::string_view name, Value value) {
  requesting(*state_, "a request",
             [&] { state_->attempt.plan.add_feed(state_->hot.slot.get()->request, name, std::move(value)); });
}

void SessionRunContext::add_options(const RunOptions& options) {
  requesting(*state_, "a request", [&] { add_options_of(*state_, options); });
}

const SessionRunArgs& SessionRunContext::requested() const noexcept {
  static const SessionRunArgs nothing;
  detail::HookSlot* slot = state_->hook_called();
  if (slot == nullptr || !state_->attempt.plan.asked(slot->request)) return nothing;
  try {
    slot->request.fetches();
  } catch (...) {
    return nothing;
  }
  return slot->request.args;
}

void SessionRunContext::announce_last_step(std::int64_t step) noexcept { state_->announce_last_step(step); }

std::optional<std::int64_t> SessionRunContext::last_step() const noexcept {
  const std::int64_t step = std::min(state_->session.last_step, state_->session.last_step_of_call);
  if (step == Trigger::kNever) return std::nullopt;
  return step;
}

void SessionRunContext::log(LogLevel level, std::string_view text) noexcept { state_->log(level, text); }
LogSink SessionRunContext::log_sink() const { return state_->log_sink; }

void SessionRunContext::warn(const Error& error) noexcept {
  Error located = error;
  located.locate(hook_name(), callback_name(), state_->session.global_step);
  if (state_->reporter != nullptr) state_->reporter->note_warning(located);
  try {
    state_->log(LogLevel::warning, located.to_string());
  } catch (...) {
    state_->log(LogLevel::warning, located.message());
  }
}

void SessionRunContext::fail(const Error& error) noexcept { state_->fail(error); }

void SessionRunContext::skip_step() {
  if (state_->hot.callback != CallbackKind::before_run && state_->hot.callback != CallbackKind::standalone) {
    throw_not_here("skipping the step", "before_run");
  }
  if (!state_->hot.skip) state_->attempt.skipped_by = state_->hot.slot;
  state_->hot.skip = true;
  state_->hot.slot.get()->skips = state_->attempt.plan.attempt();
  state_->hot.leave_fast_path = true;
}

void SessionRunContext::discard_result() {
  if (state_->hot.callback != CallbackKind::after_run && state_->hot.callback != CallbackKind::standalone) {
    throw_not_here("discarding the result", "after_run");
  }
  state_->hot.discard = true;
  state_->hot.leave_fast_path = true;
}

const SessionRunValues& SessionRunContext::execute() {
  if (state_->hot.callback != CallbackKind::standalone) throw_not_here("execute()", "a context outside a loop");
  auto& own = static_cast<StandaloneState&>(*state_);
  if (std::exchange(own.executed, false)) own.begin_attempt(own.own_args);
  own.executed = true;  // even if it fails: the next request begins a new attempt
  own.attempt.plan.merge(own.own_args);
  own.attempt.metadata.nodes.clear();
  detail::run_in_time(*own.session.raw, own.attempt.plan.step());
  own.attempt.plan.distribute(own.caller_results);
  own.attempt.plan.drop_feeds();
  own.session.global_step =
      own.attempt.plan.has_global_step() ? own.attempt.plan.fetched_global_step() : own.session.global_step + 1;
  return own.hook.values;
}

runhook_context* SessionRunContext::direct_context() const noexcept { return state_->hot.direct; }
void SessionRunContext::set_direct_context(runhook_context* context) noexcept { state_->hot.direct = context; }

}  // namespace runhook::inline v1
