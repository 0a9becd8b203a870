#include "loop/loop.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

Loop::Loop(Config config, MonitoredSession& monitored)
    : config_(std::move(config)),
      hooks_(state_),
      timer_(state_, hooks_, config_.hook_budget),
      failures_(state_, hooks_, outcome_),
      caller_(state_, failures_, timer_),
      lifecycle_(state_, hooks_, caller_, outcome_),
      hook_states_(state_, hooks_, caller_),
      delivery_(state_, hooks_, caller_),
      engine_(state_, hooks_, caller_, timer_, end_, delivery_),
      keeper_(config_, state_, hooks_, caller_, hook_states_, timer_, end_) {
  if (config_.session_creator == nullptr) {
    throw StatusError(StatusCode::failed_precondition,
                      "the config has no session: call set_session() or set_inline(), or set a session_creator");
  }
  creator_claim_.emplace(*config_.session_creator);
  if (config_.stop_grace_period_ns < 0) throw StatusError(StatusCode::invalid_argument, "the grace period is negative");
  if (!(config_.hook_budget >= 0)) throw StatusError(StatusCode::invalid_argument, "the budget of hooks is negative");
  state_.context.reset(RunState::new_context(state_));
  state_.monitored = &monitored;
  state_.reporter = this;
  state_.occupant = gate_.watched();
  if (config_.log) {
    state_.log_sink = config_.log;
    state_.log_is_default = false;
  }
  SessionState& session = state_.session;
  session.stop = config_.stop != nullptr ? config_.stop : std::make_shared<StopState>();
  session.clock = config_.clock != nullptr ? config_.clock : system_clock();
  session.global_step = 0;
  state_.attempt.plan.set_step_context(&state_.attempt.options.merged(), &state_.attempt.metadata, session.stop.get(),
                                       &state_.values, &state_.stops);
  delivery_.open(session.stop, session.global_step);
  for (HookRegistration& registration : config_.hooks) hooks_.add(std::move(registration));
  config_.hooks.clear();
  session.stop->set_canceller(this, [canceller = keeper_.canceller()] { canceller->cancel(); });
}

Loop::~Loop() {
  // Callbacks are over; what is left is to let go.
  delivery_.queue()->close();
  open_.last_run.reset();
  stop()->set_canceller(this, {});
  detach_direct_context();
}

void Loop::start() {
  const Entry entry(*this);
  try {
    if (config_.direct_contexts) {
      state_.hot.direct = config_.direct_contexts->attach(*state_.context, *state_.monitored);
    }
    lifecycle_.begin_all();
    keeper_.start();
    hooks_.settle();
    if (state_.hot.logged) delivery_.deliver(global_step());
  } catch (...) {
    throw StatusError(unwind(Error::from_current_exception(StatusCode::unknown)));
  }
}

HookList& Loop::hooks() {
  if (ending_) throw StatusError(StatusCode::closed, "the session has ended");
  return hooks_;
}

bool Loop::defer_until_idle(std::function<void()> when_idle) {
  if (!busy()) return false;
  end_.set_abandoned();
  if (gate_.defer(std::move(when_idle))) return true;
  end_.clear_abandoned();
  gate_.reopen();
  return false;
}

void Loop::run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t& completed) {
  completed = 0;
  check_makes_steps();
  if (closed()) throw StatusError(StatusCode::closed, "the session is closed");
  const std::int64_t start = engine_.lasting_runs();
  const std::int64_t skipped_before = engine_.skipped_runs();
  const std::int64_t limit = max_steps > 0 ? max_steps : std::numeric_limits<std::int64_t>::max();
  const auto made = [&] { return engine_.lasting_runs() - start; };  // negative after a recovery to a step before
  const auto count = [&] { return std::max<std::int64_t>(made() - (engine_.skipped_runs() - skipped_before), 0); };
  const auto remaining = [&] { return made() < 0 ? limit : limit - made(); };
  const TriggerSchedule::LastRun last_run(engine_.schedule(), engine_.run_number(), max_steps);
  try {
    while (remaining() > 0 && !should_stop() && may_go_on()) make_steps(args, remaining());
  } catch (const StatusError& error) {
    completed = count();
    if (!is_clean_end(error.code())) throw;
  }
  completed = count();
}

