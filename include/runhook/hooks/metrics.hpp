// runhook/hooks/metrics.hpp: writes values as rows of JSON Lines or CSV.
#ifndef RUNHOOK_HOOKS_METRICS_HPP_
#define RUNHOOK_HOOKS_METRICS_HPP_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {

enum class MetricsFormat : std::int32_t { json_lines = 0, csv = 1 };

struct MetricsOptions {
  std::string path = {};  // appended to; created if it does not exist, with its directories
  MetricsFormat format = MetricsFormat::json_lines;
  // What to fetch: names, or a map from tags to names; the tags are the keys or columns.
  std::vector<std::string> names = {};
  std::map<std::string, std::string> tags = {};
  bool only_logged = false;  // nothing is fetched: the values that are logged are all there is
  // CSV: columns of logged values, after those of what is fetched. Any other logged value gets a column behind these
  // when it comes up.
  std::vector<std::string> logged_columns = {};
  bool keep_all = false;  // every logged value is written, not only the newest when a row is due
  // When a row is written: at most one of the two; neither: after every run.
  std::optional<std::int64_t> every_n_steps = {};
  std::optional<double> every_n_secs = {};  // 0: after every run
  OutputOptions output = {};                // `header` and `rows` are set by the hook
};

// Writes a row after each run in which it is due, and for the last step: "step", the global step; "wall_time", in
// seconds since 1970; "elapsed", in seconds of the session's clock since the hook began; "session",
// SessionRunContext::session_id(); "attempt", 1, and one more after each recovery; "event"; and what was fetched.
//
// JSON Lines: an object on each line. Tensors are nested lists, complex numbers lists of two, bytes hexadecimal
// strings; a value that is absent or not on the CPU is null. JSON has no NaN and no infinities: they are the strings
// "NaN", "Infinity" and "-Infinity". CSV is that of RFC 4180, with a header, but its lines end as those of text files
// do here. A scalar or a string is written as it is, any other tensor as in JSON, and what is null in JSON is empty.
// Numbers are written so that reading gives the same number: whole floating-point numbers as 1.0, those of less
// precision as the double that is equal.
//
// If the file exists, rows are appended. Each session, and each attempt, begins with a row of which "event" is "start":
// rows of later steps that stand before it are obsolete, since the run has gone on from the step of this row. Without
// them the file is one course of the run, whatever has happened to it:
//
//   pandas  df[df.step <= df.step.where(df.event == "start", float("inf"))[::-1].cummin()[::-1]]
//   DuckDB  FROM 'metrics.jsonl' QUALIFY step <= coalesce(min(step) FILTER (event = 'start')
//             OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), step)
//
// A CSV file that has other columns gets those that it lacks. One that does not begin with "step" is left alone, which
// is a failure of the output: a warning, or, with OutputOptions::fail_run, a failure of the run.
//
// What is logged (SessionRunContext::log_scalar()) is in the row of the step in which it was logged: the newest value
// of each name when a row is due and at the end, and the first one at once; so a step may have a row though none was
// due; with keep_all that is every step in which anything was logged. Of a name that is fetched and logged the logged
// value counts. Values of a step that has failed for good, and those that a hook has rejected, as the NaN guard does,
// are in a row of which "event" is "failed".
//
// Before the session is saved, rows of its step and those before it are written, which is waited for as long as
// OutputOptions::close_timeout says; if it takes longer there is a warning. A run that goes on from there writes what
// this one would have written, if that does not depend on the time. A value that waited for its row then may be in two
// rows, of the same step.
//
// Register what make() returns: it has the trigger that the options say. Since 1.0.
class MetricsHook final : public SessionRunHook, private ValueListener {
 public:
  // Throws INVALID_ARGUMENT for bad intervals, no path, nothing to fetch, and tags that are repeated or are one of
  // "step", "wall_time", "elapsed", "session", "attempt" and "event".
  explicit MetricsHook(MetricsOptions options);
  ~MetricsHook() override;
  std::string_view name() const override { return "metrics"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;  // throws NOT_FOUND for an unknown name
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::optional<std::string> save(SessionRunContext& context) override;
  void restore(SessionRunContext& context, std::string_view saved) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  ValueListener* value_listener() noexcept override { return this; }

  static HookRegistration make(MetricsOptions options);

 private:
  struct Rows;
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  void on_dropped() noexcept override;
  MetricsOptions options_;
  SessionRunArgs args_;
  std::unique_ptr<Rows> rows_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_METRICS_HPP_
