#include "program/places.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "base/time_of_day.hpp"
#include "checkpoint/checkpoint_files.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "output/sink.hpp"
#include "program/commands.hpp"
#include "program/text.hpp"
#include "value/tensor_text.hpp"

namespace runhook::program {

namespace {

constexpr const char* kCheckpoints = "checkpoints";

bool is_directory(const std::string& path) noexcept {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

std::string existing_directory(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) throw StatusError(detail::system_error(errno, "looking at", path));
    detail::fail(StatusCode::not_found, fmt::format("there is no directory '{}'", path));
  }
  if (!S_ISDIR(about.st_mode)) detail::fail(StatusCode::not_found, fmt::format("'{}' is no directory", path));
  return path;
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// What a path ends with if it is one of a checkpoint.
std::optional<std::int64_t> step_of_path(const std::string& path) {
  return detail::step_of(std::filesystem::path(path).filename().native());
}

std::optional<std::int64_t> step_after_at(std::string_view path, std::size_t at) {
  std::int64_t step = -1;
  const std::string_view digits = path.substr(at + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  if (error != std::errc() || end != digits.data() + digits.size() || step < 0) return {};
  return step;
}

}  // namespace

std::string checkpoint_directory(const std::string& path) {
  std::string directory = without_slashes(existing_directory(path));
  if (!detail::steps_in(detail::system_files(), directory).empty()) return directory;
  std::string of_run = directory + "/" + kCheckpoints;
  return is_directory(of_run) ? of_run : directory;
}

void fail_no_checkpoints(const std::string& directory) {
  detail::fail(StatusCode::not_found,
               fmt::format("there are no checkpoints in '{}': give a directory of checkpoints, or of a run that has "
                           "some in its '{}'",
                           directory, kCheckpoints));
}

std::vector<CheckpointSummary> checkpoints_in(const std::string& directory) {
  std::vector<CheckpointSummary> all = list_checkpoints(directory);
  if (all.empty()) fail_no_checkpoints(directory);
  return all;
}

CheckpointPlace checkpoint_place(const std::string& path, std::optional<std::int64_t> step) {
  const std::string plain = without_slashes(path);
  std::optional<std::int64_t> named;
  std::string directory = plain;
  const std::size_t at = plain.rfind('@');
  if (is_directory(plain)) {
    const bool is_nameless = plain.ends_with('.');  // "." in a checkpoint, e.g.
    const std::string path_of_it = is_nameless ? std::filesystem::canonical(plain).native() : plain;
    if ((named = step_of_path(path_of_it))) directory = std::filesystem::path(path_of_it).parent_path().native();
    if (directory.empty()) directory = ".";
  } else if (at != std::string::npos && at > 0 && (named = step_after_at(plain, at))) {
    directory = plain.substr(0, at);
  } else if (const auto of_path = step_of_path(plain); of_path && is_directory(plain.substr(0, plain.rfind('/')))) {
    named = of_path;
    directory = plain.substr(0, plain.rfind('/'));
  }
  if (named && step) {
    detail::refuse(fmt::format("'{}' names a step already: leave out the {} behind it", path, *step));
  }
  return {checkpoint_directory(directory), named ? named : step};
}

StoredCheckpoint open_place(const CheckpointPlace& place) {
  if (place.step) {
    try {
      return open_checkpoint(place.directory, *place.step);
    } catch (const StatusError& failed) {
      if (failed.code() != StatusCode::not_found) throw;
      detail::fail(StatusCode::not_found, fmt::format("{}: 'runhook list {}' shows which there are",
                                                      failed.error().message(), place.directory));
    }
  }
  std::vector<Error> passed_over;
  const auto newest = open_newest_checkpoint(place.directory, &passed_over);
  if (!newest) fail_no_checkpoints(place.directory);
  for (const Error& error : passed_over) say("a newer checkpoint is passed over: " + error.message());
  return *newest;
}

std::string run_directory(const std::string& path) { return without_slashes(existing_directory(path)); }

std::string_view condition_of(const Error& damage) noexcept {
  if (!damage) return "whole";
  return damage.code() == StatusCode::data_loss ? "damaged" : "unreadable";
}

Json json_of(const CheckpointSummary& summary) {
  return {{"step", summary.step},
          {"path", summary.path},
          {"saved", detail::utc_time(summary.saved_unix_ns)},
          {"saved_unix_ns", summary.saved_unix_ns},
          {"session", summary.session},
          {"bytes", summary.bytes},
          {"metrics", json_of(summary.metrics)},
          {"pinned", summary.pinned},
          {"damage", json_of(summary.damage)}};
}

Json json_of(const StoredVariable& variable) {
  Json json = {{"name", variable.name}};
  const bool is_tensor = variable.kind == ValueKind::tensor;
  json["kind"] = is_tensor ? "tensor" : variable.kind == ValueKind::string ? "string" : "bytes";
  json["dtype"] = is_tensor ? Json(detail::dtype_name(variable.dtype)) : Json(nullptr);
  json["shape"] = variable.shape;
  json["bytes"] = variable.bytes;
  return json;
}

}  // namespace runhook::program
