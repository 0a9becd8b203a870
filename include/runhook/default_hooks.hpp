// runhook/default_hooks.hpp: the hooks that a training run is expected to have.
#ifndef RUNHOOK_DEFAULT_HOOKS_HPP_
#define RUNHOOK_DEFAULT_HOOKS_HPP_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// The hooks that a training run is expected to have. Each can be left out; to replace one, leave it out and add
// another. Since 1.0.
struct DefaultHooks {
  std::string dir = {};    // the directory for the run's files; created if it does not exist
  std::string title = {};  // of the report; empty: the name of the directory
  // E.g. the loss: what every step publishes or logs, to be shown, drawn, written, and checked for NaN. What is logged
  // now and then is shown, drawn and written without this. May be empty.
  std::vector<std::string> scalars = {};
  std::chrono::nanoseconds interval = std::chrono::seconds(1);  // between two rows, points and log lines

  // Every logged value is in the metrics and the event files, not only the newest at an interval.
  bool keep_all = false;
  // Of the run, e.g. hyperparameters, for run.json: the text of a JSON object; empty: none.
  std::string parameters = {};
  // How large the metrics, and the event files of a run, may become: then their older half is begun anew; 0: there is
  // no limit.
  std::size_t max_bytes = 0;
  bool quiet = false;  // no log lines and no progress: nothing on standard error but warnings and errors

  bool stop_on_signal = true;  // SIGINT and SIGTERM stop the run after its step: StopOnSignalHook
  bool nan_guard = true;       // NaN or infinity in a scalar fails the run: NanGuardHook
  bool watchdog = true;        // a phase that takes longer than stall_timeout is reported: StallWatchdogHook
  bool run_record = true;      // <dir>/run.json, and what earlier runs have left in <dir>/earlier: RunRecordHook
  bool report = true;          // <dir>/report.html, by a ReportHook
  bool step_counter = true;    // steps per second: StepCounterHook
  bool logging = true;         // scalars on standard error: LoggingHook
  bool progress = true;        // how far the run is, on standard error: ProgressHook
  bool metrics = true;         // scalars in <dir>/metrics.jsonl, by a MetricsHook
  bool summaries = true;       // scalars in event files in <dir>, by a SummarySaverHook
  // Checkpoints in <dir>/checkpoints, from the newest of which the run goes on: CheckpointSaverHook. Of sessions that
  // have variables; other programs leave this out, and add one with functions for their own state.
  bool checkpoints = true;
  bool profiler = true;  // <dir>/timeline-<step>.json, early in the run and then now and again: ProfilerHook

  std::chrono::nanoseconds stall_timeout = std::chrono::minutes(5);
  std::chrono::nanoseconds profile_interval = std::chrono::minutes(1);
  // Between two checkpoints, whichever comes first; 0: not by time, or not by steps. There is one at the end in any
  // case.
  std::chrono::nanoseconds checkpoint_interval = std::chrono::minutes(10);
  std::int64_t checkpoint_steps = 0;
};

// Makes these hooks, each in its own phase. Those that write files or show progress are not made for a worker that is
// not the chief. Throws INVALID_ARGUMENT for an empty directory, an empty or repeated scalar, and times that are not
// positive; and what speaks against writing files in the directory, which is made when the run begins. A session that
// has the hooks of one call refuses those of another with ALREADY_EXISTS: they would write to the same files and show
// everything twice. After the hooks that tf.train.MonitoredTrainingSession adds.
std::vector<HookRegistration> default_hooks(const DefaultHooks& wanted, bool is_chief = true);

}  // namespace runhook::inline v1

#endif  // RUNHOOK_DEFAULT_HOOKS_HPP_