void Loop::run_step_function(const std::function<void(StepContext&)>& function) {
  check_makes_steps();
  check_may_run();
  recovering([&]() -> Error {
    CallbackScope scope(state_, CallbackKind::step_function, nullptr);
    state_.clear_attempt();
    state_.hot.now_known = false;
    StepContext context(*this);
    Error error;
    try {
      function(context);
    } catch (...) {
      error = Error::from_current_exception(StatusCode::unknown);
    }
    if (const Error reported = state_.take_failure(); reported && !error) error = reported;
    if (error) error.locate({}, "step_function", state_.session.global_step);
    return error;
  });
}

void Loop::run_with_hooks(const SessionRunArgs& args) {
  if (state_.hot.callback != CallbackKind::step_function) {
    throw StatusError(StatusCode::reentrant, "running with hooks is possible in a step function only");
  }
  check_may_run();
  CallbackScope scope(state_, CallbackKind::none, nullptr);
  struct Forget {
    const SessionRunArgs*& original;
    ~Forget() { original = nullptr; }
  } const forget{state_.hot.original};  // the step function's
  forget_caught();
  Error error = engine_.attempt(args);
  if (error) {
    caught_ = true;  // if the function goes on
    throw StatusError(std::move(error));
  }
  // The run is completed, whatever the function does next.
  if (outcome_.last_run_failed() && !state_.hot.skip) [[unlikely]]
    outcome_.went_on_after_failure();
}

// What a run has logged and asked for that failed and was caught by the step function.
void Loop::forget_caught() noexcept {
  if (!std::exchange(caught_, false)) return;
  delivery_.drop();
  state_.stops.drop();
}

// Being destroyed between two steps ends a loop as a stop does: whoever runs it has done nothing wrong.
bool Loop::may_go_on() {
  try {
    check_may_run();
  } catch (const StatusError& error) {
    if (error.code() == StatusCode::closed && end_.abandoned()) return false;
    throw;
  }
  return true;
}

void Loop::check_slowly() {
  engine_.leave_fast_path();
  if (end_.closed()) throw StatusError(StatusCode::closed, "the session is closed");
  if (end_.abandoned()) throw StatusError(StatusCode::closed, "the session is being destroyed");
  if (stop()->requested()) {
    stop()->tell_listeners();  // if it was a signal handler that asked
    throw StatusError(StatusCode::stopped, "a stop has been requested");
  }
  if (end_.lost()) settle_failure(keeper_.lost_session());
  if (end_.input_ended()) throw StatusError(StatusCode::stopped, "the input has ended");
  try {
    lifecycle_.apply_changes();
  } catch (...) {
    settle_failure(Error::from_current_exception(StatusCode::unknown));
  }
  if (state_.hot.logged && state_.hot.callback != CallbackKind::step_function) delivery_.deliver(global_step());
  // A hook that has just begun may have asked for a stop.
  if (stop()->requested()) throw StatusError(StatusCode::stopped, "a stop has been requested");
}

void Loop::make_ordinary_step(const SessionRunArgs& args, bool under_way) {
  bool interrupted = under_way;
  recovering([&] { return std::exchange(interrupted, false) ? engine_.finish_interrupted() : engine_.attempt(args); },
             under_way);
}

// An attempt that is under way already is completed, so that every hook gets what it is due; an error of a thread then
// waits for the next one.
template <typename Body>
void Loop::recovering(Body&& body, bool under_way) {
  engine_.leave_fast_path();
  state_.attempt.number = 1;
  for (;; ++state_.attempt.number) {
    const std::int64_t begun_at = global_step();  // a failing after_run may have seen a later step
    Error error;
    if (!std::exchange(under_way, false)) error = thread_error();
    if (!error) [[likely]] {
      try {
        error = body();
      } catch (...) {
        error = Error::from_current_exception(StatusCode::unknown);
        state_.hot.callback = CallbackKind::none;
      }
      if (!error) [[likely]]
        return step_succeeded();
      error = judged(std::move(error));
    }
    recover_or_fail(error, begun_at);
  }
}

Error Loop::thread_error() const {
  if (!keeper_.thread_failed()) [[likely]]
    return {};
  return state_.session.coordinator->error();  // none yet, if a thread is just about to report it
}

