#include "output/process_facts.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

namespace {

// Arguments may have megabytes in all, but what is longer than this nobody reads.
constexpr std::size_t kMostCommandBytes = std::size_t{256} << 10;

std::string content(const char* path) {
  std::string bytes;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return bytes;
  std::array<char, 4096> block;
  while (bytes.size() < kMostCommandBytes) {
    const ssize_t got = read(file, block.data(), block.size());
    if (got <= 0) break;
    bytes.append(block.data(), static_cast<std::size_t>(got));
  }
  close(file);
  return bytes;
}

std::vector<std::string> command() {
  std::vector<std::string> words;
  const std::string bytes = content("/proc/self/cmdline");  // each word is ended by a zero byte
  for (std::size_t at = 0; at < bytes.size(); at += words.back().size() + 1) words.emplace_back(bytes.data() + at);
  return words;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

ProcessFacts process_facts() {
  ProcessFacts facts;
  facts.command = command();
  facts.host = host_name();
  std::array<char, PATH_MAX> text{};
  facts.pid = getpid();
  if (getcwd(text.data(), text.size()) != nullptr) facts.working_directory = text.data();
  return facts;
}

std::string shell_quoted(const std::vector<std::string>& words) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) {
      if (c == '\'') {
        line += "'\\''";
      } else {
        line += c;
      }
    }
    line += '\'';
  }
  return line;
}

}  // namespace detail
}  // namespace runhook::inline v1
