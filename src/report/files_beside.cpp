#include "report/files_beside.hpp"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/format.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostOfAKind = 4;

struct FileKind {
  std::string_view prefix, suffix;
  bool folder;
  std::string_view opener;
};
constexpr std::array<FileKind, 6> kFileKinds{{{"run", ".json", false, "what ran and how it ended, for programs"},
                                              {"", ".jsonl", false, "metrics: DuckDB, pandas"},
                                              {"", ".csv", false, "metrics: DuckDB, pandas, a spreadsheet"},
                                              {"events.out.tfevents.", "", false, "TensorBoard"},
                                              {"timeline-", ".json", false, "a trace: Perfetto, or chrome://tracing"},
                                              {"earlier", "", true, "what earlier runs have left"}}};

bool is_of(std::string_view name, const FileKind& kind) noexcept {
  if (kind.folder || kind.prefix == "run")
    return name.size() == kind.prefix.size() + kind.suffix.size() && name.starts_with(kind.prefix) &&
           name.ends_with(kind.suffix);
  return name.size() > kind.prefix.size() + kind.suffix.size() && name.starts_with(kind.prefix) &&
         name.ends_with(kind.suffix);
}

// By their numbers where these are all in which they differ.
bool is_earlier(const std::string& a, const std::string& b) noexcept {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), &closedir);
  if (open == nullptr) return names;
  while (const dirent* entry = readdir(open.get())) names.emplace_back(entry->d_name);
  return names;
}

}  // namespace

std::vector<FileBeside> files_beside(const std::string& page) {
  const std::size_t slash = page.rfind('/');
  const std::vector<std::string> names = names_in(slash == std::string::npos ? "." : page.substr(0, slash + 1));
  std::vector<FileBeside> files;
  for (const FileKind& kind : kFileKinds) {
    std::vector<std::string> found;
    for (const std::string& name : names) {
      if (is_of(name, kind)) found.push_back(kind.folder ? name + "/" : name);
    }
    for (std::size_t i = 0; i < kMostOfAKind && !found.empty(); ++i) {
      const auto latest = std::max_element(found.begin(), found.end(), is_earlier);
      files.push_back({std::move(*latest), kind.opener});
      found.erase(latest);
    }
  }
  return files;
}

std::string link_to(std::string_view name) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
  std::string link;
  for (const char c : name) {
    if (kPlain.find(c) != std::string_view::npos) {
      link += c;
    } else {
      append_format(link, "%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return link;
}

}  // namespace detail::report
}  // namespace runhook::inline v1
