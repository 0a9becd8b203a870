#include "output/sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/format.hpp"
#include "output/replace_file.hpp"

namespace runhook::inline v1 {
namespace detail {

void Batch::add(std::string_view record) {
  ends.push_back(bytes.size() + record.size());
  try {
    bytes.append(record);
  } catch (...) {
    ends.pop_back();
    throw;
  }
}

std::size_t Batch::whole_records(std::size_t size) const noexcept {
  return static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
}

void Batch::drop_first(std::size_t records) {
  if (records == 0) return;
  const std::size_t gone = ends[records - 1];
  bytes.erase(0, gone);
  ends.erase(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(records));
  for (std::size_t& end : ends) end -= gone;
}

Error system_error(int number, std::string_view what, std::string_view name) {
  StatusCode code = StatusCode::unknown;
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      code = StatusCode::permission_denied;
      break;
    case ENOENT:
    case ENOTDIR:
      code = StatusCode::not_found;
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
      code = StatusCode::resource_exhausted;
      break;
    default:
      break;
  }
  return Error(code, fmt::format("{} '{}' failed: {}", what, name, std::generic_category().message(number)));
}

std::size_t write_all(int fd, std::string_view bytes) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (count > 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      break;
    }
  }
  return done;
}

namespace {

Error create(const std::filesystem::path& directory, std::string_view what, const std::filesystem::path& named) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  return failure ? system_error(failure.value(), what, named.native()) : Error();
}

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

Error make_directory(const std::filesystem::path& directory) {
  return create(directory, "making the directory", directory);
}

Error make_directories(const std::filesystem::path& file) {
  return file.has_parent_path() ? create(file.parent_path(), "making the directory of", file) : Error();
}

Error check_directory(const std::filesystem::path& directory) {
  for (std::filesystem::path at = directory;;) {
    struct stat about {};
    if (::stat(at.c_str(), &about) == 0) {
      if (!S_ISDIR(about.st_mode)) {
        return Error(
            StatusCode::failed_precondition,
            fmt::format("no files can be written in '{}': '{}' is no directory", directory.native(), at.native()));
      }
      if (::access(at.c_str(), W_OK | X_OK) == 0) return {};
      return system_error(errno, "writing files in", directory.native());
    }
    if (errno != ENOENT && errno != ENOTDIR) return system_error(errno, "writing files in", directory.native());
    const std::filesystem::path above = folder_of(at);
    if (above == at) return {};
    at = above;
  }
}

namespace {

class DescriptorSink final : public Sink {
 public:
  // Duplicates the descriptor, so that nobody closes it, or uses its number for another file, while a thread hangs in a
  // call with it.
  DescriptorSink(int fd, std::string name) : fd_(fcntl(fd, F_DUPFD_CLOEXEC, 0)), name_(std::move(name)) {}
  ~DescriptorSink() override {
    if (fd_ >= 0) ::close(fd_);
  }
  DescriptorSink(const DescriptorSink&) = delete;
  DescriptorSink& operator=(const DescriptorSink&) = delete;

  // Waits until the descriptor is ready, and then writes no more than a pipe accepts without blocking, so that it never
  // hangs in a write.
  Error write(Batch& batch, const std::atomic<bool>& hurry) override {
    if (fd_ < 0) {
      hopeless_ = true;
      return system_error(EBADF, "writing to", name_);
    }
    while (!batch.empty()) {
      const ssize_t count = write_some(std::string_view(batch.bytes).substr(partly_));
      if (count < 0) {
        hopeless_ = errno == EPIPE || errno == EBADF;
        return system_error(errno, "writing to", name_);
      }
      if (count == 0 && hurry.load(std::memory_order_relaxed)) return {};
      partly_ += static_cast<std::size_t>(count);
      const std::size_t records = batch.whole_records(partly_);
      if (records == 0) continue;
      partly_ -= batch.ends[records - 1];
      batch.drop_first(records);
    }
    return {};
  }

 private:
  // Waits for a reader, so that it is never stuck in a call that nothing ends, and writes no more at a time than a pipe
  // that is ready takes. Returns how much; 0 if there is no reader for a while.
  ssize_t write_some(std::string_view bytes) noexcept {
    struct pollfd ready {
      fd_, POLLOUT, 0
    };
    if (poll(&ready, 1, kPollMs) <= 0 || (ready.revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) == 0) return 0;
    const ssize_t count = ::write(fd_, bytes.data(), std::min(bytes.size(), kChunk));
    if (count > 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return count;
    poll(nullptr, 0, kPollMs);  // it is not as ready as it says
    return 0;
  }

  static constexpr int kPollMs = 100;
  static constexpr std::size_t kChunk = 4096;  // PIPE_BUF
  const int fd_;
  const std::string name_;
  std::size_t partly_ = 0;  // bytes of the first record that are written
};

class ReplacingSink final : public Sink {
 public:
  explicit ReplacingSink(std::string path) : path_(std::move(path)) {}

  bool replaces() const noexcept override { return true; }
  void begin() noexcept override { remove_unfinished_replacements(path_); }

  Error write(Batch& batch, const std::atomic<bool>&) override {
    const std::size_t records = batch.ends.size();
    const std::size_t begin = records > 1 ? batch.ends[records - 2] : 0;
    Error error = replace_file(path_, std::string_view(batch.bytes).substr(begin), noticed_ ? nullptr : &notice_);
    if (!error) batch.clear();
    return error;
  }
  std::string take_notice() override {
    noticed_ = noticed_ || !notice_.empty();
    return std::exchange(notice_, std::string());
  }

 private:
  const std::string path_;
  std::string notice_;
  bool noticed_ = false;
};

}  // namespace

std::unique_ptr<Sink> descriptor_sink(int fd, std::string name) {
  return std::make_unique<DescriptorSink>(fd, std::move(name));
}
std::unique_ptr<Sink> replacing_sink(std::string path) { return std::make_unique<ReplacingSink>(std::move(path)); }

}  // namespace detail
}  // namespace runhook::inline v1
