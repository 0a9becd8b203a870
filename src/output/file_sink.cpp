#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "base/format.hpp"
#include "output/json_text.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// "run/metrics.1.jsonl": the ending stays, by which programs know what is in it.
std::string name_of_older_half(const std::string& path) {
  const std::filesystem::path file(path);
  const std::string name = file.stem().native() + ".1" + file.extension().native();
  return (file.parent_path() / name).native();
}

class FileSink final : public Sink {
 public:
  FileSink(std::string path, const OutputOptions& options)
      : path_(std::move(path)),
        header_(options.header),
        lines_(options.lines),
        rows_(options.rows),
        half_(options.max_bytes > 0 ? std::max<std::size_t>(options.max_bytes / 2, 1) : 0) {}
  ~FileSink() override { close(); }
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  Error write(Batch& batch, const std::atomic<bool>&) override {
    if (fd_ < 0) {
      if (Error error = open()) {
        hopeless_ = true;
        return error;
      }
    }
    while (!batch.empty()) {
      if (half_ > 0 && regular_ && size_ > header_.size() && size_ + batch.ends.front() > half_) {
        if (Error error = begin_anew()) return error;
      }
      if (!preface_.empty()) {
        if (Error error = append(preface_, /*first_record_end=*/preface_.size())) return error;
        size_ += preface_.size();
        preface_.clear();
      }
      if (Error error = write_those_that_fit(batch)) return error;
    }
    return {};
  }

  // A file that somebody has deleted can be written, but nobody will ever read it, and it takes room on the disk until
  // it is closed. (One that had no name when it was opened, as what is behind /proc/self/fd may be, is meant to.)
  Error verify() override {
    struct stat about {};
    if (fd_ < 0 || !named_ || fstat(fd_, &about) != 0 || about.st_nlink > 0) return {};
    hopeless_ = true;
    close();
    return Error(
        StatusCode::not_found,
        fmt::format("'{}' was deleted while it was written: what was in it is lost, and no more is written", path_));
  }

