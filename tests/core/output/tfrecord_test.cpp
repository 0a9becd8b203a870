// Files of records: their checksums, frames, and reading them.
#include "output/tfrecord.hpp"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "output/crc32c.hpp"

namespace runhook {
namespace {

using detail::crc32c;
using detail::crc32c_portable;

TEST(Crc32c, HasTheValuesOfItsStandard) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending += static_cast<char>(i);
  const std::vector<std::pair<std::string, std::uint32_t>> cases = {
      {"", 0},
      {"123456789", 0xE3069283},
      {std::string(32, '\0'), 0x8A9136AA},  // these of RFC 3720
      {std::string(32, '\xFF'), 0x62A8AB43},
      {ascending, 0x46DD794E},
  };
  for (const auto& [data, crc] : cases) {
    EXPECT_EQ(crc32c(data), crc);
    EXPECT_EQ(crc32c_portable(data), crc);
  }
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
  std::mt19937 random(1);
  std::string data(300, '\0');
  for (char& byte : data) byte = static_cast<char>(random());
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; begin + size <= data.size(); ++size) {
      const std::string_view part = std::string_view(data).substr(begin, size);
      ASSERT_EQ(crc32c(part), crc32c_portable(part)) << begin << " " << size;
    }
  }
}

TEST(Crc32c, IsMaskedForStorage) { EXPECT_EQ(detail::mask_crc(0xE3069283), 0xC78AB0E5); }

std::string frame(std::string_view data) {
  std::string buffer = "left over";
  detail::begin_record(buffer);
  buffer += data;
  detail::finish_record(buffer);
  return buffer;
}

// All records, and in `error` what reading ended with.
std::vector<std::string> read_all(const std::string& bytes, Error* error = nullptr) {
  std::istringstream input(bytes);
  detail::RecordReader reader(input);
  std::vector<std::string> records;
  const Error failure = runhook_test::error_of([&] {
    while (reader.next()) records.emplace_back(reader.data());
  });
  if (error != nullptr)
    *error = failure;
  else
    EXPECT_FALSE(failure) << failure.to_string();
  return records;
}

// The bytes are python3-crc32c's and struct's.
TEST(TfRecord, FrameIsAsOthersMakeIt) {
  const unsigned char expected[] = {0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xEA, 0xB2, 0x04,
                                    0x3E, 0x68, 0x65, 0x6C, 0x6C, 0x6F, 0xBB, 0x1F, 0x1C, 0x19};
  EXPECT_EQ(frame("hello"), std::string(reinterpret_cast<const char*>(expected), sizeof expected));
}

TEST(TfRecord, RecordsAreReadAsTheyWereWritten) {
  const std::vector<std::string> records = {"first", "", std::string(3 << 20, 'x'), std::string("\0\n", 2)};
  std::string file;
  for (const std::string& record : records) file += frame(record);
  EXPECT_EQ(read_all(file), records);
  EXPECT_TRUE(read_all("").empty());
}

TEST(TfRecord, FileThatEndsWithinARecordEndsBeforeIt) {
  const std::string first = frame("first");
  const std::string file = first + frame("second");
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_EQ(read_all(file.substr(0, size)).size(), size < first.size() ? 0u : 1u) << size;
  }
}

TEST(TfRecord, FlippedBitIsFoundWhereverItIs) {
  const std::string first = frame("first");
  const std::string file = first + frame("second") + frame("third");
  for (std::size_t byte = first.size(); byte < first.size() + frame("second").size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = file;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      Error error;
      EXPECT_EQ(read_all(damaged, &error), std::vector<std::string>{"first"});
      EXPECT_TRUE(runhook_test::is_error(error, StatusCode::data_loss, "at byte 21"));
    }
  }
}

TEST(TfRecord, LengthOfWhatIsNotThereTakesNoMemory) {
  std::string length("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x0F", 8);
  const std::uint32_t crc = detail::mask_crc(crc32c(length));
  for (int i = 0; i < 4; ++i) length += static_cast<char>(crc >> (8 * i));
  EXPECT_TRUE(read_all(length + "some data").empty());
}

}  // namespace
}  // namespace runhook
