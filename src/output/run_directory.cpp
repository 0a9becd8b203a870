#include "output/run_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/format.hpp"
#include "output/json_text.hpp"
#include "output/replace_file.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr const char* kRecord = "run.json";
constexpr const char* kReport = "report.html";
constexpr off_t kLargestRecord = off_t{64} << 20;
constexpr const char* kEarlier = "earlier";

struct RunFileKind {
  std::string_view prefix, suffix;
  std::string_view reader;
  bool any_between = true;
};
constexpr std::array<RunFileKind, kRunFileKinds> kKinds{
    {{kRecord, "", "what ran and how it ended, for programs", false},
     {kReport, "", "the same for people, with charts", false},
     {"", ".jsonl", "metrics: DuckDB, pandas"},
     {"", ".csv", "metrics: DuckDB, pandas, a spreadsheet"},
     {"events.out.tfevents.", "", "TensorBoard"},
     {"timeline-", ".json", "a trace: Perfetto, or chrome://tracing"},
     {"checkpoints", "", "checkpoints, one for each step: runhook list, safetensors", false},
     {kEarlier, "", "what earlier runs have left", false}}};

bool is_regular_file(const std::string& path) noexcept {
  struct stat about {};
  return ::lstat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode);
}

// Whether a later run would write a file of this name anew.
bool is_replaced(std::string_view name) noexcept {
  return name == kReport || (name.starts_with("timeline-") && name.ends_with(".json"));
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The report's links to files that stay where they are.
std::string with_links_from_earlier(const std::string& page) {
  constexpr std::string_view kLink = "<a href=\"";
  std::string text;
  std::size_t begin = 0;
  for (std::size_t at = page.find(kLink); at != std::string::npos; at = page.find(kLink, at)) {
    at += kLink.size();
    const std::size_t end = page.find('"', at);
    std::string_view name = std::string_view(page).substr(at, end - at);
    if (name.ends_with('/')) name.remove_suffix(1);
    if (run_file_kind(name) == kRunFileKinds || is_replaced(name) || name == kRecord) continue;
    text.append(page, begin, at - begin);
    text += "../../";
    begin = at;
  }
  return text.append(page, begin, std::string::npos);
}

// Of a process that was killed nobody else says that it has ended.
std::string with_end_unless_known(std::string record) {
  constexpr std::string_view kRunning = "\n  \"outcome\": {\"kind\": \"running\", \"text\": \"";
  const std::size_t at = record.rfind(kRunning);
  if (at == std::string::npos) return {};
  return record.replace(at, kRunning.size(),
                        "\n  \"outcome\": {\"kind\": \"lost\", \"text\": \"ended without a word; last heard of ");
}

// It becomes the name of a folder.
bool is_session_id(std::string_view text) noexcept {
  const auto is_safe = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-'; };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_safe);
}

}  // namespace

std::size_t run_file_kind(std::string_view name) noexcept {
  const auto is_of = [name](const RunFileKind& kind) {
    const std::size_t least = kind.prefix.size() + kind.suffix.size();
    return name.starts_with(kind.prefix) && name.ends_with(kind.suffix) &&
           (kind.any_between ? name.size() > least : name.size() == least);
  };
  return static_cast<std::size_t>(std::find_if(kKinds.begin(), kKinds.end(), is_of) - kKinds.begin());
}

std::string_view run_file_reader(std::size_t kind) noexcept { return kKinds[kind].reader; }

std::vector<std::string> names_in(const std::string& directory) {
  // std::filesystem::directory_iterator ends the program when memory runs out.
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> entries(::opendir(directory.c_str()), close);
  std::vector<std::string> names;
  if (entries == nullptr) return names;
  while (const struct dirent* entry = ::readdir(entries.get())) names.emplace_back(entry->d_name);
  std::sort(names.begin(), names.end());
  return names;
}

RunDirectory::~RunDirectory() {
  if (lock_ < 0) return;
  if (!birth_.forked()) flock(lock_, LOCK_UN);  // a child that lives on would keep it
  ::close(lock_);
}

