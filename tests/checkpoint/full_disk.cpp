// Saves where there is no room: full_disk FOLDER LIMIT-ONLY|DISK
//   DISK        FOLDER is on a file system of one MiB and few files, which this program fills
//   LIMIT-ONLY  the system lets this process write no large files, on any file system
// Exit status 1 and a line that begins with WRONG if a save neither succeeds nor says why not, or costs what was saved before.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "contents.hpp"
#include "processes.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

constexpr std::size_t kLarge = std::size_t{300} << 10;

Snapshot large(std::int64_t step, std::size_t size) {
  Snapshot snapshot;
  snapshot.global_step = step;
  const std::string bytes = bytes_of_step(step, size);
  const std::int64_t shape[] = {static_cast<std::int64_t>(size)};
  snapshot.set("weights", DType::uint8, shape, bytes.data());
  snapshot.set_state("hook", bytes_of_step(step, 4000));
  return snapshot;
}

// Names and times of everything in a folder: whether anything has been written.
std::map<std::string, std::int64_t> everything_in(const std::string& folder) {
  std::map<std::string, std::int64_t> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    found[entry.path()] = entry.last_write_time().time_since_epoch().count();
  }
  found[folder] = std::filesystem::last_write_time(folder).time_since_epoch().count();
  return found;
}

void check_whole(const std::string& folder, std::size_t count, const std::string& when) {
  const std::vector<CheckpointSummary> all = list_checkpoints(folder);
  check(all.size() == count, std::to_string(all.size()) + " checkpoints " + when);
  for (const CheckpointSummary& one : all) open_checkpoint(folder, one.step).verify();
  // With the lock.
  check(names_in(folder).size() == count + 1, "something is left over " + when);
}

// Returns whether it was saved; if not, the error says that there is no room, and where.
bool save(CheckpointStore& store, const Snapshot& snapshot) {
  try {
    store.save(snapshot);
    return true;
  } catch (const StatusError& error) {
    const std::string what = error.what();
    check(error.code() == StatusCode::resource_exhausted, "not told that there is no room: " + what);
    check(what.find(store.directory()) != std::string::npos, "not told where there is no room: " + what);
    return false;
  }
}

// A file that takes up room.
class Filler {
 public:
  explicit Filler(std::string path)
      : path_(std::move(path)), fd_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    check(fd_ >= 0, "cannot open " + path_);
  }
  Filler(const Filler&) = delete;
  ~Filler() {
    close(fd_);
    unlink(path_.c_str());
  }
  bool take(std::uint64_t bytes) { return fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) == 0; }
  void give_back() { check(ftruncate(fd_, 0) == 0, "cannot shorten " + path_); }

 private:
  const std::string path_;
  const int fd_;
};

std::uint64_t room(const std::string& folder) {
  struct statvfs about {};
  check(statvfs(folder.c_str(), &about) == 0, "cannot ask for the room in " + folder);
  return std::uint64_t{about.f_bavail} * about.f_frsize;
}

void fill_before(const std::string& disk) {
  const std::string folder = disk + "/before";
  CheckpointStore store(folder, strict_options(2, Durability::full));
  check(save(store, large(1, 1000)) && save(store, large(2, 1000)), "a small one cannot be saved");
  Filler filler(disk + "/filler");
  for (std::size_t left : {std::size_t{0}, std::size_t{4096}, kLarge}) {
    check(filler.take(room(disk) - left), "cannot fill the disk");
    const auto before = everything_in(folder);
    check(!save(store, large(3, kLarge)), "saved where there is no room");
    check(everything_in(folder) == before, "something was written though there is no room");
    check_whole(folder, 2, "after the disk was full");
    filler.give_back();
  }
  check(save(store, large(3, kLarge)), "cannot be saved though there is room again");
  check_whole(folder, 2, "after there was room again");
}

