#include "loop/step_timer.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <mutex>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/thread_id.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

SpanKind span_kind(CallbackKind kind) noexcept {
  switch (kind) {
    case CallbackKind::begin:
      return SpanKind::begin;
    case CallbackKind::after_create_session:
      return SpanKind::after_create_session;
    case CallbackKind::on_error:
      return SpanKind::on_error;
    case CallbackKind::end:
      return SpanKind::end;
    case CallbackKind::save:
      return SpanKind::save;
    case CallbackKind::restore:
      return SpanKind::create_session;
    default:
      return SpanKind::cleanup;
  }
}

CallbackKind callback_kind(SpanKind kind) noexcept {
  return kind == SpanKind::before_run  ? CallbackKind::before_run
         : kind == SpanKind::after_run ? CallbackKind::after_run
                                       : CallbackKind::on_error;
}

TimeSum& time_of(HookSlot& slot, CallbackKind kind) noexcept { return slot.times[static_cast<std::size_t>(kind)]; }
const TimeSum& time_of(const HookSlot& slot, CallbackKind kind) noexcept {
  return slot.times[static_cast<std::size_t>(kind)];
}

// In runs.
std::int64_t total_ns(const HookSlot& slot) noexcept {
  return time_of(slot, CallbackKind::before_run).total_ns + time_of(slot, CallbackKind::after_run).total_ns;
}

std::int64_t price_of_clock() noexcept {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t before = monotonic_ns();
  for (int i = 0; i < 8; ++i) {
    const std::int64_t now = monotonic_ns();
    least = std::min(least, now - before);
    before = now;
  }
  return least;
}

}  // namespace

StepTimer::StepTimer(RunState& state, HookList& hooks, double hook_budget) noexcept
    : state_(state), hooks_(hooks), budget_(hook_budget), clock_ns_(price_of_clock()) {}

std::int64_t StepTimer::net(std::int64_t ns, std::int64_t reads) const noexcept {
  return std::max<std::int64_t>(ns - reads * clock_ns_, 0);
}

// An estimate of what an attempt that is measured takes more than one that is not.
std::int64_t StepTimer::cost_ns(const HookCalls& calls) const noexcept {
  constexpr std::int64_t kAttempt = 200;
  constexpr std::int64_t kEntry = 10;
  constexpr std::int64_t kTelling = 60;
  const auto telling = static_cast<std::int64_t>(calls.samplers.size()) * kTelling;
  return kAttempt + static_cast<std::int64_t>(entries_.size() + 3) * (clock_ns_ + kEntry + telling);
}

std::int32_t StepTimer::timed_call(runhook_context* context, void* user_data, std::int32_t) {
  // Its end is noted if an exception leaves the callback, too.
  struct Scope {
    const TimedCall& call;
    bool failed = true;
    ~Scope() { call.timer->leave(call.slot, call.kind, failed); }
  };
  const TimedCall& call = *static_cast<const TimedCall*>(user_data);
  call.timer->enter();
  Scope scope{call};
  // Not the number that came as an argument: it would have been on the stack while the clock was read.
  const SuccessValue& success = call.timer->state_.hot.success;
  const std::int32_t returned = call.function(context, call.user_data, success.current());
  scope.failed = !success.is(returned);
  return returned;
}

void StepTimer::enter() noexcept {
  if (mark_ == 0) mark_ = monotonic_ns();
}

// What comes next begins here.
void StepTimer::leave(HookSlot* slot, SpanKind kind, bool failed) noexcept {
  const std::int64_t now = monotonic_ns();
  if (entries_.size() < entries_.capacity()) entries_.push_back({slot, kind, failed, mark_, now});
  mark_ = kind == SpanKind::session_run ? 0 : now;  // the results are handed out first
}

void StepTimer::wrap(const std::vector<HookCall>& calls, std::vector<HookCall>& timed, SpanKind kind) {
  timed.clear();
  timed.reserve(calls.size());
  for (const HookCall& call : calls) {
    timed_calls_.push_back({call.function, call.user_data, this, call.slot, kind});
    timed.push_back({&timed_call, &timed_calls_.back(), call.slot});
  }
}

