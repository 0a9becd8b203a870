#include "output/tfrecord.hpp"

#include <algorithm>
#include <cstdint>

#include "base/format.hpp"
#include "output/crc32c.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

constexpr std::size_t kLengthSize = 8;
constexpr std::size_t kCrcSize = 4;

void store_little_endian(char* to, std::uint64_t number, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<char>(number >> (8 * i));
}

std::uint64_t load_little_endian(std::string_view from) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = from.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(from[i]);
  return number;
}

bool crc_is(std::string_view data, std::string_view stored) noexcept {
  return mask_crc(crc32c(data)) == load_little_endian(stored);
}

}  // namespace

void begin_record(std::string& buffer) { buffer.assign(kRecordDataOffset, '\0'); }

void finish_record(std::string& buffer) {
  const std::size_t size = buffer.size() - kRecordDataOffset;
  buffer.append(kCrcSize, '\0');
  char* const frame = buffer.data();
  store_little_endian(frame, size, kLengthSize);
  store_little_endian(frame + kLengthSize, mask_crc(crc32c({frame, kLengthSize})), kCrcSize);
  store_little_endian(frame + kRecordDataOffset + size, mask_crc(crc32c({frame + kRecordDataOffset, size})), kCrcSize);
}

// Reads in pieces: the length that a file states may be wrong, and so much memory is not allocated at once.
bool RecordReader::read(std::string& into, std::size_t size) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  into.clear();
  while (into.size() < size) {
    const std::size_t at = into.size();
    const std::size_t piece = std::min(kPiece, size - at);
    into.resize(at + piece);
    input_.read(into.data() + at, static_cast<std::streamsize>(piece));
    if (input_.gcount() != static_cast<std::streamsize>(piece)) return false;
  }
  return true;
}

bool RecordReader::next() {
  if (!read(head_, kRecordDataOffset)) return false;
  const std::string_view head = head_;
  if (!crc_is(head.substr(0, kLengthSize), head.substr(kLengthSize))) {
    throw StatusError(StatusCode::data_loss, fmt::format("the length of the record at byte {} is damaged", offset_));
  }
  const std::uint64_t size = load_little_endian(head.substr(0, kLengthSize));
  if (!read(data_, size) || !read(tail_, kCrcSize)) return false;
  if (!crc_is(data_, tail_)) {
    throw StatusError(StatusCode::data_loss, fmt::format("the record at byte {} is damaged", offset_));
  }
  offset_ += kRecordDataOffset + size + kCrcSize;
  return true;
}

}  // namespace detail
}  // namespace runhook::inline v1
