// How a session comes into being, and how a failed one is replaced.
#include <fmt/format.h>

#include "loop/backoff.hpp"
#include "loop/loop.hpp"

namespace runhook::inline v1 {
namespace detail {

void Canceller::set(std::shared_ptr<Session> session) {
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
}

void Canceller::cancel() noexcept {
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(mutex_);
    session = session_;
  }
  if (session != nullptr) session->cancel();  // which may end the session, and come back here
}

std::int64_t Loop::initial_global_step(Session& session, std::optional<std::int64_t> restored) const {
  if (const auto step = session.read_global_step()) return *step;
  return restored.value_or(std::max<std::int64_t>(state_.global_step, 0));
}

// A classifier that fails has not said yes. Its failure goes with the error.
bool Loop::is_recoverable(Error& error) const noexcept {
  try {
    return config_.recovery.classify(error);
  } catch (...) {
    Error failure = Error::from_current_exception(StatusCode::unknown);
    failure.locate({}, "classify", state_.global_step);
    error.add_suppressed(failure);
    return false;
  }
}

// What recovery does not mend of an error that threads have reported: it may be behind a recoverable one.
Error Loop::fatal_part(Error error) const noexcept {
  if (!error || !recovers(error)) return error;
  Error fatal;
  for (std::size_t i = 0; i < error.suppressed_count(); ++i) {
    Error later = error.suppressed(i);
    if (!recovers(later)) fatal.merge(later);
  }
  return fatal;
}

void Loop::create_session() {
  CreatedSession created = [&] {
    const StepTimer::Activity activity(timer_, SpanKind::create_session);
    return config_.session_creator->create_session({state_.stop.get(), state_.clock.get()});
  }();
  if (created.session == nullptr) throw StatusError(StatusCode::internal, "the session creator returned no session");

  auto failed = std::make_shared<std::atomic<bool>>(false);
  Coordinator::Options options;
  options.stop = state_.stop;
  options.is_recoverable = [policy = config_.recovery, failed](const Error& error) {
    if (!policy.recovers(error)) return false;
    failed->store(true, std::memory_order_relaxed);
    return true;
  };
  Coordinator coordinator(std::move(options));
  {
    const std::lock_guard lock(shared_mutex_);
    state_.session = std::move(created.session);
    state_.coordinator = std::move(coordinator);
  }
  thread_failed_ = std::move(failed);
  canceller_->set(state_.session);
  state_.plan.set_session(state_.session.get());
  const std::int64_t before = global_step();
  set_global_step(initial_global_step(*state_.session, created.restored_step));
  if (global_step() < before) hooks_.rewind(global_step());
  state_.now_known = false;

  Error clean_end;
  for (const auto& slot : hooks_.slots()) {
    if (slot->disabled) continue;
    const Error error = call_hook(*slot, CallbackKind::after_create_session,
                                  [&] { slot->hook->after_create_session(*state_.context); });
    if (!error || !fails_run(*slot, error)) continue;
    // This session is going to be used no more, unless the run has only come to its end: then it is closed in the
    // ordinary way, or input comes back, and no hook may have missed it.
    if (!is_clean_end(error.code())) throw StatusError(error);
    clean_end.merge(error);
  }
  if (clean_end) throw StatusError(clean_end);
}

void Loop::end_session() noexcept {
  if (!state_.coordinator && state_.session == nullptr) return;
  const StepTimer::Activity activity(timer_, SpanKind::close_session);
  if (state_.coordinator) {
    Coordinator coordinator = *state_.coordinator;
    try {
      coordinator.stop_threads();
      for (const std::string& name : coordinator.wait_for_threads(config_.stop_grace_period_ns)) {
        state_.log(LogLevel::warning, fmt::format("thread '{}' is still running after the grace period", name));
      }
    } catch (...) {
      state_.log(LogLevel::warning, "threads could not be waited for");
    }
    const Error error = coordinator.error();
    const Error fatal = fatal_part(error);
    thread_error_.merge(fatal);
    if (error && !fatal) state_.log(LogLevel::warning, error.message());
  }
  canceller_->set(nullptr);
  state_.plan.set_session(nullptr);
  std::shared_ptr<Session> session;
  {
    const std::lock_guard lock(shared_mutex_);
    session = std::move(state_.session);
    state_.session = nullptr;
    state_.coordinator.reset();
  }
  thread_failed_.reset();
  if (session == nullptr) return;
  try {
    session->close();
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    error.locate({}, "close", state_.global_step);
    if (recovers(error)) {
      state_.log(LogLevel::warning, error.message());
    } else {
      close_error_.merge(error);
    }
  }
}

// A stop that also cancels ends the step in progress. A hook's own CANCELLED is the hook's failure.
bool Loop::cancelled_by_stop(const Error& error) const noexcept {
  return error.code() == StatusCode::cancelled && error.hook().empty() && state_.stop->urgent();
}

// The primary error says what becomes of the run, so of several that belong to one attempt it must not be one that
// means less than another: a clean end or a recoverable error hides no fatal one.
Error Loop::with_gravest_primary(Error error) const noexcept {
  const auto weight = [&](Error& one) {
    if (is_clean_end(one.code()) || cancelled_by_stop(one)) return 0;
    return recovers(one) ? 1 : 2;
  };
  if (error.suppressed_count() == 0) return error;
  int most = weight(error);
  std::size_t heaviest = error.suppressed_count();
  for (std::size_t i = 0; i < error.suppressed_count(); ++i) {
    Error later = error.suppressed(i);
    if (later.callback() == "classify") continue;  // why an error is not recovered from
    if (const int its = weight(later); its > most) {
      most = its;
      heaviest = i;
    }
  }
  return heaviest < error.suppressed_count() ? error.with_primary(heaviest) : error;
}

// A recoverable error of a thread is what a failing step is really about. Without recovery, too, as in the reference's
// singular session.
Error Loop::prefer_thread_error(Error error) const noexcept {
  if (!state_.coordinator) return error;
  Error cause = state_.coordinator->error();
  if (!cause || is_recoverable(error) || !is_recoverable(cause)) return error;
  cause.add_suppressed(error);
  return cause;
}

// A session that was restored to an earlier step makes steps that were made before. Only what comes after them is
// progress; otherwise a step that always fails would be recovered from for ever.
void Loop::step_completed() {
  if (run_error_) {
    note_warning(std::exchange(run_error_, Error()));  // the caller has gone on after it
  }
  if (state_.global_step <= failed_step_ && restart_step_ < failed_step_) return;
  recoveries_in_a_row_ = 0;
  recovery_cause_ = Error();
}

void Loop::recover(const Error& cause, std::int64_t begun_at) {
  const RecoveryPolicy& policy = config_.recovery;
  const StepTimer::Activity activity(timer_, SpanKind::recovery);
  failed_step_ = recoveries_in_a_row_ == 0 ? begun_at : std::max(failed_step_, begun_at);
  recovery_cause_.merge(cause);
  Error& primary = recovery_cause_;
  const auto give_up = [&](const Error& error) {
    lost_session_ = error;
    ended_.fetch_or(kLost);
    throw StatusError(error);
  };
  const auto stop_urgently = [&] {
    lost_session_ = primary;
    ended_.fetch_or(kLost);
    throw StatusError(StatusCode::stopped, "an urgent stop was requested during recovery");
  };
  end_session();
  if (recoveries_in_a_row_ == 0) {
    first_failure_ns_ = state_.clock->now_ns();
    recovered_while_stopping_ = false;
  }
  for (;;) {
    if (recoveries_in_a_row_ >= policy.max_attempts) give_up(primary);
    const bool too_late = policy.deadline_ns >= 0 && state_.clock->now_ns() - first_failure_ns_ >= policy.deadline_ns;
    if (too_late && recoveries_in_a_row_ > 0) give_up(primary);
    if (state_.stop->urgent()) stop_urgently();
    // With a stop pending the step in progress gets one more chance, at once.
    if (state_.stop->requested() && std::exchange(recovered_while_stopping_, true)) give_up(primary);

    ++recoveries_in_a_row_;
    recoveries_.fetch_add(1, std::memory_order_relaxed);
    std::int64_t wait = backoff_ns(policy, recoveries_in_a_row_, random_);
    if (policy.deadline_ns >= 0) {
      const std::int64_t passed = state_.clock->now_ns() - first_failure_ns_;
      wait = std::clamp<std::int64_t>(policy.deadline_ns - passed, 0, wait);
    }
    if (policy.on_recovery) {
      try {
        policy.on_recovery({primary, recoveries_in_a_row_, wait, state_.global_step});
      } catch (...) {
        primary.add_suppressed(Error::from_current_exception(StatusCode::unknown));
        give_up(primary);
      }
    }
    try {
      state_.log(LogLevel::warning,
                 fmt::format("recovery {} of {}: {}", recoveries_in_a_row_, policy.max_attempts, primary.to_string()));
    } catch (...) {
      state_.log(LogLevel::warning, "recovery");
    }
    if (wait > 0 && !state_.stop->requested()) {
      const StepTimer::Activity waiting(timer_, SpanKind::back_off);
      state_.clock->wait(wait, state_.stop.get());
    }
    if (state_.stop->urgent()) stop_urgently();
    Error failure;
    try {
      create_session();
      restart_step_ = state_.global_step;
      if (restart_step_ < failed_step_) {
        state_.log(LogLevel::warning, fmt::format("the new session begins at step {}, where {} had been reached",
                                                  restart_step_, failed_step_));
      }
      return;
    } catch (...) {
      failure = Error::from_current_exception(StatusCode::unknown);
    }
    // A hook that ends the run while the session is new leaves it to be closed in the ordinary way.
    if (is_clean_end(failure.code()) && state_.session != nullptr) {
      failure.add_suppressed(primary);
      throw StatusError(failure);
    }
    end_session();
    if (!recovers(failure)) {
      failure.add_suppressed(primary);
      give_up(failure);
    }
    primary.add_suppressed(failure);
  }
}

void Loop::start_session() {
  Error failure;
  try {
    create_session();
    return;
  } catch (...) {
    failure = Error::from_current_exception(StatusCode::unknown);
  }
  if (!recovers(failure)) {
    end_session();
    throw StatusError(failure);
  }
  recover(failure, global_step());
  recoveries_in_a_row_ = 0;
  recovery_cause_ = Error();
}

}  // namespace detail
}  // namespace runhook::inline v1
