#include "runhook/hooks/checkpoint_saver.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "hooks/newest_values.hpp"
#include "hooks/saved_text.hpp"
#include "output/json_text.hpp"
#include "run/run_state.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook::inline v1 {

using detail::RunState;

namespace {

constexpr std::string_view kRunState = "runhook/run";
constexpr std::string_view kBestFormat = "best 1\n";

double seconds(std::int64_t ns) noexcept {
  return static_cast<double>(ns) / static_cast<double>(detail::kNsPerSecond);
}

// How far the run is, for those who look at the checkpoint.
std::string run_text(SessionRunContext& context) {
  detail::JsonObject text;
  text.add_text("session", context.session_id());
  if (const MonitoredSession* const session = context.monitored_session()) {
    const Outcome outcome = session->outcome();
    text.add_number("runs", outcome.runs);
    text.add_number("recoveries", outcome.recoveries);
    text.add_number("warnings", outcome.warnings);
  }
  if (context.stop_requested()) text.add_text("stop", RunState::of(context).session.stop->first().text());
  return text.text();
}

}  // namespace

struct CheckpointSaverHook::State final : ValueListener, detail::SaveService {
  explicit State(CheckpointSaverHookOptions given) : options(std::move(given)) {}

  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override {
    newest.note(values, 0, /*every=*/false, /*due=*/false, [] {});
    if (!options.save_on_best) return;
    for (const LoggedValue& value : values) {
      if (is_better(value)) {
        best = {value.number, value.step};
        context.request_save();
      }
    }
  }
  void save_requested(SessionRunContext& context) override { save(context, /*may_stop=*/true); }
  void save_ended(SessionRunContext& context) override { take_report(context, /*may_stop=*/true); }
  bool is_in_a_hurry(SessionRunContext& context) const override {
    return options.grace.count() > 0 && options.save_at_end && last_step != context.global_step() && is_killed(context);
  }

  const CheckpointRetention& retention() const noexcept {
    return checkpoints != nullptr ? checkpoints->options().keep : options.checkpoints.keep;
  }
  bool is_better(const LoggedValue& value) const noexcept;
  void save(SessionRunContext& context, bool may_stop);
  void compare(SessionRunContext& context, std::int64_t step);
  void take_report(SessionRunContext& context, bool may_stop);
  void finish(SessionRunContext& context, bool may_stop);  // waits for what is being written
  void tell_saved(SessionRunContext& context, std::int64_t step, bool may_stop);
  bool has_something_to_save(Session& session) const;
  static bool is_killed(SessionRunContext& context) {
    return context.stop_requested() && RunState::of(context).session.stop->first().origin == StopOrigin::signal;
  }
  void warn_if_too_slow(SessionRunContext& context);
  void warn_if_too_late(SessionRunContext& context) const;
  Snapshot run_snapshot(SessionRunContext& context) const;

  const CheckpointSaverHookOptions options;
  std::shared_ptr<Saver> own;  // made from the options
  std::shared_ptr<Saver> saver;
  CheckpointSaver* checkpoints = nullptr;  // the same, if it is one
  detail::NewestValues newest;
  struct Best {
    double value = 0;
    std::int64_t step = 0;
  };
  std::optional<Best> best;  // with save_on_best
  std::optional<std::int64_t> last_step;  // saved, or gone on from
  bool ending = false;
  bool warned_of_grace = false;
  std::chrono::nanoseconds patience{-1};  // for a save that is being written; negative: without end
};

Snapshot CheckpointSaverHook::State::run_snapshot(SessionRunContext& context) const {
  RunState& state = RunState::of(context);
  Snapshot run{context.global_step()};
  if (state.reporter != nullptr) run.state = state.reporter->hook_states();
  run.set_state(kRunState, run_text(context));
  for (const detail::NewestValues::Kept& kept : newest.all()) {
    if (!kept.undone && kept.value.kind != LoggedKind::text) run.metrics.emplace_back(kept.name, kept.value.number);
  }
  return run;
}

bool CheckpointSaverHook::State::is_better(const LoggedValue& value) const noexcept {
  const CheckpointRetention& wanted = retention();
  if (value.name != wanted.metric || value.kind == LoggedKind::text || value.failed || std::isnan(value.number)) {
    return false;
  }
  if (!best) return true;
  return wanted.higher_is_better ? value.number > best->value : value.number < best->value;
}

void CheckpointSaverHook::State::save(SessionRunContext& context, bool may_stop) {
  const std::int64_t step = context.global_step();
  if (checkpoints != nullptr && checkpoints->options().verify) {
    if (last_step != step) compare(context, step);
    return;
  }
  try {
    take_report(context, may_stop);
    if (last_step == step) return;
    if (!ending && checkpoints != nullptr && checkpoints->options().overlap == SaveOverlap::skip &&
        checkpoints->saving()) {
      return;
    }
    bool allowed = true;
    for (const auto& listener : options.listeners) allowed &= listener->before_save(context, step);
    if (!allowed) return;
    warn_if_too_late(context);
    finish(context, may_stop);  // the next report would take the place of its own
    saver->save(context.session(), run_snapshot(context));
  } catch (...) {
    context.request_save();  // at the next safe point
    throw;
  }
  last_step = step;
  if (checkpoints == nullptr) {
    tell_saved(context, step, may_stop);
  } else if (!checkpoints->saving()) {
    take_report(context, may_stop);
  }
}

