#include "runhook/default_hooks.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "hooks/terminal.hpp"
#include "output/sink.hpp"
#include "runhook/hooks/checkpoint_saver.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/nan_guard.hpp"
#include "runhook/hooks/profiler.hpp"
#include "runhook/hooks/progress.hpp"
#include "runhook/hooks/report.hpp"
#include "runhook/hooks/run_record.hpp"
#include "runhook/hooks/step_counter.hpp"
#include "runhook/hooks/stop_on_signal.hpp"
#include "runhook/hooks/summary_saver.hpp"
#include "runhook/hooks/watchdog.hpp"

namespace runhook::inline v1 {

namespace {

using detail::refuse;

void check(const DefaultHooks& wanted) {
  if (wanted.dir.empty()) refuse("the directory of the run is empty");
  if (wanted.interval.count() <= 0) refuse("the interval of the default hooks is not positive");
  if (wanted.checkpoint_interval.count() < 0 || wanted.checkpoint_steps < 0) {
    refuse("the interval of checkpoints is negative");
  }
  std::vector<std::string> names = wanted.scalars;
  std::sort(names.begin(), names.end());
  if (!names.empty() && names.front().empty()) refuse("the name of a scalar is empty");
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    refuse(fmt::format("scalar '{}' is named twice", *twice));
  }
}

// Early enough for a short run to have a trace, late enough for caches to be warm.
constexpr std::int64_t kFirstProfiledStep = 10;
// A chart wants more points than a person wants lines.
constexpr int kPointsPerInterval = 10;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Makes the hooks of one set. Those that write to the same place share an output.
class Maker {
 public:
  Maker(const DefaultHooks& wanted, bool is_chief)
      : wanted_(wanted), is_chief_(is_chief), has_scalars_(!wanted.scalars.empty()), dir_(wanted.dir) {}

  std::vector<HookRegistration> make() {
    // The first are cleaned up last: the record names the files of all, and the report has what the others have to say.
    if (wanted_.run_record && is_chief_) add(RunRecordHook::make(record()));
    if (wanted_.report && is_chief_) add(ReportHook::make(report()));
    if (wanted_.stop_on_signal) add(StopOnSignalHook::make());
    if (wanted_.watchdog) add(StallWatchdogHook::make({.timeout = wanted_.stall_timeout}));
    if (wanted_.nan_guard && has_scalars_) add(NanGuardHook::make({.names = wanted_.scalars}));
    if (wanted_.profiler && is_chief_) add(profiler());
    std::shared_ptr<SummarySaverHook> summaries;
    if (wanted_.summaries && is_chief_) summaries = add_summaries();
    if (wanted_.step_counter) add_step_counter(summaries);
    if (wanted_.metrics && is_chief_) add(MetricsHook::make(metrics()));
    // In this order the last line is that of the progress.
    if (wanted_.progress && !wanted_.quiet && is_chief_) add(ProgressHook::make({.output = terminal()}));
    if (wanted_.logging && !wanted_.quiet) add(LoggingHook::make(logging()));
    if (wanted_.checkpoints && is_chief_) add(checkpoints());
    return std::move(made_);
  }

 private:
  void add(HookRegistration hook) {
    hook.options.default_set = set_;
    made_.push_back(std::move(hook));
  }
  std::string file(const char* name) const { return (dir_ / name).string(); }
  std::shared_ptr<Output> terminal() {
    if (terminal_ == nullptr) terminal_ = detail::descriptor_output(STDERR_FILENO);
    return terminal_;
  }

  std::string title() const {
    return wanted_.title.empty() ? (dir_ / "").parent_path().filename().string() : wanted_.title;
  }
  RunRecordOptions record() const {
    RunRecordOptions options;
    options.directory = wanted_.dir;
    options.title = title();
    options.parameters = wanted_.parameters;
    return options;
  }
  ReportOptions report() const {
    ReportOptions options;
    options.path = file("report.html");
    options.title = title();
    options.metrics = wanted_.scalars;
    if (!wanted_.parameters.empty()) options.facts.emplace_back("Parameters", wanted_.parameters);
    options.interval = wanted_.interval / kPointsPerInterval;
    return options;
  }
  HookRegistration checkpoints() const {
    CheckpointSaverHookOptions options;
    options.checkpoints.directory = file("checkpoints");
    options.optional = true;
    Trigger trigger = Trigger::never();
    if (wanted_.checkpoint_interval.count() > 0) trigger = Trigger::every_ns(wanted_.checkpoint_interval.count());
    if (wanted_.checkpoint_steps > 0) trigger = trigger || Trigger::every_steps(wanted_.checkpoint_steps);
    return CheckpointSaverHook::make(std::move(options), std::move(trigger));
  }
  HookRegistration profiler() const {
    ProfilerOptions options;
    options.directory = wanted_.dir;
    options.every_n_secs = seconds(wanted_.profile_interval);
    options.record_samples = true;
    HookRegistration hook = ProfilerHook::make(std::move(options));
    hook.options.trigger = hook.options.trigger || Trigger::at_steps({kFirstProfiledStep});
    return hook;
  }
  MetricsOptions metrics() const {
    MetricsOptions options;
    options.path = file("metrics.jsonl");
    options.names = wanted_.scalars;
    options.only_logged = !has_scalars_;
    options.keep_all = wanted_.keep_all;
    options.every_n_secs = seconds(wanted_.interval);
    options.output.max_bytes = wanted_.max_bytes;
    return options;
  }
  LoggingOptions logging() {
    LoggingOptions options;
    options.names = wanted_.scalars;
    options.only_logged = !has_scalars_;
    options.every_n_secs = seconds(wanted_.interval);
    options.output = terminal();
    return options;
  }
  std::shared_ptr<SummarySaverHook> add_summaries() {
    SummarySaverOptions options;
    options.scalars = wanted_.scalars;
    options.only_logged = !has_scalars_;
    options.keep_all = wanted_.keep_all;
    options.directory = wanted_.dir;
    options.writer_options.output.max_bytes = wanted_.max_bytes;
    add(SummarySaverHook::make(std::move(options), Trigger::every_ns(wanted_.interval.count()) || Trigger::last()));
    return std::static_pointer_cast<SummarySaverHook>(made_.back().hook);
  }
  void add_step_counter(std::shared_ptr<SummarySaverHook> summaries) {
    StepCounterOptions options;
    options.every_n_steps = std::nullopt;
    options.every_n_secs = seconds(wanted_.interval);
    if (summaries != nullptr) {
      options.scalars = [summaries = std::move(summaries)](std::string_view tag, double value, std::int64_t step) {
        if (SummaryWriter* const writer = summaries->writer()) writer->add_scalar(tag, value, step);
      };
    }
    add(StepCounterHook::make(std::move(options)));
  }

  const DefaultHooks& wanted_;
  const bool is_chief_;
  const bool has_scalars_;
  const std::filesystem::path dir_;
  const std::shared_ptr<const void> set_ = std::make_shared<char>();  // only its address matters
  std::shared_ptr<Output> terminal_;
  std::vector<HookRegistration> made_;
};

}  // namespace

std::vector<HookRegistration> default_hooks(const DefaultHooks& wanted, bool is_chief) {
  check(wanted);
  if (const Error unusable = is_chief ? detail::check_directory(wanted.dir) : Error()) throw StatusError(unusable);
  return Maker(wanted, is_chief).make();
}

}  // namespace runhook::inline v1