StepTimer::Attempt::Attempt(StepTimer& timer, const HookCalls& calls, std::int64_t run, bool due) noexcept
    : timer_(timer), given_(calls), run_(run), due_(due) {
  try {
    timer.entries_.clear();
    timer.entries_.reserve(3 * timer.hooks_.slots().size() + 1);
    timer.timed_calls_.clear();
    timer.timed_calls_.reserve(calls.before.size() + calls.after.size());  // they are pointed to
    timer.wrap(calls.before, timer.timed_.before, SpanKind::before_run);
    timer.wrap(calls.after, timer.timed_.after, SpanKind::after_run);
  } catch (...) {
    return;  // without memory it is not measured
  }
  timer.active_ = true;
  timer.step_ = timer.state_.session.global_step;
  begin_ns_ = timer.mark_ = monotonic_ns();
}

StepTimer::Attempt::~Attempt() {
  if (!timer_.active_) return;
  timer_.active_ = false;
  const std::int64_t end_ns = monotonic_ns();
  if (counts_) {
    Sampling& sampling = due_ ? timer_.due_ : timer_.idle_;
    const std::int64_t position = due_ ? timer_.due_attempts_ : run_ - timer_.due_attempts_;
    const auto reads = static_cast<std::int64_t>(timer_.entries_.size()) + 2;
    const std::int64_t took_ns = timer_.net(end_ns - begin_ns_, reads);
    timer_.count(took_ns, sampling.weight(position));
    sampling.sampled(position, end_ns, took_ns, timer_.cost_ns(given_), due_ ? position : run_);
    timer_.pace_.measured(run_, end_ns, took_ns);
  } else {
    timer_.count(-1, 0);
  }
  if (!given_.listeners.empty() || !given_.samplers.empty())
    timer_.tell_attempt(given_, begin_ns_, end_ns, failed_ && !counts_);
}

// Adds up the entries: all of them for an attempt that counts, otherwise those that are measured always.
void StepTimer::count(std::int64_t step_ns, std::int64_t weight) noexcept {
  const std::lock_guard lock(hooks_.observed());
  if (weight > 0) {
    steps_.add(step_ns, weight);
    histogram_.add(step_ns, weight);
  }
  for (const Entry& entry : entries_) {
    const std::int64_t ns = net(entry.end_ns - entry.begin_ns, 1);
    if (entry.kind == SpanKind::on_error) {
      time_of(*entry.slot, CallbackKind::on_error).add(ns, 1);
    } else if (weight > 0 && entry.slot == nullptr) {
      session_.add(ns, weight);
    } else if (weight > 0) {
      time_of(*entry.slot, callback_kind(entry.kind)).add(ns, weight);
    }
  }
}

Span StepTimer::span(SpanKind kind, std::int64_t begin_ns, std::int64_t end_ns, bool failed) const noexcept {
  Span made;
  made.kind = kind;
  made.failed = failed;
  made.begin_ns = begin_ns;
  made.end_ns = end_ns;
  made.thread = static_cast<std::uint64_t>(thread_id());
  return made;
}

void StepTimer::tell_attempt(const HookCalls& calls, std::int64_t begin_ns, std::int64_t end_ns, bool failed) noexcept {
  const auto tell_all = [&](SpanKind kind, std::string_view name, std::int64_t from, std::int64_t to, bool bad) {
    Span part = span(kind, from, to, bad);
    part.name = name;
    part.step = step_;
    part.attempt = state_.attempt.number;
    for (SpanListener* listener : calls.listeners) listener->on_span(part);
    for (SpanListener* sampler : calls.samplers) sampler->on_span(part);
  };
  for (const Entry& entry : entries_) {
    if (entry.kind == SpanKind::session_run) {
      for (const NodeStats& node : state_.attempt.metadata.nodes) {
        tell_all(SpanKind::node, node.node, node.start_ns, node.end_ns, false);
      }
    }
    const std::string_view name = entry.slot != nullptr ? std::string_view(entry.slot->options.name) : "";
    tell_all(entry.kind, name, entry.begin_ns, entry.end_ns, entry.failed);
  }
  tell_all(SpanKind::attempt, {}, begin_ns, end_ns, failed);
}

void StepTimer::tell(const Span& span) const noexcept {
  for (const auto& slot : hooks_.slots()) {
    if (slot->listener != nullptr) slot->listener->on_span(span);
  }
}

void StepTimer::called(HookSlot& slot, CallbackKind kind, std::int64_t begin_ns, bool failed) noexcept {
  const std::int64_t end_ns = monotonic_ns();
  if (active_) {
    mark_ = begin_ns;
    leave(&slot, SpanKind::on_error, failed);
    return;
  }
  {
    const std::lock_guard lock(hooks_.observed());
    time_of(slot, kind).add(net(end_ns - begin_ns, 1), 1);
    if (kind == CallbackKind::begin) slot.steps_before = steps_;
  }
  Span told = span(span_kind(kind), begin_ns, end_ns, failed);
  told.name = slot.options.name;
  told.step = state_.session.global_step;
  tell(told);
}

