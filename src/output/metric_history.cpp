#include "runhook/metric_history.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "base/format.hpp"
#include "output/event.hpp"
#include "output/tfrecord.hpp"

namespace runhook::inline v1 {

namespace {

std::vector<std::filesystem::path> event_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code failure;
  std::filesystem::directory_iterator at(directory, failure);
  for (; !failure && at != std::filesystem::directory_iterator(); at.increment(failure)) {
    std::error_code no_type;
    const bool named = at->path().filename().native().find("tfevents") != std::string::npos;
    if (named && at->is_regular_file(no_type)) files.push_back(at->path());
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    throw StatusError(StatusCode::unavailable,
                      fmt::format("reading the directory '{}' failed: {}", directory, failure.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

void read_file(const std::filesystem::path& path, MetricHistory& history) {
  std::ifstream input(path, std::ios::binary);
  if (!input) throw StatusError(StatusCode::unavailable, "it cannot be opened");
  detail::RecordReader reader(input);
  while (reader.next()) {
    const detail::EventScalars event = detail::decode_scalars(reader.data());
    if (event.starts) history.erase(history.lower_bound(event.step), history.end());
    for (const auto& [tag, value] : event.scalars) history[event.step][std::string(tag)] = value;
  }
}

}  // namespace

MetricHistory read_eval_metrics(const std::string& directory, const std::function<void(const Error&)>& on_warning) {
  MetricHistory history;
  const auto warn = [&on_warning](Error error, const std::string& prefix) {
    error.prepend(prefix);
    if (on_warning) on_warning(error);
  };
  std::vector<std::filesystem::path> files;
  try {
    files = event_files(directory);
  } catch (const StatusError& failure) {
    warn(failure.error(), {});
  }
  for (const std::filesystem::path& path : files) {
    try {
      read_file(path, history);
    } catch (const StatusError& failure) {
      warn(failure.error(), fmt::format("event file '{}': ", path.native()));
    }
  }
  return history;
}

}  // namespace runhook::inline v1
