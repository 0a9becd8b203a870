// Every operation on files fails once, in every way that fits it. What has been acknowledged stays, what has failed is
// said, and once the fault is gone all goes on.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/checkpoint/faulty_files.hpp"
#include "core/checkpoint/small_snapshots.hpp"
#include "core/expect_error.hpp"
#include "folder.hpp"
#include "seed.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

using MakeFiles = std::function<std::shared_ptr<FaultyFiles>(std::vector<PlannedFault>)>;

std::shared_ptr<FaultyFiles> honest(std::vector<PlannedFault> planned) {
  return std::make_shared<FaultyFiles>(std::move(planned));
}

// A run that saves, ends, goes on from what it has saved, goes back and saves once more; and what is wrong with it.
class Scenario {
 public:
  Scenario(const MakeFiles& make_files, std::vector<PlannedFault> planned, std::int64_t steps)
      : planned_(std::move(planned)), files_(make_files(planned_)), steps_(steps) {
    go();
    for (const std::string& misuse : files_->misuses()) violate(misuse);
    if (files_->open_count() > 0) violate("descriptors are left open");
    check_report();
    check_afterwards();
  }

  const std::vector<FaultyFiles::Operation>& operations() const noexcept { return files_->operations(); }
  const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  CheckpointStoreOptions options() { return small_options(log_, files_, Durability::full); }

  void go() {
    std::optional<CheckpointStore> store;
    attempt("open", [&] { store.emplace(directory_, options()); });
    for (std::int64_t step = 1; step <= steps_ && store; ++step) {
      if (attempt("save", [&] { store->save(small_snapshot(step)); })) acknowledged_ = step;
    }
    store.reset();
    attempt("open again", [&] { store.emplace(directory_, options()); });
    if (!store) return;
    std::optional<Snapshot> restored;
    attempt("restore", [&] { restored = store->restore(); });
    if (!restored) return violate("nothing is restored");
    if (!is_same(*restored, small_snapshot(restored->global_step))) violate("what is restored was never saved");
    // The system could not read the newer one, and said so.
    const bool is_passed_over = log_has("passed over");
    if (restored->global_step != acknowledged_ && !is_passed_over) violate("an older one is restored in silence");
    const std::int64_t older = steps_ - 1;
    std::optional<Snapshot> gone_back;
    if (!attempt("go back", [&] { gone_back = store->restore(older); })) return;
    if (!is_same(*gone_back, small_snapshot(older))) violate("the older one that is restored was never saved");
    acknowledged_ = older;
    if (attempt("save once more", [&] { store->save(small_snapshot(steps_)); })) acknowledged_ = steps_;
  }

  // Does something, which may fail as often as there are faults, and has to succeed then.
  bool attempt(const std::string& what, const std::function<void()>& action) {
    for (;;) {
      try {
        action();
        return true;
      } catch (const StatusError& failed) {
        const std::string text = failed.error().to_string();
        if (text.find(folder_.path()) == std::string::npos) violate("the path is missing in: " + text);
        // Damage is said in words of its own.
        const bool says_what = text.find("failed: ") != std::string::npos || failed.code() == StatusCode::data_loss;
        if (!says_what) violate("it is not said what has failed in: " + text);
        errors_.push_back(text);
        files_->heal();
        if (errors_.size() <= planned_.size()) continue;
        violate(what + " fails although the fault is gone: " + text);
        return false;
      }
    }
  }

  void check_report() {
    for (const FaultyFiles::Operation& one : operations()) {
      if (one.fault == 0) continue;
      if (is_to_be_invisible(one.fault) || !errors_.empty() || !log_.empty()) continue;
      if (one.name == "remove_file" || one.name == "remove_directory") violate("nobody says what is not deleted");
    }
    const bool is_invisible = std::ranges::all_of(
        operations(), [](const auto& one) { return one.fault == 0 || is_to_be_invisible(one.fault); });
    if (!is_invisible) return;
    for (const std::string& text : errors_) violate("should be invisible: " + text);
    for (const std::string& text : log_) violate("should be invisible: " + text);
  }

