// How a loop begins and ends, and what happens to the list of hooks at step boundaries.
#include <fmt/format.h>

#include <algorithm>

#include "loop/loop.hpp"

namespace runhook::inline v1 {
namespace detail {

Loop::Loop(Config config, MonitoredSession& monitored)
    : config_(std::move(config)),
      hooks_(state_),
      canceller_(std::make_shared<Canceller>()),
      timer_(state_, hooks_, config_.hook_budget) {
  if (config_.session_creator == nullptr) {
    throw StatusError(StatusCode::failed_precondition, "the config has no session creator");
  }
  if (config_.stop_grace_period_ns < 0) throw StatusError(StatusCode::invalid_argument, "the grace period is negative");
  if (!(config_.hook_budget >= 0)) throw StatusError(StatusCode::invalid_argument, "the budget of hooks is negative");
  state_.context.reset(RunState::new_context(state_));
  state_.monitored = &monitored;
  state_.reporter = this;
  state_.occupant = &occupant_;
  if (config_.log) state_.log_sink = config_.log;
  state_.stop = config_.stop != nullptr ? config_.stop : std::make_shared<StopState>();
  state_.clock = config_.clock != nullptr ? config_.clock : system_clock();
  state_.global_step = 0;
  state_.plan.set_step_context(&state_.options.merged(), &state_.metadata, state_.stop.get());
  random_.seed(static_cast<std::minstd_rand::result_type>(system_clock()->now_ns()));
  for (HookRegistration& registration : config_.hooks) hooks_.add(std::move(registration));
  config_.hooks.clear();
  state_.stop->set_canceller(this, [canceller = canceller_] { canceller->cancel(); });
}

void Loop::start() {
  const Inside inside(*this);
  try {
    if (config_.direct_contexts) state_.direct = config_.direct_contexts->attach(*state_.context, *state_.monitored);
    while (HookSlot* slot = hooks_.admit_next()) (void)slot;
    // Hooks that a begin() adds wait for the first boundary; the list itself does not change here.
    for (const auto& slot : hooks_.slots()) begin_hook(*slot);
    start_session();
    hooks_.settle();
  } catch (...) {
    throw StatusError(unwind(Error::from_current_exception(StatusCode::unknown)));
  }
}

Loop::~Loop() {
  // Callbacks are over; what is left is to let go.
  state_.stop->set_canceller(this, {});
  if (config_.direct_contexts && state_.direct != nullptr) config_.direct_contexts->detach(state_.direct);
}

void Loop::begin_hook(HookSlot& slot) {
  slot.begun = true;
  const Error error = call_hook(slot, CallbackKind::begin, [&] {
    slot.hook->begin(*state_.context);
    slot.listener = slot.hook->span_listener();
  });
  if (!error) return;
  if (fails_run(slot, error)) throw StatusError(error);
  // What has not begun cannot do the rest.
  slot.disabled = true;
  hooks_.mark_changed();
}

Error Loop::unwind(Error error) noexcept {
  end_session();
  ending_ = true;
  {
    const std::lock_guard lock(shared_mutex_);
    state_.outcome.kind = OutcomeKind::failed;
    state_.outcome.error = error;
    state_.outcome.error.merge(thread_error_);
    state_.outcome.error.merge(close_error_);
  }
  error.merge(thread_error_);
  error.merge(close_error_);
  cleanup_all(error);
  ended_.fetch_or(kClosed);
  state_.stop->set_canceller(this, {});
  if (config_.direct_contexts && state_.direct != nullptr) {
    config_.direct_contexts->detach(std::exchange(state_.direct, nullptr));
  }
  return error;
}

void Loop::cleanup_hook(HookSlot& slot, Error& error) {
  if (!slot.begun) return;
  slot.begun = false;
  const Error failure =
      call_hook(slot, CallbackKind::cleanup, [&] { slot.hook->cleanup(*state_.context, state_.outcome); });
  slot.listener = nullptr;
  if (failure && fails_run(slot, failure)) error.merge(failure);
}

void Loop::cleanup_all(Error& error) {
  const auto& slots = hooks_.slots();
  for (std::size_t i = slots.size(); i-- > 0;) cleanup_hook(*slots[i], error);
  hooks_.drop_waiting();
}

void Loop::apply_changes() {
  Error error;
  do {  // a callback of these may change the list again
    while (HookSlot* slot = hooks_.next_removed()) {
      cleanup_hook(*slot, error);
      hooks_.erase(slot);
    }
    if (HookSlot* slot = error ? nullptr : hooks_.admit_next()) admit(*slot, error);
  } while (!error && hooks_.pending());
  hooks_.settle();
  if (error) throw StatusError(error);
}

void Loop::admit(HookSlot& slot, Error& error) {
  try {
    begin_hook(slot);
    const Error failure =
        call_hook(slot, CallbackKind::after_create_session, [&] { slot.hook->after_create_session(*state_.context); });
    if (failure && fails_run(slot, failure)) throw StatusError(failure);
  } catch (const StatusError& failure) {
    error.merge(failure.error());
    cleanup_hook(slot, error);
    hooks_.erase(&slot);
  }
}

void Loop::clear_end_of_input() { ended_.fetch_and(~kEndOfInput); }

void Loop::fail(const Error& given) {
  const Error error = with_gravest_primary(given);
  if (!error) throw StatusError(StatusCode::invalid_argument, "there is no error to fail with");
  if (ending_) throw StatusError(StatusCode::closed, "the session has ended");
  if (error.code() == StatusCode::out_of_range) {
    if ((ended_.fetch_or(kEndOfInput) & kEndOfInput) == 0) input_ended_first_ = !state_.stop->requested();
  } else if (error.code() == StatusCode::stopped) {
    if (!state_.stop->requested()) {
      StopReason reason;
      reason.origin = StopOrigin::caller;
      reason.step = state_.global_step;
      reason.set_text(error.message());
      state_.stop->request(reason);
    }
  } else {
    caller_error_.merge(error);
  }
}

void Loop::decide_outcome() {
  Error thread_error;
  bool thread_input_ended = false;
  if (state_.coordinator) {
    thread_error = fatal_part(state_.coordinator->error());
    thread_input_ended = state_.coordinator->end_of_input();
  }
  const std::lock_guard lock(shared_mutex_);
  Outcome& outcome = state_.outcome;
  // In the order in which they matter to whoever reads the outcome; none is lost.
  outcome.error = caller_error_;
  outcome.error.merge(run_error_);
  outcome.error.merge(lost_session_);
  outcome.error.merge(thread_error_);
  outcome.error.merge(thread_error);
  outcome.stop = state_.stop->first();
  const bool stopped = outcome.stop.origin != StopOrigin::none;
  const bool input_ended = has_ended(kEndOfInput) && (input_ended_first_ || !stopped);
  if (outcome.error) {
    outcome.kind = OutcomeKind::failed;
  } else if (input_ended || (thread_input_ended && outcome.stop.origin == StopOrigin::coordinator)) {
    outcome.kind = OutcomeKind::end_of_input;
  } else {
    outcome.kind = stopped ? OutcomeKind::stopped : OutcomeKind::completed;
  }
  outcome.step = state_.global_step;
  outcome.runs = runs_.load(std::memory_order_relaxed);
  outcome.recoveries = recoveries_.load(std::memory_order_relaxed);
}

void Loop::close() {
  if (has_ended(kClosed)) return;
  ending_ = true;
  decide_outcome();
  Error error;  // what the caller has not been told yet
  if (state_.outcome.kind != OutcomeKind::failed) {
    for (const auto& slot : hooks_.slots()) {
      if (slot->disabled || !slot->begun) continue;
      const Error failure = call_hook(*slot, CallbackKind::end, [&] { slot->hook->end(*state_.context); });
      if (failure && fails_run(*slot, failure)) error.merge(failure);
    }
    if (state_.stop->save_requested() && state_.session != nullptr) {
      try {
        save_if_requested("at the end");
      } catch (const StatusError& failure) {
        error.merge(failure.error());
      }
    }
  } else if (state_.stop->save_requested()) {
    state_.log(LogLevel::warning, "a save was requested, but the run has failed first");
  }
  const bool told_of_threads =
      static_cast<bool>(thread_error_) || (state_.coordinator && fatal_part(state_.coordinator->error()));
  Error late = error;
  end_session();
  if (!told_of_threads) late.merge(thread_error_);
  late.merge(close_error_);
  error.merge(thread_error_);
  error.merge(close_error_);
  {
    const std::lock_guard lock(shared_mutex_);
    if (state_.outcome.kind != OutcomeKind::failed && error) {
      state_.outcome.kind = OutcomeKind::failed;
      state_.outcome.error = error;
    } else {
      state_.outcome.error.merge(late);  // whatever the outcome did not know when it was decided
    }
  }
  Error cleanup_error;
  cleanup_all(cleanup_error);
  {
    const std::lock_guard lock(shared_mutex_);
    if (state_.outcome.kind == OutcomeKind::failed) {
      state_.outcome.error.merge(cleanup_error);
    } else if (cleanup_error) {
      state_.outcome.kind = OutcomeKind::failed;
      state_.outcome.error = cleanup_error;
    }
  }
  error.merge(cleanup_error);
  ended_.fetch_or(kClosed);
  try {
    state_.log(state_.outcome.kind == OutcomeKind::failed ? LogLevel::error : LogLevel::info,
               state_.outcome.to_string());
  } catch (...) {
    state_.log(LogLevel::error, "the run has ended");
  }
  if (error) throw StatusError(error);
}

}  // namespace detail
}  // namespace runhook::inline v1
