// Several processes read while one saves and deletes as fast as it can:
//   readers FOLDER SECONDS [METHOD [SEED]]
// With the method "careless" the writer deletes without regard to readers, to show that this program would notice. Exit
// status 1 and a line that begins with WRONG if a reader got something torn, or nothing, or lost what it held.
#include <algorithm>
#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

#include "contents.hpp"
#include "processes.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

struct Board {
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<std::uint64_t> newest_read{0};
  std::atomic<std::uint64_t> listed_read{0};
  std::atomic<std::uint64_t> deleted_meanwhile{0};
  std::atomic<std::uint64_t> held{0};
  std::atomic<std::uint64_t> pinned{0};
};

constexpr std::int64_t kKept = 2;

void check_contents(const StoredCheckpoint& checkpoint) {
  const std::string different = difference(checkpoint.load());
  check(different.empty(), "torn: " + different);
}

[[noreturn]] void save_for_ever(Board& board, const std::string& folder, bool careful) {
  CheckpointStore store(folder, strict_options(careful ? kKept : 0, Durability::process_crash));
  for (std::int64_t step = 1;; ++step) {
    store.save(contents_of(step));
    board.acknowledged = step;
    if (careful) continue;
    for (const CheckpointSummary& one : store.list()) {
      if (one.step <= step - kKept) std::filesystem::remove_all(one.path);
    }
  }
}

void read_newest(Board& board, const std::string& folder) {
  const std::int64_t acknowledged = board.acknowledged;
  std::vector<Error> passed_over;
  const std::optional<StoredCheckpoint> newest = open_newest_checkpoint(folder, &passed_over);
  check(newest.has_value(), "no checkpoint");
  check(passed_over.empty(), passed_over.empty() ? "" : "torn: " + passed_over.front().message());
  check(newest->step() >= acknowledged, "an older one than the newest");
  check_contents(*newest);
  ++board.newest_read;
}

void read_listed(Board& board, const std::string& folder, Random& random) {
  const std::vector<CheckpointSummary> all = list_checkpoints(folder);
  check(!all.empty(), "no checkpoint in the list");
  for (const CheckpointSummary& one : all) check(!one.damage, "torn in the list: " + one.damage.message());
  try {
    check_contents(open_checkpoint(folder, all[random.below(all.size())].step));
    ++board.listed_read;
  } catch (const StatusError& error) {
    if (error.code() != StatusCode::not_found) throw;
    ++board.deleted_meanwhile;
  }
}

[[noreturn]] void read_for_ever(Board& board, const std::string& folder, Random random) {
  for (;;) {
    try {
      if (random.below(2) == 0) {
        read_newest(board, folder);
      } else {
        read_listed(board, folder, random);
      }
    } catch (const StatusError& error) {
      if (error.code() != StatusCode::data_loss) throw;
      throw Wrong("torn: " + std::string(error.what()));
    }
  }
}

void wait_for(const std::function<bool()>& condition, const std::string& what) {
  const Stopwatch watch;
  while (!condition()) {
    check(watch.seconds() < 20, what);
    sleep_for_us(500);
  }
}

void wait_until_gone(const std::string& path) {
  wait_for([&] { return !std::filesystem::exists(path); }, path + " is never deleted");
}

// What is held open is there until it is let go.
[[noreturn]] void hold_for_ever(Board& board, const std::string& folder) {
  for (;;) {
    std::optional<StoredCheckpoint> newest = open_newest_checkpoint(folder);
    check(newest.has_value(), "no checkpoint");
    const std::string path = newest->summary().path;
    const std::int64_t later = newest->step() + 10;
    wait_for([&] { return board.acknowledged >= later; }, "nothing is saved while a checkpoint is held");
    check(std::filesystem::exists(path), path + " was held, and deleted");
    check_contents(*newest);
    check_contents(open_checkpoint(folder, newest->step()));
    newest.reset();
    wait_until_gone(path);
    ++board.held;
  }
}

// What is pinned can be opened all the time.
[[noreturn]] void pin_for_ever(Board& board, const std::string& folder) {
  for (;;) {
    const std::int64_t step = board.acknowledged;
    try {
      pin_checkpoint(folder, step);
    } catch (const StatusError& error) {
      if (error.code() != StatusCode::not_found) throw;
      continue;
    }
    while (board.acknowledged < step + 20) check_contents(open_checkpoint(folder, step));
    const std::string path = open_checkpoint(folder, step).summary().path;
    pin_checkpoint(folder, step, false);
    wait_until_gone(path);
    ++board.pinned;
  }
}

bool has_seen_all(const Board& board) {
  return board.newest_read > 0 && board.listed_read > 0 && board.held > 0 && board.pinned > 0;
}

void run(Board& board, const std::string& folder, double seconds, bool careful, std::uint64_t seed) {
  Random random(seed);
  std::vector<pid_t> processes;
  processes.push_back(start_process([&] { save_for_ever(board, folder, careful); }));
  wait_for([&] { return board.acknowledged > 0; }, "nothing is saved");
  for (int i = 0; i < 3; ++i) {
    Random its_random(random.below(UINT64_MAX));
    processes.push_back(start_process([&] { read_for_ever(board, folder, its_random); }));
  }
  if (careful) {
    processes.push_back(start_process([&] { hold_for_ever(board, folder); }));
    processes.push_back(start_process([&] { pin_for_ever(board, folder); }));
  }
  const Stopwatch watch;
  constexpr double kLongest = 60;  // on a busy machine, until each has had its turn
  while (watch.seconds() < seconds || (careful && !has_seen_all(board) && watch.seconds() < kLongest)) {
    for (const pid_t process : processes) {
      check(waitpid(process, nullptr, WNOHANG) == 0, "a process has ended by itself");
    }
    sleep_for_us(10000);
  }
  for (const pid_t process : processes) kill_and_wait(process);
}

}  // namespace

int main(int argc, char** argv) {
  auto& board = shared<Board>();
  const auto work = [&](const Task& task) {
    run(board, task.folder, std::stod(task.amount), task.method != "careless", task.seed);
    check(has_seen_all(board), "too few to tell");
    return std::to_string(board.acknowledged) + " saves in " + task.amount + " s, while " +
           std::to_string(board.newest_read) + " times the newest and " + std::to_string(board.listed_read) +
           " times one of a list was read, and " + std::to_string(board.deleted_meanwhile) +
           " times one of a list was deleted meanwhile; " + std::to_string(board.held) + " that were held and " +
           std::to_string(board.pinned) + " that were pinned stayed until they were let go";
  };
  return do_task(argc, argv, "readers FOLDER SECONDS", work,
                 [&] { return std::to_string(board.acknowledged) + " saves"; });
}
