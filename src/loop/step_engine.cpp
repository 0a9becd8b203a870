#include "loop/step_engine.hpp"

#include <fmt/core.h>

#include <limits>
#include <utility>

#include "base/monotonic.hpp"
#include "run/unexplained_failure.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// Fast steps just count up; nobody lives to see them get from here to the end of the range.
constexpr std::int64_t kMostFastStep = std::numeric_limits<std::int64_t>::max() / 2;

}  // namespace

StepEngine::StepEngine(RunState& state, HookList& hooks, HookCaller& caller, StepTimer& timer, const RunEnd& end,
                       ValueDelivery& delivery) noexcept
    : state_(state),
      hooks_(hooks),
      caller_(caller),
      timer_(timer),
      end_(end),
      schedule_(state, hooks),
      delivery_(delivery) {}

[[gnu::always_inline]] inline void StepEngine::call_before_run(RunState& state, const HookCalls& calls) {
  state.hot.callback = CallbackKind::before_run;
  try {
    if (const HookCall* failed = dispatch(state, calls.before)) [[unlikely]]
      before_run_failed(calls, failed);
  } catch (...) {
    before_run_failed(calls, nullptr);
  }
  state.hot.callback = CallbackKind::none;
}

[[gnu::always_inline]] inline void StepEngine::call_after_run(RunState& state, const std::vector<HookCall>& calls,
                                                              Error& error) {
  state.hot.callback = CallbackKind::after_run;
  try {
    if (const HookCall* failed = dispatch(state, calls)) [[unlikely]]
      after_run_failed(calls, failed, error);
  } catch (...) {
    after_run_failed(calls, nullptr, error);
  }
  state.hot.callback = CallbackKind::none;
}

[[gnu::always_inline]] inline void StepEngine::begin_fast_steps(RunState& state, const SessionRunArgs& args) {
  state.attempt.plan.empty_step().deadline_ns = 0;
  state.attempt.number = 1;
  state.hot.original = &args;
  state.attempt.plan.begin_quiet_attempts();
}

// Both return whether the step is still one that nobody asks anything of.
[[gnu::always_inline]] inline bool StepEngine::make_first_half(RunState& state, const HookCalls& calls) {
  call_before_run(state, calls);
  return !state.hot.leave_fast_path && !state.session.stop->anything();  // a stop may be urgent
}

[[gnu::always_inline]] inline bool StepEngine::make_second_half(RunState& state, const HookCalls& calls, Error& error) {
  call_after_run(state, calls.after, error);
  if (state.hot.logged) [[unlikely]] {
    if (hooks_.has_value_hooks() || state.hot.leave_fast_path) return false;
    delivery_.deliver(state.session.global_step);
  }
  return !state.session.stop->anything() && !state.hot.leave_fast_path && state.attempt.metadata.nodes.empty();
}

// Ends early when anything is asked for or goes wrong.
bool StepEngine::make_fast_steps(const SessionRunArgs& args, std::int64_t count) {
  RunState& state = state_;
  const HookCalls& calls = hooks_.idle();
  Session& session = *state.session.raw;
  SessionStep& step = state.attempt.plan.empty_step();
  const std::atomic<bool>* const thread_failed = state.session.thread_failed.get();
  std::int64_t global_step = state.session.global_step;
  std::int64_t runs = completed_runs();
  begin_fast_steps(state, args);
  const bool timed = hooks_.has_triggers() && hooks_.next_due().time_ns != Trigger::kNever;
  Error error;
  Reached reached;
  try {
    do {
      reached = Reached::before_run;
      if (!make_first_half(state, calls)) [[unlikely]]
        break;
      session.run(step);
      state.set_global_step(++global_step);
      reached = Reached::after_run;
      if (!make_second_half(state, calls, error)) [[unlikely]]
        break;
      runs_.store(++runs, std::memory_order_relaxed);
      state.hot.now_known = false;
      if (--count <= 0 || end_.any()) return true;
      if (thread_failed != nullptr && thread_failed->load(std::memory_order_relaxed)) return true;
      if (timed && state.context->now_ns() >= hooks_.next_due().time_ns) [[unlikely]]
        return true;
    } while (true);
  } catch (...) {  // the session's: those of hooks do not come this far
    error = session_failure();
    reached = Reached::session_failure;
  }
  interrupted_at_ = reached;
  interruption_ = std::move(error);
  return false;
}

bool StepEngine::begin_fast_step(const SessionRunArgs& args) {
  begin_fast_steps(state_, args);
  if (make_first_half(state_, hooks_.idle())) [[likely]]
    return true;
  take_up_fast_step();
  return false;
}

