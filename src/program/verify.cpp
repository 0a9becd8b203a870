#include <utility>

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

struct VerifyOptions {
  std::string path;
  std::vector<std::int64_t> steps;
};

std::vector<std::int64_t> steps_to_verify(const VerifyOptions& options, std::string& directory) {
  if (!options.steps.empty()) {
    directory = checkpoint_place(options.path, options.steps.front()).directory;
    return options.steps;
  }
  const CheckpointPlace place = checkpoint_place(options.path);
  directory = place.directory;
  if (place.step) return {*place.step};
  std::vector<std::int64_t> all;
  for (const CheckpointSummary& one : checkpoints_in(directory)) all.push_back(one.step);
  return all;
}

// What speaks against a checkpoint; a run may have deleted it since it was listed.
Error verified(const std::string& directory, std::int64_t step, bool was_asked_for, bool& is_gone) {
  try {
    open_checkpoint(directory, step).verify();
  } catch (const StatusError& failed) {
    is_gone = failed.code() == StatusCode::not_found;
    if (is_gone && was_asked_for) open_place({directory, step});  // which says what to do
    return failed.error();
  }
  return {};
}

Reply verify(const VerifyOptions& options) {
  std::string directory;
  const std::vector<std::int64_t> steps = steps_to_verify(options, directory);
  using enum Table::Align;
  Table table({{"step", right}, {"condition"}});
  Json checkpoints = Json::array();
  std::uint64_t damaged = 0;
  Reply reply;
  for (const std::int64_t step : steps) {
    bool is_gone = false;
    const Error error = verified(directory, step, !options.steps.empty(), is_gone);
    if (is_gone) continue;
    if (error) {
      ++damaged;
      reply.status = Status::wrong;
    }
    const std::string_view found = condition_of(error);
    checkpoints.push_back({{"step", step}, {"condition", found}, {"damage", json_of(error)}});
    table.add({std::to_string(step), error ? fmt::format("{}: {}", found, error.message()) : std::string(found)});
  }
  reply.json = {{"directory", directory}, {"whole", damaged == 0}, {"checkpoints", std::move(checkpoints)}};
  reply.text = table.text();
  return reply;
}

}  // namespace

void add_verify(Commands& commands) {
  const auto options = std::make_shared<VerifyOptions>();
  CLI::App& command = commands.add("verify", "Read checkpoints and say which are whole, and why others are not",
                                   [options] { return verify(*options); });
  add_directory(command, options->path);
  command.add_option("STEP", options->steps, "Only these; all, if none is given")->check(is_step())->type_name("");
}

}  // namespace runhook::program
