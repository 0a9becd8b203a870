// For programs that start processes, kill them, and say whether what they have seen is right.
#ifndef RUNHOOK_TESTS_CHECKPOINT_PROCESSES_HPP_
#define RUNHOOK_TESTS_CHECKPOINT_PROCESSES_HPP_

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runhook/checkpoint.hpp"

namespace runhook_test {

// What the test is there to find.
class Wrong : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline void check(bool good, const std::string& what) {
  if (!good) throw Wrong(what);
}

// Runs `body` in a process of its own, which goes with this one. Its exit status says whether anything was wrong.
template <typename Body>
pid_t start_process(Body&& body) {
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork has failed");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  try {
    std::forward<Body>(body)();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "process %d: %s\n", static_cast<int>(getpid()), error.what());
    _exit(1);
  }
  _exit(0);
}

// Waits for a process that was sent SIGKILL.
inline void wait_for_killed(pid_t child) {
  int status = 0;
  check(waitpid(child, &status, 0) == child, "there is no such process");
  check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a process has ended by itself");
}

inline void kill_and_wait(pid_t child) {
  kill(child, SIGKILL);
  wait_for_killed(child);
}

// An object that processes share which this one starts.
template <typename T>
T& shared() {
  void* const memory = mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return *new (memory) T();
}

inline void sleep_for_us(std::uint64_t us) { usleep(static_cast<useconds_t>(us)); }

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The numbers that decide what happens, of a seed that is printed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(engine_);
  }

 private:
  std::mt19937_64 engine_;
};

// What such a program has been told: PROGRAM FOLDER AMOUNT [METHOD [SEED]].
struct Task {
  std::string folder;
  std::string amount;  // how often, or how many seconds
  std::string method = "runhook";
  unsigned long long seed = std::random_device()();
};

// Does a task in a folder that is not there yet, and says how it has ended, or what was wrong, after what `so_far` counts.
// Returns the exit status.
template <typename Do, typename SoFar>
int do_task(int argc, char** argv, const char* usage, Do&& its_work, SoFar&& so_far) {
  if (argc < 3) {
    std::fprintf(stderr, "%s [METHOD [SEED]]\n", usage);
    return 2;
  }
  Task task{.folder = argv[1], .amount = argv[2]};
  if (argc > 3) task.method = argv[3];
  if (argc > 4) task.seed = std::strtoull(argv[4], nullptr, 10);
  try {
    std::filesystem::remove_all(task.folder);
    const std::string seen = its_work(task);
    std::printf("%s (seed %llu)\n", seen.c_str(), task.seed);
    return 0;
  } catch (const std::exception& error) {
    std::printf("WRONG after %s of '%s', seed %llu: %s\n", so_far().c_str(), task.method.c_str(), task.seed,
                error.what());
    return 1;
  }
}

inline std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
  return names;
}

// In these tests nothing happens of which a store would warn.
inline runhook::CheckpointStoreOptions strict_options(std::int64_t last, runhook::Durability durability) {
  runhook::CheckpointStoreOptions options;
  options.keep.last = last;
  options.durability = durability;
  options.log = [](runhook::LogLevel, std::string_view text) {
    std::fprintf(stderr, "warning: %.*s\n", static_cast<int>(text.size()), text.data());
    _exit(1);
  };
  return options;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CHECKPOINT_PROCESSES_HPP_
