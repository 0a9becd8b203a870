// Whatever becomes of the files of the newest checkpoint, it is noticed and said, and the one before it is restored.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/manifest.hpp"
#include "checkpoint/safetensors.hpp"
#include "core/checkpoint/small_snapshots.hpp"
#include "core/expect_error.hpp"
#include "folder.hpp"
#include "output/crc32c.hpp"
#include "sanitizer.hpp"
#include "seed.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
namespace fs = std::filesystem;

// A file that is changed in place.
class OpenedFile {
 public:
  explicit OpenedFile(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)), bytes_(content(path)) {}
  ~OpenedFile() { ::close(fd_); }
  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;
  const std::string& bytes() const noexcept { return bytes_; }  // that it had at first
  void put(std::size_t at, std::string_view bytes) const {
    ASSERT_EQ(::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at)), static_cast<ssize_t>(bytes.size()));
  }
  void cut_off(std::size_t size) const { ASSERT_EQ(::ftruncate(fd_, static_cast<off_t>(size)), 0); }

 private:
  const int fd_;
  const std::string bytes_;
};

class CheckpointBitRot : public testing::Test {
 protected:
  CheckpointBitRot() {
    for (const std::int64_t step : {1, 2}) store_->save(small_snapshot(step));
  }

  std::string path(const std::string& name) const { return folder_.file("step-0000000002/" + name); }
  std::string outside(const std::string& name) const { return folder_.file(name); }

  // What is wrong with what is done about the damage; empty if it is noticed and said, and the older one is restored.
  std::string complaint() {
    log_.clear();
    try {
      const std::optional<Snapshot> restored = store_->restore();
      if (!restored) return "nothing is restored";
      if (restored->global_step == 2) return "it is not noticed";
      if (!is_same(*restored, small_snapshot(1))) return "the older one is not as it was saved";
    } catch (const StatusError& failed) {
      return failed.error().to_string();
    }
    if (log_.size() != 1) return "it is not said, or not once";
    if (log_[0].find("passed over") == std::string::npos || log_[0].find("step-0000000002") == std::string::npos) {
      return "it is not said of which: " + log_[0];
    }
    try {
      open_checkpoint(folder_.path(), 2).verify();
      return "verify() does not notice";
    } catch (const StatusError& failed) {
      if (failed.code() != StatusCode::data_loss) return failed.error().to_string();
    }
    return {};
  }

  const Folder folder_{memory_directory()};
  std::vector<std::string> log_;
  std::unique_ptr<CheckpointStore> store_ =
      std::make_unique<CheckpointStore>(folder_.path(), small_options(log_, {}, Durability::process_crash));
  const std::array<std::string, 3> names_{"variables.safetensors", "state.safetensors", "manifest.json"};
};

TEST_F(CheckpointBitRot, EachBitThatFlipsIsNoticed) {
  for (const std::string& name : names_) {
    const OpenedFile file(path(name));
    ASSERT_LE(file.bytes().size(), 4096U);
    for (std::size_t bit = 0; bit < file.bytes().size() * 8; ++bit) {
      const char was = file.bytes()[bit / 8];
      const char is = static_cast<char>(was ^ (1 << bit % 8));
      file.put(bit / 8, {&is, 1});
      ASSERT_EQ(complaint(), "") << name << ", bit " << bit;
      file.put(bit / 8, {&was, 1});
    }
  }
  EXPECT_EQ(complaint(), "it is not noticed") << "all is as it was";
}

TEST_F(CheckpointBitRot, EachLengthThatIsLeftIsNoticed) {
  for (const std::string& name : names_) {
    const OpenedFile file(path(name));
    for (std::size_t size = file.bytes().size(); size-- > 0;) {
      file.cut_off(size);
      ASSERT_EQ(complaint(), "") << name << ", cut off after " << size;
    }
    file.put(0, file.bytes());
  }
  EXPECT_EQ(complaint(), "it is not noticed") << "all is as it was";
}

