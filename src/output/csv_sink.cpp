#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "output/replace_file.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

using Fields = std::vector<std::string_view>;

// Goes through CSV character by character: within quotes the end of a line, or a comma, is none of a row.
class Quotes {
 public:
  // Whether `c` is the wanted character, and means what it does outside of quotes.
  bool is(char wanted, char c) noexcept {
    if (c == '"') quoted_ = !quoted_;
    return c == wanted && !quoted_;
  }

 private:
  bool quoted_ = false;
};

// Where the rows of a file are.
struct Rows {
  std::size_t header_end = 0;  // with its line end; 0: there is no whole row
  std::size_t last_end = 0;    // of the last whole row
  std::size_t size = 0;        // of the file
  Quotes quotes;

  void add(std::string_view chunk) noexcept {
    for (const char c : chunk) {
      ++size;
      if (!quotes.is('\n', c)) continue;
      last_end = size;
      if (header_end == 0) header_end = size;
    }
  }
};

// With its end.
std::string_view first_row(std::string_view csv) noexcept {
  Quotes quotes;
  const auto end = std::find_if(csv.begin(), csv.end(), [&quotes](char c) { return quotes.is('\n', c); });
  return csv.substr(0, static_cast<std::size_t>(end - csv.begin()) + 1);
}

std::string_view without_end(std::string_view row) noexcept {
  if (row.ends_with('\n')) row.remove_suffix(1);
  if (row.ends_with('\r')) row.remove_suffix(1);
  return row;
}

// As they are written, with their quotes.
void split(std::string_view row, Fields& fields) {
  fields.clear();
  Quotes quotes;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!quotes.is(',', row[i])) continue;
    fields.push_back(row.substr(begin, i - begin));
    begin = i + 1;
  }
  fields.push_back(row.substr(begin));
}

std::string_view first_field(std::string_view row) noexcept { return row.substr(0, row.find_first_of(",\r\n")); }

// The header is kept in agreement with what is written: columns are added to the file as they come up, and each row is
// put in the order of the file's.
class CsvSink final : public Sink {
 public:
  CsvSink(std::string path, const OutputOptions& options)
      : path_(std::move(path)), options_(options), header_(options.header), key_(first_field(header_)) {
    options_.rows = false;  // half a row is cut off here, where it is known what belongs to a row
    options_.lines = true;
  }

  Error write(Batch& batch, const std::atomic<bool>& hurry) override {
    if (file_ == nullptr) {
      if (Error error = take_header(header_)) return error;
    }
    while (!batch.empty()) {
      const std::string_view first = record(batch, 0);
      if (first_field(first) == key_) {
        if (Error error = take_header(std::string(first))) return error;
        batch.drop_first(1);
        continue;
      }
      if (Error error = write_rows(batch, hurry)) return error;
    }
    return {};
  }
  // Another writer that has added columns has put another file in its place.
  Error verify() override {
    Error error = file_ != nullptr ? file_->verify() : Error();
    if (!error) return {};
    struct stat about {};
    if (::stat(path_.c_str(), &about) == 0 && S_ISREG(about.st_mode)) {
      file_ = nullptr;
      return {};
    }
    hopeless_ = true;
    return error;
  }
  std::string take_notice() override { return std::exchange(notice_, std::string()); }

 private:
  static std::string_view record(const Batch& batch, std::size_t index) noexcept {
    const std::size_t begin = index > 0 ? batch.ends[index - 1] : 0;
    return std::string_view(batch.bytes).substr(begin, batch.ends[index] - begin);
  }

  Error take_header(std::string header) {
    Fields given;
    split(without_end(header), given);
    Rows rows;
    std::string there;
    if (Error error = look_at_file(rows, there)) return error;
    const bool is_new = rows.header_end == 0;  // also where a header was written in part
    Fields columns;
    if (is_new) {
      columns = given;
    } else {
      split(without_end(there), columns);
    }
    const std::size_t known = columns.size();
    for (const std::string_view column : given) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
    std::string new_header = joined(columns);
    if (!is_new && columns.size() > known) {
      if (Error error = add_columns(rows, new_header, columns.size() - known)) return error;
    } else if (!is_new) {
      new_header = there;
    }
    source_.clear();
    for (const std::string_view column : columns) {
      const auto found = std::find(given.begin(), given.end(), column);
      source_.push_back(found != given.end() ? std::optional(found - given.begin()) : std::nullopt);
    }
    options_.header = std::move(new_header);
    file_ = file_sink(path_, options_);
    header_ = std::move(header);
    return {};
  }

