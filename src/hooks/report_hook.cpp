#include "runhook/hooks/report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/make_room.hpp"
#include "base/monotonic.hpp"
#include "hooks/refresh_age.hpp"
#include "output/sink.hpp"
#include "report/run_report.hpp"
#include "run/run_state.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/output.hpp"
#include "value/name_index.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;                 // of pages that wait to be written
constexpr std::int64_t kLeastSpeedTime = 50 * detail::kNsPerMillisecond;  // in less there is hardly a step or two

template <typename Number>
void draw(SessionRunContext& context, detail::report::NamedSeries& series, std::int64_t step, Number&& number) {
  try {
    series.data.add(step, number());
  } catch (const StatusError& error) {
    series.fetched = false;
    context.warn(Error(error.code(), fmt::format("'{}' cannot be drawn: {}", series.name, error.error().message())));
  }
}

}  // namespace

struct ReportHook::Run {
  std::string path;
  detail::report::RunReport report;  // with the parts that do not change; the others are set for each page
  detail::NameIndex names;           // of report.series
  std::map<std::string, std::string, std::less<>> texts;  // logged last
  std::shared_ptr<Output> output;
  std::int64_t speed_ns = 0;  // when the speed was sampled last, and at which step
  std::int64_t speed_step = 0;
  bool created = false;  // whether there has been a session
  bool written = false;
  std::int64_t fetched_step = -1;  // of the fetched values that were drawn last
  std::int64_t written_ns = 0;

  detail::report::NamedSeries& named(std::string_view name);
};

// That of a name, made if need be.
detail::report::NamedSeries& ReportHook::Run::named(std::string_view name) {
  auto& all = report.series;
  if (const std::optional<std::size_t> index = names.find(name)) return all[*index];
  detail::make_room(all, all.size() + 1);
  detail::report::NamedSeries series{std::string(name), {}};
  names.add(name);
  all.push_back(std::move(series));
  return all.back();
}

ReportHook::ReportHook(ReportOptions options) : options_(std::move(options)) {
  const auto refuse = [](const char* why) { throw StatusError(StatusCode::invalid_argument, why); };
  if (options_.path.empty()) refuse("the report has no path");
  if (options_.interval.count() < 0) refuse("the report's interval is negative");
  if (options_.refresh.count() < 0) refuse("the report's refresh is negative");
  for (const std::string& metric : options_.metrics) {
    if (metric.empty()) refuse("a metric of the report has no name");
  }
}

ReportHook::~ReportHook() = default;

HookRegistration ReportHook::make(ReportOptions options) {
  const std::int64_t interval = options.interval.count();
  HookRegistration registration{std::make_shared<ReportHook>(std::move(options)), {}};
  registration.options.phase = HookPhase::guard;
  registration.options.failure_policy = FailurePolicy::warn;
  if (interval > 0) registration.options.trigger = Trigger::every_ns(interval) || Trigger::last();
  return registration;
}

void ReportHook::begin(SessionRunContext& context) {
  auto run = std::make_unique<Run>();
  detail::report::RunReport& report = run->report;
  report.title = options_.title;
  report.facts = options_.facts;
  report.library_version = RUNHOOK_VERSION_TEXT;
  report.started = std::chrono::system_clock::now();
  report.start_ns = context.now_ns();
  report.process = detail::process_facts();
  for (const std::string& metric : options_.metrics) {
    if (run->names.has(metric)) continue;
    run->names.add(metric);
    report.series.push_back({metric, {}, true});
  }
  const std::filesystem::path path(options_.path);
  const std::string folder = detail::folder_of(path).native();
  const std::string place = detail::RunState::of(context).place_of(folder);
  run->path = place == folder ? options_.path : place + "/" + path.filename().native();
  run->output = Output::replaced_file(run->path, {.buffer_bytes = kMostBytes});
  run_ = std::move(run);
}

void ReportHook::after_create_session(SessionRunContext& context) {
  run_->fetched_step = -1;
  if (std::exchange(run_->created, true)) return;
  run_->report.first_step = context.global_step();
  run_->speed_ns = context.now_ns();
  run_->speed_step = context.global_step();
}

