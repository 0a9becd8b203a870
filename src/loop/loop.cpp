#include "loop/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "base/monotonic.hpp"
#include "run/callback_failure.hpp"

namespace runhook::inline v1 {
namespace detail {

void Loop::refuse_entry() const {
  if (called_back()) throw StatusError(StatusCode::reentrant, "called from inside a callback of the same session");
  throw StatusError(StatusCode::busy, "another thread is using the session");
}

void Loop::run_deferred() noexcept {
  const std::function<void()> when_idle = std::move(when_idle_);
  when_idle();  // may destroy this
}

bool Loop::defer_until_idle(std::function<void()> when_idle) {
  if (!busy()) return false;
  when_idle_ = std::move(when_idle);
  ended_.fetch_or(kAbandoned);
  if (occupant_.fetch_or(kDeferred, std::memory_order_acq_rel) != 0) return true;
  ended_.fetch_and(~kAbandoned);
  occupant_.store(0, std::memory_order_release);
  when_idle_ = nullptr;
  return false;
}

HookList& Loop::hooks() {
  if (ending_) throw StatusError(StatusCode::closed, "the session has ended");
  return hooks_;
}

void Loop::note_warning(const Error& error) noexcept {
  const std::lock_guard lock(shared_mutex_);
  Outcome& outcome = state_.outcome;
  const auto number = static_cast<std::size_t>(outcome.warnings++);
  if (number == 0) outcome.first_warning = error;
  if (number < Outcome::kMaxWarnings) outcome.first_warnings[number] = error;
}

std::string Loop::hook_name(const HookSlot* slot) const {
  const std::lock_guard lock(hooks_.observed());
  const auto& slots = hooks_.slots();
  const auto found = std::find_if(slots.begin(), slots.end(), [slot](const auto& one) { return one.get() == slot; });
  return found != slots.end() ? (*found)->options.name : std::string();
}

bool Loop::fails_run(HookSlot& slot, const Error& error) noexcept {
  if (slot.options.failure_policy == FailurePolicy::fail) return true;
  note_warning(error);
  ++slot.failures;
  const bool disable = slot.options.failure_policy == FailurePolicy::disable &&
                       slot.failures >= static_cast<std::uint64_t>(slot.options.max_failures);
  // Of a hook that fails in every step the 1st, 2nd, 4th, 8th, ... are logged; all are counted.
  if (std::has_single_bit(slot.failures) || disable) {
    try {
      state_.log(LogLevel::warning, fmt::format("{} (failure {} of this hook{})", error.to_string(), slot.failures,
                                                disable ? ", which is disabled now" : ""));
    } catch (...) {
      state_.log(LogLevel::warning, "a hook has failed");
    }
  }
  if (disable) {
    slot.disabled = true;
    hooks_.mark_changed();
  }
  return false;
}

void Loop::set_global_step(std::int64_t step) noexcept {
  state_.global_step.store(step, std::memory_order_relaxed);
  state_.stop->set_step(step);
}

void Loop::post_stop(const Error& error) {
  StopReason reason;
  const bool by_step_function = error.callback() == callback_text(CallbackKind::step_function);
  reason.origin = !error.hook().empty() ? StopOrigin::hook
                  : by_step_function    ? StopOrigin::step_function
                                        : StopOrigin::session;
  reason.code = static_cast<std::int32_t>(error.code());
  reason.step = state_.global_step;
  reason.set_who(error.hook());
  reason.set_text(error.message());
  state_.stop->request(reason);
}

void Loop::settle_failure(const Error& error) {
  if (error.code() == StatusCode::out_of_range) {
    if ((ended_.fetch_or(kEndOfInput) & kEndOfInput) == 0) input_ended_first_ = !state_.stop->requested();
  } else if (error.code() == StatusCode::stopped) {
    if (!state_.stop->requested()) post_stop(error);
  } else {
    run_error_.merge(error);
  }
  throw StatusError(error);
}

void Loop::check_slowly() {
  quiet_ = false;
  if (has_ended(kClosed)) throw StatusError(StatusCode::closed, "the session is closed");
  if (has_ended(kAbandoned)) throw StatusError(StatusCode::closed, "the session is being destroyed");
  if (state_.stop->requested()) throw StatusError(StatusCode::stopped, "a stop has been requested");
  if (has_ended(kLost)) settle_failure(lost_session_);
  if (has_ended(kEndOfInput)) throw StatusError(StatusCode::stopped, "the input has ended");
  try {
    apply_changes();
  } catch (...) {
    settle_failure(Error::from_current_exception(StatusCode::unknown));
  }
  // A hook that has just begun may have asked for a stop.
  if (state_.stop->requested()) throw StatusError(StatusCode::stopped, "a stop has been requested");
}

// `body` makes one attempt and returns its error. An attempt that is under way already is completed, so that every hook
// gets what it is due; an error of a thread then waits for the next one.
template <typename Body>
void Loop::recovering(Body&& body, bool under_way) {
  quiet_ = false;
  state_.attempt = 1;
  for (;;) {
    Error error;
    const std::int64_t begun_at = global_step();  // a failing after_run may have seen a later step
    if (!std::exchange(under_way, false) && thread_failed()) [[unlikely]] {
      error = state_.coordinator->error();  // none yet, if a thread is just about to report it
    }
    if (!error) [[likely]] {
      try {
        error = body();
      } catch (...) {
        error = Error::from_current_exception(StatusCode::unknown);
        state_.callback = CallbackKind::none;
      }
      if (!error) [[likely]] {
        if ((recoveries_in_a_row_ > 0 || run_error_) && !state_.skip) [[unlikely]]
          step_completed();
        if (state_.stop->save_requested()) [[unlikely]]
          save_if_requested("after the step");
        if (recoveries_in_a_row_ == 0 && state_.plan.quiet() && !results_stale_ && state_.metadata.nodes.empty() &&
            hooks_.idle().listeners.empty()) {
          state_.clear_attempt();
          quiet_ = true;
        }
        return;
      }
      error = prefer_thread_error(with_gravest_primary(std::move(error)));
    }
    if (cancelled_by_stop(error)) {
      Error stopped(StatusCode::stopped, "the step was cancelled by an urgent stop request");
      stopped.add_suppressed(error);
      settle_failure(stopped);
    }
    if (!recovers(error)) {
      // A run that fails for good carries what it was recovered from before.
      if (!is_clean_end(error.code())) error.add_suppressed(std::exchange(recovery_cause_, Error()));
      settle_failure(error);
    }
    try {
      recover(error, std::min(begun_at, global_step()));
      hooks_.collect_calls();  // a hook may have been disabled since
    } catch (const StatusError& given_up) {
      settle_failure(given_up.error());
    } catch (...) {
      settle_failure(Error::from_current_exception(StatusCode::internal));
    }
    ++state_.attempt;
  }
}

[[gnu::always_inline]] inline void Loop::call_before_run(const HookCalls& calls, std::size_t& reached, Error& error) {
  state_.callback = CallbackKind::before_run;
  try {
    if (const HookCall* failed = dispatch(state_, calls.before)) [[unlikely]]
      before_run_failed(calls, failed, reached, error);
  } catch (...) {
    before_run_failed(calls, nullptr, reached, error);
  }
  state_.callback = CallbackKind::none;
}

[[gnu::always_inline]] inline void Loop::call_after_run(const std::vector<HookCall>& calls, Error& error) {
  state_.callback = CallbackKind::after_run;
  try {
    if (const HookCall* failed = dispatch(state_, calls)) [[unlikely]]
      after_run_failed(calls, failed, error);
  } catch (...) {
    after_run_failed(calls, nullptr, error);
  }
  state_.callback = CallbackKind::none;
}

// While run_until_stop() is under way it may be known which run is its last.
class Loop::LastRun {
 public:
  LastRun(Loop& loop, std::int64_t max_steps) noexcept : loop_(loop) {
    if (max_steps > 0) loop_.last_run_number_ = saturating_add(loop_.run_number(), max_steps - 1);
  }
  ~LastRun() { loop_.last_run_number_ = Trigger::kNever; }
  LastRun(const LastRun&) = delete;
  LastRun& operator=(const LastRun&) = delete;

