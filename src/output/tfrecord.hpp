// Files of records, each with its length and two checksums (TFRecord): the frame around a record, and a reader.
#ifndef RUNHOOK_SRC_OUTPUT_TFRECORD_HPP_
#define RUNHOOK_SRC_OUTPUT_TFRECORD_HPP_

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>

namespace runhook::inline v1 {
namespace detail {

// Makes `buffer` a frame whose data is still to be appended. Keeps the buffer's memory.
void begin_record(std::string& buffer);
// Completes it.
void finish_record(std::string& buffer);
// Where the data of a frame begins.
inline constexpr std::size_t kRecordDataOffset = 12;

// Reads record by record. A file that ends within one is being written, or was cut by a crash, and counts as ended
// there.
class RecordReader {
 public:
  explicit RecordReader(std::istream& input) noexcept : input_(input) {}
  // Returns whether there is another record. Throws DATA_LOSS, naming the place in the file, if a checksum is wrong:
  // what follows cannot be trusted, and next() is not to be called again.
  bool next();
  std::string_view data() const noexcept { return data_; }  // of the record, until the next call

 private:
  bool read(std::string& into, std::size_t size);
  std::istream& input_;
  std::string head_;
  std::string data_;
  std::string tail_;
  std::size_t offset_ = 0;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_OUTPUT_TFRECORD_HPP_
