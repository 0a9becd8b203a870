// How a loop ends: in the ordinary way, and when its constructor fails.
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/monotonic.hpp"
#include "loop/loop.hpp"

namespace runhook::inline v1 {
namespace detail {

// Whoever is inside does not know that somebody waits, since leaving has to be cheap; so it is looked for.
void Loop::enter_within(std::int64_t wait_ns) {
  constexpr std::chrono::nanoseconds kLongestPause = std::chrono::milliseconds(2);
  std::chrono::nanoseconds pause = std::chrono::microseconds(20);
  const std::int64_t begin = monotonic_ns();
  for (;;) {
    if (gate_.try_enter()) return;
    if (joins_this_thread()) {
      throw StatusError(StatusCode::reentrant, "called on a thread of the session's coordinator during another call");
    }
    const std::int64_t waited = monotonic_ns() - begin;
    if (wait_ns >= 0 && waited >= wait_ns) break;
    if (wait_ns >= 0) pause = std::min(pause, std::chrono::nanoseconds(wait_ns - waited));
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  gate_.enter();  // says who is inside
}

bool Loop::joins_this_thread() const noexcept {
  try {
    return coordinator().has_this_thread();
  } catch (...) {
    return false;  // there is none, or none any more
  }
}

void Loop::close(bool heard) {
  if (closed()) return;
  ending_ = true;
  stop()->tell_listeners();
  Error of_step = close_step();
  decide_outcome();
  keep_last_fetched();
  Error error = end_hooks();  // what the caller has not been told yet
  end_logging();
  Error unknown = error;  // what the outcome does not know yet
  keeper_.end();
  const Error known = outcome_.copy().error;
  for_each_error(keeper_.past_thread_error(), [&](const Error& one) {
    if (!holds(known, one)) unknown.merge(one);  // it came when the outcome had been decided
  });
  unknown.merge(keeper_.close_error());
  error.merge(keeper_.past_thread_error());
  error.merge(keeper_.close_error());
  outcome_.end_failed(error, unknown);
  tell_of_unrecovered(error);
  Error cleanup_error;
  lifecycle_.cleanup_all(cleanup_error);
  error.merge(cleanup_error);
  creator_claim_.reset();
  end_.set_closed();
  of_step.merge(error);
  log_outcome(outcome_.known_to_caller() || (heard && of_step));
  if (of_step) throw StatusError(of_step);
}

// The step that is open counts: leaving the loop by `break` is how most loops end. It is not made again, though. If the
// caller has failed the run, it is the step that could not be completed.
Error Loop::close_step() {
  if (!open_.is_open) return {};
  try {
    if (open_.left && !state_.attempt.reported) {
      cancel_step("the run was failed during the step", /*failed=*/true);
    } else {
      complete_step();
    }
  } catch (const StatusError& error) {
    if (!is_clean_end(error.code())) return error.error();
  }
  return {};
}

void Loop::decide_outcome() {
  OutcomeRecord::Ending ending;
  ending.lost_session = keeper_.lost_session();
  ending.past_threads = keeper_.past_thread_error();
  ending.threads = keeper_.fatal_thread_error();
  ending.stop = stop()->first();
  const bool stopped = ending.stop.origin != StopOrigin::none;
  const auto& coordinator = state_.session.coordinator;
  const bool thread_input_ended = coordinator && coordinator->end_of_input();
  ending.input_ended = (end_.input_ended() && (end_.input_ended_first() || !stopped)) ||
                       (thread_input_ended && ending.stop.origin == StopOrigin::coordinator);
  ending.step = global_step();
  ending.runs = engine_.completed_runs();
  ending.recoveries = keeper_.recoveries();
  outcome_.decide(ending);
}

// After a failed run the hooks are not told of an end, and nothing is saved.
Error Loop::end_hooks() {
  if (outcome_.failed()) {
    if (stop()->save_requested() && !save_failed_) {
      state_.log(LogLevel::warning, "a save was requested, but the run has failed first");
    }
    return {};
  }
  if (request_hurried_save()) {
    if (Error error = serve_save_request("before the end")) return error;
  }
  Error error = lifecycle_.end_all();
  error.merge(serve_save_request("at the end"));
  return error;
}

// Returns what the save has failed with.
Error Loop::serve_save_request(std::string_view when) {
  if (state_.session.raw == nullptr) return {};
  try {
    save_if_requested(when);
    return {};
  } catch (...) {
    return Error::from_current_exception(StatusCode::internal);
  }
}

void Loop::deliver_logged() noexcept {
  delivery_.receive();
  if (state_.hot.logged) delivery_.deliver(global_step());
}

// Outputs get what other threads have logged so far, and close.
void Loop::end_logging() noexcept {
  deliver_logged();
  delivery_.queue()->close();
}

// Before the session, whose memory it may be in, is closed.
void Loop::keep_last_fetched() noexcept {
  try {
    state_.last_fetched = engine_.last_fetched();
  } catch (...) {  // NOLINT(bugprone-empty-catch): without memory outputs end with what they have seen themselves
  }
}

// Threads have reported what the next run would have recovered from, and there was none. That fails no run, but belongs
// to what went wrong.
void Loop::tell_of_unrecovered(Error& error) noexcept {
  const bool failed = outcome_.failed();
  for_each_error(keeper_.unrecovered_thread_error(), [&](const Error& one) {
    error.add_suppressed(one);
    failed ? outcome_.end_failed({}, one) : outcome_.note_warning(one);
  });
}

// An error that the caller has is the caller's to report: standard error would show it twice. A log that was given gets
// it in any case.
void Loop::log_outcome(bool known_to_caller) {
  if (known_to_caller && state_.log_is_default && !error_unheard_ && outcome_.failed()) return;
  const Outcome outcome = outcome_.copy();
  try {
    state_.log(outcome.kind == OutcomeKind::failed ? LogLevel::error : LogLevel::info, outcome.to_string());
  } catch (...) {
    state_.log(LogLevel::error, "the run has ended");
  }
}

Error Loop::unwind(Error error) noexcept {
  keeper_.end();
  ending_ = true;
  error.merge(keeper_.past_thread_error());
  error.merge(keeper_.close_error());
  for_each_error(keeper_.unrecovered_thread_error(), [&](const Error& one) { error.add_suppressed(one); });
  outcome_.end_failed(error, error);
  delivery_.queue()->close();
  lifecycle_.cleanup_all(error);
  creator_claim_.reset();
  end_.set_closed();
  stop()->set_canceller(this, {});
  detach_direct_context();
  return error;
}

void Loop::detach_direct_context() noexcept {
  if (!config_.direct_contexts || state_.hot.direct == nullptr) return;
  config_.direct_contexts->detach(std::exchange(state_.hot.direct, nullptr));
}

}  // namespace detail
}  // namespace runhook::inline v1
