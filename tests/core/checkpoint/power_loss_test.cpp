// The power fails after every operation on files. Whatever of what was not brought to the disk is there then, the last
// checkpoint that was acknowledged is restored, or a newer one that is whole.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/recorded_disk.hpp"
#include "core/checkpoint/small_snapshots.hpp"
#include "core/expect_error.hpp"
#include "folder.hpp"
#include "seed.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// A checkpoint by its step, and by the attempt that has saved it.
struct Saved {
  std::int64_t step = 0;
  int attempt = 0;
  bool operator<(const Saved& other) const { return std::pair(step, attempt) < std::pair(other.step, other.attempt); }
};

Snapshot snapshot_of(const Saved& saved) {
  Snapshot snapshot = small_snapshot(saved.step);
  snapshot.set("attempt", Value::scalar(saved.attempt));
  return snapshot;
}

// Does what is recorded, and remarks what may be found from then on if the power fails.
class Recorder {
 public:
  explicit Recorder(Durability durability, RecordingFiles::Syncs syncs, std::int64_t last)
      : files_(std::make_shared<RecordingFiles>(folder_.path(), std::move(syncs))),
        durability_(durability),
        last_(last) {
    expect({});
  }

  void open() {
    store_.reset();
    CheckpointStoreOptions options = small_options(log_, files_, durability_);
    options.keep.last = last_;
    store_.emplace(folder_.file(kDirectory), std::move(options));
  }
  void open_in_vain(const std::string& unsynced) {
    files_->fail_sync_of(unsynced);
    EXPECT_STATUS(open(), unknown, "bringing to the disk");
  }
  void save(const Saved& saved) {
    expect_too({saved});
    store_->save(snapshot_of(saved));
    expect({saved});
  }
  // The directory cannot be brought to the disk.
  void save_in_vain(const Saved& saved) {
    expect_too({saved});
    files_->fail_sync_of(kDirectory);
    EXPECT_STATUS(store_->save(snapshot_of(saved)), unknown, "bringing to the disk");
  }
  void restore() { store_->restore(); }
  void restore(const Saved& saved, const std::set<Saved>& newer) {
    expect_too(newer);
    expect_too({saved});
    store_->restore(saved.step);
    expect({saved});
  }
  void restore_in_vain(const Saved& saved, const std::set<Saved>& newer) {
    expect_too(newer);
    expect_too({saved});
    files_->fail_sync_of(kDirectory);
    EXPECT_STATUS(store_->restore(saved.step), unknown, "bringing to the disk");
  }
  void prune() { store_->prune(); }

  const std::vector<DiskChange>& changes() const noexcept { return files_->changes(); }
  // What may be found, by the number that is remarked.
  const std::vector<std::set<Saved>>& expectations() const noexcept { return expectations_; }

  static constexpr const char* kDirectory = "run/checkpoints";

 private:
  void expect(std::set<Saved> saved) {
    files_->remark(std::to_string(expectations_.size()));
    expectations_.push_back(std::move(saved));
  }
  void expect_too(const std::set<Saved>& more) {
    std::set<Saved> all = expectations_.back();
    if (all.empty()) all.insert({-1, 0});  // nothing
    all.insert(more.begin(), more.end());
    expect(std::move(all));
  }

  const Folder folder_{memory_directory()};
  const std::shared_ptr<RecordingFiles> files_;
  const Durability durability_;
  const std::int64_t last_;
  std::vector<std::string> log_;
  std::vector<std::set<Saved>> expectations_;
  std::optional<CheckpointStore> store_;
};

// Empty if what is found may be so.
std::string complaint_about(const std::string& folder, const std::set<Saved>& expected) {
  std::vector<std::string> log;
  try {
    const std::string directory = folder + "/" + Recorder::kDirectory;
    CheckpointStore store(directory, small_options(log, {}, Durability::process_crash));
    for (const CheckpointSummary& one : list_checkpoints(directory)) open_checkpoint(directory, one.step).verify();
    const std::optional<Snapshot> restored = store.restore();
    bool is_expected = !restored && (expected.empty() || expected.count({-1, 0}) > 0);
    for (const Saved& saved : expected) {
      is_expected |= restored && saved.step >= 0 && is_same(*restored, snapshot_of(saved));
    }
    if (!is_expected) return restored ? "step " + std::to_string(restored->global_step) + " is restored" : "nothing is";
    constexpr std::int64_t kLater = 1000;
    store.save(small_snapshot(kLater));
    if (!is_same(*store.restore(), small_snapshot(kLater))) return "nothing can be saved any more";
    return {};
  } catch (const StatusError& failed) {
    return failed.error().to_string();
  }
}

