#include "loop/session_keeper.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/monotonic.hpp"
#include "loop/backoff.hpp"
#include "session/inline_session.hpp"
#include "session/session_preparation.hpp"

namespace runhook::inline v1 {
namespace detail {

SessionKeeper::SessionKeeper(const Config& config, RunState& state, HookList& hooks, HookCaller& caller,
                             HookStates& hook_states, StepTimer& timer, RunEnd& end)
    : config_(config),
      state_(state),
      hooks_(hooks),
      caller_(caller),
      hook_states_(hook_states),
      timer_(timer),
      end_(end),
      canceller_(std::make_shared<Canceller>()),
      random_(static_cast<std::minstd_rand::result_type>(system_clock()->now_ns())) {}

Circumstances SessionKeeper::circumstances() const noexcept {
  return {config_.recovery, state_.session.stop->urgent(), state_.session.global_step};
}

void SessionKeeper::start() {
  Error failure;
  try {
    create();
    return;
  } catch (...) {
    failure = Error::from_current_exception(StatusCode::unknown);
  }
  if (!recovers(failure)) {
    end();
    throw StatusError(failure);
  }
  recover(failure, state_.session.global_step);
  recoveries_in_a_row_ = 0;
  recovery_cause_ = Error();
}

void SessionKeeper::create() {
  CreatedSession created = [&] {
    const StepTimer::Activity activity(timer_, SpanKind::create_session);
    return config_.session_creator->create_session({state_.session.stop.get(), state_.session.clock.get()});
  }();
  if (created.session == nullptr) throw StatusError(StatusCode::internal, "the session creator returned no session");
  if (!created.restored_step) restore_from(state_.saves.saver.get(), created);
  const NamedBytes states = std::exchange(created.restored_state, {});
  install(std::move(created));
  hook_states_.restore(states);
  announce();
}

void SessionKeeper::install(CreatedSession created) {
  SessionState& session = state_.session;
  auto failed = std::make_shared<std::atomic<bool>>(false);
  Coordinator::Options options;
  options.stop = session.stop;
  options.is_recoverable = [policy = config_.recovery, failed](const Error& error) {
    if (!policy.recovers(error)) return false;
    failed->store(true, std::memory_order_relaxed);
    return true;
  };
  Coordinator coordinator(std::move(options));
  {
    const std::lock_guard lock(mutex_);
    session.raw = std::move(created.session);
    session.coordinator = std::move(coordinator);
  }
  session.inline_session = dynamic_cast<InlineSession*>(session.raw.get());
  session.thread_failed = std::move(failed);
  canceller_->set(session.raw);
  state_.attempt.plan.set_session(session.raw.get());
  const std::int64_t before = session.global_step;
  state_.set_global_step(initial_global_step(created.restored_step));
  if (session.global_step < before) hooks_.rewind(session.global_step);
  state_.hot.now_known = false;
}

std::int64_t SessionKeeper::initial_global_step(std::optional<std::int64_t> restored) const {
  if (const auto step = state_.session.raw->read_global_step()) return *step;
  return restored.value_or(std::max<std::int64_t>(state_.session.global_step, 0));
}

void SessionKeeper::announce() {
  Error clean_end;
  for (const auto& slot : hooks_.slots()) {
    if (slot->disabled) continue;
    const Error error = caller_.after_create_session(*slot);
    if (!error) continue;
    // This session is going to be used no more, unless the run has only come to its end: then it is closed in the
    // ordinary way, or input comes back, and no hook may have missed it.
    if (!is_clean_end(error.code())) throw StatusError(error);
    clean_end.merge(error);
  }
  if (clean_end) throw StatusError(clean_end);
}

void SessionKeeper::end() noexcept {
  if (!state_.session.coordinator && state_.session.raw == nullptr) return;
  const StepTimer::Activity activity(timer_, SpanKind::close_session);
  if (state_.session.coordinator) end_threads();
  canceller_->set(nullptr);
  state_.attempt.plan.set_session(nullptr);
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    session = std::exchange(state_.session.raw, nullptr);
    state_.session.coordinator.reset();
  }
  state_.session.inline_session = nullptr;
  state_.session.thread_failed.reset();
  if (session != nullptr) close(*session);
}

void SessionKeeper::end_threads() noexcept {
  Coordinator coordinator = *state_.session.coordinator;
  try {
    coordinator.stop_threads();
    for (const std::string& name : coordinator.wait_for_threads(config_.stop_grace_period_ns)) {
      state_.log(LogLevel::warning, fmt::format("thread '{}' is still running after the grace period", name));
    }
  } catch (...) {
    state_.log(LogLevel::warning, "threads could not be waited for");
  }
  const Error error = coordinator.error();
  const Circumstances now = circumstances();
  thread_error_.merge(fatal_part(error, now));
  for_each_error(recoverable_part(error, now), [&](const Error& one) {
    unrecovered_.merge(one);
    log_warning(one);
  });
}

// What threads have reported besides the cause is recovered from with it.
void SessionKeeper::add_to_recovery_cause(const Error& of_threads) noexcept {
  for_each_error(of_threads, [&](const Error& one) {
    if (!holds(recovery_cause_, one)) recovery_cause_.add_suppressed(one);
  });
}

void SessionKeeper::log_warning(const Error& error) const noexcept {
  try {
    state_.log(LogLevel::warning, error.to_string());
  } catch (...) {
    state_.log(LogLevel::warning, error.message());
  }
}

void SessionKeeper::close(Session& session) noexcept {
  try {
    session.close();
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    error.locate({}, "close", state_.session.global_step);
    // Nothing is left to be recovered, so that it does not matter whether there is recovery at all.
    if (is_recoverable(error, circumstances())) {
      log_warning(error);
    } else {
      close_error_.merge(error);
    }
  }
}

Error SessionKeeper::fatal_thread_error() const noexcept {
  if (!state_.session.coordinator) return {};
  return fatal_part(state_.session.coordinator->error(), circumstances());
}

// A session that was restored to an earlier step makes steps that were made before. Only what comes after them is
// progress; otherwise a step that always fails would be recovered from for ever.
void SessionKeeper::step_completed() noexcept {
  if (state_.session.global_step <= failed_step_ && restart_step_ < failed_step_) return;
  recoveries_in_a_row_ = 0;
  recovery_cause_ = Error();
}

void SessionKeeper::recover(const Error& cause, std::int64_t begun_at) {
  const StepTimer::Activity activity(timer_, SpanKind::recovery);
  MarkScope mark(state_.marks, *state_.session.clock, MarkKind::recovery, begun_at);
  mark.set_text(cause);
  const bool first = recoveries_in_a_row_ == 0;
  failed_step_ = first ? begun_at : std::max(failed_step_, begun_at);
  recovery_cause_.merge(cause);
  end();
  add_to_recovery_cause(std::exchange(unrecovered_, Error()));
  try {
    recreate(first);
  } catch (...) {
    // Something else than the policy has ended it, e.g. a clock. No run may take for granted that there is a session.
    if (state_.session.raw == nullptr && !end_.lost()) {
      lost_session_ = Error::from_current_exception(StatusCode::internal);
      end_.set_lost();
    }
    throw;
  }
}

void SessionKeeper::recreate(bool first) {
  if (first) {
    first_failure_ns_ = state_.session.clock->now_ns();
    recovered_while_stopping_ = false;
  }
  do {
    check_recovery_goes_on();
    ++recoveries_in_a_row_;
    recoveries_.fetch_add(1, std::memory_order_relaxed);
    const std::int64_t backoff = next_backoff_ns();
    tell_of_recovery(backoff);
    wait(backoff);
    check_no_urgent_stop();
  } while (!create_again());
}

void SessionKeeper::check_recovery_goes_on() {
  const RecoveryPolicy& policy = config_.recovery;
  if (!has_attempts_left()) give_up(recovery_cause_);
  const bool too_late = policy.deadline_ns >= 0 &&
                        saturating_distance(first_failure_ns_, state_.session.clock->now_ns()) >= policy.deadline_ns;
  if (too_late && recoveries_in_a_row_ > 0) give_up(recovery_cause_);
  check_no_urgent_stop();
  // With a stop pending the step in progress gets one more chance, at once.
  if (state_.session.stop->requested() && std::exchange(recovered_while_stopping_, true)) give_up(recovery_cause_);
}

void SessionKeeper::check_no_urgent_stop() {
  if (!state_.session.stop->urgent()) return;
  lost_session_ = recovery_cause_;
  end_.set_lost();
  throw StatusError(StatusCode::stopped, "an urgent stop was requested during recovery");
}

void SessionKeeper::give_up(const Error& error) {
  lost_session_ = error;
  end_.set_lost();
  throw StatusError(error);
}

std::int64_t SessionKeeper::next_backoff_ns() {
  const RecoveryPolicy& policy = config_.recovery;
  const std::int64_t wanted = backoff_ns(policy, recoveries_in_a_row_, random_);
  if (policy.deadline_ns < 0) return wanted;
  const std::int64_t passed = saturating_distance(first_failure_ns_, state_.session.clock->now_ns());
  return std::clamp<std::int64_t>(saturating_distance(passed, policy.deadline_ns), 0, wanted);
}

void SessionKeeper::tell_of_recovery(std::int64_t backoff_ns) {
  const RecoveryPolicy& policy = config_.recovery;
  if (policy.on_recovery) {
    try {
      policy.on_recovery({recovery_cause_, recoveries_in_a_row_, backoff_ns, state_.session.global_step});
    } catch (...) {
      recovery_cause_.add_suppressed(Error::from_current_exception(StatusCode::unknown));
      give_up(recovery_cause_);
    }
  }
  try {
    state_.log(LogLevel::warning, fmt::format("recovery {} of {}: {}", recoveries_in_a_row_, policy.max_attempts,
                                              recovery_cause_.to_string()));
  } catch (...) {
    state_.log(LogLevel::warning, "recovery");
  }
}

void SessionKeeper::wait(std::int64_t backoff_ns) {
  if (backoff_ns <= 0 || state_.session.stop->requested()) return;
  const StepTimer::Activity waiting(timer_, SpanKind::back_off);
  state_.session.clock->wait(backoff_ns, state_.session.stop.get());
}

// Only a step can find that the input has ended: what makes a session, e.g. from a file that is too short, has failed.
Error SessionKeeper::no_end_of_input(const Error& failure) const noexcept {
  if (failure.code() != StatusCode::out_of_range) return failure;
  Error failed;
  try {
    failed = Error(StatusCode::internal, failure.message());
    failed.prepend(fmt::format("making the session anew failed with {}: ", status_name(failure.code())));
  } catch (...) {
    failed = Error::no_memory();
  }
  failed.locate({}, "create_session", state_.session.global_step);
  failed.add_suppressed(failure);
  return failed;
}

// Returns whether there is a session now; throws what the run ends with.
bool SessionKeeper::create_again() {
  Error failure;
  try {
    create();
    restart_step_ = state_.session.global_step;
    if (restart_step_ < failed_step_) {
      state_.log(LogLevel::warning, fmt::format("the new session begins at step {}, where {} had been reached",
                                                restart_step_, failed_step_));
    }
    return true;
  } catch (...) {
    failure = Error::from_current_exception(StatusCode::unknown);
  }
  // A hook that ends the run while the session is new leaves it to be closed in the ordinary way.
  if (is_clean_end(failure.code()) && state_.session.raw != nullptr) {
    failure.add_suppressed(recovery_cause_);
    throw StatusError(failure);
  }
  end();
  if (!recovers(failure)) {
    failure = no_end_of_input(failure);
    failure.add_suppressed(recovery_cause_);
    give_up(failure);
  }
  recovery_cause_.add_suppressed(failure);
  return false;
}

std::shared_ptr<Session> SessionKeeper::session() const noexcept {
  const std::lock_guard lock(mutex_);
  return state_.session.raw;
}

Coordinator SessionKeeper::coordinator() const {
  const std::lock_guard lock(mutex_);
  if (!state_.session.coordinator) throw StatusError(StatusCode::closed, "there is no session any more");
  return *state_.session.coordinator;
}

}  // namespace detail
}  // namespace runhook::inline v1