TEST_F(CheckpointBitRot, WhatIsAppendedIsNoticed) {
  for (const std::string& name : names_) {
    const OpenedFile file(path(name));
    for (const std::string_view more : {std::string_view("\0", 1), std::string_view(" "), std::string_view("\n{}")}) {
      file.put(file.bytes().size(), more);
      EXPECT_EQ(complaint(), "") << name << " and " << more;
      file.cut_off(file.bytes().size());
    }
  }
}

TEST_F(CheckpointBitRot, FileThatIsGoneOrSomethingElseIsNoticed) {
  for (const std::string& name : names_) {
    const std::string kept = outside("kept");
    fs::rename(path(name), kept);
    EXPECT_EQ(complaint(), "") << name << " is gone";

    fs::create_symlink(kept, path(name));
    EXPECT_EQ(complaint(), "") << name << " is a link to what it was";
    fs::remove(path(name));

    ASSERT_EQ(mkfifo(path(name).c_str(), 0666), 0);
    EXPECT_EQ(complaint(), "") << name << " is a FIFO";
    fs::remove(path(name));

    fs::create_directory(path(name));
    EXPECT_EQ(complaint(), "") << name << " is a directory";
    fs::remove(path(name));

    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address {};
    address.sun_family = AF_UNIX;
    ASSERT_LT(path(name).size(), sizeof address.sun_path);
    std::strcpy(address.sun_path, path(name).c_str());
    ASSERT_EQ(bind(fd, reinterpret_cast<const struct sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(complaint(), "") << name << " is a socket";
    close(fd);
    fs::remove(path(name));

    fs::copy_file(folder_.file("step-0000000001/" + name), path(name));
    EXPECT_EQ(complaint(), "") << name << " is that of another checkpoint";
    fs::remove(path(name));

    fs::rename(kept, path(name));
    EXPECT_EQ(complaint(), "it is not noticed") << "all is as it was";
  }
}

TEST_F(CheckpointBitRot, WholeCheckpointThatIsSomethingElseIsNoticed) {
  const std::string newest = folder_.file("step-0000000002");
  const std::string kept = outside("kept");
  fs::rename(newest, kept);

  fs::create_directory_symlink(kept, newest);
  EXPECT_EQ(complaint(), "") << "a link";
  fs::remove(newest);

  put(newest, "text");
  EXPECT_EQ(complaint(), "") << "a file";
  fs::remove(newest);

  ASSERT_EQ(mkfifo(newest.c_str(), 0666), 0);
  EXPECT_EQ(complaint(), "") << "a FIFO";
  fs::remove(newest);

  fs::create_directory(newest);
  EXPECT_EQ(complaint(), "") << "an empty directory";
  fs::remove(newest);

  fs::copy(folder_.file("step-0000000001"), newest);
  EXPECT_EQ(complaint(), "") << "a copy of the older one";
  fs::remove_all(newest);

  fs::rename(kept, newest);
  EXPECT_EQ(complaint(), "it is not noticed") << "all is as it was";
}

// What the checksums cannot show: that all else is noticed is not for want of looking.
TEST_F(CheckpointBitRot, DamageWithChecksumsToMatchPassesUnnoticed) {
  const OpenedFile variables(path("variables.safetensors"));
  std::string bytes = variables.bytes();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  variables.put(0, bytes);
  EXPECT_EQ(complaint(), "");
  detail::Manifest manifest = detail::parse_manifest(content(path("manifest.json")));
  for (detail::ManifestFile& file : manifest.files) {
    if (file.kind == detail::ManifestFile::Kind::variables) file.pieces = {detail::crc32c(bytes)};
  }
  put(path("manifest.json"), detail::manifest_text(manifest));
  EXPECT_EQ(complaint(), "it is not noticed");
}

TEST_F(CheckpointBitRot, PiecesAreAsLongAsTheManifestSays) {
  detail::Manifest manifest = detail::parse_manifest(content(path("manifest.json")));
  manifest.piece_bytes = 64;
  for (detail::ManifestFile& file : manifest.files) {
    const std::string bytes = content(path(file.name));
    ASSERT_GT(bytes.size(), manifest.piece_bytes);
    file.pieces.clear();
    for (std::size_t at = 0; at < bytes.size(); at += manifest.piece_bytes) {
      file.pieces.push_back(detail::crc32c(std::string_view(bytes).substr(at, manifest.piece_bytes)));
    }
  }
  put(path("manifest.json"), detail::manifest_text(manifest));
  EXPECT_EQ(complaint(), "it is not noticed") << "all is as it was";
  const OpenedFile variables(path("variables.safetensors"));
  const std::size_t last = variables.bytes().size() - 1;
  variables.put(last, "?");
  EXPECT_EQ(complaint(), "");
  EXPECT_THAT(log_.back(), testing::HasSubstr("piece " + std::to_string(last / manifest.piece_bytes)));
}

TEST_F(CheckpointBitRot, PinAndLockAndStrangeFilesDoNotMatter) {
  put(path("pinned"), "anything");
  put(path("notes.txt"), "anything");
  put(outside(".lock"), std::string(10'000, '\xFF'));
  put(outside("step-3"), "anything");
  put(outside("step-00000000000000000000003"), "anything");
  EXPECT_EQ(store_->restore()->global_step, 2);
  EXPECT_THAT(log_, testing::IsEmpty());
}

// Of a checkpoint of 1 MiB, which is either open all the time, so that its header has been read, or opened each time.
void expect_random_damage_is_noticed(bool is_open) {
  std::mt19937_64 random(test_seed());
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };

  const Folder folder(memory_directory());
  std::vector<std::string> log;
  CheckpointStore store(folder.path(), small_options(log, {}, Durability::process_crash));
  Snapshot snapshot = small_snapshot(1);
  std::vector<std::uint64_t> numbers(std::size_t{1} << 17);
  for (std::uint64_t& number : numbers) number = random();
  std::fill_n(numbers.begin() + 1000, 10'000, 0);  // which is what a hole looks like
  snapshot.set("numbers", DType::uint64, std::array{static_cast<std::int64_t>(numbers.size())}, numbers.data());
  store.save(snapshot);
  const OpenedFile file(folder.file("step-0000000001/variables.safetensors"));
  const std::size_t size = file.bytes().size();
  const std::size_t header_size = 8 + detail::safetensors_json_bytes(file.bytes().substr(0, 8), size);
  const StoredCheckpoint opened = open_checkpoint(folder.path(), 1);

  constexpr int kDamages = kIsThreadSanitized ? 500 : 5'000;
  for (int i = 0; i < kDamages; ++i) {
    constexpr std::size_t kSector = 512;
    std::string bytes(1 + below(below(2) == 0 ? 8 : 4096), '\0');
    std::size_t at = below(size - bytes.size());
    switch (below(4)) {
      case 0:  // one bit
        bytes = file.bytes().substr(at, 1);
        bytes[0] = static_cast<char>(bytes[0] ^ (1 << below(8)));
        break;
      case 1:  // noise
        for (char& byte : bytes) byte = static_cast<char>(random());
        break;
      case 2:  // a hole
        break;
      case 3:  // a sector in the place of another
        bytes = file.bytes().substr(below(size / kSector) * kSector, kSector);
        at = below(size / kSector) * kSector;
        break;
    }
    if (file.bytes().compare(at, bytes.size(), bytes) == 0) continue;
    file.put(at, bytes);
    if (is_open && at >= header_size) {
      EXPECT_STATUS(opened.load(), data_loss, "variables.safetensors'") << at << ' ' << bytes.size();
    } else {
      EXPECT_STATUS(open_checkpoint(folder.path(), 1).verify(), data_loss, "variables.safetensors'")
          << at << ' ' << bytes.size();
    }
    if (testing::Test::HasFailure()) return;
    file.put(at, std::string_view(file.bytes()).substr(at, bytes.size()));
  }
  EXPECT_TRUE(is_same(opened.load(), snapshot)) << "all is as it was";
  open_checkpoint(folder.path(), 1).verify();
}

TEST(LargeCheckpointBitRot, RandomDamageIsNoticedByVerify) { expect_random_damage_is_noticed(false); }
TEST(LargeCheckpointBitRot, RandomDamageIsNoticedByLoadOfWhatIsOpen) { expect_random_damage_is_noticed(true); }

}  // namespace
