
#include "runhook/hooks/profiler.hpp"

#include <limits>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "profiler/chrome_trace.hpp"
#include "profiler/span_ring.hpp"
#include "profiler/trace_files.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {

namespace {

using detail::RunState;
using detail::SpanRing;
using detail::Trace;
using detail::TraceFiles;

using detail::refuse;

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::min();

Trigger interval_of(const ProfilerOptions& options) {
  if (options.every_n_steps && options.every_n_secs) refuse("only one of every_n_steps and every_n_secs can be given");
  if (options.every_n_steps) return Trigger::every_steps(*options.every_n_steps).after_first();
  if (options.every_n_secs) return Trigger::every_seconds(*options.every_n_secs).after_first();
  if (!options.record_every_run && !options.record_samples)
    refuse("one of every_n_steps and every_n_secs must be given");
  return Trigger::never();
}

}  // namespace

struct ProfilerHook::State final : SpanListener {
  explicit State(ProfilerOptions its_options)
      : options(std::move(its_options)),
        interval(interval_of(options)),
        ring(options.capacity > 0 ? options.capacity : (refuse("the capacity is 0"), 0)) {
    if (options.directory.empty()) refuse("the directory of the traces is empty");
  }

  void on_span(const Span& span) noexcept override;
  bool wants_samples() const noexcept override { return options.record_samples; }
  bool decide(SessionRunContext& context);
  // Writes what is recorded from this time on: a run, or what came before an error.
  void write(std::int64_t from_ns, const Error& error) noexcept;
  void report_to(SessionRunContext& context);

  const ProfilerOptions options;
  Trigger interval;  // for record_every_run, with which the hook is called in every run
  SpanRing ring;
  std::unique_ptr<TraceFiles> files;
  std::string directory;  // of the present run

  bool decided = false;    // whether the present run is profiled
  bool profiled = false;   // whether it is, once that is decided
  bool completed = false;  // after_run was called
  Error failed_with;       // what on_error was called with, unless that is no failure
  std::int64_t reached = 0;
  std::int64_t begun_ns = 0;
};

void ProfilerHook::State::on_span(const Span& span) noexcept {
  ring.add(span);
  if (span.kind != SpanKind::attempt) return;
  if (span.attempt == 1) begun_ns = span.begin_ns;
  if (std::exchange(completed, false) && profiled && !span.failed) write(begun_ns, {});
  if (const Error error = std::exchange(failed_with, Error()); error && span.failed) write(kAll, error);
}

void ProfilerHook::State::write(std::int64_t from_ns, const Error& error) noexcept {
  try {
    Trace trace = ring.copy(from_ns);
    trace.error = error;
    trace.error_ns = detail::monotonic_ns();
    const std::string name = error ? "failure" : fmt::format("{}", reached);
    files->write(fmt::format("{}/timeline-{}.json", directory, name), std::move(trace));
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is no memory for it
  }
}

void ProfilerHook::State::report_to(SessionRunContext& context) {
  const Error failure = files->take_failure();
  if (!failure) return;
  if (options.output.fail_run) throw StatusError(failure);
  context.warn(failure);
}

// Once for a run, however many attempts it takes.
bool ProfilerHook::State::decide(SessionRunContext& context) {
  if (!options.record_every_run) return true;  // the trigger has decided
  if (decided && context.attempt() > 1) return profiled;
  const TriggerPoint point{context.global_step(), interval.uses_time() ? context.now_ns() : 0, false};
  const bool due = interval.due(point);
  due ? interval.fired(point) : interval.passed(point);
  return due;
}

ProfilerHook::ProfilerHook(ProfilerOptions options) : state_(std::make_unique<State>(std::move(options))) {}
ProfilerHook::~ProfilerHook() = default;

HookRegistration ProfilerHook::make(ProfilerOptions options) {
  const Trigger trigger = options.record_every_run ? Trigger() : interval_of(options);
  return {std::make_shared<ProfilerHook>(std::move(options)), {.trigger = trigger}};
}

SpanListener* ProfilerHook::span_listener() noexcept { return state_.get(); }

void ProfilerHook::begin(SessionRunContext& context) {
  state_->directory = RunState::of(context).place_of(state_->options.directory);
  state_->files = std::make_unique<TraceFiles>(state_->options.output);
  state_->ring.clear();
  state_->interval.reset();
  state_->decided = state_->profiled = state_->completed = false;
  state_->failed_with = Error();
}

void ProfilerHook::after_create_session(SessionRunContext& context) { state_->interval.rewind(context.global_step()); }

void ProfilerHook::before_run(SessionRunContext& context) {
  state_->profiled = state_->decide(context);
  state_->decided = true;
  if (!state_->profiled) return;
  RunOptions options;
  options.trace_level = state_->options.trace_level;
  context.add_options(options);
}

void ProfilerHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  state_->decided = false;
  state_->completed = true;
  state_->reached = context.global_step();
  state_->report_to(context);
}

void ProfilerHook::on_error(SessionRunContext&, const Error& error) {
  const bool is_failure = !is_clean_end(error.code()) && error.code() != StatusCode::cancelled;
  state_->failed_with = is_failure ? error : Error();
}

void ProfilerHook::cleanup(SessionRunContext& context, const Outcome& outcome) {
  if (state_->files == nullptr) return;  // begin failed
  if (outcome.kind == OutcomeKind::failed) state_->write(kAll, outcome.error);
  state_->files->finish();
  state_->report_to(context);
  state_->files.reset();
}

std::string ProfilerHook::trace() const { return detail::chrome_trace(state_->ring.copy()); }

void ProfilerHook::dump(const std::string& path) const {
  if (const Error error = detail::write_trace(path, state_->ring.copy(), state_->options.output)) {
    throw StatusError(error);
  }
}

}  // namespace runhook::inline v1