// As many files as the disk allows, some of them less, so that each thing a save makes is once the one too many.
void run_out_of_files(const std::string& disk) {
  const std::string folder = disk + "/files";
  CheckpointStore store(folder, strict_options(1, Durability::full));
  check(save(store, large(1, 1000)), "a small one cannot be saved");
  std::vector<std::string> others;
  for (bool made = true; made;) {
    others.push_back(disk + "/" + std::to_string(others.size()));
    const int fd = open(others.back().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    made = fd >= 0;
    if (made) close(fd);
  }
  others.pop_back();
  constexpr int kMadeBySave = 4;  // its directory, two files and the manifest
  for (int left = 0; left < kMadeBySave; ++left) {
    check(!save(store, large(2, 1000)), "saved where no file can be made");
    check_whole(folder, 1, "after the last file was made");
    std::filesystem::remove(others.back());
    others.pop_back();
  }
  check(save(store, large(2, 1000)), "cannot be saved though files can be made again");
  check_whole(folder, 1, "after files can be made again");
  for (const std::string& other : others) std::filesystem::remove(other);
}

// Somebody else takes the room and gives it back while saves go on.
std::string fill_meanwhile(const std::string& disk) {
  const std::string folder = disk + "/meanwhile";
  CheckpointStore store(folder, strict_options(1, Durability::full));
  check(save(store, large(1, 1000)), "a small one cannot be saved");
  const pid_t other = start_process([&] {
    Filler filler(disk + "/filler");
    Random random(1);
    for (;;) {
      const std::uint64_t some = room(disk);
      if (some > 8192) filler.take(some - random.below(8192));
      sleep_for_us(random.below(300));
      filler.give_back();
      sleep_for_us(random.below(300));
    }
  });
  int failed = 0;
  int saved = 0;
  std::int64_t step = 2;
  for (; step < 3000 && (failed < 200 || saved < 200); ++step) {
    ++(save(store, large(step, 100000)) ? saved : failed);
    check_whole(folder, 1, "while the disk is full now and then");
  }
  kill_and_wait(other);
  unlink((disk + "/filler").c_str());
  check(failed > 0 && saved > 0, "the disk was never full, or always: too few to tell");
  check(save(store, large(step, 100000)), "cannot be saved though there is room again");
  return std::to_string(saved) + " saves and " + std::to_string(failed) +
         " errors while the disk was full now and then";
}

std::string limit(const std::string& folder) {
  signal(SIGXFSZ, SIG_IGN);
  CheckpointStore store(folder, strict_options(1, Durability::full));
  store.save(large(1, 1000));
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  int failed = 0;
  std::int64_t step = 2;
  // The first is too large for any file, the last large enough for all of them.
  for (rlim_t most = 0; most <= 6000; most += 100) {
    const struct rlimit tight { most, before.rlim_max };
    check(setrlimit(RLIMIT_FSIZE, &tight) == 0, "cannot limit the size of files");
    const bool saved = save(store, large(step, 2000));
    setrlimit(RLIMIT_FSIZE, &before);
    check(most > 5000 ? saved : !saved || most > 4000, "not what was to be expected of " + std::to_string(most));
    check_whole(folder, 1, "after a file was too large");
    failed += saved ? 0 : 1;
    step += saved ? 1 : 0;
  }
  check(save(store, large(step, kLarge)), "cannot be saved without the limit");
  return std::to_string(failed) + " errors for files that would be too large";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string folder = argv[1];
  try {
    std::filesystem::create_directories(folder);
    if (argv[2] == std::string_view("DISK")) {
      fill_before(folder);
      std::filesystem::remove_all(folder + "/before");
      run_out_of_files(folder);
      std::filesystem::remove_all(folder + "/files");
      const std::string counts = fill_meanwhile(folder);
      std::printf(
          "full disk: told before anything is written, and saved again once there is room; %s, with what was there "
          "whole\n",
          counts.c_str());
    } else {
      std::printf("limited files: %s, with what was there whole\n", limit(folder).c_str());
    }
  } catch (const std::exception& error) {
    std::printf("WRONG: %s\n", error.what());
    return 1;
  }
  return 0;
}
