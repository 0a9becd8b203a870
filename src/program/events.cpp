#include <utility>

#include "base/format.hpp"
#include "program/commands.hpp"
#include "program/event_files.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

std::string files_text(const std::vector<EventFile>& files) {
  using enum Table::Align;
  Table table({{"events", right}, {"size", right}, {"file"}, {"condition"}});
  for (const EventFile& one : files) {
    table.add({std::to_string(one.events), size_text(one.bytes), one.path,
               one.damage ? "damaged: " + one.damage.message() : ""});
  }
  return table.text();
}

std::string tags_text(const std::map<std::string, EventTag>& tags) {
  using enum Table::Align;
  Table table({{"tag"}, {"kind"}, {"values", right}, {"steps"}, {"last", right}});
  for (const auto& [tag, about] : tags) {
    const auto& values = about.values;
    if (values.empty()) continue;
    const auto last = values.back().number;
    table.add({tag, about.kind, std::to_string(values.size()),
               fmt::format("{} to {}", values.front().step, values.back().step), last ? number_text(*last) : ""});
  }
  return table.text();
}

Reply show_events(const std::string& path) {
  const EventFiles all = read_event_files(path);
  Reply reply;
  Json files = Json::array();
  for (const EventFile& one : all.files) {
    if (one.damage) reply.status = Status::wrong;
    files.push_back(
        {{"path", one.path}, {"bytes", one.bytes}, {"events", one.events}, {"damage", json_of(one.damage)}});
  }
  Json tags = Json::array();
  for (const auto& [tag, about] : all.tags) {
    const auto& values = about.values;
    if (values.empty()) continue;
    const auto last = values.back().number;
    tags.push_back({{"tag", tag},
                    {"kind", about.kind},
                    {"count", values.size()},
                    {"first_step", values.front().step},
                    {"last_step", values.back().step},
                    {"last", last ? json_of(*last) : Json(nullptr)}});
  }
  reply.json = {{"files", std::move(files)}, {"tags", std::move(tags)}, {"obsolete_values", all.obsolete}};
  reply.text = files_text(all.files);
  if (!all.tags.empty()) reply.text += "\n" + tags_text(all.tags);
  return reply;
}

}  // namespace

void add_events(Commands& commands) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command = commands.add("events", "Show what is in the event files of a run: tags, counts, last values",
                                   [path] { return show_events(*path); });
  add_directory(command, *path, "PATH")->description("A directory of runs, or one event file");
}

}  // namespace runhook::program
