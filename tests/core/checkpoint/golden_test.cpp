// A checkpoint that was written when the format was new, and is read for ever. It is never written anew: what changes the
// format gets one of its own beside it.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/manifest.hpp"
#include "core/checkpoint/small_snapshots.hpp"
#include "core/expect_error.hpp"
#include "folder.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

constexpr std::int64_t kStep = 1200;
const std::string kDirectory = RUNHOOK_GOLDEN_DIRECTORY;
const std::array<std::string, 2> kDataFiles{"variables.safetensors", "state.safetensors"};

std::string path_of(const std::string& directory, const std::string& name) {
  return directory + "/step-0000001200/" + name;
}

template <typename Element>
void set(Snapshot& snapshot, std::string_view name, DType dtype, const std::vector<Element>& elements,
         std::vector<std::int64_t> shape) {
  snapshot.set(name, dtype, shape, elements.data());
}

Snapshot golden_snapshot() {
  Snapshot snapshot;
  snapshot.global_step = kStep;
  set<std::int8_t>(snapshot, "layer/int8", DType::int8, {-128, -1, 0, 127}, {4});
  set<std::int16_t>(snapshot, "layer/int16", DType::int16, {-32768, 32767}, {2, 1});
  set<std::int32_t>(snapshot, "layer/int32", DType::int32, {INT32_MIN, 0x01020304, INT32_MAX}, {3});
  set<std::int64_t>(snapshot, "layer/int64", DType::int64, {INT64_MIN, INT64_MAX}, {1, 2});
  set<std::uint8_t>(snapshot, "layer/uint8", DType::uint8, {0, 1, 255}, {3});
  set<std::uint16_t>(snapshot, "layer/uint16", DType::uint16, {0x0102, 65535}, {2});
  set<std::uint32_t>(snapshot, "layer/uint32", DType::uint32, {0x01020304, UINT32_MAX}, {2});
  set<std::uint64_t>(snapshot, "layer/uint64", DType::uint64, {0x0102030405060708, UINT64_MAX}, {2});
  set<std::uint16_t>(snapshot, "layer/float16", DType::float16, {0x3C00, 0xC000, 0x7C00, 0x7E00}, {2, 2});
  set<std::uint16_t>(snapshot, "layer/bfloat16", DType::bfloat16, {0x3F80, 0xC000, 0x7FC0}, {3});
  set<float>(snapshot, "layer/float32", DType::float32, {0.1F, -0.0F, 3.4e38F, 1e-45F, -1.5F, 2}, {1, 2, 3});
  set<double>(snapshot, "layer/float64", DType::float64, {0.1, std::numeric_limits<double>::infinity()}, {2});
  set<std::complex<float>>(snapshot, "layer/complex64", DType::complex64, {{1, -2}, {0.5, 4}}, {2});
  set<std::complex<double>>(snapshot, "layer/complex128", DType::complex128, {{1, -2}, {0.1, 4}}, {2, 1});
  set<std::uint8_t>(snapshot, "layer/boolean", DType::boolean, {0, 1, 1}, {3});
  snapshot.set("scalar", Value::scalar(0.25));
  snapshot.set("complex scalar", DType::complex128, {}, std::array<double, 2>{3, -4}.data());
  snapshot.set("none", DType::float32, std::array<std::int64_t, 2>{0, 7}, nullptr);
  snapshot.set("text", Value::string("gr\xC3\xB6\xC3\x9F"
                                     "er\n"));
  snapshot.set("empty text", Value::string(""));
  snapshot.set("bytes", Value::bytes(std::as_bytes(std::span(std::string_view("\0\xFF\0", 3)))));
  snapshot.set("na\"me \xE5\x90\x8D\xE5\x89\x8D", Value::scalar(std::int32_t{7}));
  snapshot.set_state("runhook/hook", std::string("\0\1\xFE", 3));
  snapshot.set_state("empty", "");
  snapshot.set_state("text", "{\"epoch\": 3}");
  snapshot.set_metric("loss", 0.1);
  snapshot.set_metric("steps", 1200);
  snapshot.set_metric("least", -0.0);
  snapshot.set_metric("worst", -std::numeric_limits<double>::infinity());
  snapshot.set_metric("best", std::numeric_limits<double>::infinity());
  return snapshot;
}

TEST(GoldenCheckpoint, IsReadAsItWasSaved) {
  const StoredCheckpoint checkpoint = open_checkpoint(kDirectory, kStep);
  checkpoint.verify();
  EXPECT_EQ(checkpoint.summary().session, "golden");
  EXPECT_GT(checkpoint.summary().saved_unix_ns, 1'700'000'000'000'000'000);
  EXPECT_FALSE(checkpoint.summary().pinned);
  const Snapshot saved = golden_snapshot();
  const Snapshot loaded = checkpoint.load();
  EXPECT_TRUE(is_same(loaded, saved));
  for (const auto& [name, value] : saved.variables) {
    ASSERT_NE(loaded.find(name), nullptr) << name;
    EXPECT_TRUE(is_same(*loaded.find(name), value)) << name;
    EXPECT_TRUE(is_same(checkpoint.load(name), value)) << name;
    if (value.kind() == ValueKind::tensor) {
      EXPECT_TRUE(is_same(checkpoint.map(name), value)) << name;
    }
  }
}

TEST(GoldenCheckpoint, IsTheNewestOfItsDirectory) {
  const std::vector<CheckpointSummary> all = list_checkpoints(kDirectory);
  ASSERT_EQ(all.size(), 1);
  EXPECT_FALSE(all.front().damage) << all.front().damage.to_string();
  EXPECT_EQ(open_newest_checkpoint(kDirectory)->step(), kStep);
}

TEST(GoldenCheckpoint, IsWrittenAsItWas) {
  const Folder folder;
  std::vector<std::string> log;
  CheckpointStoreOptions options = small_options(log, {}, Durability::process_crash);
  options.session = "golden";
  Snapshot snapshot = golden_snapshot();
  CheckpointStore store(folder.path(), options);
  store.save(snapshot);
  for (const std::string& name : kDataFiles) {
    EXPECT_EQ(content(path_of(folder.path(), name)), content(path_of(kDirectory, name))) << name;
  }
  detail::Manifest written = detail::parse_manifest(content(path_of(folder.path(), "manifest.json")));
  const std::string golden = content(path_of(kDirectory, "manifest.json"));
  written.saved_unix_ns = detail::parse_manifest(golden).saved_unix_ns;
  written.piece_bytes = detail::parse_manifest(golden).piece_bytes;  // which is no matter of the format
  EXPECT_EQ(detail::manifest_text(written), golden);
}

TEST(GoldenCheckpoint, AnotherSnapshotIsWrittenOtherwise) {
  const Folder folder;
  std::vector<std::string> log;
  Snapshot snapshot = golden_snapshot();
  snapshot.set("scalar", Value::scalar(std::nextafter(0.25, 1)));
  snapshot.set_state("empty", " ");
  CheckpointStore(folder.path(), small_options(log, {}, Durability::process_crash)).save(snapshot);
  for (const std::string& name : kDataFiles) {
    EXPECT_NE(content(path_of(folder.path(), name)), content(path_of(kDirectory, name))) << name;
  }
  EXPECT_FALSE(is_same(open_checkpoint(kDirectory, kStep).load(), snapshot));
}

}  // namespace
