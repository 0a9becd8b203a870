// runhook/hooks/logging.hpp: prints values at an interval.
#ifndef RUNHOOK_HOOKS_LOGGING_HPP_
#define RUNHOOK_HOOKS_LOGGING_HPP_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runhook/hook.hpp"
#include "runhook/output.hpp"

namespace runhook::inline v1 {

namespace detail {
class NewestValues;
}

using LoggedValues = std::map<std::string, Value, std::less<>>;  // by tag
using LogFormatter = std::function<std::string(const LoggedValues&)>;

struct LoggingOptions {
  // What to fetch: names, which are printed in this order and are their own tags, or a map from tags to names, printed
  // in the order of the tags.
  std::vector<std::string> names = {};
  std::map<std::string, std::string> tags = {};
  bool only_logged = false;  // nothing is fetched: the values that are logged are all there is
  // When: exactly one of the two, or neither if at_end is set.
  std::optional<std::int64_t> every_n_iter = {};  // in runs of this session, which need not advance the global step
  std::optional<double> every_n_secs = {};        // 0: in every run
  // Once more at the end of a run that has not failed. The values are fetched by a run without hooks, which does all
  // that is needed for these values: a FunctionSession makes another step.
  bool at_end = false;
  LogFormatter formatter = {};  // makes the line; empty: "step 900: tag = value, tag = value (1.234 sec)"
  // Each line begins with its time of day: local time with its distance from UTC, e.g. "2026-01-31T23:59:59+01:00".
  bool time_of_day = false;
  // Where to: at most one of output and log; with neither, to the descriptor. None of them is closed.
  std::shared_ptr<Output> output = {};
  LogSink log = {};  // called on the session's thread
  int descriptor = 2;
};

// Prints values in the first run, and then at an interval; in other runs nothing is fetched. Each line begins with the
// global step after the run, and each but the first ends with the time since the last one. Numbers are rounded to six
// digits, long tensors shortened, and characters that would break the line are escaped. After
// tf.estimator.LoggingTensorHook, whose negative seconds are refused here.
//
// Logged values (SessionRunContext::log_scalar()) are printed behind those that are fetched, unless there is a
// formatter: the newest of each name that was not printed yet, with its step if that is another one; the first one at
// once. Of a name that is fetched and logged in one step the logged value is printed.
//
// Register what make() returns: it has the trigger that the options say. With another trigger, it prints when that is
// due. Since 1.0.
class LoggingHook final : public SessionRunHook, private ValueListener {
 public:
  // Throws INVALID_ARGUMENT for options that are not allowed together, nothing to print, and a repeated name.
  explicit LoggingHook(LoggingOptions options);
  ~LoggingHook() override;
  std::string_view name() const override { return "logging"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;  // throws NOT_FOUND for an unknown name
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void end(SessionRunContext& context) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  ValueListener* value_listener() noexcept override { return options_.formatter ? nullptr : this; }

  static HookRegistration make(LoggingOptions options);

 private:
  void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) override;
  void on_dropped() noexcept override { fetched_.reset(); }
  void log(SessionRunContext& context, std::string text);
  void log(SessionRunContext& context, std::string text, std::int64_t step);
  std::vector<Value> last_fetched(SessionRunContext& context, std::int64_t& step) const;
  std::string line(std::span<const Value> values) const;
  std::vector<std::string> texts(std::span<const Value> values) const;
  void add_waiting(std::vector<std::string>& texts, std::int64_t step);

  const LoggingOptions options_;
  std::vector<std::string> tags_;  // in the order in which they are printed
  SessionRunArgs args_;
  std::shared_ptr<Output> output_;  // NULL: options_.log
  bool terminal_ = false;
  std::optional<std::int64_t> last_ns_;
  std::optional<std::int64_t> fetched_step_;  // of the fetched values that were printed last
  std::unique_ptr<detail::NewestValues> logged_;
  std::int64_t due_step_ = 0;                        // of what is in fetched_
  std::optional<std::vector<std::string>> fetched_;  // texts of a run in which it is due, until the end of that
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_LOGGING_HPP_
