#include "runhook/hooks/metrics.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/refuse.hpp"
#include "base/time_of_day.hpp"
#include "hooks/fetched_names.hpp"
#include "hooks/finish_writing.hpp"
#include "hooks/newest_values.hpp"
#include "output/json_csv_values.hpp"
#include "output/json_text.hpp"
#include "run/run_state.hpp"
#include "value/name_index.hpp"

namespace runhook::inline v1 {

namespace {

constexpr std::array<std::string_view, 6> kOwnKeys{"step", "wall_time", "elapsed", "session", "attempt", "event"};

using detail::refuse;

Trigger trigger_of(const MetricsOptions& options) {
  if (options.every_n_steps) return Trigger::every_steps(*options.every_n_steps) || Trigger::last();
  return options.every_n_secs ? detail::every_n_secs(*options.every_n_secs) || Trigger::last() : Trigger();
}

}  // namespace

// The rows of a run: what was fetched and what was logged in one step is one row.
struct MetricsHook::Rows {
  using Kept = detail::NewestValues::Kept;

  bool csv = false;
  bool always_event = false;                // a file that is begun anew would have no row with this key
  std::vector<std::string> tags;            // of what is fetched
  std::vector<std::string> names;           // the same, as they are fetched
  std::vector<std::string> keys;            // the same, quoted for the format
  std::vector<std::string> logged_columns;  // of CSV, in quotes where need be
  detail::NameIndex columns;                // of CSV: those of logged values
  std::string header;                       // of CSV
  bool header_due = false;                  // there are columns of which the file does not know
  std::shared_ptr<Output> output;
  std::string origin;  // of the rows: session and attempt
  std::int64_t attempt = 0;
  std::int64_t begin_ns = 0;
  detail::NewestValues newest;
  bool is_due = false;  // a row of what was fetched waits for what was logged
  std::int64_t due_step = 0;
  std::vector<Value> fetched;
  std::optional<std::int64_t> fetched_step;  // of the last row with what was fetched
  std::optional<std::int64_t> failed_step;   // of the last row with that of a step that was rejected
  bool fetched_failed = false;               // the row that waits is of a step that was rejected
  bool restored = false;                     // `newest` is what was saved with the session
  bool warned = false;                       // a save has not waited until all was written
  std::string row;

