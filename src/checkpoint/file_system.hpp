// file_system.hpp: what checkpoints need of the system, as a table that tests can have fail, record, or cut short.
#ifndef RUNHOOK_SRC_CHECKPOINT_FILE_SYSTEM_HPP_
#define RUNHOOK_SRC_CHECKPOINT_FILE_SYSTEM_HPP_

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace runhook::inline v1 {
namespace detail {

// Each function does what the system call of its name does, and reports a failure as that does: by -1, and errno. The
// base class is the system itself. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int open(const std::string& path, int flags, mode_t mode);
  virtual int close(int fd);
  virtual ssize_t write(int fd, const void* data, std::size_t size);
  virtual ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset);
  // Has the system begin to bring these bytes to the disk, so that sync() has less to wait for. A hint, which may fail.
  virtual void begin_sync(int fd, std::uint64_t offset, std::uint64_t size) noexcept;
  virtual int sync(int fd);
  virtual int reserve(int fd, std::uint64_t size);  // room for a file of this size
  virtual int make_directory(const std::string& path);
  virtual int remove_directory(const std::string& path);
  virtual int remove_file(const std::string& path);
  // Never replaces anything but an empty directory; EEXIST or ENOTEMPTY if there is something of the new name.
  virtual int rename(const std::string& from, const std::string& to);
  virtual int lock(int fd, int operation);  // flock()
  virtual int status(int fd, struct stat& about);
  virtual int status_of(const std::string& path, struct stat& about);  // of a link itself
  virtual int list(const std::string& directory, std::vector<std::string>& names);
  virtual int free_bytes(const std::string& path, std::uint64_t& bytes);
  virtual void* map(int fd, std::size_t size);  // private to the process; NULL on failure
};

std::shared_ptr<FileSystem> system_files();

// Calls again what a signal has interrupted before it had done anything. Not for close(), which has done it.
template <typename Call>
auto uninterrupted(Call&& call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// Reads until all of it is there or the file ends. Returns how much that is, or -1.
ssize_t read_all_at(FileSystem& files, int fd, char* memory, std::size_t size, std::uint64_t offset);

// A descriptor that is closed with this. If it cannot be opened, errno says why.
class OpenFile {
 public:
  OpenFile() noexcept = default;
  OpenFile(OpenFile&& other) noexcept : files_(std::move(other.files_)), fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OpenFile() {
    if (fd_ >= 0) files_->close(fd_);
  }
  OpenFile(std::shared_ptr<FileSystem> files, int fd) noexcept : files_(std::move(files)), fd_(fd) {}
  OpenFile(std::shared_ptr<FileSystem> files, const std::string& path, int flags)
      : files_(std::move(files)), fd_(uninterrupted([&] { return files_->open(path, flags | O_CLOEXEC, 0666); })) {}
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }
  int close() noexcept { return files_->close(std::exchange(fd_, -1)); }

 private:
  std::shared_ptr<FileSystem> files_;
  int fd_ = -1;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_CHECKPOINT_FILE_SYSTEM_HPP_
