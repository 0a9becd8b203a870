#include "runhook/logging.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boundary/log_table.hpp"
#include "boundary/option_value.hpp"
#include "boundary/options_with_tables.hpp"
#include "boundary/table.hpp"
#include "boundary/text.hpp"
#include "handle/value_handle.hpp"
#include "hooks/builtin_hook.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/progress.hpp"
#include "runhook/hooks/step_counter.hpp"
#include "runhook/value.h"
#include "src/base/refuse.hpp"
#include "src/base/success_value.hpp"
#include "src/run/unexplained_failure.hpp"

namespace runhook::capi {

namespace {

constexpr std::size_t kLoggingSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_logging_options, reserved);
static_assert(offsetof(runhook_logging_options, tags) == 24 && kLoggingSizeV1_0 == 80, "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kStepCounterSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_step_counter_options, log);
static_assert(offsetof(runhook_step_counter_options, every_n_steps) == 8 && kStepCounterSizeV1_0 == 48,
              "the 1.0 prefix is frozen");
constexpr std::size_t kFormatterSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_log_formatter, format);
static_assert(offsetof(runhook_log_formatter, destroy) == 16 && kFormatterSizeV1_0 == 32, "the 1.0 prefix is frozen");
constexpr std::size_t kLineCapacity = 4096;
constexpr std::optional<std::int64_t> kDefaultInterval = 100;  // of log lines, in runs
constexpr std::size_t kScalarSinkSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_scalar_sink, write);
static_assert(offsetof(runhook_scalar_sink, destroy) == 16 && kScalarSinkSizeV1_0 == 32, "the 1.0 prefix is frozen");
// NOLINTNEXTLINE(bugprone-sizeof-expression): the size of the pointer is meant
constexpr std::size_t kProgressSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_progress_options, label);
static_assert(offsetof(runhook_progress_options, last_step) == 24 && kProgressSizeV1_0 == 72,
              "the 1.0 prefix is frozen");
constexpr std::size_t kMetricsSizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_metrics_options, max_bytes);
static_assert(offsetof(runhook_metrics_options, tags) == 32 && kMetricsSizeV1_0 == 120, "the 1.0 prefix is frozen");

using v1::detail::refuse;

// Sets `names`, or `tags` if they are given.
void read_names(const char* const* given_names, std::size_t count, const char* const* given_tags,
                std::vector<std::string>& names, std::map<std::string, std::string>& tags) {
  names = required_texts(given_names, count, "names");
  if (given_tags == nullptr) return;
  const std::vector<std::string> keys = required_texts(given_tags, count, "tags");
  for (std::size_t i = 0; i < count; ++i) {
    if (!tags.emplace(keys[i], std::move(names[i])).second) refuse("the tag '" + keys[i] + "' is given twice");
  }
  names.clear();
}

int descriptor_from(std::int32_t given) { return static_cast<int>(number_or(given, STDERR_FILENO, "descriptor")); }

// The tags and values that a formatter gets. They exist as long as it is called.
class ShownValues {
 public:
  explicit ShownValues(const LoggedValues& logged) {
    tags_.reserve(logged.size());
    values_.reserve(logged.size());
    for (const auto& [tag, value] : logged) {
      tags_.push_back(tag.c_str());
      values_.push_back(value ? give_value(value) : nullptr);
    }
  }
  ~ShownValues() {
    for (runhook_value* value : values_) runhook_value_destroy(value);
  }
  ShownValues(const ShownValues&) = delete;
  ShownValues& operator=(const ShownValues&) = delete;
  const char* const* tags() const noexcept { return tags_.data(); }
  runhook_value* const* values() const noexcept { return values_.data(); }
  std::size_t size() const noexcept { return tags_.size(); }

 private:
  std::vector<const char*> tags_;
  std::vector<runhook_value*> values_;
};

runhook_status accept_formatter(const runhook_log_formatter* given, LogFormatter& formatter,
                                runhook_error** error) noexcept {
  if (given == nullptr) return guarded(error, [] {});
  runhook_log_formatter table;
  UserData owner;
  if (const auto status = accept_table(given, kFormatterSizeV1_0, table, owner, error); status != RUNHOOK_OK) {
    return status;
  }
  return guarded(error, [&] {
    if (table.format == nullptr) refuse("format is NULL");
    formatter = [format = table.format, success = std::make_shared<v1::detail::SuccessValue>(),
                 data = std::make_shared<const UserData>(std::move(owner))](const LoggedValues& logged) {
      const ShownValues shown(logged);
      std::array<char, kLineCapacity> line{};
      success->prepare();
      const std::int32_t returned =
          format(shown.tags(), shown.values(), shown.size(), line.data(), line.size(), data->get(), success->next());
      if (!success->is(returned)) {
        throw StatusError(StatusCode::hook_failed, v1::detail::unexplained_failure("format", returned));
      }
      line.back() = '\0';
      return std::string(required_text(line.data(), "line"));
    };
  });
}

