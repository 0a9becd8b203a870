// runhook/hooks/run_record.hpp: keeps a record of the run in its directory.
#ifndef RUNHOOK_HOOKS_RUN_RECORD_HPP_
#define RUNHOOK_HOOKS_RUN_RECORD_HPP_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct RunRecordOptions {
  std::string directory = {};   // of the run; created if it does not exist, with those above it
  std::string title = {};       // empty: none
  std::string parameters = {};  // of the run, e.g. hyperparameters: the text of a JSON object; empty: none
  // Time after which the record is brought up to date during the run; 0: it is written at the begin and the end only.
  std::chrono::nanoseconds refresh = std::chrono::seconds(30);
};

// Keeps `<directory>/run.json`, from which a program reads what ran and how it ended: the session's id, which is that
// of the rows of metrics, the command, host and process, versions, parameters, begin, end, outcome, exit_status() of
// that, the newest value of each name, and the files of the directory. It is there when the first step begins. Until
// the run has ended "end" and "exit_status" are null and the outcome's kind is "running".
//
// What an earlier run has left is kept: before this one writes anything, the earlier run.json, report.html and
// timeline-*.json are moved to `<directory>/earlier/<session>/`. If that run has not said how it ended, its process was
// killed: the kind of its outcome becomes "lost". Metrics are appended to, and event files are added to those that are
// there. A run.json that is no record of a run is left alone. If another run is writing in the directory, which is told
// by a lock on it, that is a warning: the record of this one, its report and its traces are in earlier/<session>/ then.
//
// "schema_version" is 1. Members may be added without another version.
//
// Registered by make() it never fails a run: what cannot be written or moved is a warning. Since 1.0.
class RunRecordHook final : public SessionRunHook, private ValueListener {
 public:
  // Throws INVALID_ARGUMENT: no directory, parameters that are not a JSON object, a negative time.
  explicit RunRecordHook(RunRecordOptions options);
  ~RunRecordHook() override;
  std::string_view name() const override { return "run record"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::optional<std::string> save(SessionRunContext& context) override;  // has no state, but writes the record
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  ValueListener* value_listener() noexcept override { return this; }  // for the newest values

  // Due every `refresh`. It is called before other hooks, so that nothing of this run is moved away, and its cleanup
  // after theirs, so that their files are among those of the record.
  static HookRegistration make(RunRecordOptions options);

 private:
  struct Run;  // what is known of the present run
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  RunRecordOptions options_;
  std::unique_ptr<Run> run_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_RUN_RECORD_HPP_