Error Loop::judged(Error error) const {
  const Circumstances now = keeper_.circumstances();
  error = with_gravest_primary(error, now);
  const auto& coordinator = state_.session.coordinator;
  return coordinator ? prefer_thread_error(error, coordinator->error(), now) : error;
}

void Loop::step_succeeded() {
  if (caught_) [[unlikely]]
    forget_caught();
  if (state_.hot.logged) [[unlikely]]  // after the last run of a step function
    delivery_.deliver(global_step());
  if (!state_.stops.empty()) [[unlikely]]  // likewise
    state_.stops.post_to(*state_.session.stop);
  if ((keeper_.recovering() || outcome_.last_run_failed()) && !state_.hot.skip) [[unlikely]] {
    outcome_.went_on_after_failure();
    keeper_.step_completed();
  }
  if (stop()->requested()) [[unlikely]] {
    stop()->tell_listeners();  // if it was a signal handler that asked
    request_hurried_save();
  }
  if (stop()->save_ended()) [[unlikely]]
    end_save();
  if (stop()->save_requested()) [[unlikely]]
    save_if_requested("after the step");
  if (!keeper_.recovering()) engine_.return_to_fast_path();
}

std::int64_t Loop::step_reached(std::int64_t begun_at) const noexcept {
  return state_.attempt.next_step.value_or(std::max(global_step(), saturating_add(begun_at, 1)));
}

void Loop::recover_or_fail(Error error, std::int64_t begun_at) {
  const std::int64_t reached = step_reached(begun_at);
  state_.attempt.next_step.reset();
  caught_ = false;
  const Circumstances now = keeper_.circumstances();
  if (is_cancelled_by_stop(error, now)) {
    Error stopped(StatusCode::stopped, "the step was cancelled by an urgent stop request");
    stopped.add_suppressed(error);
    delivery_.drop();
    settle_failure(stopped);
  }
  if (ending_ || !is_recovered_from(error, now)) {
    // A run that fails for good carries what it was recovered from before.
    if (!is_clean_end(error.code())) {
      error.add_suppressed(keeper_.take_recovery_cause());
      if (state_.hot.logged) delivery_.deliver(reached, /*failed=*/true);
    }
    delivery_.drop();
    if (error.code() == StatusCode::out_of_range) state_.stops.drop();  // it was not completed
    settle_failure(error);
  }
  if (state_.hot.logged && !keeper_.has_attempts_left()) delivery_.deliver(reached, /*failed=*/true);
  delivery_.drop();
  state_.stops.drop();
  try {
    keeper_.recover(error, std::min(begun_at, global_step()));
    engine_.steps_undone(saturating_distance(global_step(), begun_at));
    if (state_.hot.logged) delivery_.deliver(global_step());
    hooks_.collect_calls();  // a hook may have been disabled since
  } catch (const StatusError& given_up) {
    settle_failure(given_up.error());
  } catch (...) {
    hooks_.mark_changed();  // the calls may have been collected in part
    settle_failure(Error::from_current_exception(StatusCode::internal));
  }
}

// What is logged still was so outside of steps.
void Loop::settle_failure(const Error& error) {
  if (state_.hot.logged) delivery_.deliver(global_step());
  if (error.code() == StatusCode::out_of_range) {
    end_.set_input_ended(stop()->requested());
  } else if (error.code() == StatusCode::stopped) {
    if (!stop()->requested()) post_stop(error);
  } else {
    outcome_.run_failed(error);
  }
  state_.stops.post_to(*state_.session.stop);
  throw StatusError(error);
}

void Loop::post_stop(const Error& error) {
  StopReason reason;
  const bool by_step_function = error.callback() == callback_text(CallbackKind::step_function);
  reason.origin = !error.hook().empty() ? StopOrigin::hook
                  : by_step_function    ? StopOrigin::step_function
                                        : StopOrigin::session;
  reason.code = static_cast<std::int32_t>(error.code());
  reason.step = global_step();
  reason.set_who(error.hook());
  reason.set_text(error.message());
  stop()->request(reason);
}

