#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace runhook {
namespace {

using detail::is_utf8;
using detail::utf8_beginning;
using namespace std::string_view_literals;

TEST(Utf8, WellFormedTextIsItsOwnBeginning) {
  for (const std::string_view text :
       {""sv, "a"sv, "just ASCII, and more of it than fits into one word"sv, "\0 inside\0"sv, "\x7F"sv,
        "\xC2\x80"sv,  // the least of each length, and the greatest
        "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv,
        "\xF4\x8F\xBF\xBF"sv, "caf\xC3\xA9, \xE2\x82\xAC 5 \xF0\x9F\x98\x80!"sv}) {
    EXPECT_EQ(utf8_beginning(text), text);
    EXPECT_EQ(utf8_beginning(text).data(), text.data()) << "a view of the same text";
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, MalformedSequenceEndsTheBeginning) {
  const struct {
    const char* what;
    std::string_view bytes;
  } kinds[] = {
      {"continuation without a lead", "\x80"},
      {"overlong form of two bytes", "\xC0\xAF"},
      {"lead that is always overlong", "\xC1\xBF"},
      {"overlong form of three bytes", "\xE0\x9F\xBF"},
      {"overlong form of four bytes", "\xF0\x8F\xBF\xBF"},
      {"first surrogate", "\xED\xA0\x80"},
      {"last surrogate", "\xED\xBF\xBF"},
      {"above U+10FFFF", "\xF4\x90\x80\x80"},
      {"lead that is always too large", "\xF5\x80\x80\x80"},
      {"byte of no encoding", "\xFF"},
      {"two bytes, the second is none", "\xC3("},
      {"three bytes, the second is none", "\xE2(\xA1"},
      {"three bytes, the third is none", "\xE2\x82("},
      {"four bytes, the second is none", "\xF0(\x8C\xBC"},
      {"four bytes, the third is none", "\xF0\x90(\xBC"},
      {"four bytes, the fourth is none", "\xF0\x90\x8C("},
  };
  // In front of them: nothing, a part of a word, a whole one, other characters.
  for (const std::string before : {"", "abc", "12345678", "1234567890123456", "\xC3\xA9", "x\xF0\x9F\x98\x80"}) {
    for (const auto& kind : kinds) {
      for (const std::string after : {"", "after", "\xC3\xA9"}) {
        const std::string text = before + std::string(kind.bytes) + after;
        EXPECT_EQ(utf8_beginning(text), before) << kind.what;
        EXPECT_FALSE(is_utf8(text)) << kind.what;
      }
    }
  }
}

TEST(Utf8, CharacterThatIsCutIsLeftOut) {
  for (const std::string_view character : {"\xC3\xA9"sv, "\xE2\x82\xAC"sv, "\xF0\x9F\x98\x80"sv}) {
    for (std::size_t kept = 1; kept < character.size(); ++kept) {
      const std::string text = "caf\xC3\xA9 " + std::string(character.substr(0, kept));
      EXPECT_EQ(utf8_beginning(text), "caf\xC3\xA9 ");
    }
    EXPECT_EQ(utf8_beginning(character.substr(0, 1)), "");
  }
}

TEST(Utf8, LongTextIsReadToItsEnd) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  std::string ascii(kMiB, 'a');
  EXPECT_EQ(utf8_beginning(ascii).size(), kMiB);
  ascii.back() = '\x80';
  EXPECT_EQ(utf8_beginning(ascii).size(), kMiB - 1);
  ascii[kMiB / 2] = '\xC3';
  EXPECT_EQ(utf8_beginning(ascii).size(), kMiB / 2);

  std::string accents;
  accents.reserve(kMiB);
  while (accents.size() < kMiB) accents += "\xC3\xA9";
  EXPECT_EQ(utf8_beginning(accents).size(), kMiB);
  accents.pop_back();
  EXPECT_EQ(utf8_beginning(accents).size(), kMiB - 2);
}

}  // namespace
}  // namespace runhook