runhook_status accept_scalars(const runhook_scalar_sink* given, ScalarSink& sink, runhook_error** error) noexcept {
  if (given == nullptr) return guarded(error, [] {});
  runhook_scalar_sink table;
  UserData owner;
  if (const auto status = accept_table(given, kScalarSinkSizeV1_0, table, owner, error); status != RUNHOOK_OK) {
    return status;
  }
  return guarded(error, [&] {
    if (table.write == nullptr) refuse("write is NULL");
    sink = [write = table.write, success = std::make_shared<v1::detail::SuccessValue>(),
            data = std::make_shared<const UserData>(std::move(owner))](std::string_view tag, double value,
                                                                       std::int64_t step) {
      const std::string name(tag);
      success->prepare();
      const std::int32_t returned = write(name.c_str(), value, step, data->get(), success->next());
      if (success->is(returned)) return;
      throw StatusError(StatusCode::hook_failed, v1::detail::unexplained_failure("write", returned));
    };
  });
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_builtin_hook* runhook_logging_hook_create(const runhook_logging_options* options, runhook_error** error) {
  OptionsWithTables given(options, kLoggingSizeV1_0, error);
  LogSink sink;
  LogFormatter format;
  given.take(given->log, sink, accept_log);
  given.take(given->formatter, format, accept_formatter);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    LoggingOptions wanted;
    read_names(given->names, given->name_count, given->tags, wanted.names, wanted.tags);
    wanted.only_logged = given->name_count == 0 && given->at_end == 0 && !format;
    const Periods periods = periods_from(given->every_n_iter, given->every_ns);
    wanted.every_n_iter = periods.preset ? kDefaultInterval : periods.count;
    wanted.every_n_secs = periods.seconds;
    wanted.at_end = read_flag(given->at_end, "at_end");
    wanted.formatter = std::move(format);
    wanted.log = std::move(sink);
    wanted.descriptor = descriptor_from(given->descriptor);
    wanted.time_of_day = read_flag(given->time_of_day, "time_of_day");
    check_reserved(given->reserved);
    return LoggingHook::make(std::move(wanted));
  });
}

runhook_builtin_hook* runhook_step_counter_hook_create(const runhook_step_counter_options* options,
                                                       runhook_error** error) {
  OptionsWithTables given(options, kStepCounterSizeV1_0, error);
  ScalarSink scalars;
  LogSink log;
  given.take(given->scalars, scalars, accept_scalars);
  given.take(given->log, log, accept_log);
  if (!given.ok()) return nullptr;
  return made_hook(error, [&] {
    StepCounterOptions wanted;
    const Periods periods = periods_from(given->every_n_steps, given->every_ns);
    if (!periods.preset) wanted.every_n_steps = periods.count;
    wanted.every_n_secs = periods.seconds;
    if (given->global_step_name != nullptr) {
      wanted.global_step_name = required_text(given->global_step_name, "global_step_name");
    }
    wanted.scalars = std::move(scalars);
    wanted.log = std::move(log);
    return StepCounterHook::make(std::move(wanted));
  });
}

runhook_builtin_hook* runhook_progress_hook_create(const runhook_progress_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_progress_options given = read_struct(options, kProgressSizeV1_0, RUNHOOK_PROGRESS_OPTIONS_INIT);
    ProgressOptions wanted;
    if (const auto step = number_or(given.last_step, 0, "last_step"); step > 0) wanted.last_step = step;
    wanted.names = required_texts(given.names, given.name_count, "names");
    if (given.values_interval_ns < 0) wanted.names.clear();
    if (given.values_interval_ns > 0)
      wanted.every_n_secs = std::chrono::duration<double>(std::chrono::nanoseconds(given.values_interval_ns)).count();
    wanted.descriptor = descriptor_from(given.descriptor);
    wanted.terminal_interval = period_or(given.terminal_interval_ns, wanted.terminal_interval);
    wanted.line_interval = period_or(given.line_interval_ns, wanted.line_interval);
    wanted.time_of_day = read_flag(given.time_of_day, "time_of_day");
    if (given.label != nullptr) wanted.label = required_text(given.label, "label");
    return ProgressHook::make(std::move(wanted));
  });
}

runhook_status runhook_print_line(int32_t descriptor, const char* text, runhook_error** error) {
  return guarded(error, [&] { print_line(required_text(text, "text"), descriptor_from(descriptor)); });
}

runhook_builtin_hook* runhook_metrics_hook_create(const runhook_metrics_options* options, runhook_error** error) {
  return made_hook(error, [&] {
    const runhook_metrics_options given = read_struct(options, kMetricsSizeV1_0);
    MetricsOptions wanted;
    wanted.path = required_text(given.path, "path");
    wanted.format = static_cast<MetricsFormat>(given.format);
    check_reserved(given.reserved);
    read_names(given.names, given.name_count, given.tags, wanted.names, wanted.tags);
    wanted.only_logged = given.name_count == 0;
    wanted.logged_columns = required_texts(given.logged_columns, given.logged_column_count, "logged_columns");
    wanted.keep_all = read_flag(given.keep_all, "keep_all");
    wanted.output.max_bytes = size_limit(given.max_bytes);
    const Periods periods = periods_from(given.every_n_steps, given.every_ns);
    if (!periods.any()) refuse("both every_n_steps and every_ns are off");
    wanted.every_n_steps = periods.count;
    wanted.every_n_secs = periods.seconds;
    wanted.output.fail_run = read_flag(given.fail_run, "fail_run");
    wanted.output.buffer_bytes = static_cast<std::size_t>(
        number_or(given.buffer_bytes, static_cast<std::int64_t>(wanted.output.buffer_bytes), "buffer_bytes"));
    wanted.output.flush_interval = period_or(given.flush_interval_ns, wanted.output.flush_interval);
    wanted.output.close_timeout = limit_or(given.close_timeout_ns, wanted.output.close_timeout);
    return MetricsHook::make(std::move(wanted));
  });
}