  // Finds the rows of a regular file, and its header, and cuts off half a row that a process has left that was killed,
  // unless somebody else is writing it. Anything else is written to as if it were new.
  Error look_at_file(Rows& rows, std::string& header) {
    struct stat about {};
    if (::stat(path_.c_str(), &about) != 0 || !S_ISREG(about.st_mode) || about.st_size == 0) return {};
    const int fd = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return system_error(errno, "opening", path_);
    std::string chunk(std::size_t{1} << 16, '\0');
    ssize_t count = 0;
    while ((count = ::read(fd, chunk.data(), chunk.size())) > 0) {
      const std::string_view read = std::string_view(chunk).substr(0, static_cast<std::size_t>(count));
      if (rows.header_end == 0) header += read;
      rows.add(read);
    }
    Error error = count < 0 ? system_error(errno, "reading", path_) : Error();
    if (rows.header_end > 0) header.resize(rows.header_end);
    if (!error && first_field(header) != key_ && !(rows.header_end == 0 && key_.starts_with(header))) {
      error = Error(StatusCode::failed_precondition,
                    fmt::format("'{}' exists and has no column '{}' first, so it is left alone", path_, key_));
    }
    if (error.code() == StatusCode::failed_precondition) hopeless_ = true;
    if (!error && rows.last_end < rows.size && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        ftruncate(fd, static_cast<off_t>(rows.last_end)) != 0) {
      error = system_error(errno, "cutting off half a row of", path_);
    }
    ::close(fd);
    return error;
  }

  static std::string joined(const Fields& fields) {
    std::string row;
    for (const std::string_view field : fields) {
      if (!row.empty()) row += ',';
      row += field;
    }
    return row + '\n';
  }

  Error add_columns(const Rows& rows, const std::string& header, std::size_t count) {
    std::string content(rows.last_end, '\0');
    std::ifstream file(path_, std::ios::binary);
    if (!file.read(content.data(), static_cast<std::streamsize>(content.size()))) {
      return system_error(errno, "reading", path_);
    }
    std::string rewritten = header;
    rewritten.reserve(content.size() + content.size() / 16 + header.size());
    for (std::string_view rest = std::string_view(content).substr(rows.header_end); !rest.empty();) {
      const std::string_view row = first_row(rest);
      rest.remove_prefix(row.size());
      rewritten += without_end(row);
      rewritten.append(count, ',');
      rewritten += '\n';
    }
    return replace_file(path_, rewritten, &notice_);
  }

  // Those up to the next header.
  Error write_rows(Batch& batch, const std::atomic<bool>& hurry) {
    Batch rows;
    Fields fields;
    for (std::size_t i = 0; i < batch.ends.size() && first_field(record(batch, i)) != key_; ++i) {
      split(without_end(record(batch, i)), fields);
      row_.clear();
      for (const auto& from : source_) {
        if (&from != source_.data()) row_ += ',';
        if (from && static_cast<std::size_t>(*from) < fields.size()) row_ += fields[static_cast<std::size_t>(*from)];
      }
      row_ += '\n';
      rows.add(row_);
    }
    const std::size_t before = rows.ends.size();
    Error error = file_->write(rows, hurry);
    hopeless_ = file_->hopeless();
    batch.drop_first(before - rows.ends.size());
    return error;
  }

  const std::string path_;
  OutputOptions options_;  // of the file
  std::string header_;     // given last
  const std::string key_;
  std::unique_ptr<Sink> file_;                         // NULL: nothing was written yet
  std::vector<std::optional<std::ptrdiff_t>> source_;  // for each column of the file, which field of a record it has
  std::string row_;
  std::string notice_;
};

}  // namespace

std::unique_ptr<Sink> csv_sink(std::string path, const OutputOptions& options) {
  return std::make_unique<CsvSink>(std::move(path), options);
}

}  // namespace detail
}  // namespace runhook::inline v1
