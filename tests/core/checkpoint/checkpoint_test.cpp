#include "runhook/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <complex>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "checkpoint/checkpoint_files.hpp"
#include "checkpoint/checkpoint_names.hpp"
#include "checkpoint/file_system.hpp"
#include "core/expect_error.hpp"
#include "folder.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::array<std::int64_t, 2> kShape{2, 3};

Snapshot snapshot_at(std::int64_t step) {
  Snapshot snapshot;
  snapshot.global_step = step;
  const std::array<float, 6> weights{1, 2, 3, 4, 5, static_cast<float>(step)};
  snapshot.set("weights", DType::float32, kShape, weights.data());
  return snapshot;
}

float last_weight(const Snapshot& snapshot) {
  std::array<float, 6> weights{};
  snapshot.copy_to("weights", DType::float32, weights.size(), weights.data());
  return weights.back();
}

// The system, of which one can be told when something is opened or has been locked.
class WatchedFiles final : public detail::FileSystem {
 public:
  int open(const std::string& path, int flags, mode_t mode) override {
    if (before_open) before_open(path);
    return FileSystem::open(path, flags, mode);
  }
  int lock(int fd, int operation) override {
    const int result = FileSystem::lock(fd, operation);
    if (result == 0 && after_lock) after_lock(operation);
    return result;
  }
  int status_of(const std::string& path, struct stat& about) override {
    if (unreadable.empty() || !path.ends_with(unreadable)) return FileSystem::status_of(path, about);
    errno = EIO;
    return -1;
  }
  int sync(int fd) override {
    if (--syncs_until_failure != 0) return FileSystem::sync(fd);
    errno = EIO;
    return -1;
  }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    ++lists;
    return FileSystem::list(directory, names);
  }
  int lists = 0;
  int syncs_until_failure = 0;
  std::string unreadable;  // the ending of a path of which the system cannot tell anything
  std::function<void(const std::string&)> before_open;
  std::function<void(int)> after_lock;
};

class CheckpointStoreTest : public testing::Test {
 protected:
  CheckpointStore open(CheckpointRetention keep = {}, std::shared_ptr<detail::FileSystem> files = {}) {
    CheckpointStoreOptions options;
    options.file_system = std::move(files);
    options.keep = std::move(keep);
    options.log = [this](LogLevel, std::string_view text) { log.emplace_back(text); };
    return CheckpointStore(folder.path(), std::move(options));
  }
  std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> found;
    for (const CheckpointSummary& one : list_checkpoints(folder.path())) found.push_back(one.step);
    return found;
  }
  std::string step_path(std::int64_t step) const { return open_checkpoint(folder.path(), step).summary().path; }
  // Changes one byte in the middle of the variables of a step.
  void damage(std::int64_t step) const {
    const std::string path = step_path(step) + "/variables.safetensors";
    std::string bytes = content(path);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    put(path, bytes);
  }

  const Folder folder;
  std::vector<std::string> log;
};

TEST_F(CheckpointStoreTest, EmptyDirectoryRestoresNothing) {
  CheckpointStore store = open();
  EXPECT_FALSE(store.restore());
  EXPECT_THAT(store.list(), IsEmpty());
  EXPECT_FALSE(open_newest_checkpoint(folder.path()));
  EXPECT_THAT(list_checkpoints(folder.file("nowhere")), IsEmpty());
}

TEST_F(CheckpointStoreTest, AllThatWasSavedComesBack) {
  Snapshot saved = snapshot_at(12);
  const std::array<std::complex<double>, 2> complex_numbers{{{1, 2}, {3, 4}}};
  const std::array<std::int64_t, 1> two{2};
  saved.set("complex", DType::complex128, two, complex_numbers.data());
  saved.set("flag", Value::scalar(true));
  saved.set("text", Value::string("größer"));
  saved.set("bytes", Value::bytes(std::as_bytes(std::span(std::string_view("\0\xFF", 2)))));
  saved.set("none", DType::int64, std::array<std::int64_t, 2>{0, 4}, nullptr);
  saved.set_state("counter", std::string("\0\1\2", 3));
  saved.set_state("empty", "");
  saved.set_metric("loss", 0.1);
  saved.set_metric("worst", std::numeric_limits<double>::infinity());
  EXPECT_TRUE(open().save(saved));

  const auto restored = open().restore();
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->global_step, 12);
  EXPECT_EQ(restored->variables.size(), saved.variables.size());
  for (const auto& [name, value] : saved.variables) {
    const Value* const other = restored->find(name);
    ASSERT_NE(other, nullptr) << name;
    EXPECT_EQ(other->kind(), value.kind()) << name;
    EXPECT_EQ(other->dtype(), value.dtype()) << name;
    EXPECT_TRUE(std::ranges::equal(other->shape(), value.shape())) << name;
    ASSERT_EQ(other->byte_size(), value.byte_size()) << name;
    EXPECT_TRUE(value.byte_size() == 0 || std::memcmp(other->data(), value.data(), value.byte_size()) == 0) << name;
  }
  EXPECT_EQ(restored->state, saved.state);
  EXPECT_EQ(restored->metrics, saved.metrics);
}

