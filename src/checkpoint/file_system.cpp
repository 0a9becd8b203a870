#include "checkpoint/file_system.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace runhook::inline v1 {
namespace detail {

int FileSystem::open(const std::string& path, int flags, mode_t mode) { return ::open(path.c_str(), flags, mode); }
int FileSystem::close(int fd) { return ::close(fd); }
ssize_t FileSystem::write(int fd, const void* data, std::size_t size) { return ::write(fd, data, size); }
ssize_t FileSystem::read_at(int fd, void* data, std::size_t size, std::uint64_t offset) {
  return ::pread(fd, data, size, static_cast<off_t>(offset));
}
void FileSystem::begin_sync(int fd, std::uint64_t offset, std::uint64_t size) noexcept {
  ::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(size), SYNC_FILE_RANGE_WRITE);
}
int FileSystem::sync(int fd) { return ::fsync(fd); }

// Not posix_fallocate(), which writes zeros where the file system cannot reserve room.
int FileSystem::reserve(int fd, std::uint64_t size) { return ::fallocate(fd, 0, 0, static_cast<off_t>(size)); }
int FileSystem::make_directory(const std::string& path) { return ::mkdir(path.c_str(), 0777); }
int FileSystem::remove_directory(const std::string& path) { return ::rmdir(path.c_str()); }
int FileSystem::remove_file(const std::string& path) { return ::unlink(path.c_str()); }

int FileSystem::rename(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  return ::rename(from.c_str(), to.c_str());  // of directories only empty ones are replaced
}

int FileSystem::lock(int fd, int operation) { return ::flock(fd, operation); }
int FileSystem::status(int fd, struct stat& about) { return ::fstat(fd, &about); }
int FileSystem::status_of(const std::string& path, struct stat& about) { return ::lstat(path.c_str(), &about); }

int FileSystem::list(const std::string& directory, std::vector<std::string>& names) {
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> entries(::opendir(directory.c_str()), close);
  if (entries == nullptr) return -1;
  for (;;) {
    errno = 0;
    const struct dirent* const entry = ::readdir(entries.get());
    if (entry == nullptr) return errno == 0 ? 0 : -1;
    names.emplace_back(entry->d_name);
  }
}

int FileSystem::free_bytes(const std::string& path, std::uint64_t& bytes) {
  struct statvfs about {};
  if (::statvfs(path.c_str(), &about) != 0) return -1;
  bytes = std::uint64_t{about.f_bavail} * about.f_frsize;
  return 0;
}

void* FileSystem::map(int fd, std::size_t size) {
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

ssize_t read_all_at(FileSystem& files, int fd, char* memory, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = uninterrupted([&] { return files.read_at(fd, memory + done, size - done, offset + done); });
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

std::shared_ptr<FileSystem> system_files() {
  static const std::shared_ptr<FileSystem> files = std::make_shared<FileSystem>();
  return files;
}

}  // namespace detail
}  // namespace runhook::inline v1