std::string RunDirectory::record() const { return fmt::format("{}/{}", path_, kRecord); }
std::string RunDirectory::earlier(std::string_view session) const {
  return fmt::format("{}/{}/{}", path_, kEarlier, session);
}

Error RunDirectory::open(std::string_view own) {
  if (Error error = make_directory(path_)) return error;
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) return system_error(errno, "opening", path_);
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return {};  // not every file system has locks
  return Error(
      StatusCode::already_exists,
      fmt::format("another run is writing in '{}': the record, report and traces of this one are in '{}', and the "
                  "rows of both in the metrics, where their sessions tell them apart",
                  path_, earlier(own)));
}

Error RunDirectory::session_of_record(std::string& session) const {
  const std::string path = record();
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? Error() : system_error(errno, "reading", path);
  }
  const bool may_be_one = S_ISREG(about.st_mode) && about.st_size <= kLargestRecord;
  const auto record = may_be_one ? json_strings(content_of(path)) : std::nullopt;
  const auto is = [&record](const char* key) { return record && record->count(key) > 0 ? record->at(key) : ""; };
  if (is("schema") == kRecordSchema && is_session_id(is("session"))) {
    session = is("session");
    return {};
  }
  return Error(StatusCode::failed_precondition,
               fmt::format("'{}' exists and is no record of a run, so it is left alone: that of this run is in {}",
                           path, earlier("<session>")));
}

std::string RunDirectory::earlier_record(std::string_view session) const {
  return fmt::format("{}/{}", earlier(session), kRecord);
}

// What was written beside a file, whose place it was to take, when the process was killed.
void RunDirectory::remove_unfinished(const std::string& name) const {
  for (const std::string_view ending : {".json", ".html"}) {
    const std::size_t at = name.find(std::string(ending) + '.');
    if (at == std::string::npos) continue;
    const std::string replaced = name.substr(0, at + ending.size());
    if (replaced == kRecord || is_replaced(replaced)) remove_unfinished_replacements(path_ + "/" + replaced);
  }
}

Error RunDirectory::keep_earlier(std::string_view own) const {
  std::vector<std::string> moved = names_in(path_);
  for (const std::string& name : moved) remove_unfinished(name);
  moved.erase(std::remove_if(moved.begin(), moved.end(), [](const auto& name) { return !is_replaced(name); }),
              moved.end());
  std::string session;
  Error error = session_of_record(session);
  if (!session.empty()) moved.emplace_back(kRecord);
  if (moved.empty()) return error;
  const std::string folder = earlier(session.empty() ? fmt::format("before-{}", own) : session);
  if (const Error failure = make_directory(folder)) {
    error.merge(failure);
    return error;
  }
  for (const std::string& name : moved) error.merge(move(name, folder));
  return error;
}

std::vector<std::string> RunDirectory::files() const {
  std::vector<std::string> names = names_in(path_);
  const auto is_other = [](const std::string& name) {
    return name == kRecord || name == kEarlier || run_file_kind(name) == kRunFileKinds;
  };
  names.erase(std::remove_if(names.begin(), names.end(), is_other), names.end());
  return names;
}

// What has to be said otherwise at its new place is written there anew.
Error RunDirectory::move(const std::string& name, const std::string& folder) const {
  const std::string path = fmt::format("{}/{}", path_, name);
  const std::string new_path = fmt::format("{}/{}", folder, name);
  if (!is_regular_file(path)) return {};
  std::string text;
  if (name == kReport) text = with_links_from_earlier(content_of(path));
  if (name == kRecord) text = with_end_unless_known(content_of(path));
  if (!text.empty()) {
    if (Error error = replace_file(new_path, text)) return error;
    if (::unlink(path.c_str()) == 0) return {};
  } else if (std::rename(path.c_str(), new_path.c_str()) == 0) {
    return {};
  }
  return system_error(errno, "moving away", path);
}

}  // namespace detail
}  // namespace runhook::inline v1
