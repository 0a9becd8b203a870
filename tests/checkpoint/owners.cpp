// Eight processes fight for one directory of checkpoints, and are killed meanwhile:
//   owners FOLDER SECONDS [METHOD [SEED]]
// With the method "unlocked" they remove the lock before they begin, to show that this program would notice two owners. Exit
// status 1 and a line that begins with WRONG if there were two, if something was lost, or if one was told the wrong owner.
#include <array>
#include <atomic>
#include <optional>
#include <string_view>

#include "contents.hpp"
#include "processes.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

constexpr std::size_t kProcesses = 8;

struct Board {
  std::atomic<pid_t> owner{0};
  std::atomic<std::uint64_t> changes{0};  // of the owner
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<std::uint64_t> ownerships{0};
  std::atomic<std::uint64_t> refusals{0};
  std::atomic<std::uint64_t> owners_named{0};
  std::atomic<std::uint64_t> saves{0};
  // Who is about to be killed, so that he need not leave the directory.
  std::array<std::atomic<pid_t>, 4096> doomed{};
  std::atomic<std::size_t> kills{0};

  bool is_doomed(pid_t process) const {
    for (const auto& one : doomed) {
      if (one == process) return true;
    }
    return false;
  }
};

void enter(Board& board) {
  const pid_t before = board.owner.exchange(getpid());
  ++board.changes;
  check(before == 0 || board.is_doomed(before), "process " + std::to_string(before) + " is the owner, too");
  ++board.ownerships;
}

void check_is_owner(const Board& board) {
  check(board.owner == getpid(), "process " + std::to_string(board.owner) + " is the owner meanwhile");
}

void leave(Board& board) {
  ++board.changes;
  pid_t self = getpid();
  check(board.owner.compare_exchange_strong(self, 0), "process " + std::to_string(self) + " is the owner meanwhile");
}

void own(Board& board, CheckpointStore& store, Random& random) {
  enter(board);
  const std::int64_t acknowledged = board.acknowledged;
  const std::optional<Snapshot> restored = store.restore();
  std::int64_t step = restored ? restored->global_step : 0;
  check(step == acknowledged || step == acknowledged + 1,
        "step " + std::to_string(acknowledged) + " was acknowledged, " + std::to_string(step) + " is restored");
  check(!restored || difference(*restored).empty(), "torn");
  board.acknowledged = step;  // one that was killed may have had no time for it
  for (std::uint64_t saves = 1 + random.below(5); saves > 0; --saves) {
    check_is_owner(board);
    store.save(contents_of(++step));
    check_is_owner(board);
    board.acknowledged = step;
    ++board.saves;
  }
  leave(board);
}

// A refused one is told who owns the directory; between two owners nobody can tell.
void check_refusal(Board& board, const std::string& message, pid_t owner, std::uint64_t changes) {
  ++board.refusals;
  check(message.find("have an owner already: ") != std::string::npos, "not told that there is an owner: " + message);
  if (owner == 0 || board.changes != changes || board.owner != owner || board.is_doomed(owner)) return;
  check(message.find(": process " + std::to_string(owner) + " on ") != std::string::npos,
        "the owner is process " + std::to_string(owner) + ", but told is: " + message);
  ++board.owners_named;
}

void read_meanwhile(const Board& board, const std::string& folder) {
  const std::int64_t acknowledged = board.acknowledged;
  const std::optional<StoredCheckpoint> newest = open_newest_checkpoint(folder);
  if (acknowledged == 0 && !newest) return;
  check(newest && newest->step() >= acknowledged, "what was acknowledged is not there for a reader");
  check(difference(newest->load()).empty(), "torn for a reader");
}

[[noreturn]] void fight(Board& board, const std::string& folder, bool locked, Random random) {
  constexpr std::int64_t kKept = 2;
  for (;;) {
    const pid_t owner = board.owner;
    const std::uint64_t changes = board.changes;
    const Durability durability = random.below(2) == 0 ? Durability::full : Durability::process_crash;
    if (!locked) unlink((folder + "/.lock").c_str());
    try {
      CheckpointStore store(folder, strict_options(kKept, durability));
      own(board, store, random);
    } catch (const StatusError& error) {
      if (error.code() != StatusCode::already_exists) throw;
      check_refusal(board, error.error().message(), owner, changes);
      if (random.below(4) == 0) read_meanwhile(board, folder);
    }
    sleep_for_us(random.below(2000));
  }
}

void check_alive(pid_t process) { check(waitpid(process, nullptr, WNOHANG) == 0, "a process has ended by itself"); }

void run(Board& board, const std::string& folder, double seconds, bool locked, std::uint64_t seed) {
  Random random(seed);
  std::array<pid_t, kProcesses> processes{};
  const auto start = [&] {
    Random its_random(random.below(UINT64_MAX));
    return start_process([&] { fight(board, folder, locked, its_random); });
  };
  for (pid_t& process : processes) process = start();
  const Stopwatch watch;
  while (watch.seconds() < seconds) {
    sleep_for_us(random.below(20000));
    for (const pid_t process : processes) check_alive(process);
    pid_t& victim = processes[random.below(kProcesses)];
    board.doomed[board.kills++ % board.doomed.size()] = victim;
    kill_and_wait(victim);
    victim = start();
  }
  for (const pid_t process : processes) check_alive(process);
  for (const pid_t process : processes) {
    board.doomed[board.kills++ % board.doomed.size()] = process;
    kill_and_wait(process);
  }
  // Whoever comes next has everything, and no more than that.
  {
    CheckpointStore store(folder, strict_options(2, Durability::full));
    own(board, store, random);
  }
  check(names_in(folder).size() == 3, "something is left over");
}

}  // namespace

int main(int argc, char** argv) {
  auto& board = shared<Board>();
  const auto work = [&](const Task& task) {
    run(board, task.folder, std::stod(task.amount), task.method != "unlocked", task.seed);
    check(board.owners_named > 0, "nobody was refused: too few to tell");
    return "8 processes for " + task.amount + " s: " + std::to_string(board.ownerships) +
           " owners, never two at a time, " + std::to_string(board.saves) + " saves, " + std::to_string(board.kills) +
           " kills; " + std::to_string(board.refusals) + " refusals, of which " + std::to_string(board.owners_named) +
           " could name the owner, and did";
  };
  return do_task(argc, argv, "owners FOLDER SECONDS", work,
                 [&] { return std::to_string(board.ownerships) + " owners"; });
}