// Everything that is wrong after the power has failed at any moment; or the first of it.
std::vector<std::string> complaints_about(const Recorder& recorder, bool only_first = false) {
  std::mt19937_64 random(test_seed());
  const std::size_t most_states = times_to_try("RUNHOOK_POWER_LOSS_STATES", 20);
  Disk disk;
  std::set<Saved> expected;
  std::vector<std::string> complaints;
  std::size_t states = 0;
  for (std::size_t i = 0; i < recorder.changes().size(); ++i) {
    const DiskChange& change = recorder.changes()[i];
    disk.apply(change);
    if (change.kind == DiskChange::Kind::remark) expected = recorder.expectations()[std::stoul(change.data)];
    const std::size_t wanted = disk.has_pending() ? most_states : 1;
    for (std::size_t state = 0; state < wanted; ++state) {
      const Folder folder(memory_directory());
      disk.make(folder.path(), random);
      ++states;
      const std::string complaint = complaint_about(folder.path(), expected);
      if (complaint.empty()) continue;
      std::ostringstream text;
      text << "after change " << i << ": " << complaint << "; expected:";
      for (const Saved& saved : expected) text << ' ' << saved.step << '.' << saved.attempt;
      complaints.push_back(text.str());
      if (only_first) return complaints;
    }
  }
  std::cout << recorder.changes().size() << " changes, " << states << " states\n";
  return complaints;
}

void expect_none(const std::vector<std::string>& complaints) {
  constexpr std::size_t kMostShown = 5;
  for (std::size_t i = 0; i < std::min(complaints.size(), kMostShown); ++i) ADD_FAILURE() << complaints[i];
  EXPECT_EQ(complaints.size(), 0);
}

// A new directory, of which only the newest checkpoint is kept; and a run that goes on from there.
void save_and_go_on(Recorder& run) {
  run.open();
  for (const std::int64_t step : {1, 2, 3}) run.save({step});
  run.open();
  run.restore();
  run.save({4});
}

TEST(CheckpointPowerLoss, SavingAndGoingOn) {
  Recorder run(Durability::full, {}, 1);
  save_and_go_on(run);
  expect_none(complaints_about(run));
}

TEST(CheckpointPowerLoss, GoingBackToAnOlderStep) {
  Recorder run(Durability::full, {}, 3);
  run.open();
  for (const std::int64_t step : {1, 2, 3, 4}) run.save({step});
  run.restore_in_vain({2}, {{3}, {4}});
  run.restore({2}, {});
  run.save({3, 1});
  run.save({5, 1});
  expect_none(complaints_about(run));
}

TEST(CheckpointPowerLoss, SaveThatIsRepeatedSinceItsDirectoryWasNotSynced) {
  Recorder run(Durability::full, {}, 1);
  run.open();
  run.save_in_vain({1});
  run.save({1, 1});
  run.save_in_vain({2});
  run.prune();
  run.save({2, 1});
  run.save_in_vain({3});
  run.save({4});
  expect_none(complaints_about(run));
}

TEST(CheckpointPowerLoss, DirectoryThatIsMadeAgainSinceItsNameWasNotSynced) {
  for (const char* const unsynced : {"run", "."}) {
    Recorder run(Durability::full, {}, 1);
    run.open_in_vain(unsynced);
    run.open();
    run.save({1});
    expect_none(complaints_about(run));
  }
}

// The new owner finds what the old one has not brought to the disk, and may delete nothing for it before it has.
TEST(CheckpointPowerLoss, OwnerThatWasKilledBeforeItsDirectoryWasSynced) {
  Recorder run(Durability::full, {}, 1);
  run.open();
  run.save({1});
  run.save_in_vain({2});
  run.open();
  run.restore();
  run.prune();
  run.save({3});
  expect_none(complaints_about(run));
}

// From here on: what is left out on purpose, to show that it is found.

bool finds(Durability durability, RecordingFiles::Syncs syncs) {
  Recorder run(durability, std::move(syncs), 1);
  save_and_go_on(run);
  return !complaints_about(run, true).empty();
}

TEST(CheckpointPowerLoss, SavingWithoutFsyncIsFound) { EXPECT_TRUE(finds(Durability::process_crash, {})); }

TEST(CheckpointPowerLoss, FsyncOfFilesThatIsLeftOutIsFound) {
  EXPECT_TRUE(finds(Durability::full, [](const std::string&, bool is_directory) { return is_directory; }));
}

TEST(CheckpointPowerLoss, FsyncOfDirectoriesThatIsLeftOutIsFound) {
  EXPECT_TRUE(finds(Durability::full, [](const std::string&, bool is_directory) { return !is_directory; }));
  for (const std::string left_out : {"run/checkpoints/.tmp", "run/checkpoints", "run", "."}) {
    const bool is_beginning = left_out.ends_with(".tmp");
    EXPECT_TRUE(finds(Durability::full, [&](const std::string& path, bool is_directory) {
      return !is_directory || (is_beginning ? !path.starts_with(left_out) : path != left_out);
    })) << left_out;
  }
}

}  // namespace
