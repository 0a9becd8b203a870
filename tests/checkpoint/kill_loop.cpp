// Kills a writer of checkpoints at random moments, again and again, and looks at what it leaves:
//   kill_loop FOLDER KILLS [METHOD [SEED]]
// Each writer goes on from what was restored in the same folder. The methods beside "runhook" are wrong, to show that this
// program would notice. Exit status 1 and a line that begins with WRONG if anything was lost.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

#include "contents.hpp"
#include "processes.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// A way to keep one's state on the disk.
class Method {
 public:
  explicit Method(std::string folder) : folder_(std::move(folder)) {}
  Method(const Method&) = delete;
  virtual ~Method() = default;
  // Saves step after step and calls `acknowledge` after each, until it is killed.
  virtual void write(std::optional<std::int64_t> known, Random& random,
                     const std::function<void(std::int64_t)>& acknowledge) = 0;
  virtual std::optional<std::int64_t> restore() = 0;
  // What a program does that starts after one that was killed; then nothing is left that is not needed.
  virtual void start(std::optional<std::int64_t> /*known*/) {}
  virtual bool leaves_rubbish() const { return false; }

 protected:
  const std::string folder_;
};

class Runhook final : public Method {
 public:
  using Method::Method;

  void write(std::optional<std::int64_t> known, Random& random,
             const std::function<void(std::int64_t)>& acknowledge) override {
    // A kill knows no difference between the two, but in the one most of the time is spent within fsync.
    const Durability durability = random.below(2) == 0 ? Durability::full : Durability::process_crash;
    CheckpointStore store(folder_, strict_options(kKept, durability));
    std::int64_t step = restored_by(store, known);
    for (;;) {
      ++step;
      store.save(contents_of(step));
      acknowledge(step);
    }
  }

  std::optional<std::int64_t> restore() override {
    if (!std::filesystem::exists(folder_)) return {};
    std::vector<Error> passed_over;
    const std::optional<StoredCheckpoint> newest = open_newest_checkpoint(folder_, &passed_over);
    check(passed_over.empty(), passed_over.empty() ? "" : "torn: " + passed_over.front().message());
    for (const CheckpointSummary& one : list_checkpoints(folder_)) {
      check(!one.damage, "torn: " + one.damage.message());
    }
    if (!newest) return {};
    const std::string different = difference(newest->load());
    check(different.empty(), "torn: " + different);
    return newest->step();
  }

  void start(std::optional<std::int64_t> known) override {
    CheckpointStore store(folder_, strict_options(kKept, Durability::process_crash));
    restored_by(store, known);
    store.prune();
    std::int64_t kept = 0;
    for (const std::string& name : names_in(folder_)) {
      if (name == ".lock") continue;
      check(name.starts_with("step-"), name + " is a stray file");
      ++kept;
    }
    check(kept <= kKept, "there are " + std::to_string(kept) + " checkpoints, which is more than are to be kept");
  }

  bool leaves_rubbish() const override {
    for (const std::string& name : names_in(folder_)) {
      if (name.starts_with(".tmp-") || name.starts_with(".gone-")) return true;
    }
    return false;
  }

 private:
  static constexpr std::int64_t kKept = 2;

  static std::int64_t restored_by(CheckpointStore& store, std::optional<std::int64_t> known) {
    const std::optional<Snapshot> restored = store.restore();
    check(!known || (restored && restored->global_step == *known), "the store restores another step than a reader");
    if (!restored) return 0;
    const std::string different = difference(*restored);
    check(different.empty(), "torn: " + different);
    return restored->global_step;
  }
};

// One file: its step, and bytes that depend on it.
class OneFile : public Method {
 public:
  using Method::Method;

  void write(std::optional<std::int64_t> known, Random& /*random*/,
             const std::function<void(std::int64_t)>& acknowledge) override {
    std::filesystem::create_directories(folder_);
    for (std::int64_t step = known.value_or(0) + 1;; ++step) {
      save(std::to_string(step) + "\n" + bytes_of_step(step, kBytes));
      acknowledge(step);
    }
  }

  std::optional<std::int64_t> restore() override {
    std::ifstream file(path());
    if (!file) return {};
    std::int64_t step = -1;
    file >> step;
    file.get();
    std::ostringstream bytes;
    bytes << file.rdbuf();
    check(bytes.str() == bytes_of_step(step, kBytes), "torn: the file of step " + std::to_string(step));
    return step;
  }

 protected:
  static constexpr std::size_t kBytes = std::size_t{512} << 10;
  std::string path() const { return folder_ + "/checkpoint"; }
  virtual void save(const std::string& bytes) = 0;