bool StepEngine::end_fast_step() {
  state_.set_global_step(state_.session.global_step + 1);
  Error error;
  if (make_second_half(state_, hooks_.idle(), error)) [[likely]] {
    runs_.store(completed_runs() + 1, std::memory_order_relaxed);
    state_.hot.now_known = false;
    return true;
  }
  interrupted_at_ = Reached::after_run;
  interruption_ = std::move(error);
  return false;
}

void StepEngine::take_up_fast_step() noexcept {
  if (hooks_.has_triggers()) schedule_.none_due_in(run_number());
  calls_ = &hooks_.idle();
}

Error StepEngine::finish_interrupted() noexcept {
  take_up_fast_step();
  Error error = std::exchange(interruption_, Error());
  switch (interrupted_at_) {
    case Reached::before_run:
      if (!ready_for_session(error)) break;
      execute(error);
      complete(error);
      break;
    case Reached::session_failure:
      note_if_half_done(error);
      attempt_failed(error);
      break;
    case Reached::after_run:
      step_before_ = state_.session.global_step - 1;
      end_attempt(error);
      break;
  }
  return error;
}

void StepEngine::steps_undone(std::int64_t steps) noexcept {
  const std::int64_t runs = std::max<std::int64_t>(steps, 0) / std::max<std::int64_t>(state_.session.advance, 1);
  undone_runs_ += runs;
  schedule_.runs_undone(runs);
}

void StepEngine::return_to_fast_path() noexcept {
  if (!state_.attempt.plan.quiet() || results_stale_ || !state_.attempt.metadata.nodes.empty()) return;
  if (!hooks_.idle().listeners.empty() || remaining_.capacity() < hooks_.slots().size()) return;
  if (state_.session.global_step > kMostFastStep) return;
  if (state_.session.advance != 1) return;  // fast steps leave it as it is
  state_.clear_attempt();
  fast_ = true;
}

Error StepEngine::attempt(const SessionRunArgs& args) {
  Error error;
  if (prepare(args, error)) [[likely]] {
    execute(error);
    complete(error);
  }
  return error;
}

bool StepEngine::prepare(const SessionRunArgs& args, Error& error) {
  state_.begin_attempt(args);
  if (hooks_.has_triggers()) [[unlikely]]
    schedule_.decide(run_number());
  calls_ = &hooks_.calls(args.options);
  remaining_.reserve(hooks_.slots().size());  // so that no hook goes without its after_run for want of memory
  if (timer_.wants(*calls_, completed_runs(), hooks_.any_due())) [[unlikely]]
    calls_ = &timed_.emplace(timer_, *calls_, completed_runs(), hooks_.any_due()).calls();
  call_before_run(state_, *calls_);
  if (ready_for_session(error)) [[likely]]
    return true;
  finish_timing(error);
  return false;
}

// From the end of before_run on.
bool StepEngine::ready_for_session(Error& error) noexcept {
  error = std::exchange(before_run_error_, Error());
  if (error) [[unlikely]] {
    attempt_failed(error);
    return false;
  }
  if (state_.hot.skip) [[unlikely]] {
    error = skip_step();
    return false;
  }
  try {
    state_.attempt.plan.merge(*state_.hot.original);
    if (state_.session.stop->urgent()) [[unlikely]]
      throw StatusError(StatusCode::cancelled, "an urgent stop was requested before the step");
    if (results_stale_) results_.drop_values();  // so that the session may use its buffers again
    if (!state_.attempt.metadata.nodes.empty()) state_.attempt.metadata.nodes.clear();
    return true;
  } catch (...) {
    error = session_failure();
    attempt_failed(error);
    return false;
  }
}

void StepEngine::execute(Error& error) noexcept {
  try {
    StepTimer::SessionRun timed(timer_);
    run_in_time(*state_.session.raw, state_.attempt.plan.step());
    timed.succeeded();
  } catch (...) {
    error = session_failure();
  }
}

void StepEngine::begin_execution() noexcept {
  if (timed_) [[unlikely]]
    timed_execution_.emplace(timer_);
}

void StepEngine::end_execution(const Error& error) noexcept {
  if (!timed_execution_) [[likely]]
    return;
  if (!error) timed_execution_->succeeded();
  timed_execution_.reset();
}

void StepEngine::complete(Error& error) noexcept {
  if (!error) [[likely]]
    hand_out_results(error);
  if (error) [[unlikely]] {
    note_if_half_done(error);
    attempt_failed(error);
  } else {
    if (some_left_out_) [[unlikely]] {
      call_remaining_after_run(calls_->after, error);
    } else {
      call_after_run(state_, calls_->after, error);
    }
    end_attempt(error);
  }
  if (timed_) [[unlikely]]
    finish_timing(error);
}

