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
#include "hooks/not_logged.hpp"
#include "hooks/saved_text.hpp"
#include "output/json_text.hpp"
#include "run/run_state.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook::inline v1 {

using detail::RunState;

namespace {

constexpr std::string_view kRunState = "runhook/run";
constexpr std::string_view kBestFormat = "best 1\n";

// By which the process has been told that it is going to be killed.
std::optional<StopReason> signal_of(SessionRunContext& context) {
  if (!context.stop_requested()) return std::nullopt;
  const StopState& stop = *RunState::of(context).session.stop;
  if (StopReason first = stop.first(); first.origin == StopOrigin::signal) return first;
  for (const StopReason& later : stop.later()) {
    if (later.origin == StopOrigin::signal) return later;
  }
  return std::nullopt;
}

// A session that is there already does not go on from what was saved, and would be saved over it.
void check_is_in_time(const CheckpointSaver& saver, const RunState& run) {
  if (run.session.raw == nullptr) return;
  const std::string& directory = saver.options().directory;
  const std::vector<CheckpointSummary> there = list_checkpoints(directory);
  if (there.empty() || there.back().step <= run.session.global_step) return;
  throw StatusError(
      StatusCode::failed_precondition,
      fmt::format("the hook that saves was added when the session was there already, so that it cannot go on from step "
                  "{} in '{}': have it there before, or give it another directory",
                  there.back().step, directory));
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
    if (!options.save_on_best || saver == nullptr || stage == Stage::ended) return;
    for (const LoggedValue& value : values) {
      // Of a step that has been saved nothing more can be: what is saved is never changed.
      if (is_best(value.name, value) && (!last_step || value.step > *last_step)) context.request_save();
    }
  }
  void save_requested(SessionRunContext& context) override { save(context, /*may_stop=*/true); }
  void save_ended(SessionRunContext& context) override { take_report(context, /*may_stop=*/true); }
  bool take_hurry(SessionRunContext& context) override;

