#include "runhook/hooks/run_record.hpp"

#include <algorithm>
#include <ctime>
#include <optional>
#include <utility>

#include "base/fork_mark.hpp"
#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "base/time_of_day.hpp"
#include "hooks/newest_values.hpp"
#include "hooks/refresh_age.hpp"
#include "output/json_csv_values.hpp"
#include "output/json_text.hpp"
#include "output/process_facts.hpp"
#include "output/run_directory.hpp"
#include "run/run_state.hpp"
#include "runhook/monitored_session.hpp"
#include "runhook/output.hpp"
#include "runhook/signals.hpp"

namespace runhook::inline v1 {

namespace {

using detail::JsonObject;
using detail::refuse;

constexpr std::size_t kMostRecordedFiles = 100;
constexpr std::string_view kOnLinesOfTheirOwn = ",\n  ";

std::string_view kind_text(OutcomeKind kind) noexcept {
  switch (kind) {
    case OutcomeKind::running:
      return "running";
    case OutcomeKind::completed:
      return "completed";
    case OutcomeKind::stopped:
      return "stopped";
    case OutcomeKind::end_of_input:
      return "end_of_input";
    case OutcomeKind::failed:
      break;
  }
  return "failed";
}

std::string_view origin_text(StopOrigin origin) noexcept {
  switch (origin) {
    case StopOrigin::hook:
      return "hook";
    case StopOrigin::source:
      return "source";
    case StopOrigin::coordinator:
      return "coordinator";
    case StopOrigin::step_function:
      return "step_function";
    case StopOrigin::signal:
      return "signal";
    case StopOrigin::session:
      return "session";
    default:
      return "caller";
  }
}

std::string known_step(std::int64_t step) { return step < 0 ? "null" : std::to_string(step); }

std::string json_of(const Error& error) {
  JsonObject json;
  json.add_text("code", status_name(error.code()));
  json.add_text("message", error.message());
  json.add_text("hook", error.hook());
  json.add_text("callback", error.callback());
  json.add("step", known_step(error.step()));
  return json.text();
}

std::string json_of(const StopReason& stop) {
  JsonObject json;
  json.add_text("origin", origin_text(stop.origin));
  json.add_text("who", stop.who());
  json.add_number("code", stop.code);
  json.add_text("text", stop.text());
  json.add("step", known_step(stop.step));
  json.add_flag("planned", stop.planned);
  return json.text();
}

std::string json_of(const Outcome& outcome) {
  JsonObject json;
  json.add_text("kind", kind_text(outcome.kind));
  json.add_text("text", outcome.to_string());
  if (outcome.stop.origin != StopOrigin::none) json.add("stop", json_of(outcome.stop));
  if (outcome.error) json.add("error", json_of(outcome.error));
  return json.text();
}

std::string json_of(const Value& value, std::int64_t step, bool failed) {
  JsonObject json;
  json.add_number("step", step);
  std::string text;
  detail::append_json(text, value);
  json.add("value", text);
  if (failed) json.add_flag("failed", true);
  return json.text();
}

std::string json_of(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  quoted.reserve(texts.size());
  for (const std::string& text : texts) quoted.push_back(detail::json_string(text));
  return "[" + detail::joined(quoted, ", ") + "]";
}

}  // namespace

struct RunRecordHook::Run {
  explicit Run(const std::string& path) : directory(path) {}

  detail::RunDirectory directory;
  std::string beginning;  // of the record: what does not change
  const detail::ForkMark birth;
  std::shared_ptr<Output> output;  // NULL: there is no record
  bool moved = false;              // the record is not in its place
  detail::NewestValues newest;
  std::optional<std::int64_t> first_step;
  std::int64_t begin_ns = 0;
  std::int64_t written_ns = 0;