void StepEngine::hand_out_results(Error& error) noexcept {
  Plan& plan = state_.attempt.plan;
  step_before_ = state_.session.global_step;
  try {
    if (plan.fetches_anything() || results_stale_) {
      plan.distribute(results_);
      results_stale_ = plan.fetches_anything();
    }
    const std::int64_t before = step_before_;
    const auto said = state_.attempt.next_step;
    const std::int64_t after =
        plan.has_global_step() ? plan.fetched_global_step() : said.value_or(saturating_add(before, 1));
    state_.set_global_step(after);
    state_.session.advance = after > before ? saturating_distance(before, after) : 1;
    if (plan.handed_out()) {
      fetched_step_ = after;
      fetched_failed_ = false;
    }
  } catch (...) {
    error = session_failure();
  }
}

// From the end of after_run on.
void StepEngine::end_attempt(Error& error) noexcept {
  state_.hot.now_known = false;
  if (state_.attempt.plan.feeds_anything()) state_.attempt.plan.drop_feeds();
  if (state_.session.stop->values_wait()) [[unlikely]]
    delivery_.receive();
  if (state_.hot.discard) state_.values.drop();  // outputs are told of the end of the step nevertheless
  if (state_.hot.logged && !error) error.merge(delivery_.deliver_step());
  if (!state_.stops.empty() && !error) state_.stops.post_to(*state_.session.stop);
  if (state_.hot.discard) [[unlikely]] {
    results_stale_ = true;
    try {
      results_.reset(Fetches(), /*skipped=*/false, /*discarded=*/true);
    } catch (...) {
      error.merge(Error::from_current_exception(StatusCode::unknown));
    }
  }
  if (state_.attempt.plan.handed_out()) fetched_failed_ = static_cast<bool>(error);
  if (error && !state_.attempt.plan.has_global_step()) [[unlikely]]
    state_.set_global_step(step_before_);  // a step that a hook has failed is not one of those counted
  if (!error) [[likely]]
    runs_.store(completed_runs() + 1, std::memory_order_relaxed);
}

// Of a session that has begun to execute a step. A step that is given up otherwise, or finds the end of the input, says
// so before it has changed anything.
void StepEngine::note_if_half_done(const Error& error) noexcept {
  if (error.code() == StatusCode::cancelled && state_.session.stop->urgent()) state_.session.half_done = true;
}

void StepEngine::attempt_failed(Error& error) noexcept {
  call_on_error(error);
  state_.hot.now_known = false;
  state_.attempt.plan.drop_feeds();
  some_left_out_ = false;
  reached_ = kAllHooks;
}

Error StepEngine::skip_step() noexcept {
  Error skipped;
  try {
    skipped = Error(StatusCode::cancelled,
                    fmt::format("the step was skipped by hook '{}'", state_.attempt.skipped_by->options.name));
  } catch (...) {
    skipped = Error(StatusCode::cancelled, "the step was skipped");
  }
  attempt_failed(skipped);
  delivery_.drop();
  if (state_.session.stop->values_wait()) delivery_.receive();
  if (state_.hot.logged) delivery_.deliver(state_.session.global_step);
  state_.stops.drop();
  ++skips_;
  results_stale_ = true;
  // That it was skipped is no failure, but what on_error has failed with is one.
  Error error;
  for (std::size_t i = 0; i < skipped.suppressed_count(); ++i) error.merge(skipped.suppressed(i));
  try {
    results_.reset(Fetches(), /*skipped=*/true);
  } catch (...) {
    error.merge(Error::from_current_exception(StatusCode::unknown));
  }
  if (!error && state_.session.stop->requested()) return Error(StatusCode::stopped, "a stop has been requested");
  return error;
}

LastFetched StepEngine::last_fetched() const {
  LastFetched last{fetched_step_, fetched_failed_, {}};
  if (state_.hot.discard) return last;
  state_.attempt.plan.visit_last_results(
      [&last](const std::string& name, const Value& value) { last.values.emplace_back(name, value); });
  return last;
}

// Of an attempt that was measured, if it was.
void StepEngine::finish_timing(const Error& error) noexcept {
  if (!timed_) return;
  if (!error) state_.hot.skip ? timed_->skipped() : timed_->succeeded();
  timed_.reset();
  next_timed_ = timer_.next_run();
  if (const Error warning = timer_.over_budget()) caller_.warn(warning);
}

Error StepEngine::session_failure() noexcept {
  Error error = Error::from_current_exception(StatusCode::unknown);
  error.locate({}, "run", state_.session.global_step);
  return error;
}

const HookCall& StepEngine::current(const std::vector<HookCall>& calls) const noexcept {
  const HookCall* call = calls.data();
  while (call != &calls.back() && call->slot != state_.hot.slot) ++call;
  return *call;
}

