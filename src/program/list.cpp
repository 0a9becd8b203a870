#include <utility>

#include "base/format.hpp"
#include "checkpoint/checkpoint_files.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "output/run_directory.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

// What stands beside the checkpoints: no run restores it, but it takes room.
struct SetAside {
  std::string name;
  std::int64_t step = 0;
  std::string_view why;
};

std::vector<SetAside> set_aside_in(const std::string& directory) {
  constexpr std::pair<std::string_view, std::string_view> kReasons[]{
      {detail::kUndone, "undone"}, {detail::kDamaged, "damaged"}, {detail::kUnfinished, "unfinished"}};
  std::vector<SetAside> all;
  for (const std::string& name : detail::names_in(directory)) {
    for (const auto& [prefix, why] : kReasons) {
      if (const auto step = detail::step_of_unique(name, prefix)) all.push_back({name, *step, why});
    }
  }
  return all;
}

std::string remark_on(const CheckpointSummary& summary) {
  if (summary.damage) return fmt::format("{}: {}", condition_of(summary.damage), summary.damage.message());
  return summary.pinned ? "pinned" : "";
}

std::string list_text(const std::string& directory, const std::vector<CheckpointSummary>& all,
                      const std::vector<SetAside>& others) {
  using enum Table::Align;
  Table table({{"step", right}, {"saved"}, {"size", right}, {"session"}, {"metrics"}, {"condition"}});
  std::uint64_t bytes = 0;
  for (const CheckpointSummary& one : all) {
    const bool is_known = one.saved_unix_ns != 0;
    table.add({std::to_string(one.step), is_known ? local_time(one.saved_unix_ns) : "?",
               is_known ? size_text(one.bytes) : "?", one.session, numbers_text(one.metrics), remark_on(one)});
    bytes += one.bytes;
  }
  std::string text = table.text();
  text += fmt::format("{}, {} in {}\n", count_text(all.size(), "checkpoint"), size_text(bytes), directory);
  for (const SetAside& one : others) text += fmt::format("beside them, {}: {}\n", one.why, one.name);
  return text;
}

Reply list(const std::string& path) {
  const std::string directory = checkpoint_directory(path);
  const std::vector<CheckpointSummary> all = checkpoints_in(directory);
  const std::vector<SetAside> others = set_aside_in(directory);
  Reply reply;
  Json checkpoints = Json::array();
  for (const CheckpointSummary& one : all) {
    if (one.damage) reply.status = Status::wrong;
    checkpoints.push_back(json_of(one));
  }
  Json beside = Json::array();
  for (const SetAside& one : others) beside.push_back({{"name", one.name}, {"step", one.step}, {"why", one.why}});
  reply.json = {{"directory", directory}, {"checkpoints", std::move(checkpoints)}, {"beside", std::move(beside)}};
  reply.text = list_text(directory, all, others);
  return reply;
}

}  // namespace

void add_list(Commands& commands) {
  const auto path = std::make_shared<std::string>();
  CLI::App& command = commands.add("list", "List checkpoints: step, when, size, session, metrics, condition",
                                   [path] { return list(*path); });
  add_directory(command, *path);
}

}  // namespace runhook::program
