// A loop that stays where it is: an attempt whose two halves are called apart, with the caller's own code between them.
#include <utility>

#include "base/format.hpp"
#include "loop/loop.hpp"
#include "session/inline_session.hpp"

namespace runhook::inline v1 {
namespace detail {

bool Loop::next() {
  check_inline();
  if (closed()) throw StatusError(StatusCode::closed, "the session is closed");
  return end_if_clean([&] {
    if (open_.is_open) [[likely]]
      complete_step();
    return open_next_step(no_args);
  });
}

bool Loop::begin_step(const SessionRunArgs& args) {
  check_inline();
  if (closed()) throw StatusError(StatusCode::closed, "the session is closed");
  if (open_.is_open) refuse_run();
  open_.args = args;
  return end_if_clean([&] { return open_next_step(open_.args); });
}

void Loop::end_step() {
  check_inline();
  check_step_is_open();
  complete_step();
}

// `body` returns whether there is a step. A stop and the end of input are no failures: there is none.
template <typename Body>
bool Loop::end_if_clean(Body&& body) {
  try {
    return body();
  } catch (const StatusError& error) {
    if (!is_clean_end(error.code())) throw;
    return false;
  }
}

void Loop::check_inline() const {
  if (state_.session.inline_session != nullptr || closed() || end_.lost()) [[likely]]
    return;
  throw StatusError(StatusCode::failed_precondition,
                    "the session makes its steps itself: use run(), or a config whose loop stays where it is");
}

void Loop::check_step_is_open() const {
  if (!open_.is_open) throw StatusError(StatusCode::failed_precondition, "no step is open");
}

void Loop::refuse_run() const {
  if (closed()) throw StatusError(StatusCode::closed, "the session is closed");
  if (open_.is_open) {
    throw StatusError(StatusCode::reentrant, fmt::format("step {} is open: end it first, with next() or end_step()",
                                                         step_reached(open_.begun_at)));
  }
  throw StatusError(StatusCode::failed_precondition,
                    "the steps of this session are the body of the caller's loop: use next()");
}

// Skipped steps are over in here; each time round it is looked at stops and limits. A step that was recovered from is
// the same run still: it is made again in spite of a stop that was asked for before the recovery was over, and hooks that
// were added or removed have to wait for its end.
bool Loop::open_next_step(const SessionRunArgs& args) {
  if (end_.lost()) {
    if (stop()->requested()) return false;
    settle_failure(keeper_.lost_session());
  }
  const std::int64_t max_steps = state_.session.inline_session->max_steps();
  if (max_steps > 0 && !open_.last_run) open_.last_run.emplace(engine_.schedule(), engine_.run_number(), max_steps);
  const auto under_way = [this] { return open_.again && (open_.last_chance || !should_stop()); };
  while (!end_.abandoned() &&
         (under_way() || (!should_stop() && (max_steps == 0 || engine_.lasting_runs() < max_steps)))) {
    if (!open_.again && !may_go_on()) return false;
    if (open_step(args)) return true;
  }
  return false;
}

bool Loop::open_step(const SessionRunArgs& args) {
  if (open_.again || keeper_.thread_failed() || engine_.fast_steps(args, 1) <= 0)
    return open_ordinary_step(args, false);
  open_.begun_at = global_step();
  if (!engine_.begin_fast_step(args)) [[unlikely]]
    return open_ordinary_step(args, /*under_way=*/true);
  open_.is_fast = true;
  enter_body(state_.attempt.plan.empty_step());
  return true;
}

bool Loop::open_ordinary_step(const SessionRunArgs& args, bool under_way) {
  engine_.leave_fast_path();
  state_.attempt.number = std::exchange(open_.again, false) ? state_.attempt.number + 1 : 1;
  for (;; ++state_.attempt.number) {
    open_.begun_at = global_step();
    Error error;
    if (!under_way) error = thread_error();
    if (!error) {
      bool is_ready = false;
      try {
        is_ready = std::exchange(under_way, false) ? engine_.resume_preparing(error) : engine_.prepare(args, error);
        if (is_ready) {
          engine_.begin_execution();
          enter_body(state_.attempt.plan.step());
          return true;
        }
      } catch (...) {
        error = Error::from_current_exception(StatusCode::unknown);
        error.locate({}, "run", global_step());
        state_.hot.callback = CallbackKind::none;
        if (is_ready) {
          engine_.end_execution(error);
          engine_.complete(error);
        }
      }
      if (!error) {
        step_succeeded();  // a hook has skipped it
        return false;
      }
      error = judged(std::move(error));
    }
    recover_or_fail(error, open_.begun_at);
  }
}

void Loop::enter_body(SessionStep& step) {
  state_.session.inline_session->begin(open_.view, step);
  open_.session_step = &step;
  state_.hot.slot = nullptr;
  state_.hot.callback = CallbackKind::inline_step;
  open_.is_open = true;
}

// Returns what the body has failed with.
Error Loop::leave_body() noexcept {
  open_.is_open = false;
  open_.left = false;
  state_.hot.callback = CallbackKind::none;
  if (state_.attempt.reported) [[unlikely]] {
    Error error = state_.take_failure();
    error.locate({}, callback_text(CallbackKind::inline_step), global_step());
    return error;
  }
  return {};
}

void Loop::complete_step() {
  const bool is_fast = std::exchange(open_.is_fast, false);
  Error error = leave_body();
  if (is_fast && !error && !state_.hot.leave_fast_path) [[likely]] {
    if (engine_.end_fast_step()) [[likely]]
      return;
    engine_.leave_fast_path();
    error = engine_.finish_interrupted();
  } else {
    end_ordinary_step(error, is_fast);
  }
  if (!error) {
    state_.attempt.next_step.reset();
    return step_succeeded();
  }
  recover_or_fail(judged(std::move(error)), open_.begun_at);
  open_.again = true;
  open_.last_chance = should_stop();
}

// The second half, from what the body has failed with on.
void Loop::end_ordinary_step(Error& error, bool is_fast) noexcept {
  if (!error) {
    try {
      state_.session.inline_session->end(*open_.session_step);
    } catch (...) {
      error = Error::from_current_exception(StatusCode::unknown);
      error.locate({}, "run", global_step());
    }
  }
  engine_.leave_fast_path();
  if (is_fast) engine_.take_up_fast_step();
  engine_.end_execution(error);
  engine_.complete(error);
}

void Loop::abandon_step() {
  check_step_is_open();
  cancel_step("the step was abandoned");
}

// Its hooks get on_error; what that fails with is the run's failure.
void Loop::cancel_step(std::string_view why, bool failed) {
  const bool is_fast = std::exchange(open_.is_fast, false);
  (void)leave_body();  // what the body has failed with gives way to that
  Error cancelled(StatusCode::cancelled, why);
  end_ordinary_step(cancelled, is_fast);
  if (failed && state_.hot.logged) delivery_.deliver(step_reached(open_.begun_at), /*failed=*/true);
  delivery_.drop();
  state_.attempt.next_step.reset();
  state_.stops.drop();
  Error error;
  for (std::size_t i = 0; i < cancelled.suppressed_count(); ++i) error.merge(cancelled.suppressed(i));
  if (error) recover_or_fail(judged(std::move(error)), open_.begun_at);
}

void Loop::leave_step(bool by_exception) noexcept {
  if (!open_.is_open) return;
  ending_ = true;
  try {
    if (state_.attempt.reported) return complete_step();  // it is over, with what its body has failed with
    tell_of_left_step(by_exception);
    state_.session.half_done = true;
    cancel_step("the session was left during the step", /*failed=*/by_exception);
  } catch (...) {
    // The outcome has the error.
  }
}

void Loop::tell_of_left_step(bool by_exception) noexcept {
  const std::int64_t step = step_reached(open_.begun_at);
  if (!by_exception && !stop()->requested()) {
    StopReason reason;
    reason.origin = StopOrigin::caller;
    reason.step = global_step();
    char text[64];
    const char* const end = fmt::format_to_n(text, sizeof text, "left in step {}", step).out;
    reason.set_text({text, static_cast<std::size_t>(end - text)});
    stop()->request(reason);
  }
  try {
    state_.log(
        LogLevel::warning,
        fmt::format("step {} was open when its session was left, and does not count: close() completes it", step));
  } catch (...) {
    state_.log(LogLevel::warning, "a step was open when its session was left, and does not count");
  }
}

}  // namespace detail

}  // namespace runhook::inline v1