Error StepEngine::callback_failure(bool threw) noexcept {
  Error error;
  if (threw) error = Error::from_current_exception(StatusCode::hook_failed);
  Error reported = state_.take_failure();
  if (reported && (!threw || error.code() == StatusCode::hook_failed)) return reported;
  if (threw) return error;
  try {
    return Error(StatusCode::hook_failed,
                 unexplained_failure(callback_text(state_.hot.callback), state_.hot.callback_result));
  } catch (...) {
    return Error::no_memory();
  }
}

// Deals with the call that has just failed (NULL: the one that has thrown the exception being handled) and makes the
// remaining ones. `on_failure` returns whether to go on.
// Does not throw: it runs where an exception could be taken for a hook's.
template <typename OnFailure>
void StepEngine::go_on_after(const std::vector<HookCall>& calls, const HookCall* failed,
                             OnFailure&& on_failure) noexcept {
  const CallbackKind kind = state_.hot.callback;
  state_.hot.leave_fast_path = true;
  Error error = callback_failure(/*threw=*/failed == nullptr);
  if (failed == nullptr) failed = &current(calls);
  while (failed != nullptr) {
    HookSlot& slot = *failed->slot;
    error.locate(slot.options.name, callback_text(kind), state_.session.global_step);
    if (!on_failure(slot, error)) return;
    state_.hot.callback = kind;
    try {
      failed = dispatch(state_, calls, static_cast<std::size_t>(failed - calls.data()) + 1);
      if (failed != nullptr) error = callback_failure(/*threw=*/false);
    } catch (...) {
      error = callback_failure(/*threw=*/true);
      failed = &current(calls);
    }
  }
}

[[gnu::cold, gnu::noinline]] void StepEngine::before_run_failed(const HookCalls& calls,
                                                                const HookCall* failed) noexcept {
  go_on_after(calls.before, failed, [&](HookSlot& slot, const Error& error) {
    if (caller_.fails_run(slot, error)) {
      before_run_error_ = error;
      reached_ = slot.order + 1;
      return false;
    }
    // Tolerated: its part in this attempt is over.
    withdraw(slot);
    slot.left_out = state_.attempt.plan.attempt();
    some_left_out_ = true;
    (void)caller_.on_error(slot, error);  // tolerated, too
    return true;
  });
}

[[gnu::cold, gnu::noinline]] void StepEngine::after_run_failed(const std::vector<HookCall>& calls,
                                                               const HookCall* failed, Error& result) noexcept {
  go_on_after(calls, failed, [&](HookSlot& slot, const Error& error) {
    if (caller_.fails_run(slot, error)) result.merge(error);
    return true;
  });
}

// What the hook has asked for in this attempt is not to count.
void StepEngine::withdraw(HookSlot& slot) noexcept {
  AttemptState& attempt = state_.attempt;
  const std::uint64_t number = attempt.plan.attempt();
  attempt.plan.withdraw(slot.request);
  const auto& slots = hooks_.slots();
  if (std::exchange(slot.skips, 0) == number) {
    const auto next = std::find_if(slots.begin(), slots.end(), [&](const auto& x) { return x->skips == number; });
    state_.hot.skip = next != slots.end();
    if (state_.hot.skip) attempt.skipped_by = next->get();
  }
  if (std::exchange(slot.options_attempt, 0) != number) return;
  try {
    attempt.options.clear();
    if (!state_.hot.original->options.is_default()) attempt.options.start(state_.hot.original->options, "the caller");
    for (const auto& other : slots) {
      if (other->options_attempt != number) continue;
      for (const RunOptions& wanted : other->wanted_options) attempt.options.add(wanted, other->request.requester);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): these have been merged before, so there is memory and no conflict
  }
}

// When tolerated failures of before_run have excluded hooks from the attempt.
void StepEngine::call_remaining_after_run(const std::vector<HookCall>& calls, Error& error) {
  some_left_out_ = false;
  remaining_.clear();
  for (const HookCall& call : calls) {
    if (call.slot->left_out != state_.attempt.plan.attempt()) remaining_.push_back(call);
  }
  call_after_run(state_, remaining_, error);
}

void StepEngine::call_on_error(Error& error) noexcept {
  const RunOptions& options = state_.hot.original->options;
  const auto& slots = hooks_.slots();
  for (std::size_t i = std::min(reached_, slots.size()); i-- > 0;) {
    HookSlot& slot = *slots[i];
    if (slot.disabled || !slot.due || slot.left_out == state_.attempt.plan.attempt()) continue;
    if (HookList::selected(slot, options)) error.add_suppressed(caller_.on_error(slot, error));
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