 private:
  // All of them, or those that belong into the present half; at least one.
  Error write_those_that_fit(Batch& batch) {
    const std::size_t room = half_ == 0 || !regular_ ? batch.bytes.size() : half_ - std::min(half_, size_);
    const std::size_t fitting = std::max<std::size_t>(batch.whole_records(room), 1);
    const std::size_t done = write_all(fd_, std::string_view(batch.bytes).substr(0, batch.ends[fitting - 1]));
    const int number = errno;
    const std::size_t records = batch.whole_records(done);
    const std::size_t kept = records > 0 ? batch.ends[records - 1] : 0;
    if (done > kept) take_out(done - kept);
    size_ += kept;
    batch.drop_first(records);
    return records == fitting ? Error() : system_error(number, "writing", path_);
  }

  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  Error open() {
    if (Error error = make_directories(path_)) return error;
    std::error_code unknown;
    if (half_ > 0 && std::filesystem::is_symlink(path_, unknown)) {  // what it leads to is begun anew, and not the link
      const std::filesystem::path file = std::filesystem::weakly_canonical(path_, unknown);
      if (!unknown) path_ = file.native();
    }
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd_ < 0) return system_error(errno, "opening", path_);
    struct stat about {};
    if (fstat(fd_, &about) != 0) return system_error(errno, "reading", path_);
    regular_ = S_ISREG(about.st_mode);
    named_ = regular_ && about.st_nlink > 0;
    size_ = static_cast<std::size_t>(about.st_size);
    if (regular_ && size_ > 0 && rows_) cut_off_half_a_row();
    if (regular_) flock(fd_, LOCK_SH | LOCK_NB);  // whoever opens it sees that it is being written
    if (size_ == 0) {
      preface_ = header_;
      return {};
    }
    if (!regular_) return {};
    std::string begin(header_.size(), '\0');
    if (!begin.empty() &&
        (pread(fd_, begin.data(), begin.size(), 0) != static_cast<ssize_t>(begin.size()) || begin != header_)) {
      return Error(StatusCode::failed_precondition,
                   fmt::format("'{}' exists and does not begin as it should, so it is left alone", path_));
    }
    if ((lines_ || rows_) && last_byte() != '\n') preface_ += '\n';
    return {};
  }

  char last_byte() const noexcept {
    char last = '\n';
    if (pread(fd_, &last, 1, static_cast<off_t>(size_) - 1) != 1) return '\n';
    return last;
  }

  // A process that was killed while it wrote may have left it. One that is being written by somebody else may be whole in
  // a moment, and what is a whole object, or does not begin as one, is something else.
  void cut_off_half_a_row() {
    if (last_byte() == '\n' || flock(fd_, LOCK_EX | LOCK_NB) != 0) return;
    std::string row;  // the last one, as far as it has been read
    std::size_t begin = size_;
    for (std::size_t line_end = std::string::npos; begin > 0 && line_end == std::string::npos;) {
      std::string chunk(std::min<std::size_t>(begin, 4096), '\0');
      const auto from = static_cast<off_t>(begin - chunk.size());
      if (pread(fd_, chunk.data(), chunk.size(), from) != static_cast<ssize_t>(chunk.size())) return;
      line_end = chunk.rfind('\n');
      const std::size_t kept = line_end == std::string::npos ? 0 : line_end + 1;
      begin -= chunk.size() - kept;
      row.insert(0, chunk, kept);
    }
    if (row.starts_with('{') && !json_strings(row) && ftruncate(fd_, static_cast<off_t>(begin)) == 0) size_ = begin;
  }

  // The file has reached its half of the room. Its lines become the older half, in place of those that were; of what is
  // no text the readers, which know a file by its name, find the next one behind it.
  Error begin_anew() {
    std::string next = path_;
    std::string gone = older_;
    if (lines_ || rows_) {
      gone.clear();
      if (std::rename(path_.c_str(), name_of_older_half(path_).c_str()) != 0) return cannot_begin_anew();
    } else {
      next = fmt::format("{}.{:06}", first_path_, ++number_);
      older_ = path_;
    }
    close();
    path_ = std::move(next);
    if (Error error = open()) {
      hopeless_ = true;
      return error;
    }
    if (!gone.empty()) ::unlink(gone.c_str());
    return {};
  }

  Error cannot_begin_anew() {
    half_ = 0;  // rather too large a file than none
    return system_error(errno, "beginning anew", path_);
  }

  Error append(std::string_view bytes, std::size_t first_record_end) {
    const std::size_t done = write_all(fd_, bytes);
    if (done >= first_record_end) return {};
    const int number = errno;
    take_out(done);
    return system_error(number, "writing", path_);
  }

  // Half a record at the end would make what comes after it unreadable.
  void take_out(std::size_t bytes) noexcept {
    struct stat about {};
    if (!regular_ || bytes == 0 || fstat(fd_, &about) != 0) return;
    if (ftruncate(fd_, about.st_size - static_cast<off_t>(bytes)) != 0) hopeless_ = true;
  }

  std::string path_;
  const std::string first_path_ = path_;
  const std::string header_;
  const bool lines_;
  const bool rows_;
  std::size_t half_;  // of the room that there is; 0: there is no limit
  int fd_ = -1;
  bool regular_ = true;
  bool named_ = false;        // a regular file that had a name when it was opened
  std::size_t size_ = 0;      // of the file, as far as this has written it
  std::string preface_;       // to be written before anything else
  std::string older_;         // the path of the file before
  std::uint64_t number_ = 0;  // of the file, if there was one before
};

}  // namespace

std::unique_ptr<Sink> file_sink(std::string path, const OutputOptions& options) {
  return std::make_unique<FileSink>(std::move(path), options);
}

}  // namespace detail
}  // namespace runhook::inline v1
