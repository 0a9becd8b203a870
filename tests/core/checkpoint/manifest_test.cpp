// The manifests of checkpoints: what is written is read back, and nothing else.
#include "checkpoint/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/hostile_input.hpp"
#include "core/expect_error.hpp"
#include "output/crc32c.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using detail::Manifest;
using detail::manifest_text;
using detail::ManifestFile;
using detail::parse_manifest;
using ::testing::IsEmpty;

constexpr std::string_view kTailBegin = ",\n  \"crc32c\": \"";
constexpr std::size_t kTailBytes = 27;

Manifest example() {
  Manifest manifest;
  manifest.step = 1200;
  manifest.saved_unix_ns = 1'700'000'000'123'456'789;
  manifest.session = "0123456789abcdef";
  manifest.files = {{"variables.safetensors", ManifestFile::Kind::variables, detail::kPieceBytes + 1, {0, 0xFFFFFFFF}},
                    {"state.safetensors", ManifestFile::Kind::state, 100, {0x1234}}};
  manifest.metrics = {{"loss", 0.25}, {"accuracy", 1}};
  return manifest;
}

// With the checksum that belongs to it, so that the rest is looked at.
std::string sealed(const std::string& members) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::uint32_t checksum = detail::crc32c(members);
  std::string text = members + std::string(kTailBegin);
  for (int shift = 28; shift >= 0; shift -= 4) text += kHex[checksum >> shift & 0xF];
  return text + "\"\n}\n";
}
std::string members_of(const std::string& text) { return text.substr(0, text.size() - kTailBytes); }
std::string replaced(std::string text, std::string_view old, std::string_view by) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}
// The example with something else in it, and the checksum that belongs to that.
std::string example_with(std::string_view by, std::string_view old) {
  return sealed(replaced(members_of(manifest_text(example())), old, by));
}

void expect_same(const Manifest& read, const Manifest& written) {
  EXPECT_EQ(read.step, written.step);
  EXPECT_EQ(read.saved_unix_ns, written.saved_unix_ns);
  EXPECT_EQ(read.session, written.session);
  EXPECT_EQ(read.piece_bytes, written.piece_bytes);
  ASSERT_EQ(read.files.size(), written.files.size());
  for (std::size_t i = 0; i < written.files.size(); ++i) {
    EXPECT_EQ(read.files[i].name, written.files[i].name);
    EXPECT_EQ(read.files[i].kind, written.files[i].kind);
    EXPECT_EQ(read.files[i].bytes, written.files[i].bytes);
    EXPECT_EQ(read.files[i].pieces, written.files[i].pieces);
  }
  ASSERT_EQ(read.metrics.size(), written.metrics.size());
  for (std::size_t i = 0; i < written.metrics.size(); ++i) {
    EXPECT_EQ(read.metrics[i].first, written.metrics[i].first);
    const double number = written.metrics[i].second;
    if (std::isnan(number)) {
      EXPECT_TRUE(std::isnan(read.metrics[i].second)) << written.metrics[i].first;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint64_t>(read.metrics[i].second), std::bit_cast<std::uint64_t>(number)) << number;
    }
  }
}

TEST(CheckpointManifest, WhatIsWrittenIsReadBack) {
  expect_same(parse_manifest(manifest_text(example())), example());
  expect_same(parse_manifest(manifest_text({})), {});
  Manifest manifest;
  manifest.step = std::numeric_limits<std::int64_t>::max();
  manifest.session = "\"\\\n\xC3\xB6";
  manifest.files = {{"a \"b\" \xC3\xB6.safetensors", ManifestFile::Kind::variables, 0, {}}};
  manifest.piece_bytes = 7;
  manifest.files.push_back({"state.safetensors", ManifestFile::Kind::state, 8, {1, 2}});
  expect_same(parse_manifest(manifest_text(manifest)), manifest);
  EXPECT_EQ(sealed(members_of(manifest_text(example()))), manifest_text(example())) << "this test makes checksums, too";
}

TEST(CheckpointManifest, EachMetricIsReadBackBitForBit) {
  using Limits = std::numeric_limits<double>;
  Manifest manifest;
  int number = 0;
  const auto add = [&](double value) { manifest.metrics.emplace_back("m" + std::to_string(number++), value); };
  for (const double value :
       {0.0, -0.0, 0.1, 1.0, -1.0, 1e16, 1e22, 9007199254740993.0, 18446744073709551616.0, 18446744073709551615.0,
        -9223372036854775808.0, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::max(),
        Limits::lowest(), Limits::min(), Limits::denorm_min()}) {
    add(value);
  }
  std::mt19937_64 random(7);
  constexpr int kRandomOnes = 1000;
  for (int i = 0; i < kRandomOnes; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) add(value);
  }
  manifest.metrics.emplace_back("quo\"te \xC3\xB6", 2);
  expect_same(parse_manifest(manifest_text(manifest)), manifest);
}

TEST(CheckpointManifest, EachBitThatFlipsIsNoticed) {
  std::string text = manifest_text(example());
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    EXPECT_STATUS(parse_manifest(text), data_loss, "the manifest") << "bit " << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
  parse_manifest(text);
}

TEST(CheckpointManifest, EachLengthAndWhatIsAppendedIsNoticed) {
  const std::string text = manifest_text(example());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_STATUS(parse_manifest(text.substr(0, size)), data_loss, "the manifest") << size;
  }
  for (const std::string& more : {std::string("\n"), std::string(" "), std::string(1, '\0'), text}) {
    EXPECT_STATUS(parse_manifest(text + more), data_loss, "the manifest");
  }
}

