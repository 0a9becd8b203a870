#include "program/run_records.hpp"

#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/process_facts.hpp"
#include "output/run_directory.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

// Whether the process that has written a record is known to be gone: it can only be asked for where it ran.
bool is_gone(const Json& record) {
  const std::string host = text_in(record, "host");
  const auto pid = number_in(record, "pid");
  if (host.empty() || host != detail::host_name() || !pid || *pid <= 0) return false;
  return ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH;
}

// The words are those with which a later run in the directory would say it.
Json outcome_of(const Json& record) {
  Json outcome = member_in(record, "outcome");
  if (text_in(outcome, "kind") == "running" && is_gone(record)) {
    outcome["kind"] = "lost";
    outcome["text"] = "ended without a word; last heard of " + text_in(outcome, "text");
  }
  return outcome;
}

std::optional<RunRecord> record_at(const std::string& path) {
  RunRecord record;
  record.path = path;
  try {
    record.record = read_json(path);
    if (text_in(record.record, "schema") != detail::kRecordSchema) {
      detail::fail(StatusCode::data_loss, fmt::format("'{}' is no record of a run", path));
    }
    record.outcome = outcome_of(record.record);
  } catch (const StatusError& failed) {
    if (failed.code() == StatusCode::not_found) return {};
    if (failed.code() != StatusCode::data_loss) throw;
    record.record = Json::object();
    record.damage = failed.error();
  }
  return record;
}

}  // namespace

std::vector<RunRecord> run_records(const std::string& directory) {
  const detail::RunDirectory run(directory);
  std::vector<RunRecord> all;
  const auto add = [&](const std::string& path) {
    if (auto record = record_at(path)) all.push_back(std::move(*record));
  };
  for (const std::string& session : detail::names_in(run.earlier(""))) {
    if (!session.starts_with('.')) add(run.earlier_record(session));
  }
  add(run.record());
  if (all.empty()) {
    detail::fail(StatusCode::not_found,
                 fmt::format("there is no run.json in '{}': give the directory of a run with the "
                             "default hooks, or with a RunRecordHook",
                             directory));
  }
  std::stable_sort(all.begin(), all.end(), [](const RunRecord& a, const RunRecord& b) {
    return text_in(a.record, "begin") < text_in(b.record, "begin");
  });
  return all;
}

Json json_of(const RunRecord& record) {
  const Json& facts = record.record;
  Json json = {{"path", record.path}};
  for (const char* key : {"session", "title", "begin", "updated", "end"}) {
    const std::string text = text_in(facts, key);
    json[key] = text.empty() ? Json(nullptr) : Json(text);
  }
  json["outcome"] = record.damage ? Json(nullptr) : record.outcome;
  for (const char* key : {"exit_status", "first_step", "step", "runs", "recoveries", "warnings"}) {
    json[key] = json_of(number_in(facts, key));
  }
  json["damage"] = json_of(record.damage);
  return json;
}

std::string steps_text(const Json& record) {
  const auto first = number_in(record, "first_step");
  const auto last = number_in(record, "step");
  if (!last) return {};
  return first ? fmt::format("{} to {}", *first, *last) : std::to_string(*last);
}

}  // namespace runhook::program
