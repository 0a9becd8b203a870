#include "base/one_line.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace runhook {
namespace {

using detail::Blanks;
using detail::is_one_line;
using detail::one_line;
using namespace std::string_view_literals;

TEST(OneLine, TextWithoutControlCharactersStaysAsItIs) {
  for (const std::string_view text : {""sv, "a"sv, "hook 'caf\xC3\xA9' \xE2\x82\xAC \xF0\x9F\x98\x80"sv, "\\n"sv,
                                      "\xC2\xA0"sv, "\xE2\x80\xA7\xE2\x80\xAA"sv, "~"sv, "a\tb"sv}) {
    EXPECT_TRUE(is_one_line(text)) << text;
    EXPECT_EQ(one_line(text), text);
  }
}

TEST(OneLine, LineEndIsASpaceInProseAndAnEscapeInAValue) {
  const struct {
    std::string_view text, prose, value;
  } cases[] = {
      {"a\nb", "a b", "a\\nb"},
      {"a\r\nb", "a  b", "a\\r\\nb"},
      {"\n", " ", "\\n"},
      {"a\xE2\x80\xA8g\xE2\x80\xA9", "a g ", "a\\u2028g\\u2029"},
      {"a\t\nb", "a\t b", "a\\t\\nb"},
  };
  for (const auto& one : cases) {
    EXPECT_FALSE(is_one_line(one.text));
    EXPECT_EQ(one_line(one.text), one.prose);
    EXPECT_EQ(one_line(one.text, Blanks::escaped), one.value);
  }
}

TEST(OneLine, OtherControlCharactersAndWhatIsNoUtf8AreEscaped) {
  const struct {
    std::string_view text, line;
  } cases[] = {
      {"\0"sv, "\\x00"},       {"\x1B[2J", "\\x1b[2J"}, {"\x0B\x0C\x1C", "\\x0b\\x0c\\x1c"},
      {"\x7F", "\\x7f"},       {"\xC2\x85", "\\x85"},   {"\xFF\xC3\xA9", "\\xff\xC3\xA9"},
      {"caf\xC3", "caf\\xc3"},
  };
  for (const auto& one : cases) {
    EXPECT_FALSE(is_one_line(one.text)) << one.line;
    EXPECT_EQ(one_line(one.text), one.line);
    EXPECT_EQ(one_line(one.text, Blanks::escaped), one.line);
  }
}

TEST(OneLine, WhatComesOfItIsOneLine) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "\xC2" + static_cast<char>(c) + "z";
    EXPECT_TRUE(is_one_line(one_line(text))) << c;
    EXPECT_TRUE(is_one_line(one_line(text, Blanks::escaped))) << c;
  }
}

}  // namespace
}  // namespace runhook