void ReportHook::before_run(SessionRunContext& context) {
  for (detail::report::NamedSeries& series : run_->report.series) {
    if (!series.fetched) continue;
    try {
      context.add_fetch({}, series.name);
    } catch (const StatusError&) {
      series.fetched = false;  // so that it fails only this callback
      throw;
    }
  }
}

void ReportHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  const auto is_logged = [&staged = detail::RunState::of(context).values](const std::string& name) {
    return staged.find(name) != nullptr;  // and comes once more
  };
  for (detail::report::NamedSeries& series : run_->report.series) {
    if (!series.fetched || series.logged || is_logged(series.name)) continue;
    draw(context, series, context.global_step(), [&] { return values.results().to_double(series.name); });
  }
  run_->fetched_step = context.global_step();
  sample_speed(context);
  if (options_.refresh.count() == 0) return;
  const std::int64_t now = context.now_ns();
  if (run_->written && !detail::needs_refresh(run_->report.start_ns, run_->written_ns, now, options_.refresh.count())) {
    return;
  }
  MonitoredSession* const session = context.monitored_session();
  write(context, session != nullptr ? session->outcome() : context.outcome());
  run_->written = true;
  run_->written_ns = now;
  run_->output->report_to(context);
}

void ReportHook::on_logged(SessionRunContext&, std::span<const LoggedValue> values) {
  Run& run = *run_;
  for (const LoggedValue& value : values) {
    if (value.kind == LoggedKind::text) {
      run.texts.insert_or_assign(std::string(value.name), std::string(value.text));
      continue;
    }
    detail::report::NamedSeries& series = run.named(value.name);
    series.logged = true;
    series.data.add(value.step, value.number);
  }
}

void ReportHook::sample_speed(SessionRunContext& context) {
  const std::int64_t now = context.now_ns();
  const std::int64_t passed = detail::saturating_distance(run_->speed_ns, now);
  const std::int64_t step = context.global_step();
  if (passed < kLeastSpeedTime || step == run_->speed_step) return;
  const auto steps = static_cast<double>(std::max<std::int64_t>(step - run_->speed_step, 0));  // it may have gone back
  run_->report.speed.add(detail::saturating_distance(run_->report.start_ns, now), steps / detail::in_seconds(passed));
  run_->speed_ns = now;
  run_->speed_step = step;
}

void ReportHook::cleanup(SessionRunContext& context, const Outcome& outcome) {
  if (run_ == nullptr) return;  // begin has failed
  if (run_->created) sample_speed(context);
  draw_last_fetched(context);
  write(context, outcome);
  run_->output->close();
  run_->output->report_to(context);
  run_.reset();
}

// What was fetched in the last step, when the hook was not due.
void ReportHook::draw_last_fetched(SessionRunContext& context) {
  const detail::LastFetched& last = detail::RunState::of(context).last_fetched;
  for (detail::report::NamedSeries& series : run_->report.series) {
    if (!series.fetched || series.logged || run_->fetched_step >= last.step) continue;
    const Value* const value = last.find(series.name);
    if (value != nullptr) draw(context, series, last.step, [value] { return value->to_double(); });
  }
}

void ReportHook::write(SessionRunContext& context, const Outcome& outcome) {
  detail::report::RunReport& report = run_->report;
  report.outcome = outcome;
  report.written = std::chrono::system_clock::now();
  report.duration_ns = detail::saturating_distance(report.start_ns, context.now_ns());
  if (const MonitoredSession* session = context.monitored_session()) report.timings = session->timings();
  const detail::RunState& state = detail::RunState::of(context);
  if (state.reporter != nullptr) report.warnings = state.reporter->warnings();
  report.marks = state.marks.all();
  for (std::size_t kind = 0; kind < detail::kMarkKinds; ++kind) {
    report.mark_counts[kind] = state.marks.count(static_cast<detail::MarkKind>(kind));
  }
  report.files = detail::report::files_beside(run_->path);
  const std::shared_ptr<StopState> stop = context.stop_source().state();
  report.later_stops = stop->later();
  report.later_stops_dropped = stop->dropped();
  report.facts = options_.facts;
  for (const auto& [name, text] : run_->texts) report.facts.emplace_back(name, text);
  run_->output->write(detail::report::render_html(report));
}

}  // namespace runhook::inline v1
