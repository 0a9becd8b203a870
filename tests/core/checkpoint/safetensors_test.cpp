// The headers of safetensors files: how they are laid out, and that none does harm, whoever has written it.
#include "checkpoint/safetensors.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/hostile_input.hpp"
#include "core/expect_error.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using detail::lay_out_safetensors;
using detail::parse_safetensors;
using detail::safetensors_json_bytes;
using detail::SafetensorsEntry;
using detail::SafetensorsHeader;

constexpr std::uint64_t kLengthBytes = SafetensorsHeader::kLengthBytes;
constexpr std::size_t kMebibyte = std::size_t{1} << 20;

SafetensorsEntry entry(std::string name, DType dtype, std::vector<std::int64_t> shape) {
  SafetensorsEntry one;
  one.name = std::move(name);
  one.dtype = dtype;
  one.shape = std::move(shape);
  return one;
}

// Reads the JSON of a file that has so much data.
SafetensorsHeader parse(std::string_view json, std::uint64_t data_bytes) {
  return parse_safetensors(json, kLengthBytes + json.size() + data_bytes);
}

std::string eight_bytes(std::uint64_t number) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

std::string tensor(std::string_view name, std::string_view begin, std::string_view end) {
  std::string text = "\"";
  ((((text += name) += R"(":{"dtype":"U8","shape":[1],"data_offsets":[)") += begin) += ',') += end;
  return text + "]}";
}

TEST(SafetensorsLayout, LargestElementsComeFirstThenTheNames) {
  SafetensorsHeader header;
  header.tensors = {entry("b", DType::uint8, {3}),           entry("a", DType::uint8, {5}),
                    entry("z", DType::float64, {2}),         entry("m", DType::bfloat16, {1, 3}),
                    entry("none", DType::complex64, {0, 7}), entry("one", DType::int32, {})};
  const std::string text = lay_out_safetensors(header);
  ASSERT_EQ(header.tensors.size(), 6);
  EXPECT_EQ(text.substr(kLengthBytes, text.find_last_of('}') + 1 - kLengthBytes),
            R"({"none":{"dtype":"C64","shape":[0,7],"data_offsets":[0,0]},)"
            R"("z":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},)"
            R"("one":{"dtype":"I32","shape":[],"data_offsets":[16,20]},)"
            R"("m":{"dtype":"BF16","shape":[1,3],"data_offsets":[20,26]},)"
            R"("a":{"dtype":"U8","shape":[5],"data_offsets":[26,31]},)"
            R"("b":{"dtype":"U8","shape":[3],"data_offsets":[31,34]}})");
  EXPECT_EQ(header.data_bytes(), 34);
  for (const SafetensorsEntry& one : header.tensors) {
    EXPECT_EQ(one.begin % dtype_size(one.dtype), 0) << one.name << " lies where its elements may be read";
  }
}

TEST(SafetensorsLayout, DataBeginsAtMultipleOf64AfterSpaces) {
  for (std::size_t length = 0; length < 130; ++length) {
    SafetensorsHeader header;
    header.tensors = {entry("x" + std::string(length, 'y'), DType::uint8, {1})};
    const std::string text = lay_out_safetensors(header);
    EXPECT_EQ(text.size() % 64, 0);
    EXPECT_EQ(header.data_begin, text.size());
    EXPECT_EQ(safetensors_json_bytes(text.substr(0, 8), text.size() + 1), text.size() - 8);
    EXPECT_EQ(text.find_first_not_of(' ', text.rfind('}') + 1), std::string::npos);
    EXPECT_LT(text.size() - text.rfind('}'), 66U) << "no more spaces than are needed";
  }
}

TEST(SafetensorsLayout, WhatIsLaidOutIsReadBack) {
  SafetensorsHeader header;
  std::int64_t extent = 0;
  for (const DType dtype : {DType::boolean, DType::int8, DType::int16, DType::int32, DType::int64, DType::uint8,
                            DType::uint16, DType::uint32, DType::uint64, DType::float16, DType::bfloat16,
                            DType::float32, DType::float64, DType::complex64}) {
    EXPECT_TRUE(detail::has_safetensors_dtype(dtype));
    header.tensors.push_back(entry("t" + std::to_string(extent), dtype, {extent, 2}));
    ++extent;
  }
  EXPECT_FALSE(detail::has_safetensors_dtype(DType::complex128));
  header.tensors.push_back(entry("deep", DType::int8, std::vector<std::int64_t>(Value::kMaxRank, 1)));
  header.metadata = {{"format", "pt"}, {"", "empty"}, {"quo\"te", "\\\n\t\x01/\xC3\xB6"}};
  const std::string text = lay_out_safetensors(header);
  const SafetensorsHeader read = parse(std::string_view(text).substr(kLengthBytes), header.data_bytes());
  EXPECT_EQ(read.data_begin, header.data_begin);
  EXPECT_EQ(read.metadata, header.metadata);
  ASSERT_EQ(read.tensors.size(), header.tensors.size());
  for (const SafetensorsEntry& one : header.tensors) {
    const SafetensorsEntry* const other = read.find(one.name);
    ASSERT_NE(other, nullptr) << one.name;
    EXPECT_EQ(other->dtype, one.dtype) << one.name;
    EXPECT_EQ(other->shape, one.shape) << one.name;
    EXPECT_EQ(other->begin, one.begin) << one.name;
    EXPECT_EQ(other->end, one.end) << one.name;
  }
}

TEST(SafetensorsLayout, StrangeNamesAreReadBack) {
  const std::vector<std::string> names{"quo\"te", "back\\slash", "new\nline",           "\x01\x1F\x7F",
                                       "größer",  "名前",        "\xF0\x9F\x98\x80",    "\xE2\x80\xA8",
                                       "a/b.c:0", " ",           "__metadata",          "{\"dtype\":\"U8\"}",
                                       "\\u0041", "'",           std::string(300, 'n'), ""};
  SafetensorsHeader header;
  for (const std::string& name : names) header.tensors.push_back(entry(name, DType::uint8, {1}));
  const std::string text = lay_out_safetensors(header);
  const SafetensorsHeader read = parse(std::string_view(text).substr(kLengthBytes), names.size());
  for (const std::string& name : names) EXPECT_NE(read.find(name), nullptr) << name;
}

TEST(SafetensorsLayout, WhatNoFileCanHaveIsRefused) {
  const auto laid_out = [](std::vector<SafetensorsEntry> tensors) {
    SafetensorsHeader header;
    header.tensors = std::move(tensors);
    return lay_out_safetensors(header);
  };
  EXPECT_STATUS(laid_out({entry("a", DType::uint8, {1}), entry("a", DType::int64, {1})}), invalid_argument, "two");
  EXPECT_STATUS(laid_out({entry("__metadata__", DType::uint8, {1})}), invalid_argument, "__metadata__");
  EXPECT_STATUS(laid_out({entry("\xFF", DType::uint8, {1})}), invalid_argument, "UTF-8");
  EXPECT_STATUS(laid_out({entry("a", DType::int64, {INT64_MAX, 8})}), invalid_argument, "too large");
}

TEST(SafetensorsLength, MoreThanTheFileOrTheFormatHasIsRefused) {
  EXPECT_EQ(safetensors_json_bytes(eight_bytes(92), 100), 92);
  EXPECT_STATUS(safetensors_json_bytes(eight_bytes(93), 100), data_loss, "longer than the file");
  EXPECT_EQ(safetensors_json_bytes(eight_bytes(100'000'000), UINT64_MAX), 100'000'000);
  EXPECT_STATUS(safetensors_json_bytes(eight_bytes(100'000'001), UINT64_MAX), data_loss, "longer than the file");
  EXPECT_STATUS(safetensors_json_bytes(eight_bytes(UINT64_MAX), 100), data_loss, "longer");
  EXPECT_STATUS(safetensors_json_bytes("1234567", 7), data_loss, "shorter than eight");
  EXPECT_STATUS(safetensors_json_bytes(eight_bytes(2), 7), data_loss, "longer");
  EXPECT_STATUS(parse_safetensors("{}", 9), data_loss, "longer than the file");
}

struct Hostile {
  std::string name;
  std::string json;
  std::uint64_t data_bytes = 0;
};

std::string with_shape(std::string_view shape, std::string_view end) {
  std::string text = R"({"a":{"dtype":"U8","shape":)";
  return (((text += shape) += ",\"data_offsets\":[0,") += end) + "]}}";
}

std::vector<Hostile> hostile_headers() {
  const std::string a = tensor("a", "0", "1");
  std::vector<Hostile> all{
      {"empty", "", 0},
      {"not an object", "[]", 0},
      {"text", "\"{}\"", 0},
      {"space before", " {}", 0},
      {"byte order mark", "\xEF\xBB\xBF{}", 0},
      {"NUL within", std::string("{\"a\0b\":1}", 9), 0},
      {"NUL after", std::string("{}\0", 3), 0},
      {"cut off", "{" + a, 1},
      {"garbage after", "{" + a + "}x", 1},
      {"second object after", "{" + a + "}{}", 1},
      {"comment", "{" + a + "/**/}", 1},
      {"comma at the end", "{" + a + ",}", 1},
      {"single quotes", "{'a':1}", 0},
      {"not UTF-8", "{" + tensor("\xFF\xFE", "0", "1") + "}", 1},
      {"surrogate", "{" + tensor("\xED\xA0\x80", "0", "1") + "}", 1},
      {"lonely escaped surrogate", "{" + tensor("\\uD800", "0", "1") + "}", 1},
      {"control character", "{" + tensor("\n", "0", "1") + "}", 1},
      {"same tensor twice", "{" + a + "," + tensor("a", "1", "2") + "}", 2},
      {"same tensor twice, once escaped", "{" + a + "," + tensor("\\u0061", "1", "2") + "}", 2},
      {"same member twice", R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1},
      {"shape twice", R"({"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", 1},
      {"metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0},
      {"same metadata twice", R"({"__metadata__":{"a":"1","a":"2"}})", 0},
      {"metadata of numbers", R"({"__metadata__":{"a":1}})", 0},
      {"metadata of objects", R"({"__metadata__":{"a":{}}})", 0},
      {"metadata a text", R"({"__metadata__":"a"})", 0},
      {"metadata null", R"({"__metadata__":null})", 0},
      {"unknown member", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}})", 1},
      {"no dtype", R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1},
      {"no shape", R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1},
      {"no offsets", R"({"a":{"dtype":"U8","shape":[1]}})", 1},
      {"one offset", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1},
      {"three offsets", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}})", 1},
      {"list in a list", R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1},
      {"dtype a number", R"({"a":{"dtype":8,"shape":[1],"data_offsets":[0,1]}})", 1},
      {"dtype null", R"({"a":{"dtype":null,"shape":[1],"data_offsets":[0,1]}})", 1},
      {"tensor a list", R"({"a":[1]})", 1},
      {"tensor a number", R"({"a":1})", 1},
      {"negative extent", with_shape("[-1]", "1"), 1},
      {"minus zero", with_shape("[-0]", "0"), 0},
      {"fraction", with_shape("[1.0]", "1"), 1},
      {"exponent", with_shape("[1e0]", "1"), 1},
      {"huge extent", with_shape("[18446744073709551616]", "1"), 1},
      {"extent beyond int64", with_shape("[9223372036854775808]", "1"), 1},
      {"infinite extent", with_shape("[1e999]", "1"), 1},
      {"leading zero", with_shape("[01]", "1"), 1},
      {"text as extent", with_shape("[\"1\"]", "1"), 1},
      {"shape a number", with_shape("1", "1"), 1},
      {"product overflows to zero", with_shape("[4294967296,4294967296]", "0"), 0},
      {"product overflows to one", with_shape("[9223372036854775807,3,6148914691236517205]", "1"), 1},
      {"fewer bytes than the shape says", with_shape("[2]", "1"), 1},
      {"negative offset", with_shape("[1]", "-1"), 1},
      {"huge offset", with_shape("[1]", "18446744073709551615"), 1},
      {"end before begin", "{" + tensor("a", "1", "0") + "}", 1},
      {"gap before", "{" + tensor("a", "1", "2") + "}", 2},
      {"gap between", "{" + a + "," + tensor("b", "2", "3") + "}", 3},
      {"overlap", "{" + a + "," + tensor("b", "0", "1") + "}", 1},
      {"file too long", "{" + a + "}", 2},
      {"file too short", "{" + a + "}", 0},
      {"data without tensors", "{}", 1},
      {"rank 33", with_shape("[1" + repeated(",1", 64) + "]", "1"), 1},
      {"deep lists", "{\"a\":" + std::string(1000, '['), 0},
      {"deep objects", repeated("{\"a\":", 5000), 0},
  };
  return all;
}

TEST(SafetensorsHeaders, WhatIsNoHeaderIsDataLoss) {
  for (const Hostile& one : hostile_headers()) {
    EXPECT_STATUS(parse(one.json, one.data_bytes), data_loss, "no safetensors file") << one.name << ": " << one.json;
  }
}

// That each of them is refused for what it is, and not for how this test puts it together.
TEST(SafetensorsHeaders, WhatIsOneIsRead) {
  EXPECT_EQ(parse("{}", 0).tensors.size(), 0);
  EXPECT_EQ(parse("{}   ", 0).tensors.size(), 0);
  EXPECT_EQ(parse("{" + tensor("a", "0", "1") + "," + tensor("b", "1", "2") + "}", 2).tensors.size(), 2);
  EXPECT_EQ(parse("{" + tensor("b", "1", "2") + "," + tensor("a", "0", "1") + "}", 2).tensors.front().name, "a");
  EXPECT_EQ(parse(with_shape("[1]", "1"), 1).tensors.size(), 1);
  EXPECT_EQ(parse(with_shape("[]", "1"), 1).tensors.size(), 1);
  EXPECT_EQ(parse(with_shape("[0,9223372036854775807]", "0"), 0).tensors.size(), 1);
  EXPECT_EQ(parse(with_shape("[1" + repeated(",1", 62) + "]", "1"), 1).tensors.front().shape.size(), 32);
  EXPECT_EQ(parse("{" + tensor("\\u0061\\uD83D\\uDE00", "0", "1") + "}", 1).tensors.front().name, "a\xF0\x9F\x98\x80");
  EXPECT_EQ(parse(R"({"__metadata__":{"a":"1","b":"2"}})", 0).metadata.size(), 2);
}

TEST(SafetensorsHeaders, TypeThatValueLacksIsUnimplemented) {
  for (const char* const type : {"F8_E4M3", "F4", "C128", "", "u8", "F32 "}) {
    const std::string json = std::string(R"({"a":{"dtype":")") + type + R"(","shape":[1],"data_offsets":[0,1]}})";
    EXPECT_STATUS(parse(json, 1), unimplemented, std::string("'") + type + "'");
  }
}

TEST(SafetensorsHeaders, LongHostileOnesAreRefusedSoonAndWithLittleMemory) {
  const std::string a = tensor("a", "0", "1");
  std::string same_name = "{", same_place = "{", no_elements = "{", metadata = "{\"__metadata__\":{", both = "{";
  const auto next = [](std::string& text, const std::string& more) { (text += text.back() == '{' ? "" : ",") += more; };
  for (int i = 0; i < 100'000; ++i) next(same_place, tensor(std::to_string(i), "0", "1"));
  for (int i = 0; same_name.size() < kMebibyte; ++i) {
    next(same_name, tensor("a", std::to_string(i), std::to_string(i + 1)));
  }
  for (int i = 0; no_elements.size() < kMebibyte; ++i) {
    next(no_elements, "\"" + std::to_string(i) + R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
  }
  for (int i = 0; metadata.size() < kMebibyte; ++i) next(metadata, "\"" + std::to_string(i) + "\":\"\"");
  for (int i = 0; both.size() < kMebibyte; ++i) next(both, tensor(std::to_string(i), "1", "1"));
  const std::vector<Hostile> all{
      {"100,000 tensors of one place", same_place + "}", 1},
      {"one name", same_name + "}", 1},
      {"no elements, but data", no_elements + "}", 1},
      {"metadata without end", metadata, 0},
      {"gap in front", both + "}", 1},
      {"lists", repeated("[", kMebibyte), 0},
      {"lists in an object", "{\"a\":" + repeated("[", kMebibyte), 0},
      {"objects", repeated("{\"a\":", kMebibyte), 0},
      {"spaces", "{" + std::string(kMebibyte, ' '), 0},
      {"name without end", "{\"" + std::string(kMebibyte, 'a'), 0},
      {"name of escapes", "{\"" + repeated("\\u0000", kMebibyte), 0},
      {"not UTF-8", "{\"" + std::string(kMebibyte, '\xFF'), 0},
      {"dtype", R"({"a":{"dtype":")" + std::string(kMebibyte, 'U'), 0},
      {"digits", "{\"a\":{\"shape\":[" + std::string(kMebibyte, '9') + "]", 0},
      {"extents", "{\"a\":{\"shape\":[" + repeated("1", kMebibyte, ",") + "]", 0},
      {"offsets", "{\"a\":{\"data_offsets\":[" + repeated("1", kMebibyte, ",") + "]", 0},
      {"members", "{\"a\":{" + repeated("\"shape\":[]", kMebibyte, ","), 0},
      {"NULs", "{" + std::string(kMebibyte, '\0'), 0},
      {"garbage", "{" + a + "}" + std::string(kMebibyte, 'x'), 1},
  };
  for (const Hostile& one : all) {
    EXPECT_TRUE(is_cheap(cost_of_refusing([&] { parse(one.json, one.data_bytes); }))) << one.name;
  }
}

// Shows that a reader that takes too much is found.
TEST(SafetensorsHeaders, CostlyReaderIsFound) {
  if (kIsSanitized) GTEST_SKIP() << "the limits are others then";
  const Cost cost = cost_of_refusing([] {
    const std::vector<char> much(100 * kMebibyte, 1);
    throw StatusError(StatusCode::data_loss, std::to_string(much.back()));
  });
  EXPECT_TRUE(cost.is_refused);
  EXPECT_FALSE(is_cheap(cost));
  EXPECT_FALSE(is_cheap(cost_of_refusing([] {})));
}

TEST(SafetensorsHeaders, MutationsAreReadOrRefused) {
  constexpr int kInputs = 20'000;
  SafetensorsHeader header;
  header.tensors = {entry("weights", DType::float32, {2, 3}), entry("none", DType::int64, {0}),
                    entry("flag", DType::boolean, {}), entry("text", DType::uint8, {5})};
  header.metadata = {{"runhook:text", "string"}};
  const std::string text = lay_out_safetensors(header);
  const std::string json = text.substr(kLengthBytes, text.rfind('}') + 1 - kLengthBytes);
  std::mt19937_64 random(20240607);  // always the same ones
  int read = 0;
  for (int i = 0; i < kInputs; ++i) {
    const std::string input = mutated(json, random);
    const std::uint64_t data_bytes = random() % 4 == 0 ? random() % 64 : header.data_bytes();
    try {
      const SafetensorsHeader parsed = parse(input, data_bytes);
      ++read;
      // Then it is as the format wants it.
      std::uint64_t at = 0;
      std::set<std::string> names;
      for (const SafetensorsEntry& one : parsed.tensors) {
        ASSERT_EQ(one.begin, at) << input;
        ASSERT_TRUE(names.insert(one.name).second) << input;
        at = one.end;
      }
      ASSERT_EQ(at, data_bytes) << input;
    } catch (const StatusError& error) {
      ASSERT_TRUE(error.code() == StatusCode::data_loss || error.code() == StatusCode::unimplemented)
          << error.error().to_string() << ": " << input;
    }
  }
  EXPECT_GT(read, kInputs / 100) << "some are only renamed";
  EXPECT_LT(read, kInputs / 2);
}

}  // namespace