  bool verifies() const noexcept { return checkpoints != nullptr && checkpoints->options().verify; }
  const CheckpointRetention& retention() const noexcept { return checkpoints->options().keep; }  // with save_on_best
  bool is_best(std::string_view name, const LoggedValue& value) const noexcept;
  void save(SessionRunContext& context, bool may_stop);
  void compare(SessionRunContext& context, std::int64_t step);
  void take_report(SessionRunContext& context, bool may_stop);
  void finish(SessionRunContext& context, bool may_stop);  // waits for what is being written
  void tell_saved(SessionRunContext& context, std::int64_t step, bool may_stop);
  void check_has_compared(SessionRunContext& context) const;
  void warn_if_metric_is_missing(SessionRunContext& context) const;
  bool has_something_to_save(Session& session) const;
  void note_written();
  void warn_if_too_slow(SessionRunContext& context);
  void warn_if_too_late(SessionRunContext& context) const;
  void warn_of_half_done(SessionRunContext& context);
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
  std::optional<Best> best;                            // that a checkpoint has, with save_on_best
  std::optional<Best> written;                         // that one has which is being written: it may fail
  std::optional<std::int64_t> last_step;               // saved, or gone on from
  enum class Stage { begun, created, ending, ended };  // of the run, or its session, as far as the saver is concerned
  Stage stage = Stage::begun;
  std::int64_t hurried_step = -1;
  bool warned_of_grace = false;
  bool warned_of_half_done = false;
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

bool CheckpointSaverHook::State::is_best(std::string_view name, const LoggedValue& value) const noexcept {
  const CheckpointRetention& wanted = retention();
  if (name != wanted.metric || value.kind == LoggedKind::text || value.failed || std::isnan(value.number)) {
    return false;
  }
  const auto is_better = [&](const std::optional<Best>& than) {
    if (!than) return true;
    return wanted.higher_is_better ? value.number > than->value : value.number < than->value;
  };
  return is_better(best) && is_better(written);
}

bool CheckpointSaverHook::State::take_hurry(SessionRunContext& context) {
  const std::int64_t step = context.global_step();
  if (options.grace.count() == 0 || !options.save_at_end || saver == nullptr || verifies()) return false;
  if (last_step == step || !signal_of(context)) return false;
  return std::exchange(hurried_step, step) != step;
}

void CheckpointSaverHook::State::save(SessionRunContext& context, bool may_stop) {
  if (saver == nullptr || stage == Stage::begun) return;  // there is nothing but what was restored
  const std::int64_t step = context.global_step();
  if (verifies()) {
    if (last_step != step && !RunState::of(context).session.half_done) compare(context, step);
    return;
  }
  try {
    take_report(context, may_stop);
    if (last_step == step) return;
    if (RunState::of(context).session.half_done) return warn_of_half_done(context);
    if (stage < Stage::ending && hurried_step != step && checkpoints != nullptr &&
        checkpoints->options().overlap == SaveOverlap::skip && checkpoints->saving()) {
      return;
    }
    bool allowed = true;
    for (const auto& listener : options.listeners) allowed &= listener->before_save(context, step);
    if (!allowed) return;
    warn_if_too_late(context);
    finish(context, may_stop);  // the next report would take the place of its own
    note_written();
    saver->save(context.session(), run_snapshot(context));
  } catch (...) {
    written.reset();
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

// Once.
void CheckpointSaverHook::State::warn_of_half_done(SessionRunContext& context) {
  if (std::exchange(warned_of_half_done, true)) return;
  const std::string newest_one =
      last_step ? fmt::format("the newest checkpoint is that of step {}", *last_step) : "there is no checkpoint";
  context.warn(
      Error(StatusCode::aborted,
            fmt::format("the step after {} was broken off, so that what it has changed may be half done and is "
                        "not saved: {}",
                        context.global_step(), newest_one)));
}

// As the snapshot has it.
void CheckpointSaverHook::State::note_written() {
  written.reset();
  if (!options.save_on_best) return;
  for (const detail::NewestValues::Kept& kept : newest.all()) {
    if (!kept.undone && is_best(kept.name, kept.value)) written = {kept.value.number, kept.value.step};
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
  const std::optional<Best> value = std::exchange(written, std::nullopt);
  if (report->error) {
    last_step.reset();
    context.request_save();
    throw StatusError(report->error);
  }
  if (value) best = value;
  warn_if_too_slow(context);
  tell_saved(context, report->step, may_stop);
}

void CheckpointSaverHook::State::tell_saved(SessionRunContext& context, std::int64_t step, bool may_stop) {
  bool stop = false;
  for (const auto& listener : options.listeners) stop |= listener->after_save(context, step);
  if (stop && may_stop) context.request_stop(0, "a listener of the saver has asked for it");
}

bool CheckpointSaverHook::State::has_something_to_save(Session& session) const {
  if (checkpoints == nullptr || checkpoints->options().save_state || !checkpoints->options().memory.empty())
    return true;
  return !session.variables(VariableScope::global).empty();
}

// A verification that has looked at nothing has not succeeded; one that was broken off by a signal says so itself.
void CheckpointSaverHook::State::check_has_compared(SessionRunContext& context) const {
  if (checkpoints == nullptr || !checkpoints->options().verify || checkpoints->compared() > 0) return;
  if (signal_of(context)) return;
  throw StatusError(StatusCode::failed_precondition,
                    fmt::format("nothing was verified: of no step that was made there is a checkpoint in '{}'",
                                checkpoints->options().directory));
}

void CheckpointSaverHook::State::warn_if_metric_is_missing(SessionRunContext& context) const {
  if (checkpoints == nullptr || verifies()) return;
  const std::string& metric = checkpoints->options().keep.metric;
  if (!metric.empty() && !newest.has(metric)) detail::warn_not_logged(context, metric);
}

// Once, as soon as it is known, unless there is nothing left to save.
void CheckpointSaverHook::State::warn_if_too_slow(SessionRunContext& context) {
  const std::chrono::nanoseconds needed = checkpoints->expected_duration();
  if (options.grace.count() == 0 || needed <= options.grace || stage >= Stage::ending) return;
  if (std::exchange(warned_of_grace, true)) return;
  context.warn(Error(StatusCode::deadline_exceeded,
                     fmt::format("saving takes some {:.2g} s, and the process is killed {:.2g} s after a signal: what "
                                 "comes after the last checkpoint may be lost then",
                                 detail::in_seconds(needed.count()), detail::in_seconds(options.grace.count()))));
}

void CheckpointSaverHook::State::warn_if_too_late(SessionRunContext& context) const {
  if (options.grace.count() == 0 || checkpoints == nullptr) return;
  const std::optional<StopReason> signal = signal_of(context);
  if (!signal) return;
  const std::int64_t left_ns = options.grace.count() - (detail::monotonic_ns() - signal->time_ns);
  const int saves = checkpoints->saving() ? 2 : 1;  // one after the other
  const std::int64_t needed_ns = saves * checkpoints->expected_duration().count();
  if (needed_ns <= left_ns) return;
  const std::string left =
      left_ns > 0 ? fmt::format("{:.2g} s are left", detail::in_seconds(left_ns)) : "nothing is left";
  context.warn(
      Error(StatusCode::deadline_exceeded,
            fmt::format("saving takes some {:.2g} s, and of the time until the process is killed {}: step {} may "
                        "not be saved in time",
                        detail::in_seconds(needed_ns), left, context.global_step())));
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
    throw StatusError(StatusCode::already_exists,
                      "another hook saves the session already, e.g. that of the default hooks, which can be left out");
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
  state.written.reset();
  state.last_step.reset();
  state.stage = State::Stage::begun;
  state.hurried_step = -1;
  state.warned_of_grace = state.warned_of_half_done = false;
  state.patience = std::chrono::nanoseconds(-1);
  if (auto* const checkpoints = dynamic_cast<CheckpointSaver*>(state.saver.get()); checkpoints != nullptr) {
    check_is_in_time(*checkpoints, run);
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
                        "a checkpoint would have nothing of the program: its session has no variables, and neither "
                        "memory nor state of its own is given to be saved");
    }
    RunState::of(context).saves = {};
    state.saver.reset();
    return;
  }
  state.newest.rewind(context.global_step());
  if (state.best && state.best->step > context.global_step()) state.best.reset();
  state.last_step = state.checkpoints != nullptr ? state.checkpoints->last_step() : std::nullopt;
  state.stage = State::Stage::created;
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
  const std::optional<State::Best>& best = state.written ? state.written : state.best;
  if (!best) return text;
  const CheckpointRetention& wanted = state.retention();
  return fmt::format("{}{:d} {} {} {} {}{}", kBestFormat, wanted.higher_is_better,
                     std::bit_cast<std::int64_t>(best->value), best->step, wanted.metric.size(), wanted.metric, text);
}

void CheckpointSaverHook::restore(SessionRunContext&, std::string_view saved) {
  State& state = *state_;
  std::optional<State::Best> best;
  if (saved.starts_with(kBestFormat)) {
    detail::SavedText in(saved, kBestFormat);
    const bool higher_is_better = in.number() != 0;
    State::Best value;
    value.value = std::bit_cast<double>(in.number());
    value.step = in.number();
    const std::int64_t size = in.number();
    const std::string_view metric = in.bytes(size);
    saved = in.rest();
    const bool is_the_same = state.options.save_on_best && metric == state.retention().metric &&
                             higher_is_better == state.retention().higher_is_better;
    if (is_the_same) best = value;
  }
  state.newest.restore(saved, 0);
  state.best = best;
  state.written.reset();
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
  RunState& run = RunState::of(context);
  if (run.reporter != nullptr) run.reporter->deliver_logged();  // it may be the best
  if (state.checkpoints != nullptr) state.patience = state.checkpoints->options().drain_timeout;
  state.stage = State::Stage::ending;
  const bool is_asked_for = run.session.stop->take_save_request();
  if (state.options.save_at_end || is_asked_for) state.save(context, /*may_stop=*/false);
  state.finish(context, /*may_stop=*/false);
  state.stage = State::Stage::ended;
  state.check_has_compared(context);
  state.warn_if_metric_is_missing(context);
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