TEST_F(CheckpointStoreTest, NewestIsRestored) {
  for (const std::int64_t step : {0, 5, 10}) open().save(snapshot_at(step + 100));
  EXPECT_EQ(last_weight(*open().restore()), 110);
}

TEST_F(CheckpointStoreTest, DamagedOneIsPassedOverAndSaid) {
  for (const std::int64_t step : {1, 2, 3}) open().save(snapshot_at(step));
  damage(3);
  EXPECT_EQ(open().restore()->global_step, 2);
  ASSERT_EQ(log.size(), 1);
  EXPECT_THAT(log[0], HasSubstr("passed over"));
  EXPECT_THAT(log[0], HasSubstr("step-0000000003/variables.safetensors' is damaged: the checksum of its piece 0"));
  EXPECT_THAT(steps(), ElementsAre(1, 2, 3)) << "it is left where it is";
}

TEST_F(CheckpointStoreTest, OnlyDamagedOnesAreNoFreshStart) {
  open().save(snapshot_at(1));
  damage(1);
  EXPECT_STATUS(open().restore(), data_loss, "none that is whole");
  EXPECT_STATUS(open_newest_checkpoint(folder.path()), data_loss, "none that is whole");
}

TEST_F(CheckpointStoreTest, StepThatIsSavedAgainByItsOwnerIsLeft) {
  CheckpointStore store = open();
  EXPECT_TRUE(store.save(snapshot_at(3)));
  EXPECT_FALSE(store.save(snapshot_at(3)));
}

TEST_F(CheckpointStoreTest, RunThatDoesNotGoOnFromWhatIsThereMayNotSaveBehindIt) {
  open().save(snapshot_at(100));
  for (const std::int64_t step : {0, 99, 100}) {
    EXPECT_STATUS(open().save(snapshot_at(step)), already_exists, "has a checkpoint of step 100");
  }
  EXPECT_TRUE(open().save(snapshot_at(101)));
}

TEST_F(CheckpointStoreTest, DamagedOneInTheWayIsSetAside) {
  {
    CheckpointStore store = open();
    store.save(snapshot_at(1));
    store.save(snapshot_at(2));
  }
  damage(2);
  CheckpointStore store = open();
  EXPECT_EQ(store.restore()->global_step, 1);
  EXPECT_TRUE(store.save(snapshot_at(2)));
  EXPECT_EQ(store.restore()->global_step, 2);
  EXPECT_THAT(folder.files(), testing::Contains(HasSubstr("damaged-step-0000000002.")));
}

TEST_F(CheckpointStoreTest, SecondOwnerIsRefusedByNameOfTheFirst) {
  const CheckpointStore first = open();
  EXPECT_STATUS(open(), already_exists, "process " + std::to_string(getpid()));
}

TEST_F(CheckpointStoreTest, OlderStepIsRestoredAndNewerOnesAreSetAside) {
  CheckpointStore store = open();
  for (const std::int64_t step : {1, 2, 3, 4}) store.save(snapshot_at(step));
  EXPECT_EQ(last_weight(store.restore(2)), 2);
  EXPECT_THAT(steps(), ElementsAre(1, 2));
  EXPECT_STATUS(store.restore(4), not_found, "no checkpoint of step 4");
  EXPECT_TRUE(store.save(snapshot_at(3)));
  EXPECT_THAT(folder.files(), testing::Contains(HasSubstr("undone-step-0000000004.")));
  EXPECT_TRUE(store.save(snapshot_at(4)));
  EXPECT_THAT(folder.files(), testing::Not(testing::Contains(HasSubstr("undone"))));
}