 private:
  Loop& loop_;
};

void Loop::run_until_stop(const SessionRunArgs& args, std::int64_t max_steps, std::int64_t& completed) {
  completed = 0;
  if (has_ended(kClosed)) throw StatusError(StatusCode::closed, "the session is closed");
  const std::int64_t start = runs_.load(std::memory_order_relaxed);
  const std::int64_t skips = skips_;
  const std::int64_t limit = max_steps > 0 ? max_steps : std::numeric_limits<std::int64_t>::max();
  const auto count = [&] { return runs_.load(std::memory_order_relaxed) - start; };
  const auto remaining = [&] { return limit - count() - (skips_ - skips); };
  const LastRun last_run(*this, max_steps);
  try {
    while (remaining() > 0 && !should_stop() && !has_ended(kAbandoned)) {
      check_may_run();
      make_steps(args, remaining());
    }
  } catch (const StatusError& error) {
    completed = count();
    if (!is_clean_end(error.code())) throw;
  }
  completed = count();
}

// How many runs can be made in which no trigger is due, at most `allowed`.
std::int64_t Loop::idle_steps(std::int64_t allowed) {
  const Trigger::Next& next = hooks_.next_due();
  const std::int64_t step = global_step();
  if (next.step <= step) return 0;
  std::int64_t idle = std::min(allowed, saturating_distance(step, next.step));
  if (next.run != Trigger::kNever) idle = std::min(idle, next.run - run_number());
  if (hooks_.triggers_use_last()) {
    if (state_.last_step <= step) return 0;
    if (state_.last_step != Trigger::kNever) idle = std::min(idle, saturating_distance(step, state_.last_step) - 1);
    if (last_run_number_ != Trigger::kNever) idle = std::min(idle, last_run_number_ - run_number());
  }
  if (hooks_.triggers_use_time() && state_.context->now_ns() >= next.time_ns) return 0;
  if (idle > 0) hooks_.none_due();
  return idle;
}

// Once for a run, however many attempts it takes.
void Loop::decide_triggers() {
  const std::int64_t run = run_number();
  if (decided_run_ == run) return;
  TriggerPoint point;
  point.step = global_step();
  if (hooks_.triggers_use_time()) point.time_ns = state_.context->now_ns();
  point.run = run;
  const std::int64_t step_after = saturating_add(point.step, std::max<std::int64_t>(state_.advance, 1));
  point.last = run == last_run_number_ || (state_.last_step != Trigger::kNever && state_.last_step <= step_after);
  hooks_.decide(point);
  decided_run_ = run;
}

void Loop::ordinary_step(const SessionRunArgs& args) {
  recovering([&] { return attempt(args); });
}

// Steps in which nobody asks for anything, without the work that they do not need. Ends early when anything is asked
// for or goes wrong, and then completes the attempt in the ordinary way.
void Loop::quiet_steps(const SessionRunArgs& args, std::int64_t count) {
  RunState& state = state_;
  const HookCalls& calls = hooks_.idle();
  Session& session = *state.session;
  SessionStep& step = state.plan.empty_step();
  step.deadline_ns = 0;
  const StopState& stop = *state.stop;
  const std::atomic<bool>* const failed = thread_failed_.get();
  std::size_t reached = kAllHooks;
  std::int64_t global_step = state.global_step;
  std::int64_t runs = runs_.load(std::memory_order_relaxed);
  state.attempt = 1;
  state.original = &args;
  state.plan.begin_quiet_attempts();
  const bool timed = hooks_.has_triggers() && hooks_.next_due().time_ns != Trigger::kNever;
  Error error;
  Reached stage;
  try {
    do {
      stage = Reached::before_run;
      call_before_run(calls, reached, error);
      if (state.leave_fast_path || stop.anything()) [[unlikely]]  // a stop may be urgent
        break;
      session.run(step);
      set_global_step(++global_step);
      stage = Reached::after_run;
      call_after_run(calls.after, error);
      if (stop.anything() || state.leave_fast_path || !state.metadata.nodes.empty()) [[unlikely]]
        break;
      runs_.store(++runs, std::memory_order_relaxed);
      state.now_known = false;
      if (--count <= 0 || ended_.load(std::memory_order_acquire) != 0) return;
      if (failed != nullptr && failed->load(std::memory_order_relaxed)) return;
      if (timed && state.context->now_ns() >= hooks_.next_due().time_ns) [[unlikely]]
        return;
    } while (true);
  } catch (...) {  // the session's: those of hooks do not come this far
    error = session_failure();
    stage = Reached::session_failure;
  }
  continue_attempt(args, stage, reached, error);
}

// Makes what remains of an attempt of quiet_steps() the first one of `recovering`.
[[gnu::cold, gnu::noinline]] void Loop::continue_attempt(const SessionRunArgs& args, Reached stage, std::size_t reached,
                                                         Error& error) {
  bool first = true;
  if (hooks_.has_triggers()) decided_run_ = run_number();  // none was due
  const auto remaining = [&] {
    switch (stage) {
      case Reached::before_run:
        return finish_attempt(args, hooks_.idle(), reached, std::move(error));
      case Reached::session_failure:
        return attempt_failed(args, reached, std::move(error));
      case Reached::after_run:
        break;
    }
    return end_attempt(std::move(error));
  };
  recovering([&] { return std::exchange(first, false) ? remaining() : attempt(args); }, /*under_way=*/true);
}

void Loop::run_step_function(const std::function<void(StepContext&)>& function) {
  check_may_run();
  recovering([&]() -> Error {
    CallbackScope scope(state_, CallbackKind::step_function, nullptr);
    state_.now_known = false;
    StepContext context(*this);
    Error error;
    try {
      function(context);
    } catch (...) {
      error = Error::from_current_exception(StatusCode::unknown);
    }
    if (const Error reported = state_.take_failure(); reported && !error) error = reported;
    if (error) error.locate({}, "step_function", state_.global_step);
    return error;
  });
}

void Loop::run_with_hooks(const SessionRunArgs& args) {
  if (state_.callback != CallbackKind::step_function) {
    throw StatusError(StatusCode::reentrant, "running with hooks is possible in a step function only");
  }
  check_may_run();
  CallbackScope scope(state_, CallbackKind::none, nullptr);
  Error error = attempt(args);
  state_.original = nullptr;  // the step function's
  if (error) throw StatusError(std::move(error));
}

Error Loop::session_failure() noexcept {
  Error error = Error::from_current_exception(StatusCode::unknown);
  error.locate({}, "run", state_.global_step);
  return error;
}

Error Loop::attempt(const SessionRunArgs& args) {
  state_.begin_attempt(args);
  if (hooks_.has_triggers()) [[unlikely]]
    decide_triggers();
  const HookCalls& calls = hooks_.calls(args.options);
  if (timer_.wants(calls, runs_.load(std::memory_order_relaxed), hooks_.any_due())) [[unlikely]]
    return timed_attempt(args, calls);
  std::size_t reached = kAllHooks;
  Error error;
  call_before_run(calls, reached, error);
  return finish_attempt(args, calls, reached, std::move(error));
}

// The same with calls that measure themselves.
[[gnu::noinline]] Error Loop::timed_attempt(const SessionRunArgs& args, const HookCalls& calls) {
  Error error;
  {
    StepTimer::Attempt timed(timer_, calls, runs_.load(std::memory_order_relaxed), hooks_.any_due());
    std::size_t reached = kAllHooks;
    call_before_run(timed.calls(), reached, error);
    error = finish_attempt(args, timed.calls(), reached, std::move(error));
    if (!error) state_.skip ? timed.skipped() : timed.succeeded();
  }
  next_timed_ = timer_.next_run();
  if (const Error warning = timer_.over_budget()) {
    note_warning(warning);
    state_.log(LogLevel::warning, warning.to_string());
  }
  return error;
}

// From the end of before_run on.
Error Loop::finish_attempt(const SessionRunArgs& args, const HookCalls& calls, std::size_t reached, Error error) {
  if (error) [[unlikely]]
    return attempt_failed(args, reached, std::move(error));
  if (state_.skip) [[unlikely]]
    return skip_step(args);
  try {
    state_.plan.merge(args);
    if (state_.stop->urgent()) [[unlikely]]
      throw StatusError(StatusCode::cancelled, "an urgent stop was requested before the step");
    if (results_stale_) results_.drop_values();  // so that the session may use its buffers again
    if (!state_.metadata.nodes.empty()) state_.metadata.nodes.clear();
    {
      StepTimer::SessionRun timed(timer_);
      run_in_time(*state_.session, state_.plan.step());
      timed.succeeded();
    }
    if (state_.plan.fetches_anything() || results_stale_) {
      state_.plan.distribute(results_);
      results_stale_ = state_.plan.fetches_anything();
    }
    const std::int64_t before = global_step();
    set_global_step(state_.plan.has_global_step() ? state_.plan.fetched_global_step() : before + 1);
    state_.advance = global_step() - before;
  } catch (...) {
    error = session_failure();
  }
  if (error) [[unlikely]]
    return attempt_failed(args, reached, std::move(error));
  if (some_left_out_) [[unlikely]] {
    call_remaining_after_run(calls.after, error);
  } else {
    call_after_run(calls.after, error);
  }
  return end_attempt(std::move(error));
}

// From the end of after_run on.
Error Loop::end_attempt(Error error) {
  state_.now_known = false;
  if (state_.plan.feeds_anything()) state_.plan.drop_feeds();
  if (state_.discard) [[unlikely]] {
    results_stale_ = true;
    results_.reset(Fetches(), /*skipped=*/false, /*discarded=*/true);
  }
  if (error && !state_.plan.has_global_step()) [[unlikely]]
    set_global_step(state_.global_step - 1);  // a step that a hook has failed is not one of those counted
  if (!error) [[likely]]
    runs_.store(runs_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return error;
}

Error Loop::attempt_failed(const SessionRunArgs& args, std::size_t reached, Error error) {
  call_on_error(args, reached, error);
  state_.now_known = false;
  state_.plan.drop_feeds();
  some_left_out_ = false;
  return error;
}

Error Loop::skip_step(const SessionRunArgs& args) {
  const Error skipped =
      attempt_failed(args, kAllHooks,
                     Error(StatusCode::cancelled, fmt::format("the step was skipped by hook '{}'", state_.skipped_by)));
  ++skips_;
  results_stale_ = true;
  results_.reset(Fetches(), /*skipped=*/true);
  // That it was skipped is no failure, but what on_error has failed with is one.
  Error error;
  for (std::size_t i = 0; i < skipped.suppressed_count(); ++i) error.merge(skipped.suppressed(i));
  if (!error && state_.stop->requested()) return Error(StatusCode::stopped, "a stop has been requested");
  return error;
}

const HookCall& Loop::current(const std::vector<HookCall>& calls) const noexcept {
  const HookCall* call = calls.data();
  while (call != &calls.back() && call->slot != state_.slot) ++call;
  return *call;
}

Error Loop::callback_failure(bool threw) noexcept {
  Error error;
  if (threw) error = Error::from_current_exception(StatusCode::hook_failed);
  Error reported = state_.take_failure();
  if (reported && (!threw || error.code() == StatusCode::hook_failed)) return reported;
  if (threw) return error;
  try {
    return Error(StatusCode::hook_failed, unexplained_failure(callback_text(state_.callback), state_.callback_result));
  } catch (...) {
    return Error::no_memory();
  }
}

// Deals with the call that has just failed (NULL: the one that has thrown the exception being handled) and makes the
// remaining ones. `on_failure` returns whether to go on.
// Does not throw: it runs where an exception could be taken for a hook's.
template <typename OnFailure>
void Loop::go_on_after(const std::vector<HookCall>& calls, const HookCall* failed, OnFailure&& on_failure) noexcept {
  const CallbackKind kind = state_.callback;
  state_.leave_fast_path = true;
  Error error = callback_failure(/*threw=*/failed == nullptr);
  if (failed == nullptr) failed = &current(calls);
  while (failed != nullptr) {
    HookSlot& slot = *failed->slot;
    error.locate(slot.options.name, callback_text(kind), state_.global_step);
    if (!on_failure(slot, error)) return;
    state_.callback = kind;
    try {
      failed = dispatch(state_, calls, static_cast<std::size_t>(failed - calls.data()) + 1);
      if (failed != nullptr) error = callback_failure(/*threw=*/false);
    } catch (...) {
      error = callback_failure(/*threw=*/true);
      failed = &current(calls);
    }
  }
}

[[gnu::cold, gnu::noinline]] void Loop::before_run_failed(const HookCalls& calls, const HookCall* failed,
                                                          std::size_t& reached, Error& result) noexcept {
  go_on_after(calls.before, failed, [&](HookSlot& slot, const Error& error) {
    if (fails_run(slot, error)) {
      result = error;
      reached = slot.order + 1;
      return false;
    }
    // Tolerated: its part in this attempt is over.
    withdraw_requests(slot);
    slot.left_out = state_.plan.attempt();
    some_left_out_ = true;
    const Error later = call_hook(slot, CallbackKind::on_error, [&] { slot.hook->on_error(*state_.context, error); });
    if (later) fails_run(slot, later);
    return true;
  });
}

[[gnu::cold, gnu::noinline]] void Loop::after_run_failed(const std::vector<HookCall>& calls, const HookCall* failed,
                                                         Error& result) noexcept {
  go_on_after(calls, failed, [&](HookSlot& slot, const Error& error) {
    if (fails_run(slot, error)) result.merge(error);
    return true;
  });
}

// What the hook has asked for in this attempt is not to count.
void Loop::withdraw_requests(HookSlot& slot) noexcept {
  const std::uint64_t attempt = state_.plan.attempt();
  state_.plan.withdraw(slot.request);
  const auto& slots = hooks_.slots();
  if (std::exchange(slot.skips, 0) == attempt) {
    const auto next = std::find_if(slots.begin(), slots.end(), [&](const auto& x) { return x->skips == attempt; });
    state_.skip = next != slots.end();
    if (state_.skip) state_.skipped_by = (*next)->options.name;
  }
  if (std::exchange(slot.options_attempt, 0) != attempt) return;
  try {
    state_.options.clear();
    if (!state_.original->options.is_default()) state_.options.start(state_.original->options, "the caller");
    for (const auto& other : slots) {
      if (other->options_attempt != attempt) continue;
      for (const RunOptions& wanted : other->wanted_options) state_.options.add(wanted, other->request.requester);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): these have been merged before, so there is memory and no conflict
  }
}

// When tolerated failures of before_run have excluded hooks from the attempt.
void Loop::call_remaining_after_run(const std::vector<HookCall>& calls, Error& error) {
  some_left_out_ = false;
  std::vector<HookCall> remaining = calls;
  std::erase_if(remaining, [&](const HookCall& call) { return call.slot->left_out == state_.plan.attempt(); });
  call_after_run(remaining, error);
}

void Loop::call_on_error(const SessionRunArgs& args, std::size_t reached, Error& error) {
  const auto& slots = hooks_.slots();
  for (std::size_t i = std::min(reached, slots.size()); i-- > 0;) {
    HookSlot& slot = *slots[i];
    if (slot.disabled || !slot.due || slot.left_out == state_.plan.attempt()) continue;
    if (!HookList::selected(slot, args.options)) continue;
    const Error later = call_hook(slot, CallbackKind::on_error, [&] { slot.hook->on_error(*state_.context, error); });
    if (later && fails_run(slot, later)) error.add_suppressed(later);
  }
}

// The safe point. What a save fails with is the save's: the step is done, so that nothing of it is to be made again,
// and the input has not ended because the saver says so.
void Loop::save_if_requested(std::string_view when) {
  if (!state_.stop->take_save_request()) return;
  try {
    const StepTimer::Activity activity(timer_, SpanKind::save);
    const std::shared_ptr<Saver> saver = config_.session_creator->saver();
    if (saver == nullptr) {
      state_.log(LogLevel::warning, "a save was requested, but there is no saver");
      return;
    }
    saver->save(*state_.session, state_.global_step);
  } catch (...) {
    Error error = Error::from_current_exception(StatusCode::unknown);
    error.locate({}, "save", state_.global_step);
    if (is_clean_end(error.code())) {
      Error failed(StatusCode::internal, fmt::format("saving {} failed with {}", when, status_name(error.code())));
      failed.add_suppressed(error);
      failed.locate({}, "save", state_.global_step);
      error = failed;
    }
    state_.stop->request_save();  // to be tried again at the next safe point
    quiet_ = false;
    run_error_.merge(error);
    throw StatusError(error);
  }
}

void Loop::copy_out(Results* results, RunMetadata* metadata) const {
  if (results != nullptr) *results = results_;
  if (metadata != nullptr) *metadata = state_.metadata;
}

Outcome Loop::outcome() const {
  const std::lock_guard lock(shared_mutex_);
  Outcome outcome = state_.outcome;
  if (outcome.kind == OutcomeKind::running) {
    outcome.stop = state_.stop->first();
    outcome.step = global_step();
    outcome.runs = runs_.load(std::memory_order_relaxed);
    outcome.recoveries = recoveries_.load(std::memory_order_relaxed);
  }
  return outcome;
}

std::shared_ptr<Session> Loop::session() const noexcept {
  const std::lock_guard lock(shared_mutex_);
  return state_.session;
}

Coordinator Loop::coordinator() const {
  const std::lock_guard lock(shared_mutex_);
  if (!state_.coordinator) throw StatusError(StatusCode::closed, "there is no session any more");
  return *state_.coordinator;
}

}  // namespace detail
}  // namespace runhook::inline v1