void CheckpointSaverHook::State::finish(SessionRunContext& context, bool may_stop) {
  if (checkpoints == nullptr) return;
  if (!checkpoints->drain(patience)) {
    patience = {};
    throw StatusError(StatusCode::deadline_exceeded, "a checkpoint is still being written, and is not waited for");
  }
  take_report(context, may_stop);
}

// When an output writes, and so what it keeps, may depend on the time.
void CheckpointSaverHook::State::compare(SessionRunContext& context, std::int64_t step) {
  if (!checkpoints->wants(step)) return;
  Snapshot run = run_snapshot(context);
  std::erase_if(run.state, [](const auto& one) {
    return detail::NewestValues::is_saved(one.second) || one.second.starts_with(kBestFormat);
  });
  last_step = step;
  saver->save(context.session(), run);
}

void CheckpointSaverHook::State::take_report(SessionRunContext& context, bool may_stop) {
  if (checkpoints == nullptr) return;
  const std::optional<SaveReport> report = checkpoints->take_report();
  if (!report) return;
  if (report->error) {
    last_step.reset();
    context.request_save();
    throw StatusError(report->error);
  }
  warn_if_too_slow(context);
  tell_saved(context, report->step, may_stop);
}

void CheckpointSaverHook::State::tell_saved(SessionRunContext& context, std::int64_t step, bool may_stop) {
  bool stop = false;
  for (const auto& listener : options.listeners) stop |= listener->after_save(context, step);
  if (stop && may_stop) context.request_stop(0, "a listener of the saver has asked for it");
}

bool CheckpointSaverHook::State::has_something_to_save(Session& session) const {
  if (checkpoints == nullptr || checkpoints->options().save_state) return true;
  return !session.variables(VariableScope::global).empty();
}

// Once; as soon as it is known.
void CheckpointSaverHook::State::warn_if_too_slow(SessionRunContext& context) {
  const std::chrono::nanoseconds needed = checkpoints->expected_duration();
  if (options.grace.count() == 0 || needed <= options.grace || std::exchange(warned_of_grace, true)) return;
  context.warn(Error(StatusCode::deadline_exceeded,
                     fmt::format("saving takes some {:.1f} s, and the process is killed {:.1f} s after a signal: what "
                                 "comes after the last checkpoint may be lost then",
                                 seconds(needed.count()), seconds(options.grace.count()))));
}

void CheckpointSaverHook::State::warn_if_too_late(SessionRunContext& context) const {
  if (options.grace.count() == 0 || checkpoints == nullptr || !is_killed(context)) return;
  const StopReason stop = RunState::of(context).session.stop->first();
  const std::int64_t left_ns = options.grace.count() - (detail::monotonic_ns() - stop.time_ns);
  const int saves = checkpoints->saving() ? 2 : 1;  // one after the other
  const std::int64_t needed_ns = saves * checkpoints->expected_duration().count();
  if (needed_ns <= left_ns) return;
  context.warn(Error(StatusCode::deadline_exceeded,
                     fmt::format("saving takes some {:.1f} s, and of the time until the process is killed {:.1f} s are "
                                 "left: step {} may not be saved in time",
                                 seconds(needed_ns), seconds(left_ns), context.global_step())));
}

CheckpointSaverHook::CheckpointSaverHook(CheckpointSaverHookOptions options) {
  if (options.saver != nullptr && !options.checkpoints.directory.empty()) {
    detail::refuse("a hook saves with a saver that it is given, or with one of its own for a directory");
  }
  if (options.grace.count() < 0) detail::refuse("the grace of a saver is negative");
  for (const auto& listener : options.listeners) {
    if (listener == nullptr) detail::refuse("a listener of a saver is NULL");
  }
  std::shared_ptr<Saver> own = options.saver;
  if (own == nullptr && !options.checkpoints.directory.empty()) {
    own = std::make_shared<CheckpointSaver>(options.checkpoints);
  }
  if (options.save_on_best) {
    const auto* const given = dynamic_cast<const CheckpointSaver*>(own.get());
    if (given == nullptr || given->options().keep.metric.empty()) {
      detail::refuse("save_on_best needs the metric of the retention of checkpoints");
    }
  }
  state_ = std::make_unique<State>(std::move(options));
  state_->own = std::move(own);
}

CheckpointSaverHook::~CheckpointSaverHook() = default;

HookRegistration CheckpointSaverHook::make(CheckpointSaverHookOptions options, Trigger trigger) {
  if (options.checkpoints.verify) trigger = Trigger();
  HookRegistration registration{std::make_shared<CheckpointSaverHook>(std::move(options)), {}};
  registration.options.phase = HookPhase::saver;
  registration.options.trigger = std::move(trigger);
  return registration;
}