StepTimer::Activity::Activity(StepTimer& timer, SpanKind kind) noexcept
    : timer_(timer),
      kind_(kind),
      outer_(timer.state_.hot.activity),
      exceptions_(std::uncaught_exceptions()),
      step_(timer.state_.session.global_step),
      begin_ns_(monotonic_ns()) {
  timer.state_.hot.activity = kind;
}

StepTimer::Activity::~Activity() {
  timer_.state_.hot.activity = outer_;
  Span told = timer_.span(kind_, begin_ns_, monotonic_ns(), std::uncaught_exceptions() > exceptions_);
  told.step = step_;
  timer_.tell(told);
}

bool StepTimer::is_over_budget(const HookSlot& slot) const noexcept {
  constexpr std::int64_t kEnough = 32;         // samples
  constexpr std::int64_t kMeasurableNs = 100;  // in a run
  const TimeSum& before = slot.steps_before;
  if (slot.over_budget || steps_.samples - before.samples < kEnough) return false;
  const std::int64_t total = total_ns(slot);
  return static_cast<double>(total) > budget_ * static_cast<double>(steps_.total_ns - before.total_ns) &&
         total / (steps_.runs - before.runs) >= kMeasurableNs;
}

Error StepTimer::over_budget() noexcept {
  if (!(budget_ > 0)) return {};
  for (const auto& slot : hooks_.slots()) {
    if (!is_over_budget(*slot)) continue;
    slot->over_budget = true;
    try {
      return budget_error(*slot);
    } catch (...) {
      return Error::no_memory();
    }
  }
  return {};
}

Error StepTimer::budget_error(const HookSlot& slot) const {
  const bool more_before =
      time_of(slot, CallbackKind::before_run).total_ns > time_of(slot, CallbackKind::after_run).total_ns;
  const CallbackKind most = more_before ? CallbackKind::before_run : CallbackKind::after_run;
  const TimeSum& worst = time_of(slot, most);
  const std::int64_t runs = steps_.runs - slot.steps_before.runs;
  const std::int64_t whole = steps_.total_ns - slot.steps_before.total_ns;
  const auto percent = [&](std::int64_t ns) { return 100 * static_cast<double>(ns) / static_cast<double>(whole); };
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1000; };
  Error error(StatusCode::resource_exhausted,
              fmt::format("takes {:.1f} % of the time of a step, and its budget is {:.1f} %: {:.1f} us of {:.1f} us on "
                          "average, of which {} takes {:.1f} us, and has taken up to {:.1f} us ({} steps measured)",
                          percent(total_ns(slot)), 100 * budget_, us(total_ns(slot) / runs), us(whole / runs),
                          callback_text(most), us(worst.total_ns / runs), us(worst.max_ns),
                          steps_.samples - slot.steps_before.samples));
  error.locate(slot.options.name, callback_text(most), state_.session.global_step);
  return error;
}

Timings StepTimer::timings() const {
  Timings result;
  const std::lock_guard lock(hooks_.observed());
  result.runs = steps_.runs;
  steps_.tell(result.step);
  result.step.share = steps_.samples > 0 ? 1 : 0;
  // A bucket stands for durations about its middle, which may be longer than any that was measured.
  const auto percentile = [&](double part) { return std::min(histogram_.percentile(part), result.step.max_ns); };
  result.step.p50_ns = percentile(0.5);
  result.step.p90_ns = percentile(0.9);
  result.step.p99_ns = percentile(0.99);
  result.step.buckets = histogram_.buckets();
  session_.tell(result.session_run);
  result.session_run.share = session_.share_of(steps_);
  for (const auto& slot : hooks_.slots()) {
    for (std::size_t i = 0; i < slot->times.size(); ++i) {
      const TimeSum& time = slot->times[i];
      if (time.samples == 0) continue;
      const auto kind = static_cast<CallbackKind>(i);
      CallbackTiming& timing = result.callbacks.emplace_back();
      time.tell(timing);
      if (kind == CallbackKind::before_run || kind == CallbackKind::after_run) timing.share = time.share_of(steps_);
      timing.hook = slot->options.name;
      timing.callback = callback_text(kind);
    }
  }
  return result;
}

}  // namespace detail
}  // namespace runhook::inline v1
