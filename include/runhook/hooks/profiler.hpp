// runhook/hooks/profiler.hpp: shows where the time of runs goes, as traces that Perfetto and chrome://tracing open.
#ifndef RUNHOOK_HOOKS_PROFILER_HPP_
#define RUNHOOK_HOOKS_PROFILER_HPP_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runhook/hook.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {

struct ProfilerOptions {
  // Which runs are profiled: at most one of the two, and at least one unless record_every_run or record_samples is set.
  // The interval begins with the first run, which is not profiled, since it includes work that is done only once.
  std::optional<std::int64_t> every_n_steps = {};  // in global steps
  std::optional<double> every_n_secs = {};
  std::string directory = ".";  // for the files; created if it does not exist
  // A flight recorder: all runs are recorded, so that dump() and the file of a failure show what came before; the
  // session's nodes only in profiled runs. Slows each run down by some 300 ns, and 60 ns for each callback.
  bool record_every_run = false;
  // The same for next to nothing: what is recorded besides profiled runs are those that the session measures anyway, a
  // sample at any speed, and all of them while a step takes 20 us or more on average.
  bool record_samples = false;
  std::size_t capacity = std::size_t{1} << 14;  // how many spans are kept, of 64 bytes each; the oldest are dropped
  TraceLevel trace_level = TraceLevel::full;    // what profiled runs ask of the session
  OutputOptions output = {};                    // for the files; only close_timeout and fail_run are used
};

// Records how long the session, its nodes and the callbacks of all hooks take. For each profiled run it writes
// `timeline-<step>.json`, named after the step that the run has reached; when a run fails it writes
// `timeline-failure.json` with all that is recorded and an event that tells of the error. Files are written by a thread
// of the hook. A trace has a track for each thread, further ones for nodes that overlap, and a counter that shows what
// the time of each step was spent on. Its times count from the first event; `begin_ns` in `otherData` is the time of
// that on the machine's monotonic clock.
//
// The trace level is that of the whole run, so that other hooks and the caller see a traced run, too. It sets no
// time-out: a profiled run has the caller's, which has to leave time for the tracing. After tf.train.ProfilerHook.
// Register what make() returns. Since 1.0.
class ProfilerHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT if both intervals are given, or neither of them nor one of the two that record, for one
  // that is not positive, for a capacity of 0, and for an empty directory.
  explicit ProfilerHook(ProfilerOptions options);
  ~ProfilerHook() override;
  std::string_view name() const override { return "profiler"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void on_error(SessionRunContext& context, const Error& error) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  SpanListener* span_listener() noexcept override;

  // What is recorded at present, in Chrome's trace format. Any thread.
  std::string trace() const;
  // Writes that to a file, which is replaced. Waits until it is written; throws what that failed with. Any thread; on
  // the session's it delays a step.
  void dump(const std::string& path) const;

  // With the trigger that the options say.
  static HookRegistration make(ProfilerOptions options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_PROFILER_HPP_