TEST_F(CheckpointStoreTest, OldOnesAreDeletedButNotWhatIsPinnedReadOrNeeded) {
  CheckpointRetention keep;
  keep.last = 2;
  CheckpointStore store = open(keep);
  for (const std::int64_t step : {1, 2}) store.save(snapshot_at(step));
  pin_checkpoint(folder.path(), 1);
  const auto read = std::make_unique<StoredCheckpoint>(open_checkpoint(folder.path(), 2));
  for (const std::int64_t step : {3, 4, 5}) store.save(snapshot_at(step));
  EXPECT_THAT(steps(), ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(last_weight(read->load()), 2);
}

TEST_F(CheckpointStoreTest, DirectoryIsNotListedWhereNothingIsDeleted) {
  const auto files = std::make_shared<WatchedFiles>();
  CheckpointStore store = open({.last = 1, .every_n_steps = 10}, files);
  for (const std::int64_t step : {10, 20}) store.save(snapshot_at(step));
  files->lists = 0;
  for (const std::int64_t step : {30, 40}) store.save(snapshot_at(step));
  EXPECT_EQ(files->lists, 0);
  store.save(snapshot_at(41));
  store.save(snapshot_at(50));
  EXPECT_THAT(steps(), ElementsAre(10, 20, 30, 40, 50));
}

TEST_F(CheckpointStoreTest, WhatIsLeftToDeleteIsDeletedAlsoWhereAllElseIsKept) {
  CheckpointStore store = open({.last = 1, .every_n_steps = 10});
  for (const std::int64_t step : {10, 20, 21}) store.save(snapshot_at(step));
  pin_checkpoint(folder.path(), 21);
  for (const std::int64_t step : {30, 40}) store.save(snapshot_at(step));
  EXPECT_THAT(steps(), ElementsAre(10, 20, 21, 30, 40));
  pin_checkpoint(folder.path(), 21, false);
  store.restore(30);
  store.save(snapshot_at(50));
  EXPECT_THAT(steps(), ElementsAre(10, 20, 30, 50));
  EXPECT_THAT(folder.files(), testing::Not(testing::Contains(HasSubstr("undone"))));
}

TEST(CheckpointNames, EachStepHasOne) {
  EXPECT_EQ(detail::step_of("step-0000000012"), 12);
  EXPECT_EQ(detail::step_of("step-9223372036854775807"), INT64_MAX);
  for (const char* other :
       {"step-", "step-12", "step-00000000012", "step--000000012", "step-+000000012", "step-9223372036854775808",
        "step-99999999999999999999", "step-000000001x", "step-000000000 1"}) {
    EXPECT_FALSE(detail::step_of(other)) << other;
  }
}

TEST_F(CheckpointStoreTest, OneThatIsDeletedWhileItIsListedIsNotCalledDamaged) {
  open().save(snapshot_at(1));
  const std::string path = step_path(1);
  const auto files = std::make_shared<WatchedFiles>();
  files->before_open = [&](const std::string&) { std::filesystem::rename(path, folder.file(".gone-step")); };
  EXPECT_STATUS(detail::summarize(files, folder.path(), 1), not_found, "no checkpoint of step 1");
}

TEST_F(CheckpointStoreTest, OneOfWhichTheSystemCannotTellWhetherItIsPinnedIsKept) {
  const auto files = std::make_shared<WatchedFiles>();
  files->unreadable = "/pinned";
  CheckpointStore store = open({.last = 1}, files);
  for (const std::int64_t step : {1, 2}) store.save(snapshot_at(step));
  EXPECT_THAT(steps(), ElementsAre(1, 2));
}

TEST_F(CheckpointStoreTest, NewestOfWhichTheSystemCannotTellAnythingIsNoOlderOne) {
  for (const std::int64_t step : {1, 2}) open().save(snapshot_at(step));
  const auto files = std::make_shared<WatchedFiles>();
  CheckpointStore store = open({}, files);
  files->unreadable = "/step-0000000002";
  EXPECT_STATUS(store.restore(), unknown, "looking at");
  files->unreadable = "/variables.safetensors";
  EXPECT_STATUS(store.restore(), data_loss, "none that is whole");
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(CheckpointStoreTest, FirstSaveThatMayNotOutliveThePowerCanBeTriedAgain) {
  const auto files = std::make_shared<WatchedFiles>();
  CheckpointStore store = open({.best = 1, .metric = "loss"}, files);
  Snapshot snapshot = snapshot_at(1);
  snapshot.set_metric("loss", 2);
  constexpr int kOfTheDirectory = 4;  // after the variables, the manifest and the directory of the checkpoint
  files->syncs_until_failure = kOfTheDirectory;
  EXPECT_STATUS(store.save(snapshot), unknown, "bringing to the disk");
  snapshot.set_metric("loss", 1);
  EXPECT_TRUE(store.save(snapshot));
  ASSERT_THAT(steps(), ElementsAre(1));
  EXPECT_EQ(store.list()[0].metrics[0].second, 1);
}

TEST_F(CheckpointStoreTest, OneThatIsUnpinnedElsewhereIsDeleted) {
  open().save(snapshot_at(1));
  pin_checkpoint(folder.path(), 1);
  CheckpointStore store = open({.last = 1});
  store.save(snapshot_at(2));
  EXPECT_THAT(steps(), ElementsAre(1, 2));
  pin_checkpoint(folder.path(), 1, false);
  store.prune();
  EXPECT_THAT(steps(), ElementsAre(2));
}

// The owner finds the pin only once nobody else can get at the checkpoint.
TEST_F(CheckpointStoreTest, OneThatIsPinnedCanBeOpenedWhileOthersAreDeleted) {
  const auto files = std::make_shared<WatchedFiles>();
  CheckpointStore store = open({.last = 1}, files);
  store.save(snapshot_at(1));
  std::thread reader;
  files->before_open = [&](const std::string& path) {
    if (path.ends_with("/step-0000000001")) pin_checkpoint(folder.path(), 1);
  };
  files->after_lock = [&](int operation) {
    if ((operation & LOCK_EX) == 0 || reader.joinable()) return;
    reader = std::thread([&] { EXPECT_NO_THROW(open_checkpoint(folder.path(), 1)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  store.save(snapshot_at(2));
  ASSERT_TRUE(reader.joinable());
  reader.join();
  EXPECT_THAT(steps(), ElementsAre(1, 2));
}

TEST_F(CheckpointStoreTest, BestOnesAreKept) {
  CheckpointRetention keep;
  keep.last = 1;
  keep.best = 2;
  keep.metric = "loss";
  CheckpointStore store = open(keep);
  const std::array<double, 5> losses{0.5, 0.1, std::numeric_limits<double>::quiet_NaN(), 0.2, 0.9};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    Snapshot snapshot = snapshot_at(static_cast<std::int64_t>(i) + 1);
    snapshot.set_metric("loss", losses[i]);
    store.save(snapshot);
  }
  EXPECT_THAT(steps(), ElementsAre(2, 4, 5));
}

TEST_F(CheckpointStoreTest, OneVariableIsLoadedOrMapped) {
  open().save(snapshot_at(6));
  const StoredCheckpoint checkpoint = open_checkpoint(folder.path(), 6);
  const Value loaded = checkpoint.load("weights");
  Value mapped = checkpoint.map("weights");
  EXPECT_EQ(std::memcmp(loaded.data(), mapped.data(), loaded.byte_size()), 0);
  static_cast<float*>(mapped.mutable_data())[0] = 77;
  EXPECT_EQ(static_cast<const float*>(checkpoint.load("weights").data())[0], 1) << "the file is not changed";
  EXPECT_STATUS(checkpoint.load("weighs"), not_found, "did you mean 'weights'?");
}

TEST_F(CheckpointStoreTest, WhatCannotBeSavedIsRefusedAndLeavesNothing) {
  CheckpointStore store = open();
  EXPECT_STATUS(store.save(snapshot_at(-1)), invalid_argument, "negative");
  Snapshot snapshot = snapshot_at(1);
  snapshot.variables.emplace_back("weights", Value::scalar(1.0));
  EXPECT_STATUS(store.save(snapshot), invalid_argument, "two variables 'weights'");
  snapshot = snapshot_at(1);
  snapshot.set("__metadata__", Value::scalar(1.0));
  EXPECT_STATUS(store.save(snapshot), invalid_argument, "__metadata__");
  snapshot = snapshot_at(1);
  snapshot.set("nothing", Value());
  EXPECT_STATUS(store.save(snapshot), invalid_argument, "'nothing' has no value");
  EXPECT_THAT(folder.files(), ElementsAre(folder.file(".lock")));
}

}  // namespace
