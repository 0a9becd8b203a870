#include "runhook/hooks/watchdog.hpp"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>

#include "base/background_thread.hpp"
#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "base/thread_id.hpp"
#include "watchdog/activity_snapshot.hpp"
#include "watchdog/thread_stack.hpp"

namespace runhook::inline v1 {

namespace {

using detail::ActivitySnapshot;
using detail::CallbackKind;
using detail::RunState;
using Nanoseconds = std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;

using detail::refuse;

std::string_view phase_of(const ActivitySnapshot& seen) noexcept {
  if (!seen.occupied) return "between_runs";
  if (seen.callback != CallbackKind::none) return detail::callback_text(seen.callback);
  return seen.activity == SpanKind::attempt ? "session_run" : span_kind_name(seen.activity);
}

// The time-out for what the session is doing.
Nanoseconds limit_of(const StallWatchdogOptions& options, const ActivitySnapshot& seen) noexcept {
  const auto or_else = [&](const std::optional<Nanoseconds>& own) { return own.value_or(options.timeout); };
  if (!seen.occupied) return options.between_runs;
  switch (seen.callback) {
    case CallbackKind::before_run:
      return or_else(options.before_run);
    case CallbackKind::after_run:
    case CallbackKind::save:
    case CallbackKind::on_values:
    case CallbackKind::on_logged:
    case CallbackKind::on_error:
      return or_else(options.after_run);
    case CallbackKind::begin:
    case CallbackKind::restore:
    case CallbackKind::after_create_session:
      return or_else(options.create_session);
    case CallbackKind::end:
    case CallbackKind::cleanup:
      return or_else(options.end);
    case CallbackKind::step_function:
    case CallbackKind::inline_step:
    case CallbackKind::standalone:
    case CallbackKind::none:
      break;
  }
  switch (seen.activity) {
    case SpanKind::back_off:
      return Nanoseconds(0);  // it waits as long as it is meant to
    case SpanKind::create_session:
    case SpanKind::recovery:
      return or_else(options.create_session);
    case SpanKind::close_session:
      return or_else(options.end);
    case SpanKind::save:
      return or_else(options.after_run);
    default:
      return or_else(options.session_run);
  }
}

// The time between two snapshots: several fit into the shortest time-out, and they are so few that they cost nothing.
Nanoseconds interval_of(const StallWatchdogOptions& options) {
  using namespace std::chrono_literals;
  Nanoseconds shortest = Nanoseconds::max();
  for (const auto& one : {std::optional(options.timeout), options.before_run, options.session_run, options.after_run,
                          options.create_session, options.end, std::optional(options.between_runs)}) {
    if (!one) continue;
    if (*one < 0ns) refuse("a time-out is negative");
    if (*one > 0ns) shortest = std::min(shortest, *one);
  }
  constexpr int kLooks = 8;
  return std::clamp<Nanoseconds>(shortest / kLooks, 1ms, 1s);
}

std::string seconds_text(Nanoseconds duration) {
  return fmt::format("{:.3f} s", std::chrono::duration<double>(duration).count());
}

std::string headline(const Stall& stall) {
  const std::string who = stall.hook.empty() ? std::string() : fmt::format("hook '{}': ", stall.hook);
  return fmt::format("{}{} has been going on for {} at step {} (thread {})", who, stall.phase,
                     seconds_text(stall.duration), stall.step, stall.thread);
}

}  // namespace

struct StallWatchdogHook::State {
  explicit State(StallWatchdogOptions its_options) : options(std::move(its_options)), interval(interval_of(options)) {
    if (options.action < StallAction::report || options.action > StallAction::abort) {
      refuse("the action is not a known one");
    }
    if (options.signal != 0) stacks.emplace(signal());
    stacks.reset();  // it was only made to check that the signal can be used
  }
  ~State() { stop(); }

  int signal() const noexcept {
    return options.signal == StallWatchdogOptions::kDefaultSignal ? SIGURG : options.signal;
  }
  void start(SessionRunContext& context);
  void stop() noexcept;
  void watch() noexcept;
  bool pause();
  Stall describe(const ActivitySnapshot& seen, Nanoseconds duration) const;
  std::uint64_t report(const Stall& stall);

  const StallWatchdogOptions options;
  const Nanoseconds interval;
  std::atomic<std::int64_t> stalls{0};

  // Of the session being watched.
  std::optional<detail::ThreadStacks> stacks;
  RunState* watched = nullptr;
  std::string own_name;
  struct Shared {
    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    bool stopping = false;
    std::thread thread;
  };
  detail::SharedWithThread<Shared> shared;
};

void StallWatchdogHook::State::start(SessionRunContext& context) {
  stop();
  if (!shared.here()) return;
  RunState& state = RunState::of(context);
  if (state.occupant == nullptr) return;  // there is no loop
  if (options.signal != 0) stacks.emplace(signal());
  own_name = context.hook_name();
  shared->stopping = false;
  state.hot.thread = detail::thread_id();
  watched = &state;
  try {
    shared->thread = detail::start_background_thread("rh-watchdog", [this] { watch(); });
  } catch (...) {
    watched = nullptr;
    stacks.reset();
    throw;
  }
  ++state.hot.watchers;
}

void StallWatchdogHook::State::stop() noexcept {
  if (watched == nullptr) return;
  if (shared.here()) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->stopping = true;
    }
    shared->changed.notify_all();
    shared->thread.join();
  }
  --watched->hot.watchers;
  watched = nullptr;
  stacks.reset();
}

