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
  // Which runs are profiled: at most one of the two, and none only with record_every_run. The first run only starts the
  // count, as what is done once is in it.
  std::optional<std::int64_t> every_n_steps = {};  // in global steps
  std::optional<double> every_n_secs = {};
  std::string directory = ".";  // of the files; made if need be
  // A flight recorder: all runs are recorded, without the session's nodes unless they are profiled as well, so that
  // dump() and the file of a failure tell what came before. Slows each run down by some 300 ns, and 60 ns for each
  // callback.
  bool record_every_run = false;
  std::size_t capacity = std::size_t{1} << 14;  // spans that are kept, of 64 bytes each; the oldest are dropped
  TraceLevel trace_level = TraceLevel::full;    // that profiled runs ask for
  OutputOptions output = {};                    // of the files: close_timeout and fail_run count
};

// Records what the session does, with every hook's callbacks and the session's own nodes, and writes for each profiled
// run `timeline-<step>.json`, named after the step that the run has reached; when a run fails, `timeline-failure.json`
// with all that is recorded. Files are made by a thread of the hook's own. A trace has a track for each thread, further
// ones for nodes that overlap, and a counter of what each step's time was spent on.
//
// The trace level applies to the whole run, so that other hooks and the caller see a traced run as well.
// After tf.train.ProfilerHook. Register what make() returns. Since 1.0.
class ProfilerHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT: both intervals or none, one that is not positive, no capacity.
  explicit ProfilerHook(ProfilerOptions options);
  ~ProfilerHook() override;
  std::string_view name() const override { return "profiler"; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void on_error(SessionRunContext& context, const Error& error) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  SpanListener* span_listener() noexcept override;

  // What is recorded at present, in Chrome's trace format. Any thread.
  std::string trace() const;
  // The same into a file, which is replaced. Waits until it is written; throws what that failed with. Any thread, but
  // better not the session's.
  void dump(const std::string& path) const;

  // With the trigger that the options say.
  static HookRegistration make(ProfilerOptions options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_PROFILER_HPP_
