// A file system of which certain operations fail, counted from the first.
#ifndef RUNHOOK_TESTS_CORE_CHECKPOINT_FAULTY_FILES_HPP_
#define RUNHOOK_TESTS_CORE_CHECKPOINT_FAULTY_FILES_HPP_

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/file_system.hpp"

namespace runhook_test {

// A number of errno, or one of these.
enum Fault : int { kShort = -1, kNothing = -2 };

inline bool is_to_be_invisible(int fault) { return fault == EINTR || fault == kShort || fault == EOPNOTSUPP; }

// From which operation on which fault occurs: once, or until heal(). Which faults fit an operation turns out when it is
// called, so that one is told by its place among them, counted round and round.
struct PlannedFault {
  std::size_t at = 0;
  std::size_t choice = 0;
  bool for_good = false;
};

class FaultyFiles : public runhook::detail::FileSystem {
 public:
  struct Operation {
    std::string name;  // of the function
    std::string path;
    std::vector<int> faults;  // that fit it
    int fault = 0;            // that has occurred
  };

  explicit FaultyFiles(std::vector<PlannedFault> planned) : planned_(std::move(planned)) {}

  const std::vector<Operation>& operations() const noexcept { return operations_; }
  // The rules of the interface that the caller has broken.
  const std::vector<std::string>& misuses() const noexcept { return misuses_; }
  std::size_t open_count() const noexcept { return paths_.size(); }
  void heal() noexcept { lasting_ = 0; }

  int open(const std::string& path, int flags, mode_t mode) override {
    const std::vector<int> reading{EIO, EINTR, EACCES, EMFILE};
    const std::vector<int> making{EIO, ENOSPC, EDQUOT, EINTR, EROFS, EACCES, EMFILE};
    if (fails("open", path, (flags & O_CREAT) != 0 ? making : reading)) return -1;
    const int fd = FileSystem::open(path, flags, mode);
    if (fd >= 0) paths_[fd] = path;
    return fd;
  }
  // Whatever it says, the descriptor is gone.
  int close(int fd) override {
    const int fault = fault_of("close", path_of(fd), {EIO, ENOSPC, EDQUOT, EINTR});
    paths_.erase(fd);
    const int result = FileSystem::close(fd);
    if (fault == 0) return result;
    errno = fault;
    return -1;
  }
  ssize_t write(int fd, const void* data, std::size_t size) override {
    const int fault = fault_of("write", path_of(fd), {EIO, ENOSPC, EDQUOT, EINTR, kShort, kNothing});
    return transfer(fault, size, [&](std::size_t count) { return FileSystem::write(fd, data, count); });
  }
  ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset) override {
    const int fault = fault_of("read_at", path_of(fd), {EIO, EINTR, kShort, kNothing});
    return transfer(fault, size, [&](std::size_t count) { return FileSystem::read_at(fd, data, count, offset); });
  }
  // The disk is not waited for: nothing here depends on it.
  int sync(int fd) override {
    const std::string path = path_of(fd);
    if (unsynced_.count(path) > 0) misuses_.push_back("fsync is called once more, after it has failed, for " + path);
    if (!fails("sync", path, {EIO, ENOSPC, EDQUOT, EROFS, EINTR})) return 0;
    struct stat about {};
    if (errno != EINTR && ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) unsynced_.insert(path);
    errno = operations_.back().fault;
    return -1;
  }
  int reserve(int fd, std::uint64_t size) override {
    if (fails("reserve", path_of(fd), {EIO, ENOSPC, EDQUOT, EINTR, EOPNOTSUPP})) return -1;
    return FileSystem::reserve(fd, size);
  }
  int make_directory(const std::string& path) override {
    if (fails("make_directory", path, {EIO, ENOSPC, EDQUOT, EROFS, EACCES})) return -1;
    return FileSystem::make_directory(path);
  }
  int remove_directory(const std::string& path) override {
    return fails("remove_directory", path, {EIO, EROFS, EACCES}) ? -1 : FileSystem::remove_directory(path);
  }
  int remove_file(const std::string& path) override {
    return fails("remove_file", path, {EIO, EROFS, EACCES}) ? -1 : FileSystem::remove_file(path);
  }
  int rename(const std::string& from, const std::string& to) override {
    if (fails("rename", from, {EIO, ENOSPC, EDQUOT, EROFS, EACCES})) return -1;
    return FileSystem::rename(from, to);
  }
  int lock(int fd, int operation) override {
    return fails("lock", path_of(fd), {EINTR, ENOLCK}) ? -1 : FileSystem::lock(fd, operation);
  }
  int status(int fd, struct stat& about) override {
    return fails("status", path_of(fd), {EIO}) ? -1 : FileSystem::status(fd, about);
  }
  int status_of(const std::string& path, struct stat& about) override {
    return fails("status_of", path, {EIO, EACCES}) ? -1 : FileSystem::status_of(path, about);
  }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    if (fails("list", directory, {EIO, EACCES, EMFILE})) return -1;
    const int result = FileSystem::list(directory, names);
    std::sort(names.begin(), names.end());  // so that each run does the same
    return result;
  }
  int free_bytes(const std::string& path, std::uint64_t& bytes) override {
    return fails("free_bytes", path, {EIO, EINTR}) ? -1 : FileSystem::free_bytes(path, bytes);
  }

 private:
  std::string path_of(int fd) {
    const auto found = paths_.find(fd);
    if (found != paths_.end()) return found->second;
    misuses_.push_back("a descriptor is used that is not open");
    return {};
  }

  int fault_of(std::string name, std::string path, std::vector<int> faults) {
    const std::size_t index = operations_.size();
    int fault = 0;
    if (lasting_ != 0 && std::find(faults.begin(), faults.end(), lasting_) != faults.end()) fault = lasting_;
    for (const PlannedFault& planned : planned_) {
      if (planned.at != index) continue;
      fault = faults[planned.choice % faults.size()];
      if (planned.for_good) lasting_ = fault;
      if (fault == EINTR) interruptions_ = planned.for_good ? 3 : 1;
    }
    // Nobody is interrupted for ever.
    if (fault == EINTR && interruptions_-- <= 0) lasting_ = fault = 0;
    operations_.push_back({std::move(name), std::move(path), std::move(faults), fault});
    return fault;
  }
  bool fails(std::string name, std::string path, std::vector<int> faults) {
    const int fault = fault_of(std::move(name), std::move(path), std::move(faults));
    if (fault != 0) errno = fault;
    return fault != 0;
  }
  template <typename Transfer>
  ssize_t transfer(int fault, std::size_t size, Transfer&& some) {
    if (fault == 0) return some(size);
    if (fault == kShort) return some(std::min<std::size_t>(size, 1));
    if (fault == kNothing) return 0;
    errno = fault;
    return -1;
  }

  const std::vector<PlannedFault> planned_;
  std::vector<Operation> operations_;
  std::vector<std::string> misuses_;
  std::map<int, std::string> paths_;  // of what is open
  std::set<std::string> unsynced_;    // of files for which fsync has failed
  int lasting_ = 0;
  int interruptions_ = 0;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_CHECKPOINT_FAULTY_FILES_HPP_
