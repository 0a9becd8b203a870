#include <algorithm>
#include <set>
#include <utility>

#include "base/format.hpp"
#include "base/known_names.hpp"
#include "base/refuse.hpp"
#include "checkpoint/retention.hpp"
#include "program/commands.hpp"
#include "program/places.hpp"
#include "program/text.hpp"

namespace runhook::program {

namespace {

struct PruneOptions {
  std::string path;
  std::int64_t last = 0, best = 0, every = 0;
  std::string metric;
  bool higher_is_better = false;
  bool dry_run = false;
};

// The newest one is kept in any case, so that 1 asks for nothing; 0 would ask for all.
CheckpointRetention retention_of(const PruneOptions& options) {
  if (options.last == 0 && options.best == 0 && options.every == 0) {
    detail::refuse("it is not said what to keep: give --keep-last, --keep-best or --keep-every");
  }
  CheckpointRetention keep;
  keep.last = std::max<std::int64_t>(options.last, 1);
  keep.best = options.best;
  keep.metric = options.metric;
  keep.higher_is_better = options.higher_is_better;
  keep.every_n_steps = options.every;
  return keep;
}

// A name that no checkpoint has would have all of them deleted.
void check_metric(const PruneOptions& options, const std::vector<CheckpointSummary>& all) {
  if (options.best == 0) return;
  std::set<std::string> names;
  for (const CheckpointSummary& one : all) {
    for (const auto& [name, number] : one.metrics) names.insert(name);
  }
  if (names.count(options.metric) > 0) return;
  const std::vector<std::string> known(names.begin(), names.end());
  detail::refuse(
      fmt::format("no checkpoint has a metric '{}'{}", options.metric, detail::known_names(options.metric, known)));
}

std::vector<std::int64_t> steps_that_go(const std::vector<CheckpointSummary>& all, const CheckpointRetention& keep) {
  std::set<std::int64_t> needed;
  if (const CheckpointSummary* const newest = detail::newest_whole(all)) needed.insert(newest->step);
  return detail::unwanted(all, keep, needed);
}

// Returns whether all went well.
bool delete_unwanted(const std::string& directory, const CheckpointRetention& keep) {
  bool is_done = true;
  CheckpointStoreOptions options;
  options.keep = keep;
  options.log = [&](LogLevel, std::string_view text) {
    is_done = false;
    say(text);
  };
  try {
    CheckpointStore(directory, options).prune();
  } catch (const StatusError& failed) {
    if (failed.code() != StatusCode::already_exists) throw;
    detail::fail(StatusCode::already_exists,
                 failed.error().message() + ": it prunes by itself as it saves; else wait until it has ended");
  }
  return is_done;
}

Reply prune(const PruneOptions& options) {
  const CheckpointRetention keep = retention_of(options);
  const std::string directory = checkpoint_directory(options.path);
  const std::vector<CheckpointSummary> before = checkpoints_in(directory);
  check_metric(options, before);
  std::vector<std::int64_t> going = steps_that_go(before, keep);
  std::vector<std::int64_t> in_use;
  Reply reply;
  if (!options.dry_run) {
    if (!delete_unwanted(directory, keep)) reply.status = Status::not_done;
    std::set<std::int64_t> left;
    for (const CheckpointSummary& one : list_checkpoints(directory)) left.insert(one.step);
    const auto is_left = [&](std::int64_t step) { return left.count(step) > 0; };
    std::copy_if(going.begin(), going.end(), std::back_inserter(in_use), is_left);
    going.erase(std::remove_if(going.begin(), going.end(), is_left), going.end());
  }
  std::uint64_t bytes = 0;
  for (const CheckpointSummary& one : before) {
    if (std::find(going.begin(), going.end(), one.step) != going.end()) bytes += one.bytes;
  }
  reply.json = {{"directory", directory}, {"dry_run", options.dry_run},           {"deleted", going},
                {"in_use", in_use},       {"kept", before.size() - going.size()}, {"bytes", bytes}};
  for (const std::int64_t step : going) {
    reply.text += fmt::format("{} step {}\n", options.dry_run ? "would delete" : "deleted", step);
  }
  for (const std::int64_t step : in_use) reply.text += fmt::format("left step {}, which somebody is reading\n", step);
  reply.text += fmt::format("{} {}, {}; {} kept\n",
                            options.dry_run ? "to be deleted:" : "deleted:", count_text(going.size(), "checkpoint"),
                            size_text(bytes), before.size() - going.size());
  return reply;
}

}  // namespace

void add_prune(Commands& commands) {
  const auto options = std::make_shared<PruneOptions>();
  CLI::App& command = commands.add("prune", "Delete checkpoints but for those that are to be kept",
                                   [options] { return prune(*options); });
  add_directory(command, options->path);
  const auto add_count = [&](const char* name, std::int64_t& count, const char* description) {
    return command.add_option(name, count, description)->check(is_positive())->type_name("N");
  };
  add_count("--keep-last", options->last, "Keep so many of the newest");
  CLI::Option* const best = add_count("--keep-best", options->best, "Keep so many of those with the best --metric");
  add_count("--keep-every", options->every, "Keep each whose step is a multiple of this");
  CLI::Option* const metric =
      command.add_option("--metric", options->metric, "The value that tells the best; the lowest is best")
          ->type_name("NAME");
  CLI::Option* const higher =
      command.add_flag("--higher", options->higher_is_better, "The highest value of --metric is best");
  best->needs(metric);
  metric->needs(best);
  higher->needs(metric);
  command.add_flag("-n,--dry-run", options->dry_run, "Say what would be deleted, and delete nothing");
}

}  // namespace runhook::program