  // With a file system that works.
  void check_afterwards() {
    std::vector<std::string> log;
    try {
      CheckpointStore store(directory_, small_options(log, {}, Durability::process_crash));
      const std::optional<Snapshot> restored = store.restore();
      if (!restored || restored->global_step < acknowledged_) {
        violate("what was acknowledged is lost");
      } else if (!is_same(*restored, small_snapshot(restored->global_step))) {
        violate("what is restored afterwards was never saved");
      }
      store.save(small_snapshot(steps_ + 10));
    } catch (const StatusError& failed) {
      violate("afterwards: " + failed.error().to_string());
    }
    for (const std::string& text : log) violate("afterwards it is said: " + text);
    std::set<std::string> left;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
      left.insert(entry.path().lexically_relative(directory_).native());
    }
    std::set<std::string> expected{".lock"};
    for (const CheckpointSummary& one : list_checkpoints(directory_)) {
      const std::string name = std::filesystem::path(one.path).filename().native();
      expected.insert({name, name + "/manifest.json", name + "/state.safetensors", name + "/variables.safetensors"});
    }
    if (expected.size() != 9) violate("there are not two checkpoints");
    for (const std::string& name : left) {
      if (expected.count(name) == 0) violate("is left: " + name);
    }
  }

  bool log_has(std::string_view text) const {
    return std::ranges::any_of(log_, [&](const auto& line) { return line.find(text) != std::string::npos; });
  }
  void violate(const std::string& rule) {
    std::string text = rule;
    for (std::size_t i = 0; i < operations().size(); ++i) {
      const FaultyFiles::Operation& one = operations()[i];
      if (one.fault == 0) continue;
      text += "\n  operation " + std::to_string(i) + ", " + one.name + " of " + one.path + ", gives " +
              std::to_string(one.fault);
      if (text.size() > 2000) break;
    }
    for (const std::string& line : log_) text += "\n  log: " + line;
    violations_.push_back(text);
  }

  const Folder folder_{memory_directory()};
  const std::string directory_ = folder_.file("run/checkpoints");
  const std::vector<PlannedFault> planned_;
  const std::shared_ptr<FaultyFiles> files_;
  const std::int64_t steps_;
  std::int64_t acknowledged_ = 0;
  std::vector<std::string> errors_, log_, violations_;
};

// What is wrong with the runs in each of which one operation fails, until `enough` says that it has seen enough.
using Enough = std::function<bool(const std::string&)>;
std::vector<std::string> violations_with_each_fault(const MakeFiles& make_files, std::int64_t steps, bool for_good,
                                                    const Enough& enough = {}) {
  const Scenario untouched(make_files, {}, steps);
  std::vector<std::string> all = untouched.violations();
  std::size_t runs = 0;
  for (std::size_t at = 0; at < untouched.operations().size(); ++at) {
    for (std::size_t choice = 0; choice < untouched.operations()[at].faults.size(); ++choice) {
      const Scenario run(make_files, {{at, choice, for_good}}, steps);
      all.insert(all.end(), run.violations().begin(), run.violations().end());
      ++runs;
      if (run.operations().size() <= at || run.operations()[at].fault == 0) all.push_back("no fault has occurred");
      if (enough && std::ranges::any_of(all, enough)) return all;
    }
  }
  std::cout << untouched.operations().size() << " operations, " << runs << " runs\n";
  return all;
}

void expect_none(const std::vector<std::string>& violations) {
  constexpr std::size_t kMostShown = 5;
  for (std::size_t i = 0; i < std::min(violations.size(), kMostShown); ++i) ADD_FAILURE() << violations[i];
  EXPECT_EQ(violations.size(), 0);
}

// Whether a violation of which this is said is found with such a file system.
template <typename Files>
bool finds(std::string_view text, std::int64_t steps) {
  const auto is_it = [&](const std::string& one) { return one.find(text) != std::string::npos; };
  const MakeFiles make_files = [](auto planned) { return std::make_shared<Files>(std::move(planned)); };
  return std::ranges::any_of(violations_with_each_fault(make_files, steps, false, is_it), is_it);
}

TEST(CheckpointIoFaults, EachOperationFailsOnceInEachWay) { expect_none(violations_with_each_fault(honest, 4, false)); }
TEST(CheckpointIoFaults, EachOperationFailsFromThenOnInEachWay) {
  expect_none(violations_with_each_fault(honest, 4, true));
}

TEST(CheckpointIoFaults, SecondFaultDuringTheRecoveryFromTheFirst) {
  std::mt19937_64 random(test_seed());
  const auto below = [&](std::size_t end) { return static_cast<std::size_t>(random() % end); };
  constexpr std::int64_t kSteps = 3;  // so that one is deleted
  const std::size_t operations = Scenario(honest, {}, kSteps).operations().size();
  const std::size_t runs = times_to_try("RUNHOOK_IO_FAULT_PAIRS", 1500);
  constexpr std::size_t kFarthest = 60;  // within what is done after a failure
  std::vector<std::string> all;
  for (std::size_t i = 0; i < runs; ++i) {
    const PlannedFault first{below(operations), below(1000), below(4) == 0};
    const PlannedFault second{first.at + 1 + below(below(2) == 0 ? 8 : kFarthest), below(1000), below(4) == 0};
    const Scenario run(honest, {first, second}, kSteps);
    all.insert(all.end(), run.violations().begin(), run.violations().end());
  }
  expect_none(all);
}

