#include "program/metric_rows.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "output/sink.hpp"
#include "program/places.hpp"

namespace runhook::program {

namespace {

constexpr std::array<std::string_view, 6> kOfEachRow{"step", "wall_time", "elapsed", "session", "attempt", "event"};

std::vector<std::string> metric_files(const std::string& path) {
  if (std::filesystem::is_regular_file(path)) return {path};
  const std::string directory = run_directory(path);
  std::vector<std::string> files;
  for (const char* name : {"metrics.1.jsonl", "metrics.jsonl"}) {
    std::string file = directory + "/" + name;
    if (std::filesystem::exists(file)) files.push_back(std::move(file));
  }
  if (files.empty()) {
    detail::fail(
        StatusCode::not_found,
        fmt::format("there is no metrics.jsonl in '{}': give the directory of a run with the default hooks, or "
                    "the file of a MetricsHook",
                    directory));
  }
  return files;
}

void read_file(const std::string& path, MetricRows& all) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw StatusError(detail::system_error(errno, "reading", path));
  std::string line;
  while (std::getline(file, line)) {
    MetricRow row;
    row.members = parse_json(line);
    const auto step = number_in(row.members, "step");
    if (step) {
      row.step = *step;
      all.rows.push_back(std::move(row));
    } else if (!file.eof()) {  // the last one may not be there as a whole yet
      ++all.damaged;
    }
  }
  if (file.bad()) throw StatusError(detail::system_error(errno, "reading", path));
}

// As metrics.hpp has it: each attempt begins with a row that says so, and what stands before it with a later step is
// obsolete.
void leave_out_obsolete(MetricRows& all) {
  std::int64_t last_that_counts = std::numeric_limits<std::int64_t>::max();
  std::vector<MetricRow> kept;
  for (auto row = all.rows.rbegin(); row != all.rows.rend(); ++row) {
    if (text_in(row->members, "event") == "start") last_that_counts = std::min(last_that_counts, row->step);
    if (row->step <= last_that_counts) kept.push_back(std::move(*row));
  }
  std::reverse(kept.begin(), kept.end());
  all.obsolete = all.rows.size() - kept.size();
  all.rows = std::move(kept);
}

}  // namespace

bool is_metric(std::string_view key) noexcept {
  return std::find(kOfEachRow.begin(), kOfEachRow.end(), key) == kOfEachRow.end();
}

MetricRows read_metric_rows(const std::string& path) {
  MetricRows all;
  all.files = metric_files(path);
  for (const std::string& file : all.files) read_file(file, all);
  leave_out_obsolete(all);
  std::set<std::string, std::less<>> known;
  for (const MetricRow& row : all.rows) {
    for (const auto& [key, value] : row.members.items()) {
      if (is_metric(key) && known.insert(key).second) all.names.push_back(key);
    }
  }
  return all;
}

}  // namespace runhook::program
