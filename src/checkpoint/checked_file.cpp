#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "base/format.hpp"
#include "base/refuse.hpp"
#include "checkpoint/checkpoint_files.hpp"
#include "output/crc32c.hpp"
#include "output/sink.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// What is read at once: it is still in the processor's cache when its checksum is made.
constexpr std::uint64_t kSliceBytes = std::uint64_t{256} << 10;

}  // namespace

struct CheckedFile::Mapping {
  char* memory = nullptr;
  std::size_t size = 0;
  Mapping(char* its_memory, std::size_t its_size) noexcept : memory(its_memory), size(its_size) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(memory, size); }
};

CheckedFile::CheckedFile(std::shared_ptr<FileSystem> files, std::string path, ManifestFile about,
                         std::uint64_t piece_bytes)
    : files_(std::move(files)),
      path_(std::move(path)),
      about_(std::move(about)),
      piece_bytes_(piece_bytes),
      checked_(about_.pieces.size()) {
  file_ = OpenFile(files_, path_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file_) {
    if (errno == ENOENT) lose("it is not there");
    if (errno == ELOOP) lose("it is a link");
    if (errno == ENXIO) lose("it is no regular file");  // but a socket
    throw StatusError(system_error(errno, "opening", path_));
  }
  struct stat found {};
  if (files_->status(file_.fd(), found) != 0) throw StatusError(system_error(errno, "looking at", path_));
  if (!S_ISREG(found.st_mode)) lose("it is no regular file");
  if (static_cast<std::uint64_t>(found.st_size) != about_.bytes) {
    lose(fmt::format("it has {} bytes, and not {}", found.st_size, about_.bytes));
  }
  if (about_.bytes < SafetensorsHeader::kLengthBytes) lose("it is shorter than eight bytes");
  beginning_.resize(SafetensorsHeader::kLengthBytes);
  read_at(0, beginning_.data(), beginning_.size());
  read_header();
}

void CheckedFile::read_header() {
  try {
    const std::uint64_t json_bytes = safetensors_json_bytes(beginning_, about_.bytes);
    check_range(0, SafetensorsHeader::kLengthBytes + json_bytes);  // before it is believed
    beginning_.resize(SafetensorsHeader::kLengthBytes + json_bytes);
    read_at(0, beginning_.data(), beginning_.size());
    header_ = parse_safetensors(std::string_view(beginning_).substr(SafetensorsHeader::kLengthBytes), about_.bytes);
  } catch (const StatusError& failed) {
    Error error = failed.error();
    if (error.message().find(path_) == std::string::npos) error.prepend(fmt::format("'{}': ", path_));
    throw StatusError(error);
  }
}

CheckedFile::~CheckedFile() = default;

void CheckedFile::lose(std::string_view why) const {
  fail(StatusCode::data_loss, fmt::format("'{}' is damaged: {}", path_, why));
}

void CheckedFile::read_at(std::uint64_t offset, char* memory, std::size_t size) const {
  const ssize_t count = read_all_at(*files_, file_.fd(), memory, size, offset);
  if (count < 0 && errno == EIO) lose("the system cannot read it (EIO)");
  if (count < 0) throw StatusError(system_error(errno, "reading", path_));
  if (static_cast<std::size_t>(count) < size) lose("it has been cut off");
}

void CheckedFile::accept_piece(std::size_t piece, std::uint32_t checksum) const {
  if (checksum != about_.pieces[piece]) lose(fmt::format("the checksum of its piece {} is another one", piece));
  checked_[piece].store(true, std::memory_order_release);
}

void CheckedFile::read_piece(std::size_t piece, const std::vector<Target>& targets) const {
  std::uint64_t at = piece * piece_bytes_;
  const std::uint64_t end = std::min(at + piece_bytes_, about_.bytes);
  std::uint32_t checksum = 0;
  if (at < beginning_.size()) {
    const std::uint64_t upto = std::min<std::uint64_t>(end, beginning_.size());
    checksum = crc32c(std::string_view(beginning_).substr(at, upto - at));
    at = upto;
  }
  auto target = std::upper_bound(targets.begin(), targets.end(), at,
                                 [](std::uint64_t offset, const Target& one) { return offset < one.end; });
  while (at < end) {
    while (target->end <= at) ++target;  // of tensors without elements
    char* const memory = target->memory + (at - target->begin);
    const std::uint64_t size = std::min({end, target->end, at + kSliceBytes}) - at;
    read_at(at, memory, size);
    checksum = crc32c({memory, size}, checksum);
    at += size;
  }
  accept_piece(piece, checksum);
}

void CheckedFile::check_piece(std::size_t piece) const {
  if (checked_[piece].load(std::memory_order_acquire)) return;
  const std::uint64_t end = std::min((piece + 1) * piece_bytes_, about_.bytes);
  std::string slice(std::min(kSliceBytes, end - piece * piece_bytes_), '\0');
  std::uint32_t checksum = 0;
  for (std::uint64_t at = piece * piece_bytes_; at < end; at += slice.size()) {
    const std::size_t size = std::min<std::uint64_t>(slice.size(), end - at);
    read_at(at, slice.data(), size);
    checksum = crc32c({slice.data(), size}, checksum);
  }
  accept_piece(piece, checksum);
}

void CheckedFile::check_range(std::uint64_t begin, std::uint64_t end) const {
  for (std::uint64_t piece = begin / piece_bytes_; piece * piece_bytes_ < end; ++piece) check_piece(piece);
}

void CheckedFile::read(const SafetensorsEntry& tensor, char* memory) const {
  const std::uint64_t begin = header_.data_begin + tensor.begin;
  const std::uint64_t end = header_.data_begin + tensor.end;
  if (begin == end) return;
  check_range(begin, end);
  read_at(begin, memory, end - begin);
}

std::shared_ptr<char> CheckedFile::map(const SafetensorsEntry& tensor) const {
  const std::uint64_t begin = header_.data_begin + tensor.begin;
  check_range(begin, header_.data_begin + tensor.end);
  const std::lock_guard lock(mapping_mutex_);
  if (mapping_ == nullptr) {
    auto* const memory = static_cast<char*>(files_->map(file_.fd(), about_.bytes));
    if (memory == nullptr) throw StatusError(system_error(errno, "mapping", path_));
    mapping_ = std::make_shared<Mapping>(memory, about_.bytes);
  }
  return {mapping_, mapping_->memory + begin};
}

}  // namespace detail
}  // namespace runhook::inline v1