void Loop::fail(const Error& given) {
  const Error error = with_gravest_primary(given, keeper_.circumstances());
  if (!error) throw StatusError(StatusCode::invalid_argument, "there is no error to fail with");
  if (ending_) throw StatusError(StatusCode::closed, "the session has ended");
  open_.left = open_.is_open;
  if (error.code() == StatusCode::out_of_range) {
    end_.set_input_ended(stop()->requested());
  } else if (error.code() == StatusCode::stopped) {
    if (stop()->requested()) return;
    StopReason reason;
    reason.origin = StopOrigin::caller;
    reason.step = global_step();
    reason.set_text(error.message());
    stop()->request(reason);
  } else {
    outcome_.caller_failed(error);
  }
}

// What it has failed with is this step's to report, as if it had been made here.
void Loop::end_save() {
  stop()->take_save_ended();
  if (state_.saves.service == nullptr || state_.saves.slot->disabled) return;
  const Error error = caller_.call_by_policy(*state_.saves.slot, CallbackKind::save,
                                             [&] { state_.saves.service->save_ended(*state_.context); });
  if (error) fail_save(error, "behind the loop");
}

// The step is done, so that nothing of it is to be made again, and the input has not ended because the saver says so.
void Loop::fail_save(Error error, std::string_view when) {
  save_failed_ = true;
  if (is_clean_end(error.code())) {
    Error failed(StatusCode::internal, fmt::format("saving {} failed with {}", when, status_name(error.code())));
    failed.add_suppressed(error);
    failed.locate({}, "save", global_step());
    error = failed;
  }
  engine_.leave_fast_path();
  outcome_.run_failed(error);
  throw StatusError(error);
}

void Loop::save() {
  state_.hot.now_known = false;                  // a save takes its time
  if (stop()->requested()) keep_last_fetched();  // it may be the last one: the step of the end is to be in it
  if (SaveService* const service = state_.saves.service) {
    const Error error = caller_.call_by_policy(*state_.saves.slot, CallbackKind::save,
                                               [&] { service->save_requested(*state_.context); });
    if (error) throw StatusError(error);
    return;
  }
  if (state_.session.half_done) {
    state_.log(LogLevel::warning,
               "a save was requested, but the last step was broken off, and what it has changed may be half done");
    return;
  }
  Snapshot run{global_step()};
  run.state = hook_states_.save();
  config_.session_creator->saver()->save(*state_.session.raw, run);
}

// The safe point.
void Loop::save_if_requested(std::string_view when) {
  if (!stop()->take_save_request()) return;
  save_failed_ = false;
  std::optional<MarkScope> mark;
  try {
    const StepTimer::Activity activity(timer_, SpanKind::save);
    if (state_.saves.service != nullptr && state_.saves.slot->disabled) {
      state_.log(LogLevel::warning, "a save was requested, but the hook that saves has been disabled");
      return;
    }
    if (state_.saves.service == nullptr && config_.session_creator->saver() == nullptr) {
      state_.log(LogLevel::warning, "a save was requested, but there is no saver");
      return;
    }
    mark.emplace(state_.marks, *state_.session.clock, MarkKind::save, global_step());
    save();
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    error.locate({}, "save", global_step());
    if (mark) mark->set_text(error);
    stop()->request_save();  // to be tried again at the next safe point
    fail_save(std::move(error), when);
  }
}

bool Loop::request_hurried_save() {
  if (!stop()->requested() || state_.saves.service == nullptr || state_.saves.slot->disabled) return false;
  if (!state_.saves.service->take_hurry(*state_.context)) return false;
  stop()->request_save();
  return true;
}

bool Loop::save_if_requested() {
  if (state_.hot.callback == CallbackKind::end) request_hurried_save();  // elsewhere the step ends before the run does
  if (!stop()->save_requested()) return false;
  save_if_requested("during a callback");
  return true;
}

void Loop::copy_out(Results* results, RunMetadata* metadata) const {
  if (results != nullptr) *results = engine_.results();
  if (metadata != nullptr) *metadata = state_.attempt.metadata;
}

Outcome Loop::outcome() const {
  Outcome outcome = outcome_.copy();
  if (outcome.kind == OutcomeKind::running) {
    outcome.stop = stop()->first();
    outcome.step = global_step();
    outcome.runs = engine_.completed_runs();
    outcome.recoveries = keeper_.recoveries();
  }
  return outcome;
}

}  // namespace detail
}  // namespace runhook::inline v1