TEST(CheckpointManifest, MembersThatAreNotKnownAreLeftOut) {
  for (const char* const more :
       {R"("later": 1)", R"("later": -1.5e3)", R"("later": null)", R"("later": [true, [{}], "text"])",
        R"("later": {"files": [{"name": "x", "crc32c": ["no"]}], "metrics": {"a": 1}, "step": 7, "format": 9})"}) {
    expect_same(parse_manifest(example_with(std::string(more) + ",\n  \"step\"", "\"step\"")), example());
    expect_same(parse_manifest(example_with("{" + std::string(more) + ", \"name\"", "{\"name\"")), example());
  }
}

TEST(CheckpointManifest, LaterFormatIsUnimplemented) {
  EXPECT_STATUS(parse_manifest(example_with("\"format\": 2", "\"format\": 1")), unimplemented, "later release");
  EXPECT_STATUS(parse_manifest(example_with("\"format\": 2, \"step\": -7", "\"format\": 1")), unimplemented,
                "later release")
      << "whatever else it says";
}

TEST(CheckpointManifest, WhatDoesNotSayWhatItShouldIsDataLoss) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"\"format\": 1", "\"format\": 0"},
      {"\"format\": 1", "\"format\": \"1\""},
      {"\"format\": 1,", ""},
      {"runhook/checkpoint", "runhook/record"},
      {"\"step\": 1200,", ""},
      {"\"step\": 1200", "\"step\": -1"},
      {"\"step\": 1200", "\"step\": 9223372036854775808"},
      {"\"step\": 1200", "\"step\": 1.5"},
      {"\"step\": 1200", "\"step\": \"1200\""},
      {"\"kind\": \"state\"", "\"kind\": \"other\""},
      {"\"00001234\"", "\"00001234\", \"00001234\""},
      {"\"00001234\"", ""},
      {"\"00001234\"", "\"1234\""},
      {"\"00001234\"", "\"0000123G\""},
      {"\"00001234\"", "\"0000123A\""},
      {"\"bytes\": 100", "\"bytes\": 18446744073709551615"},
      {"\"bytes\": 100", "\"bytes\": 1048577"},
      {"\"saved_unix_ns\": 1", "\"saved_unix_ns\": 9"},  // ten times as much as there can be
      {"\"piece_bytes\": 1048576", "\"piece_bytes\": 0"},
      {"\"piece_bytes\": 1048576", "\"piece_bytes\": 9223372036854775808"},
      {"\"piece_bytes\": 1048576", "\"piece_bytes\": 99"},
      {"\"piece_bytes\": 1048576", "\"piece_bytes\": -1"},
      {"\"piece_bytes\": 1048576,", ""},
      {"\"bytes\": 100, \"crc32c\": [\"00001234\"]", "\"bytes\": 18446744073709551615, \"crc32c\": []"},
      {"\"state.safetensors\"", "\"\""},
      {"\"state.safetensors\"", "\"../state.safetensors\""},
      {"\"state.safetensors\"", "\"/etc/passwd\""},
      {"\"state.safetensors\"", "\".\""},
      {"\"state.safetensors\"", "\".lock\""},
      {"\"state.safetensors\"", "\"manifest.json\""},
      {"\"loss\": 0.25", "\"loss\": \"much\""},
      {"\"loss\": 0.25", "\"loss\": 1e999"},
      {"{\n", "[\n"},
      {"\"session\"", "session"},
  };
  for (const auto& change : changes) {
    EXPECT_STATUS(parse_manifest(example_with(change.second, change.first)), data_loss, "the manifest")
        << change.first << " -> " << change.second;
  }
}

TEST(CheckpointManifest, LongHostileOnesAreRefusedSoonAndWithLittleMemory) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20;
  const std::string begin = R"({"schema": "runhook/checkpoint", "format": 1, )";
  const std::vector<std::pair<std::string, std::string>> all{
      {"lists", begin + "\"files\": " + std::string(kMebibyte, '[')},
      {"objects", begin + repeated("\"a\": {", kMebibyte)},
      {"files", begin + "\"files\": [" + repeated("{}", kMebibyte, ",") + "]"},
      {"pieces", begin + R"("files": [{"crc32c": [)" + repeated("\"00000000\"", kMebibyte, ",") + "]}]"},
      {"metrics", begin + "\"metrics\": {" + repeated("\"\":1", kMebibyte, ",") + "}"},
      {"digits", begin + "\"step\": " + std::string(kMebibyte, '9')},
      {"text", begin + "\"session\": \"" + std::string(kMebibyte, 'a')},
      {"spaces", begin + std::string(kMebibyte, ' ')},
      {"NULs", std::string(kMebibyte, '\0')},
  };
  for (const auto& [name, members] : all) {
    const std::string text = sealed(members);
    EXPECT_TRUE(is_cheap(cost_of_refusing([&] { parse_manifest(text); }))) << name;
  }
}

TEST(CheckpointManifest, MutationsAreReadOrRefused) {
  constexpr int kInputs = 20'000;
  const std::string text = manifest_text(example());
  std::mt19937_64 random(20240607);  // always the same ones
  int read = 0;
  for (int i = 0; i < kInputs; ++i) {
    const bool is_sealed = i % 4 != 0;
    const std::string input = is_sealed ? sealed(mutated(members_of(text), random)) : mutated(text, random);
    try {
      const Manifest manifest = parse_manifest(input);
      ASSERT_TRUE(is_sealed || input == text) << input;
      ASSERT_GE(manifest.step, 0) << input;
      ++read;
    } catch (const StatusError& error) {
      ASSERT_TRUE(error.code() == StatusCode::data_loss || error.code() == StatusCode::unimplemented)
          << error.error().to_string() << ": " << input;
    }
  }
  EXPECT_GT(read, kInputs / 100) << "some are only renamed";
  EXPECT_LT(read, kInputs / 2);
}

}  // namespace