  static void put(const std::string& path, std::string_view bytes) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    check(fd >= 0, "cannot open " + path);
    while (!bytes.empty()) {
      const ssize_t count = ::write(fd, bytes.data(), std::min<std::size_t>(bytes.size(), 65536));
      check(count > 0, "cannot write " + path);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    fsync(fd);
    close(fd);
  }
};

class InPlace final : public OneFile {
  using OneFile::OneFile;
  void save(const std::string& bytes) override { put(path(), bytes); }
};

class UnlinkFirst final : public OneFile {
  using OneFile::OneFile;
  void save(const std::string& bytes) override {
    put(path() + ".new", bytes);
    unlink(path().c_str());
    check(rename((path() + ".new").c_str(), path().c_str()) == 0, "cannot rename");
  }
};

std::unique_ptr<Method> method_of(const std::string& name, const std::string& folder) {
  if (name == "in-place") return std::make_unique<InPlace>(folder);
  if (name == "unlink-first") return std::make_unique<UnlinkFirst>(folder);
  check(name == "runhook", "there is no method " + name);
  return std::make_unique<Runhook>(folder);
}

struct Counts {
  std::uint64_t kills = 0;
  std::uint64_t unfinished = 0;      // kills that have left something unfinished
  std::uint64_t unacknowledged = 0;  // kills between a commit and its acknowledgement
  std::int64_t steps = 0;
};

// Reads what the writer has acknowledged, in steps without a gap.
std::optional<std::int64_t> last_acknowledged(int pipe, std::optional<std::int64_t> known) {
  std::optional<std::int64_t> last = known;
  std::int64_t step = 0;
  while (read(pipe, &step, sizeof step) == sizeof step) {
    check(step == last.value_or(0) + 1, "the writer has saved step " + std::to_string(step) + " out of its order");
    last = step;
  }
  return last;
}

std::optional<std::int64_t> kill_one(Method& method, std::optional<std::int64_t> known, Random& random,
                                     Counts& counts) {
  // Most saves take some milliseconds, the beginning less than one.
  const std::uint64_t delay_us = random.below(random.below(4) == 0 ? 1500 : 14000);
  Random its_random(random.below(UINT64_MAX));
  int ends[2];
  check(pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe");
  const pid_t writer = start_process([&] {
    close(ends[0]);
    method.write(known, its_random,
                 [&](std::int64_t step) { check(write(ends[1], &step, sizeof step) == sizeof step, "pipe"); });
  });
  close(ends[1]);
  sleep_for_us(delay_us);
  kill_and_wait(writer);
  const std::optional<std::int64_t> acknowledged = last_acknowledged(ends[0], known);
  close(ends[0]);
  ++counts.kills;

  const std::optional<std::int64_t> restored = method.restore();
  if (!restored) {
    check(!acknowledged, "there is nothing to restore");
    return {};
  }
  const std::int64_t last = acknowledged.value_or(0);
  check(*restored >= last,
        "lost: step " + std::to_string(last) + " was acknowledged, " + std::to_string(*restored) + " is restored");
  check(*restored <= last + 1, "step " + std::to_string(*restored) + " is restored, which nobody has begun");
  if (*restored > last) ++counts.unacknowledged;
  counts.steps = *restored;
  return restored;
}

void run(Method& method, std::uint64_t kills, std::uint64_t seed, Counts& counts) {
  Random random(seed);
  std::optional<std::int64_t> known;
  while (counts.kills < kills) {
    known = kill_one(method, known, random, counts);
    if (!known) continue;
    if (method.leaves_rubbish()) ++counts.unfinished;
    // Else the next writer finds what this one has left, and is killed while it removes that.
    if (random.below(2) == 0) method.start(known);
  }
  if (known) method.start(known);
}

}  // namespace

int main(int argc, char** argv) {
  const Stopwatch watch;
  Counts counts;
  const auto work = [&](const Task& task) {
    run(*method_of(task.method, task.folder), std::stoull(task.amount), task.seed, counts);
    check(task.method != "runhook" || (counts.steps > 0 && counts.unfinished > 0),
          "no kill has met a save: too few to tell");
    return std::to_string(counts.kills) + " kills in " + std::to_string(std::llround(watch.seconds())) + " s: of " +
           std::to_string(counts.steps) + " steps none is lost or torn, and nothing is left over; " +
           std::to_string(counts.unfinished) + " have met a save or a deletion, " +
           std::to_string(counts.unacknowledged) + " a save that was committed, but not acknowledged yet";
  };
  return do_task(argc, argv, "kill_loop FOLDER KILLS", work, [&] { return std::to_string(counts.kills) + " kills"; });
}