  std::string record(const Outcome& outcome, const detail::RunState& state) const;
  std::string values(const detail::LastFetched& last) const;
  void write(SessionRunContext& context, const Outcome& outcome);
  void refresh(SessionRunContext& context);  // while the run goes on
};

std::string RunRecordHook::Run::record(const Outcome& outcome, const detail::RunState& state) const {
  const std::string now = detail::utc_time(detail::unix_now_ns());
  const bool ended = outcome.kind != OutcomeKind::running;
  JsonObject json(kOnLinesOfTheirOwn);
  json.add_text("updated", now);
  json.add("end", ended ? detail::json_string(now) : "null");
  json.add("outcome", json_of(outcome));
  json.add("exit_status", ended ? std::to_string(exit_status(outcome)) : "null");
  json.add("first_step", first_step ? std::to_string(*first_step) : "null");
  json.add_number("step", ended ? outcome.step : state.session.global_step.load());
  json.add_number("runs", outcome.runs);
  json.add_number("recoveries", outcome.recoveries);
  json.add_number("warnings", outcome.warnings);
  json.add("values", values(state.last_fetched));
  std::vector<std::string> files = directory.files();
  if (files.size() > kMostRecordedFiles) files.resize(kMostRecordedFiles);
  json.add("files", json_of(files));
  return fmt::format("{{\n  {},\n  {}\n}}\n", beginning, json.members());
}

std::string RunRecordHook::Run::values(const detail::LastFetched& last) const {
  JsonObject json(",\n    ");
  for (const auto& kept : newest.all()) {
    if (kept.undone) continue;
    json.add(kept.name, json_of(kept.to_value(), kept.value.step, kept.value.failed));
  }
  for (const auto& [name, value] : last.values) {
    if (newest.has(name) || value.kind() != ValueKind::tensor || !value.shape().empty()) continue;
    json.add(name, json_of(value, last.step, last.failed));
  }
  return json.text();
}

// Where the record is, unless there is none yet: in its place, or, if that is taken, where those of earlier runs are.
// Where there are no locks, a run that comes meanwhile moves it there.
void RunRecordHook::Run::write(SessionRunContext& context, const Outcome& outcome) {
  if (!moved) {
    std::string there;
    const Error foreign = directory.session_of_record(there);
    moved = foreign || (output != nullptr && !there.empty() && there != context.session_id());
    if (moved && output != nullptr) std::exchange(output, nullptr)->close();
  }
  if (output == nullptr) {
    output = Output::replaced_file(moved ? directory.earlier_record(context.session_id()) : directory.record());
  }
  output->write(record(outcome, detail::RunState::of(context)));
  output->report_to(context);
}

void RunRecordHook::Run::refresh(SessionRunContext& context) {
  written_ns = context.now_ns();
  MonitoredSession* const session = context.monitored_session();
  write(context, session != nullptr ? session->outcome() : context.outcome());
}

RunRecordHook::RunRecordHook(RunRecordOptions options) : options_(std::move(options)) {
  if (options_.directory.empty()) refuse("the directory of the run is empty");
  if (options_.refresh.count() < 0) refuse("the refresh of the run's record is negative");
  std::string why;
  if (!options_.parameters.empty() && !detail::json_strings(options_.parameters, &why)) {
    refuse(fmt::format("the parameters are not the text of a JSON object, {}: {}", why, options_.parameters));
  }
}

RunRecordHook::~RunRecordHook() = default;

HookRegistration RunRecordHook::make(RunRecordOptions options) {
  const std::int64_t refresh = options.refresh.count();
  HookRegistration registration{std::make_shared<RunRecordHook>(std::move(options)), {}};
  registration.options.phase = HookPhase::guard;
  registration.options.failure_policy = FailurePolicy::warn;
  if (refresh > 0) {
    registration.options.trigger = Trigger::every_ns(std::min(refresh, detail::kNsPerSecond)).after_first();
  } else {
    registration.options.trigger = Trigger::never();
  }
  return registration;
}

void RunRecordHook::begin(SessionRunContext& context) {
  run_ = std::make_unique<Run>(options_.directory);
  Run& run = *run_;
  if (const Error error = run.directory.open(context.session_id())) {
    context.warn(error);
    if (error.code() != StatusCode::already_exists) return;
    run.moved = true;
    detail::RunState& state = detail::RunState::of(context);
    state.shared_directory = options_.directory;
    state.own_directory = run.directory.earlier(context.session_id());
  } else if (const Error failure = run.directory.keep_earlier(context.session_id())) {
    context.warn(failure);
  }
  const detail::ProcessFacts process = detail::process_facts();
  JsonObject json(kOnLinesOfTheirOwn);
  json.add_text("schema", detail::kRecordSchema);
  json.add_number("schema_version", 1);
  json.add_text("session", context.session_id());
  json.add_text("title", options_.title);
  json.add("command", json_of(process.command));
  json.add_text("working_directory", process.working_directory);
  json.add_text("host", process.host);
  json.add_number("pid", process.pid);
  json.add("versions", fmt::format(R"({{"runhook": "{}"}})", RUNHOOK_VERSION_TEXT));
  json.add("parameters", options_.parameters.empty() ? "{}" : options_.parameters);
  json.add_text("begin", detail::utc_time(detail::unix_now_ns()));
  run.beginning = json.members();
  run.begin_ns = run.written_ns = context.now_ns();
  run.write(context, Outcome());
  run.output->sync();
  run.output->report_to(context);
}

void RunRecordHook::after_create_session(SessionRunContext& context) {
  if (!run_->first_step) {
    run_->first_step = context.global_step();
    // Of a run that is killed soon it is to be known where it went on.
    if (run_->output != nullptr && *run_->first_step > 0) run_->write(context, Outcome());
  }
  run_->newest.rewind(context.global_step());
}

void RunRecordHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  if (run_->output == nullptr) return;
  if (!detail::needs_refresh(run_->begin_ns, run_->written_ns, context.now_ns(), options_.refresh.count())) return;
  run_->refresh(context);
}

// So that the record of a run that is killed is not much older than its last checkpoint.
std::optional<std::string> RunRecordHook::save(SessionRunContext& context) {
  constexpr std::int64_t kLeast = detail::kNsPerSecond / 10;  // between two
  const bool is_old = detail::saturating_distance(run_->written_ns, context.now_ns()) >= kLeast;
  if (run_->output != nullptr && options_.refresh.count() > 0 && is_old) run_->refresh(context);
  return std::nullopt;
}

void RunRecordHook::on_logged(SessionRunContext&, std::span<const LoggedValue> values) {
  run_->newest.note(values, 0, /*every=*/false, /*due=*/false, [] {});
}

void RunRecordHook::cleanup(SessionRunContext& context, const Outcome& outcome) {
  const std::unique_ptr<Run> run = std::move(run_);
  if (run == nullptr || run->output == nullptr) return;  // begin has failed
  if (run->birth.forked()) return;                       // the run goes on in the parent
  run->write(context, outcome);
  run->output->close();
  run->output->report_to(context);
}

}  // namespace runhook::inline v1
