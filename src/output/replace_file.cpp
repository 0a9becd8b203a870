#include "output/replace_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::string_view kEnd = ".new";

// "<path>.<process>.<number>.new": two writers in one process, too, get names of their own.
std::string name_beside(const std::string& path) {
  static std::atomic<std::uint64_t> last{0};
  return fmt::format("{}.{}.{}{}", path, getpid(), last.fetch_add(1, std::memory_order_relaxed) + 1, kEnd);
}

// Which process has written `name` beside a file called `replaced`; nothing if it is no such name.
std::optional<pid_t> writer_of(std::string_view name, std::string_view replaced) noexcept {
  if (name.size() < replaced.size() + kEnd.size() || !name.starts_with(replaced) || !name.ends_with(kEnd)) return {};
  name.remove_prefix(replaced.size());
  name.remove_suffix(kEnd.size());
  const char* at = name.data();
  const char* const end = at + name.size();
  const auto number = [&](auto& into) {
    if (at == end || *at != '.' || ++at == end || *at < '0' || *at > '9') return false;
    const auto [next, error] = std::from_chars(at, end, into);
    at = next;
    return error == std::errc();
  };
  pid_t process = 0;
  std::uint64_t which = 0;
  if (!number(process) || process == 0 || !number(which) || at != end) return {};
  return process;
}

bool is_alive(pid_t process) noexcept { return kill(process, 0) == 0 || errno == EPERM; }

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

bool has_a_name(int fd) noexcept {
  struct stat about {};
  return fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_nlink > 0;
}

// A lock tells that a file is being written to those for whom the number of our process says nothing: another
// container, another machine. Where there are no locks, the number has to do.
bool mark_as_being_written(int fd) noexcept {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  return has_a_name(fd);  // not if it was taken for a leftover before it was locked
}

Descriptor open_beside(const std::string& path, std::string& name) {
  constexpr int kMostTries = 1000;
  for (int i = 0; i < kMostTries; ++i) {
    name = name_beside(path);
    Descriptor file(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0 ? errno != EEXIST : mark_as_being_written(file.get())) return file;
  }
  errno = EEXIST;
  return Descriptor(-1);
}

// Only he who holds its lock may remove such a file, so that nobody removes a newer one of the same name.
void remove_unless_locked(const std::string& name) noexcept {
  const Descriptor file(::open(name.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;
  if (has_a_name(file.get())) ::unlink(name.c_str());
}

}  // namespace

Error replace_file(const std::string& path, std::string_view content) {
  if (Error error = make_directories(path)) return error;
  std::string name;
  const Descriptor file = open_beside(path, name);
  if (file.get() < 0) return system_error(errno, "opening", name);
  const bool written = write_all(file.get(), content) == content.size() && fsync(file.get()) == 0;
  if (written && std::rename(name.c_str(), path.c_str()) == 0) return {};
  const int number = errno;
  ::unlink(name.c_str());
  return system_error(number, "writing", path);
}

void remove_unfinished_replacements(const std::string& path) noexcept {
  try {
    const std::filesystem::path replaced(path);
    const std::filesystem::path folder = replaced.has_parent_path() ? replaced.parent_path() : ".";
    // std::filesystem::directory_iterator ends the program when memory runs out.
    const auto close = [](DIR* open) { ::closedir(open); };
    const std::unique_ptr<DIR, decltype(close)> entries(::opendir(folder.c_str()), close);
    if (entries == nullptr) return;
    while (const struct dirent* entry = ::readdir(entries.get())) {
      const std::optional<pid_t> writer = writer_of(entry->d_name, replaced.filename().native());
      // Of this process itself the locks alone tell: in a container every run may have the same number.
      if (writer && (*writer == getpid() || !is_alive(*writer)))
        remove_unless_locked((folder / entry->d_name).native());
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory; they go at another start
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
