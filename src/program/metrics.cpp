#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/refuse.hpp"
#include "program/commands.hpp"
#include "program/metric_rows.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

struct MetricsOptions {
  std::string path;
  std::vector<std::string> names;
  bool only_last = false;
};

std::vector<std::string> chosen_names(const MetricRows& all, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return all.names;
  for (const std::string& name : wanted) {
    if (std::find(all.names.begin(), all.names.end(), name) != all.names.end()) continue;
    detail::fail(StatusCode::not_found, fmt::format("'{}' has no metric '{}'{}", all.files.back(), name,
                                                    detail::known_names(name, all.names)));
  }
  return wanted;
}

// A row with the chosen values only; empty if it has none of them.
Json chosen_of(const MetricRow& row, const std::vector<std::string>& names) {
  Json chosen = Json::object();
  bool has_value = false;
  for (const auto& [key, value] : row.members.items()) {
    const bool is_value = std::find(names.begin(), names.end(), key) != names.end();
    if (!is_value && is_metric(key)) continue;
    has_value = has_value || is_value;
    chosen[key] = value;
  }
  return has_value ? chosen : Json::object();
}

Json last_values(const MetricRows& all, const std::vector<std::string>& names) {
  Json last = Json::object();
  for (const std::string& name : names) {
    const auto found = std::find_if(all.rows.rbegin(), all.rows.rend(),
                                    [&](const MetricRow& row) { return row.members.contains(name); });
    if (found != all.rows.rend()) last[name] = {{"step", found->step}, {"value", found->members[name]}};
  }
  return last;
}

std::string last_text(const Json& last) {
  using enum Table::Align;
  Table table({{"name"}, {"last", right}, {"step", right}});
  for (const auto& [name, value] : last.items()) {
    table.add({name, value_text(value["value"]), value["step"].dump()});
  }
  return table.text();
}

std::string rows_text(const Json& rows, const std::vector<std::string>& names) {
  std::vector<Table::Column> columns{{"step", Table::Align::right}};
  for (const std::string& name : names) columns.push_back({name, Table::Align::right});
  columns.push_back({"event"});
  Table table(std::move(columns));
  for (const Json& row : rows) {
    std::vector<std::string> cells{row["step"].dump()};
    for (const std::string& name : names) cells.push_back(row.contains(name) ? value_text(row[name]) : "");
    cells.push_back(text_in(row, "event"));
    table.add(std::move(cells));
  }
  return table.text();
}

Reply show_metrics(const MetricsOptions& options) {
  const MetricRows all = read_metric_rows(options.path);
  const std::vector<std::string> names = chosen_names(all, options.names);
  Reply reply;
  reply.json = {
      {"files", all.files}, {"names", names}, {"obsolete_rows", all.obsolete}, {"damaged_lines", all.damaged}};
  const Json last = last_values(all, names);
  reply.json["last"] = last;
  if (options.only_last) {
    reply.text = last_text(last);
  } else {
    Json rows = Json::array();
    for (const MetricRow& row : all.rows) {
      if (Json chosen = chosen_of(row, names); !chosen.empty()) rows.push_back(std::move(chosen));
    }
    reply.text = rows_text(rows, names);
    reply.json["rows"] = std::move(rows);
  }
  if (all.damaged > 0) {
    reply.status = Status::wrong;
    say(fmt::format("{} of {} {}: left out", count_text(all.damaged, "line"), all.files.back(),
                    all.damaged == 1 ? "is no row" : "are no rows"));
  }
  return reply;
}

}  // namespace

void add_metrics(Commands& commands) {
  const auto options = std::make_shared<MetricsOptions>();
  CLI::App& command =
      commands.add("metrics", "Show the rows of metrics.jsonl that count, without those of undone steps",
                   [options] { return show_metrics(*options); });
  add_directory(command, options->path, "PATH")->description("A directory of runs, or a file of JSON Lines");
  command.add_option("NAME", options->names, "Only these values; all, if none is given")->type_name("");
  command.add_flag("--last", options->only_last, "Only the last value of each");
}

}  // namespace runhook::program
