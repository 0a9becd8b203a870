#include "report/files_beside.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "output/run_directory.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail::report {

namespace {

constexpr std::size_t kMostOfAKind = 4;

// By their numbers where these are all in which they differ.
bool is_later(const std::string& a, const std::string& b) noexcept {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

}  // namespace

std::vector<FileBeside> files_beside(const std::string& page) {
  const std::filesystem::path path(page);
  const std::filesystem::path folder = folder_of(path);
  std::array<std::vector<std::string>, kRunFileKinds + 1> by_kind;
  for (std::string& name : names_in(folder.native())) {
    const std::size_t kind = run_file_kind(name);
    if (name != path.filename()) by_kind[kind].push_back(std::move(name));
  }
  std::vector<FileBeside> files;
  for (std::size_t kind = 0; kind < kRunFileKinds; ++kind) {
    std::vector<std::string>& found = by_kind[kind];
    std::sort(found.begin(), found.end(), is_later);
    if (found.size() > kMostOfAKind) found.resize(kMostOfAKind);
    for (const std::string& name : found) {
      std::error_code unknown;
      const bool is_folder = std::filesystem::is_directory(folder / name, unknown);
      files.push_back({is_folder ? name + "/" : name, run_file_reader(kind)});
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
