#include "runhook/hooks/metrics.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "hooks/fetched_names.hpp"
#include "output/json_csv_values.hpp"
#include "output/json_string.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::array<std::string_view, 3> kOwnKeys{"step", "wall_time", "elapsed"};

using detail::refuse;

Trigger trigger_of(const MetricsOptions& options) {
  if (options.every_n_steps) return Trigger::every_steps(*options.every_n_steps);
  return options.every_n_secs ? detail::every_n_secs(*options.every_n_secs) : Trigger();
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

MetricsHook::MetricsHook(MetricsOptions options) : options_(std::move(options)) {
  const auto pairs = detail::tags_and_names(options_.names, options_.tags);
  if (pairs.empty()) refuse("there is nothing to write");
  if (options_.path.empty()) refuse("the path of the metrics is empty");
  if (options_.every_n_steps && options_.every_n_secs) refuse("one of every_n_steps and every_n_secs may be given");
  trigger_of(options_);
  const bool csv = options_.format == MetricsFormat::csv;
  if (!csv && options_.format != MetricsFormat::json_lines) refuse("the format of the metrics is not a known one");
  for (const std::string_view key : kOwnKeys) keys_.emplace_back(key);
  for (const auto& [tag, name] : pairs) {
    if (std::find(kOwnKeys.begin(), kOwnKeys.end(), tag) != kOwnKeys.end()) {
      refuse(fmt::format("'{}' is a column of every row; give what is fetched another tag", tag));
    }
    keys_.push_back(csv ? detail::csv_field(tag) : detail::json_string(tag));
  }
  args_.fetches = Fetches::keyed(pairs);
  options_.output.lines = true;
  options_.output.header = csv ? detail::joined(keys_, ",") + "\r\n" : std::string();
}

HookRegistration MetricsHook::make(MetricsOptions options) {
  auto hook = std::make_shared<MetricsHook>(std::move(options));
  HookRegistration registration{hook, {}};
  registration.options.trigger = trigger_of(hook->options_);
  return registration;
}

void MetricsHook::begin(SessionRunContext& context) {
  begin_ns_ = context.clock()->now_ns();
  output_ = Output::file(options_.path, options_.output);
}

void MetricsHook::after_create_session(SessionRunContext& context) { detail::check_names(context, args_.fetches); }

void MetricsHook::before_run(SessionRunContext& context) { context.request(args_); }

void MetricsHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  const bool csv = options_.format == MetricsFormat::csv;
  const std::int64_t elapsed_ns = detail::saturating_distance(begin_ns_, context.clock()->now_ns());
  const double elapsed = static_cast<double>(elapsed_ns) / detail::kNsPerSecond;
  row_.clear();
  const auto start_row = csv ? "{},{:.6f},{:.9f}" : R"({{"step":{},"wall_time":{:.6f},"elapsed":{:.9f})";
  detail::append_format(row_, fmt::runtime(start_row), context.global_step(), seconds_since_1970(), elapsed);
  const auto& leaves = values.results().leaves();
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    row_ += ',';
    if (csv) {
      detail::append_csv(row_, leaves[i]);
    } else {
      row_ += keys_[kOwnKeys.size() + i];
      row_ += ':';
      detail::append_json(row_, leaves[i]);
    }
  }
  row_ += csv ? "\r\n" : "}\n";
  output_->write(row_);
  output_->report_to(context);
}

void MetricsHook::cleanup(SessionRunContext& context, const Outcome&) {
  if (output_ == nullptr) return;
  const std::shared_ptr<Output> output = std::exchange(output_, nullptr);
  output->close();
  output->report_to(context);
}

}  // namespace runhook::inline v1