// Waits for the interval. Returns false once the watchdog is to stop.
bool StallWatchdogHook::State::pause() {
  std::unique_lock lock(shared->mutex);
  return !shared->changed.wait_until(lock, detail::deadline_after(interval), [this] { return shared->stopping; });
}

void StallWatchdogHook::State::watch() noexcept {
  ActivitySnapshot last = detail::activity_snapshot(*watched);
  Nanoseconds duration{0};
  std::string told;        // of the stall in progress, once it has been reported
  std::uint64_t mark = 0;  // its mark
  SteadyClock::time_point before = SteadyClock::now();
  while (pause()) {
    const SteadyClock::time_point now = SteadyClock::now();
    // If the process was stopped, e.g. by SIGSTOP, so was this thread, and more time has passed than was waited for.
    const Nanoseconds passed = std::min<Nanoseconds>(now - std::exchange(before, now), 2 * interval);
    const ActivitySnapshot seen = detail::activity_snapshot(*watched);
    duration += passed;
    try {
      if (seen != last) {
        if (!told.empty()) {
          watched->marks.finish(mark, detail::mark_time(*watched->session.clock));
          watched->log({.level = LogLevel::warning,
                        .message = told + " went on after " + seconds_text(duration),
                        .step = last.step});
        }
        told.clear();
        last = seen;
        duration = Nanoseconds(0);
        continue;
      }
      const Nanoseconds limit = limit_of(options, seen);
      if (!told.empty() || limit <= Nanoseconds(0) || duration < limit) continue;
      Stall stall = describe(seen, duration);
      if (detail::activity_snapshot(*watched) != last) {  // it went on, perhaps since the signal has woken it
        stall.stack.clear();                              // which may be of something else
        stall.lookup.clear();
      }
      told = stall.hook.empty() ? stall.phase : fmt::format("hook '{}': {}", stall.hook, stall.phase);
      mark = report(stall);
    } catch (...) {
      watched->log({.level = LogLevel::error, .message = "there is a stall that cannot be described"});
      told = "the session";
      mark = 0;
    }
  }
}

Stall StallWatchdogHook::State::describe(const ActivitySnapshot& seen, Nanoseconds duration) const {
  Stall stall;
  if (seen.slot != nullptr) stall.hook = watched->reporter->hook_name(seen.slot);
  stall.phase = phase_of(seen);
  stall.step = seen.step;
  stall.duration = duration;
  const std::int32_t thread_id = watched->hot.thread.get();
  stall.thread = static_cast<std::uint64_t>(thread_id);
  if (!stacks) return stall;
  const std::vector<void*> addresses = stacks->of(thread_id);
  stall.stack = detail::describe_stack(addresses);
  stall.lookup = detail::lookup_commands(addresses);
  return stall;
}

// Returns the number of its mark in the run.
std::uint64_t StallWatchdogHook::State::report(const Stall& stall) {
  stalls.fetch_add(1, std::memory_order_relaxed);
  std::vector<std::string> lines{headline(stall)};
  for (std::size_t i = 0; i < stall.stack.size(); ++i) lines.push_back(fmt::format("  #{} {}", i, stall.stack[i]));
  for (const std::string& command : stall.lookup) lines.push_back("  " + command);
  if (stacks && stall.stack.empty()) lines.emplace_back("  the thread does not tell its stack");
  if (options.action == StallAction::abort) {
    for (const std::string& line : lines) detail::log_to_stderr({.level = LogLevel::error, .message = line});
  }
  Error error(StatusCode::deadline_exceeded, fmt::format("has been going on for {}", seconds_text(stall.duration)));
  error.locate(stall.hook, stall.phase, stall.step);
  watched->reporter->note_warning(error);
  const std::uint64_t mark =
      watched->marks.add({detail::MarkKind::stall,
                          detail::saturating_add(detail::mark_time(*watched->session.clock), -stall.duration.count()),
                          detail::RunMark::kGoesOn,
                          stall.step,
                          lines.front(),
                          {lines.begin() + 1, lines.end()},
                          0});
  if (options.on_stall) {
    try {
      options.on_stall(stall);
    } catch (...) {
      watched->log({.level = LogLevel::warning, .message = "what is to be told of stalls has failed"});
    }
  }
  if (options.action == StallAction::abort) std::abort();
  if (options.action != StallAction::report) {
    StopReason reason;
    reason.origin = StopOrigin::hook;
    reason.urgency = options.action == StallAction::stop_now ? StopUrgency::now : StopUrgency::after_step;
    reason.code = static_cast<std::int32_t>(StatusCode::deadline_exceeded);
    reason.step = stall.step;
    reason.set_who(own_name);
    reason.set_text(lines.front());
    watched->session.stop->request(reason);
  }
  for (const std::string& line : lines) {
    watched->log({.level = LogLevel::warning, .message = line, .step = stall.step, .hook = stall.hook});
  }
  return mark;
}

StallWatchdogHook::StallWatchdogHook(StallWatchdogOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}
StallWatchdogHook::~StallWatchdogHook() = default;

HookRegistration StallWatchdogHook::make(StallWatchdogOptions options) {
  return {std::make_shared<StallWatchdogHook>(std::move(options)),
          {.phase = HookPhase::guard, .trigger = Trigger::never()}};
}

void StallWatchdogHook::begin(SessionRunContext& context) { state_->start(context); }
void StallWatchdogHook::cleanup(SessionRunContext&, const Outcome&) { state_->stop(); }
std::int64_t StallWatchdogHook::stalls() const noexcept { return state_->stalls.load(std::memory_order_relaxed); }

}  // namespace runhook::inline v1
