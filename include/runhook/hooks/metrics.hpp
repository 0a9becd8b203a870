// runhook/hooks/metrics.hpp: writes values as rows of JSON Lines or CSV.
#ifndef RUNHOOK_HOOKS_METRICS_HPP_
#define RUNHOOK_HOOKS_METRICS_HPP_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {

enum class MetricsFormat : std::int32_t { json_lines = 0, csv = 1 };

struct MetricsOptions {
  std::string path = {};  // appended to; made if need be, with its directories
  MetricsFormat format = MetricsFormat::json_lines;
  // What to fetch: names, or a map from tags to names; the tags are the keys or columns.
  std::vector<std::string> names = {};
  std::map<std::string, std::string> tags = {};
  // When a row is written: at most one of the two; neither: after every run.
  std::optional<std::int64_t> every_n_steps = {};
  std::optional<double> every_n_secs = {};  // 0: after every run
  OutputOptions output = {};                // `header` and `lines` are the hook's to set
};

// Writes a row after each run in which it is due: "step", the global step; "wall_time", in seconds since 1970;
// "elapsed", in seconds of the session's clock since the hook began; and what was fetched.
//
// JSON Lines: an object on each line. Tensors are nested lists, complex numbers lists of two, bytes hexadecimal
// strings, what is absent or not in the CPU's memory null. JSON has no NaN and no infinities: they are the strings
// "NaN", "Infinity" and "-Infinity". CSV is that of RFC 4180, with a header and CRLF: a scalar or a string is itself,
// another tensor the text that it has in JSON, what is null there is empty. Numbers are written so that they are read
// as what they were: whole ones of floating point as 1.0, numbers of less precision as the double that is equal.
//
// A file that is there is continued. A run that goes on from an earlier step, e.g. after a recovery, writes rows for
// the steps that it makes again: of several with the same step the last is the one that counts. A CSV file with other
// columns is left alone, which is a failure of the output: a warning, or by OutputOptions::fail_run the run's.
//
// To be registered by make(), with the trigger that the options say. Since 1.0.
class MetricsHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for bad intervals, no path, nothing to fetch, and tags that are repeated or one of the
  // three above.
  explicit MetricsHook(MetricsOptions options);
  std::string_view name() const override { return "metrics"; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;  // throws NOT_FOUND for a name there is not
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;

  static HookRegistration make(MetricsOptions options);

 private:
  MetricsOptions options_;
  std::vector<std::string> keys_;  // of a row, quoted for the format
  SessionRunArgs args_;
  std::shared_ptr<Output> output_;
  std::int64_t begin_ns_ = 0;
  std::string row_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_METRICS_HPP_
