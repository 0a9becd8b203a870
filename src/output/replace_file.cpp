#include "output/replace_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
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

struct stat no_file() noexcept {
  struct stat about {};
  return about;
}

bool same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// The name of a file that is not there yet, behind links that lead to it; empty, with errno, if they go round.
std::string behind_links(std::string path) {
  constexpr int kMostLinks = 40;  // as many as the system follows
  for (int i = 0; i < kMostLinks; ++i) {
    std::error_code failure;
    const std::filesystem::path link = std::filesystem::read_symlink(path, failure);
    if (failure) return path;  // it is none
    path = (std::filesystem::path(path).parent_path() / link).native();
  }
  errno = ELOOP;
  return {};
}

// The name of the file itself, by which alone it can be replaced; empty if it has none any more. If somebody else has
// replaced it since it was looked at, `file` is what he has put there.
std::string own_name(const std::string& path, struct stat& file) {
  const auto free = [](char* name) { std::free(name); };  // NOLINT: realpath() uses malloc()
  constexpr int kMostTries = 100;  // a file that is new may have the number of the one that was looked at
  for (int i = 0; i < kMostTries; ++i) {
    const std::unique_ptr<char, decltype(free)> name(::realpath(path.c_str(), nullptr), free);
    struct stat named = no_file();
    if (name != nullptr && ::stat(name.get(), &named) == 0 && same_file(named, file)) return name.get();
    struct stat now = no_file();
    if (::stat(path.c_str(), &now) != 0 || now.st_nlink == 0 || !S_ISREG(now.st_mode)) return {};
    file = now;
  }
  return {};
}

Error write_to(const Descriptor& file, std::string_view content, const std::string& path) {
  if (write_all(file.get(), content) == content.size()) return {};
  return system_error(errno, "writing", path);
}

// A socket on which somebody listens.
Error write_to_socket(const std::string& path, std::string_view content) {
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return system_error(ENAMETOOLONG, "opening", path);
  path.copy(address.sun_path, path.size());
  const Descriptor file(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (file.get() < 0 || ::connect(file.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_error(errno, "opening", path);
  }
  return write_to(file, content, path);
}

// Into what is no file: a device, or a pipe that somebody reads.
Error write_into(const std::string& path, std::string_view content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.get() < 0) return system_error(errno, "opening", path);
  fcntl(file.get(), F_SETFL, fcntl(file.get(), F_GETFL) & ~O_NONBLOCK);
  return write_to(file, content, path);
}

Error write_in_place(const std::string& path, std::string_view content) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) return system_error(errno, "opening", path);
  // There has to be room for all of it before anything is overwritten.
  struct stat old = no_file();
  const int number =
      fstat(file.get(), &old) == 0 ? posix_fallocate(file.get(), 0, static_cast<off_t>(content.size())) : 0;
  if (number == ENOSPC || number == EFBIG || number == EDQUOT) {
    if (ftruncate(file.get(), old.st_size) != 0) return system_error(errno, "writing", path);
    return system_error(number, "writing", path);
  }
  if (Error error = write_to(file, content, path)) return error;
  if (ftruncate(file.get(), static_cast<off_t>(content.size())) == 0 && fsync(file.get()) == 0) return {};
  return system_error(errno, "writing", path);
}

bool keep_owner_and_mode(int fd, const struct stat& old) noexcept {
  struct stat about = no_file();
  if (fstat(fd, &about) != 0) return false;
  const bool same_owner = about.st_uid == old.st_uid && about.st_gid == old.st_gid;
  if (!same_owner && fchown(fd, old.st_uid, old.st_gid) != 0) return false;
  return fchmod(fd, old.st_mode & 07777) == 0;  // after the owner, which takes bits away
}

enum class Replacing { done, failed, not_possible };

// Writes a file beside `name` and gives it that name. `old`: what has the name now; NULL: nothing.
Replacing replace(const std::string& name, std::string_view content, const struct stat* old) {
  std::string beside;
  const Descriptor file = open_beside(name, beside);
  if (file.get() < 0) {
    const bool may_be_written_in_place = errno == EACCES || errno == EPERM || errno == EROFS;
    return old != nullptr && may_be_written_in_place ? Replacing::not_possible : Replacing::failed;
  }
  if (old != nullptr && !keep_owner_and_mode(file.get(), *old)) {
    ::unlink(beside.c_str());
    return Replacing::not_possible;
  }
  const bool written = write_all(file.get(), content) == content.size() && fsync(file.get()) == 0;
  if (written && std::rename(beside.c_str(), name.c_str()) == 0) return Replacing::done;
  const int number = errno;
  ::unlink(beside.c_str());
  errno = number;
  return Replacing::failed;
}

}  // namespace

Error replace_file(const std::string& path, std::string_view content, std::string* notice) {
  struct stat old = no_file();
  if (::stat(path.c_str(), &old) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return system_error(errno, "opening", path);
    const std::string name = behind_links(path);
    if (name.empty()) return system_error(errno, "opening", path);
    if (Error error = make_directories(name)) return error;
    return replace(name, content, nullptr) == Replacing::done ? Error() : system_error(errno, "writing", path);
  }
  if (S_ISDIR(old.st_mode)) return system_error(EISDIR, "writing", path);
  if (S_ISSOCK(old.st_mode)) return write_to_socket(path, content);
  if (!S_ISREG(old.st_mode)) return write_into(path, content);
  const std::string name = own_name(path, old);
  const char* why = "it has no name of its own";
  if (!name.empty() && old.st_nlink > 1) {
    why = "it has other names, too";
  } else if (!name.empty()) {
    switch (replace(name, content, &old)) {
      case Replacing::done:
        return {};
      case Replacing::failed:
        return system_error(errno, "writing", path);
      case Replacing::not_possible:
        why = "its owner and mode could not be kept, or nothing may be written beside it";
        break;
    }
  }
  if (notice != nullptr) *notice = fmt::format("'{}' is not replaced but written in place: {}", path, why);
  return write_in_place(path, content);
}

void remove_unfinished_replacements(const std::string& path) noexcept {
  try {
    const std::filesystem::path replaced(behind_links(path));
    const std::filesystem::path folder = folder_of(replaced);
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
