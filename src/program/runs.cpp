#include <utility>

#include "base/format.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/run_records.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

Reply list_runs(const std::string& path) {
  const std::string directory = run_directory(path);
  Table table({{"session"}, {"begin"}, {"end"}, {"steps"}, {"outcome"}});
  Json runs = Json::array();
  Reply reply;
  for (const RunRecord& one : run_records(directory)) {
    if (one.damage) reply.status = Status::wrong;
    runs.push_back(json_of(one));
    const Json& record = one.record;
    table.add({text_in(record, "session"), local_time_of(text_in(record, "begin")),
               local_time_of(text_in(record, "end")), steps_text(record),
               one.damage ? "damaged: " + one.damage.message() : text_in(one.outcome, "text")});
  }
  reply.json = {{"directory", directory}, {"runs", std::move(runs)}};
  reply.text = table.text();
  return reply;
}

}  // namespace

void add_runs(Commands& commands) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command =
      commands.add("runs", "List the runs of a directory, and how each has ended", [path] { return list_runs(*path); });
  add_directory(command, *path)->description("Of runs");
}

}  // namespace runhook::program