ValueListener* CheckpointSaverHook::value_listener() noexcept { return state_.get(); }

void CheckpointSaverHook::begin(SessionRunContext& context) {
  State& state = *state_;
  RunState& run = RunState::of(context);
  if (run.saves.service != nullptr) {
    throw StatusError(StatusCode::already_exists, "another hook saves the session already");
  }
  state.saver = state.own;
  if (state.saver == nullptr && run.reporter != nullptr) state.saver = run.reporter->session_saver();
  if (state.saver == nullptr && state.options.optional) return;
  if (state.saver == nullptr) {
    throw StatusError(StatusCode::failed_precondition,
                      "there is nothing to save with: give the hook a directory or a saver, or the scaffold a saver");
  }
  state.newest = {};
  state.best.reset();
  state.last_step.reset();
  state.ending = false;
  state.warned_of_grace = false;
  state.patience = std::chrono::nanoseconds(-1);
  if (auto* const checkpoints = dynamic_cast<CheckpointSaver*>(state.saver.get()); checkpoints != nullptr) {
    checkpoints->begin_run(run.id, context.log_sink());
    state.checkpoints = checkpoints;
    state.checkpoints->call_when_saved([stop = run.session.stop] { stop->tell_save_ended(); });
  }
  for (const auto& listener : state.options.listeners) listener->begin(context);
  run.saves = {&state, run.hot.slot, state.own};
}

void CheckpointSaverHook::after_create_session(SessionRunContext& context) {
  State& state = *state_;
  if (state.saver == nullptr) return;
  if (!state.has_something_to_save(context.session())) {
    if (!state.options.optional) {
      throw StatusError(StatusCode::failed_precondition,
                        "a checkpoint would have nothing of the program: its session has no variables, and the options "
                        "have no save_state and restore_state for what it keeps elsewhere");
    }
    RunState::of(context).saves = {};
    state.saver.reset();
    return;
  }
  state.newest.rewind(context.global_step());
  if (state.best && state.best->step > context.global_step()) state.best.reset();
  state.last_step = state.checkpoints != nullptr ? state.checkpoints->last_step() : std::nullopt;
  if (!state.options.save_at_start || state.last_step == context.global_step()) return;
  // Intervals count from here, as from a run that has reached this step; also in a run that goes on from what is saved.
  RunState& run = RunState::of(context);
  run.hot.slot.get()->options.trigger.fired({context.global_step() - 1, context.now_ns(), false, -1});
  state.save(context, /*may_stop=*/false);
}

// So that the metrics of a checkpoint, and what is the best, are those of a run that was never interrupted.
std::optional<std::string> CheckpointSaverHook::save(SessionRunContext&) {
  const State& state = *state_;
  std::string text = state.newest.save(/*waiting=*/false);
  if (!state.best) return text;
  return fmt::format("{}{} {} {}", kBestFormat, std::bit_cast<std::int64_t>(state.best->value), state.best->step, text);
}

void CheckpointSaverHook::restore(SessionRunContext&, std::string_view saved) {
  std::optional<State::Best> best;
  if (saved.starts_with(kBestFormat)) {
    detail::SavedText in(saved, kBestFormat);
    const auto value = std::bit_cast<double>(in.number());
    best = {value, in.number()};
    saved = in.rest();
  }
  state_->newest.restore(saved, 0);
  state_->best = best;
}

// The loop saves when the step is complete: what it has logged is out by then.
void CheckpointSaverHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  const State& state = *state_;
  if (state.saver == nullptr) return;
  if (state.checkpoints == nullptr || state.checkpoints->wants(context.global_step())) context.request_save();
}

void CheckpointSaverHook::end(SessionRunContext& context) {
  State& state = *state_;
  if (state.saver == nullptr) return;
  if (state.checkpoints != nullptr) state.patience = state.checkpoints->options().drain_timeout;
  state.ending = true;
  if (state.options.save_at_end) state.save(context, /*may_stop=*/false);
  state.finish(context, /*may_stop=*/false);
  for (const auto& listener : state.options.listeners) listener->end(context, context.global_step());
}

void CheckpointSaverHook::cleanup(SessionRunContext& context, const Outcome&) {
  State& state = *state_;
  if (RunState::of(context).saves.service == &state) RunState::of(context).saves = {};
  if (state.checkpoints != nullptr) {
    try {
      const auto limit = state.checkpoints->options().drain_timeout;
      state.checkpoints->close(state.patience.count() == 0 ? state.patience : limit);
    } catch (const StatusError& error) {
      context.warn(error.error());
    }
    if (const auto report = state.checkpoints->take_report(); report && report->error) context.warn(report->error);
    state.checkpoints->call_when_saved({});
  }
  state.checkpoints = nullptr;
  state.saver.reset();
}

}  // namespace runhook::inline v1