TEST(CheckpointIoFaults, PinThatCannotBeLookedForIsTakenToBeThere) {
  class WithoutPins final : public detail::FileSystem {
   public:
    int status_of(const std::string& path, struct stat& about) override {
      if (!path.ends_with("/pinned")) return FileSystem::status_of(path, about);
      errno = EIO;
      return -1;
    }
  };
  const Folder folder(memory_directory());
  std::vector<std::string> log;
  CheckpointStore(folder.path(), small_options(log, {}, Durability::process_crash)).save(small_snapshot(1));
  pin_checkpoint(folder.path(), 1);
  CheckpointStore store(folder.path(), small_options(log, std::make_shared<WithoutPins>(), Durability::process_crash));
  for (const std::int64_t step : {2, 3, 4}) store.save(small_snapshot(step));
  EXPECT_TRUE(is_same(open_checkpoint(folder.path(), 1).load(), small_snapshot(1)));
}

TEST(CheckpointIoFaults, WholeOneThatCouldNotBeReadIsNotReplacedByItsRepetition) {
  class Failing final : public detail::FileSystem {
   public:
    ssize_t read_at(int fd, void* data, std::size_t size, std::uint64_t offset) override {
      return reads_fail-- > 0 ? fail(EIO) : FileSystem::read_at(fd, data, size, offset);
    }
    int make_directory(const std::string& path) override {
      return is_full ? fail(ENOSPC) : FileSystem::make_directory(path);
    }
    int reads_fail = 0;
    bool is_full = false;

   private:
    static int fail(int number) {
      errno = number;
      return -1;
    }
  };
  const Folder folder(memory_directory());
  std::vector<std::string> log;
  const auto files = std::make_shared<Failing>();
  {
    CheckpointStore store(folder.path(), small_options(log, {}, Durability::process_crash));
    for (const std::int64_t step : {1, 2}) store.save(small_snapshot(step));
  }
  CheckpointStore store(folder.path(), small_options(log, files, Durability::process_crash));
  files->reads_fail = 1;
  EXPECT_EQ(store.restore()->global_step, 1);
  Snapshot other = small_snapshot(2);
  other.set_metric("loss", 77);
  files->is_full = true;
  EXPECT_STATUS(store.save(other), resource_exhausted, "No space left");
  files->is_full = false;
  EXPECT_STATUS(store.save(other), already_exists, "has another checkpoint of step 2");
  EXPECT_TRUE(is_same(open_checkpoint(folder.path(), 2).load(), small_snapshot(2)));
}

// From here on: what is careless on purpose, to show that it is found.

TEST(CheckpointIoFaults, FailedWriteThatIsHiddenIsFound) {
  class Hiding final : public FaultyFiles {
   public:
    using FaultyFiles::FaultyFiles;
    ssize_t write(int fd, const void* data, std::size_t size) override {
      const ssize_t count = FaultyFiles::write(fd, data, size);
      return count < 0 ? static_cast<ssize_t>(size) : count;
    }
  };
  EXPECT_TRUE(finds<Hiding>("what was acknowledged is lost", 2));
}

TEST(CheckpointIoFaults, SyncThatIsTriedAgainIsFound) {
  class Insisting final : public FaultyFiles {
   public:
    using FaultyFiles::FaultyFiles;
    int sync(int fd) override { return FaultyFiles::sync(fd) == 0 ? 0 : FaultyFiles::sync(fd); }
  };
  EXPECT_TRUE(finds<Insisting>("fsync is called once more", 2));
}

TEST(CheckpointIoFaults, InterruptionThatIsNotTriedAgainIsFound) {
  class GivingUp final : public FaultyFiles {
   public:
    using FaultyFiles::FaultyFiles;
    ssize_t write(int fd, const void* data, std::size_t size) override {
      const ssize_t count = FaultyFiles::write(fd, data, size);
      if (count < 0 && errno == EINTR) errno = EIO;
      return count;
    }
  };
  EXPECT_TRUE(finds<GivingUp>("should be invisible", 2));
}

TEST(CheckpointIoFaults, WhatIsNotCleanedUpIsFound) {
  class Leaving final : public FaultyFiles {
   public:
    using FaultyFiles::FaultyFiles;
    int rename(const std::string& from, const std::string& to) override {
      const std::size_t gone = to.find(".gone-");
      return FaultyFiles::rename(from, gone == std::string::npos ? to : to.substr(0, gone) + "left-" + to.substr(gone));
    }
  };
  EXPECT_TRUE(finds<Leaving>("is left: left-", 3));
}

}  // namespace
