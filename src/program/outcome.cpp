#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "output/process_facts.hpp"
#include "output/run_directory.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/run_records.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

std::string values_text(const Json& values) {
  std::string text;
  for (const auto& [name, value] : values.items()) {
    const Json& number = member_in(value, "value");
    const auto step = number_in(value, "step");
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value_text(number));
    if (step) text += fmt::format(" (step {})", *step);
  }
  return text;
}

std::string command_text(const Json& command) {
  std::vector<std::string> words;
  if (command.is_array()) {
    for (const Json& word : command) words.push_back(word.is_string() ? word.get<std::string>() : word.dump());
  }
  return detail::shell_quoted(words);
}

std::string counts_text(const Json& record) {
  std::string text;
  for (const auto& [key, noun] : {std::pair{"recoveries", "recovery"}, std::pair{"warnings", "warning"}}) {
    const auto count = number_in(record, key);
    if (!count || *count == 0) continue;
    if (!text.empty()) text += ", ";
    text += *count == 1 ? fmt::format("1 {}", noun) : fmt::format("{} {}", *count, key);
  }
  return text;
}

// The run whose record is in its place; that of one that began while another was there never is.
RunRecord newest_record(const std::string& directory) {
  std::vector<RunRecord> all = run_records(directory);
  const std::string place = detail::RunDirectory(directory).record();
  const auto in_place = [&place](const RunRecord& one) { return one.path == place; };
  const auto found = std::find_if(all.begin(), all.end(), in_place);
  return std::move(found != all.end() ? *found : all.back());
}

Reply tell_outcome(const std::string& path) {
  const RunRecord newest = newest_record(run_directory(path));
  if (newest.damage) throw StatusError(newest.damage);
  const Json& record = newest.record;
  Reply reply;
  reply.status = newest.has_failed() ? Status::wrong : Status::fine;
  reply.json = json_of(newest);
  reply.json["failed"] = newest.has_failed();
  reply.json["values"] = member_in(record, "values");
  Facts facts;
  facts.add("session", text_in(record, "session"));
  facts.add("begin", local_time_of(text_in(record, "begin")));
  facts.add("end", local_time_of(text_in(record, "end")));
  if (text_in(record, "end").empty()) facts.add("last heard of", local_time_of(text_in(record, "updated")));
  facts.add("steps", steps_text(record));
  facts.add("with", counts_text(record));
  if (const auto status = number_in(record, "exit_status")) facts.add("exit status", std::to_string(*status));
  facts.add("values", values_text(member_in(record, "values")));
  facts.add("command", command_text(member_in(record, "command")));
  reply.text = detail::one_line(text_in(newest.outcome, "text")) + "\n" + facts.text();
  return reply;
}

}  // namespace

void add_outcome(Commands& commands) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command = commands.add("outcome", "Say how the newest run of a directory has ended",
                                   [path] { return tell_outcome(*path); });
  add_directory(command, *path)->description("Of runs");
}

}  // namespace runhook::program