  void begin_attempt(std::string_view session) {
    ++attempt;
    origin = fmt::format(fmt::runtime(csv ? ",{},{}" : R"(,"session":"{}","attempt":{})"), session, attempt);
  }
  void begin_row(std::int64_t step, std::int64_t time_ns, std::int64_t elapsed_ns, std::string_view event) {
    row.clear();
    const auto start = csv ? "{},{:.6f},{:.9f}" : R"({{"step":{},"wall_time":{:.6f},"elapsed":{:.9f})";
    detail::append_format(row, fmt::runtime(start), step, detail::in_seconds(time_ns), detail::in_seconds(elapsed_ns));
    row += origin;
    if (csv) {
      row += ',';
      row += event;
    } else if (!event.empty()) {
      detail::append_format(row, R"(,"event":"{}")", event);
    } else if (always_event) {
      row += R"(,"event":null)";
    }
  }
  void end_row() {
    row += csv ? "\n" : "}\n";
    // Without its header a row would lose what has the new column.
    if (header_due) header_due = !output->write(header + "\n");
    if (!header_due) output->write(row);
  }
  // Says that rows of later steps that are there already are obsolete.
  void write_start(std::int64_t step, std::int64_t now_ns) {
    begin_row(step, detail::unix_now_ns(), detail::saturating_distance(begin_ns, now_ns), "start");
    if (csv) row.append(tags.size() + logged_columns.size(), ',');
    end_row();
  }
  void add_json(std::string_view key, const Value& value) {
    row += ',';
    row += key;
    row += ':';
    detail::append_json(row, value);
  }
  // `values`: NULL if nothing was fetched in this step.
  void write_row(std::int64_t step, std::int64_t time_ns, std::int64_t elapsed_ns, const std::vector<Value>* values,
                 std::span<Kept* const> logged) {
    const bool failed = (values != nullptr && fetched_failed) ||
                        std::any_of(logged.begin(), logged.end(), [](const Kept* kept) { return kept->value.failed; });
    begin_row(step, time_ns, elapsed_ns, failed ? "failed" : "");
    const auto logged_as = [&logged](std::string_view name) -> const Kept* {
      const auto found =
          std::find_if(logged.begin(), logged.end(), [name](const Kept* kept) { return kept->name == name; });
      return found != logged.end() ? *found : nullptr;
    };
    for (std::size_t i = 0; i < tags.size(); ++i) {
      const Kept* const kept = logged_as(tags[i]);
      if (kept == nullptr && values == nullptr && !csv) continue;
      const Value value = kept != nullptr ? kept->to_value() : values != nullptr ? (*values)[i] : Value();
      if (!csv) {
        add_json(keys[i], value);
      } else {
        row += ',';
        detail::append_csv(row, value);
      }
    }
    if (csv) {
      for (std::size_t i = 0; i < logged_columns.size(); ++i) {
        row += ',';
        if (const Kept* const kept = logged_as(columns.name(i))) {
          detail::append_csv(row, kept->to_value());
        }
      }
    } else {
      for (const Kept* const kept : logged) {
        if (std::find(tags.begin(), tags.end(), kept->name) != tags.end()) continue;
        add_json(detail::json_string(kept->name), kept->to_value());
      }
    }
    if (values != nullptr) fetched_step = step;
    const auto is_logged = [&logged_as](const std::string& tag) { return logged_as(tag) != nullptr; };
    if (failed && (values != nullptr || std::all_of(tags.begin(), tags.end(), is_logged))) failed_step = step;
    end_row();
  }
  // All rows that wait.
  void write_waiting(std::int64_t now_ns) {
    const std::int64_t wall_ns = detail::unix_now_ns();
    newest.write([&](std::span<Kept* const> logged) {
      const LoggedValue& first = logged.front()->value;
      const std::int64_t ago_ns = detail::saturating_distance(logged.front()->time_ns, now_ns);
      const bool has_fetched = is_due && first.step == due_step;
      write_row(first.step, wall_ns - ago_ns, detail::saturating_distance(begin_ns, now_ns - ago_ns),
                has_fetched ? &fetched : nullptr, logged);
      if (has_fetched) is_due = false;
    });
    if (std::exchange(is_due, false)) {  // nothing was logged in that step
      write_row(due_step, wall_ns, detail::saturating_distance(begin_ns, now_ns), &fetched, {});
    }
  }
  // CSV: what is logged for the first time gets a column.
  template <typename Named>
  void add_columns(std::span<const Named> values) {
    const std::size_t before = logged_columns.size();
    for (const Named& value : values) {
      if (std::find(tags.begin(), tags.end(), value.name) != tags.end() || columns.has(value.name)) continue;
      add_column(value.name);
    }
    header_due = header_due || logged_columns.size() > before;
  }
  void add_column(std::string_view name) {
    columns.add(name);
    logged_columns.push_back(detail::csv_field(name));
    header += ',' + logged_columns.back();
  }
  // What was fetched in the last step, when the hook was not due.
  void take_last_fetched(const detail::LastFetched& last) {
    if (last.values.empty() || (fetched_step && *fetched_step >= last.step && !last.failed)) return;
    if (last.failed && failed_step == last.step) return;
    fetched = last.all_of(names);
    is_due = !fetched.empty();
    due_step = last.step;
    fetched_failed = last.failed;
  }
  // What is written in any case when the run ends.
  void write_rest(SessionRunContext& context) {
    take_last_fetched(detail::RunState::of(context).last_fetched);
    write_waiting(context.now_ns());
  }
};

MetricsHook::MetricsHook(MetricsOptions options) : options_(std::move(options)) {
  const auto pairs = detail::tags_and_names(options_.names, options_.tags);
  if (pairs.empty() && !options_.only_logged) refuse("there is nothing to write");
  if (!pairs.empty() && options_.only_logged) refuse("names to fetch and only_logged are given; one of them must do");
  if (options_.path.empty()) refuse("the path of the metrics is empty");
  if (options_.every_n_steps && options_.every_n_secs) refuse("one of every_n_steps and every_n_secs may be given");
  trigger_of(options_);
  const bool csv = options_.format == MetricsFormat::csv;
  if (!csv && options_.format != MetricsFormat::json_lines) refuse("the format of the metrics is not a known one");
  rows_ = std::make_unique<Rows>();
  rows_->csv = csv;
  rows_->always_event = options_.output.max_bytes > 0;
  std::vector<std::string> header(kOwnKeys.begin(), kOwnKeys.end());  // of CSV
  for (const auto& [tag, name] : pairs) {
    if (std::find(kOwnKeys.begin(), kOwnKeys.end(), tag) != kOwnKeys.end()) {
      refuse(fmt::format("'{}' is a column of every row; give what is fetched another tag", tag));
    }
    rows_->tags.push_back(tag);
    rows_->names.push_back(name);
    rows_->keys.push_back(csv ? detail::csv_field(tag) : detail::json_string(tag));
    header.push_back(rows_->keys.back());
  }
  rows_->header = detail::joined(header, ",");
  for (const std::string& column : options_.logged_columns) {
    detail::check_logged_name(column);
    const auto& tags = rows_->tags;
    if (std::find(tags.begin(), tags.end(), column) != tags.end()) continue;  // it has its column
    if (!rows_->columns.has(column)) rows_->add_column(column);
  }
  if (!pairs.empty()) args_.fetches = Fetches::keyed(pairs);
  options_.output.rows = true;
}

MetricsHook::~MetricsHook() = default;

HookRegistration MetricsHook::make(MetricsOptions options) {
  auto hook = std::make_shared<MetricsHook>(std::move(options));
  HookRegistration registration{hook, {}};
  registration.options.trigger = trigger_of(hook->options_);
  return registration;
}

void MetricsHook::begin(SessionRunContext& context) {
  rows_->begin_ns = context.clock()->now_ns();
  rows_->newest = {};
  rows_->is_due = rows_->fetched_failed = rows_->header_due = rows_->restored = rows_->warned = false;
  rows_->attempt = 0;
  OutputOptions options = options_.output;
  if (rows_->csv) options.header = rows_->header + "\n";
  rows_->output = rows_->csv ? Output::csv_file(options_.path, options) : Output::file(options_.path, options);
}

void MetricsHook::after_create_session(SessionRunContext& context) {
  detail::check_names(context, args_.fetches);
  const bool restored = std::exchange(rows_->restored, false);
  // Before the attempt that makes them obsolete.
  if (rows_->attempt > 0 && !restored) rows_->write_waiting(context.now_ns());
  rows_->newest.rewind(context.global_step());
  rows_->fetched_step.reset();
  rows_->failed_step.reset();
  rows_->begin_attempt(context.session_id());
  rows_->write_start(context.global_step(), context.now_ns());
}

void MetricsHook::before_run(SessionRunContext& context) {
  if (!options_.only_logged) context.request(args_);
}

// The row is written when the step is over: hooks that come later may log what belongs to it.
void MetricsHook::after_run(SessionRunContext& context, const SessionRunValues& values) {
  const auto& leaves = values.results().leaves();
  rows_->is_due = true;
  rows_->due_step = context.global_step();
  rows_->fetched.assign(leaves.begin(), leaves.end());
  auto& hot = detail::RunState::of(context).hot;
  if (hot.callback == detail::CallbackKind::standalone) return on_logged(context, {});  // nobody else would
  hot.logged = true;
}

void MetricsHook::on_logged(SessionRunContext& context, std::span<const LoggedValue> values) {
  Rows& rows = *rows_;
  const std::int64_t now_ns = context.now_ns();
  const bool is_due = options_.only_logged ? std::exchange(rows.is_due, false) : rows.is_due;
  const bool is_new = rows.newest.note(values, now_ns, options_.keep_all, is_due, [&] { rows.write_waiting(now_ns); });
  if (is_new && rows.csv) rows.add_columns(values);
  if (!is_new && !is_due && !options_.keep_all) return;
  rows.write_waiting(now_ns);
  rows.fetched.clear();  // the session may use the memory of its results again
  rows.output->report_to(context);
}

void MetricsHook::on_dropped() noexcept { rows_->is_due = false; }

// A run that goes on from here writes what this one would write from here on. If it is about to end, that is nothing.
std::optional<std::string> MetricsHook::save(SessionRunContext& context) {
  Rows& rows = *rows_;
  if (context.stop_requested()) rows.write_rest(context);
  detail::hand_over(*rows.output, options_.path, rows.warned, context);
  return rows.newest.save(/*waiting=*/true);
}

void MetricsHook::restore(SessionRunContext& context, std::string_view saved) {
  Rows& rows = *rows_;
  const std::int64_t now_ns = context.now_ns();
  if (rows.attempt > 0) {  // of the attempt that has failed: what comes later than what was saved
    rows.newest.drop_until(context.global_step());
    rows.write_waiting(now_ns);
  }
  rows.newest.restore(saved, now_ns);
  rows.restored = true;
  if (rows.csv) rows.add_columns(std::span(rows.newest.all()));
}

void MetricsHook::end(SessionRunContext& context) { rows_->write_rest(context); }

void MetricsHook::cleanup(SessionRunContext& context, const Outcome&) {
  if (rows_->output == nullptr) return;
  rows_->is_due = false;
  std::exception_ptr failure;  // the file is closed in any case
  try {
    rows_->write_rest(context);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::shared_ptr<Output> output = std::exchange(rows_->output, nullptr);
  output->close();
  output->report_to(context);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace runhook::inline v1
