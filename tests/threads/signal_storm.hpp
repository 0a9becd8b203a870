// A storm of signals from another process at two threads, and what a watchdog finds.
#ifndef RUNHOOK_TESTS_THREADS_SIGNAL_STORM_HPP_
#define RUNHOOK_TESTS_THREADS_SIGNAL_STORM_HPP_

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace runhook_test {

inline constexpr int kStormThreads = 2;

// What the process that is under the storm shares with the one that sends it.
struct StormBoard {
  std::array<std::atomic<pid_t>, kStormThreads> threads{};        // set by each thread once it may be sent signals
  std::array<std::atomic<std::uint64_t>, 65> handled{};           // signals that have reached a handler, by number
  std::array<std::atomic<std::uint64_t>, 65> told{};              // what the library says of that, at the end
  std::array<std::atomic<std::uint64_t>, kStormThreads> steps{};  // of each thread
  std::atomic<std::uint64_t> stops{0};                            // runs that a signal has ended
  std::atomic<std::uint64_t> saves{0};                            // saves that a signal has asked for
  std::atomic<std::uint64_t> clobbered{0};                        // how often errno was not what it had been
  std::atomic<bool> over{false};

  std::uint64_t progress() const {
    std::uint64_t sum = 0;
    for (const auto& count : steps) sum += count.load();
    return sum;
  }
};

struct StormReport {
  std::array<std::uint64_t, 65> sent{};
  std::string trouble;  // empty: none; else "hung", "lost a signal", "died", ...
};

class SignalStorm {
 public:
  SignalStorm() : board(*make_board()) {}
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;
  ~SignalStorm() { munmap(&board, sizeof board); }

  // Runs `subject` in a child, which is to fill in the board and to return when the storm is over, and sends `count`
  // signals at its threads. `queued` is one that the kernel counts; of the others several may become one. The child
  // hangs if one of its threads makes no step for `limit`; a signal is lost if it does not come in that time.
  StormReport run(const std::function<void(StormBoard&)>& subject, std::uint64_t count, int queued,
                  const std::vector<int>& others, std::chrono::seconds limit) {
    child_ = fork();
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // else it would outlive a test that is killed, and hold its output
      subject(board);
      _exit(0);
    }
    limit_ = limit;
    report_ = {};
    await([&] { return board.threads[0] != 0 && board.threads[1] != 0; });
    constexpr std::uint64_t kBatch = 1000;
    for (std::uint64_t at = 0; at < count && is_well(); at += kBatch) send_batch(kBatch, queued, others);
    board.over = true;
    finish();
    return report_;
  }

  StormBoard& board;

 private:
  static StormBoard* make_board() {
    void* const memory = mmap(nullptr, sizeof(StormBoard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return new (memory) StormBoard;
  }

  bool is_well() const { return report_.trouble.empty(); }

  // A quarter is of the other kinds. After each batch the last of each kind must have come.
  void send_batch(std::uint64_t count, int queued, const std::vector<int>& others) {
    std::array<std::uint64_t, 65> before{};
    for (const int signal : others) before[index(signal)] = board.handled[index(signal)];
    for (std::uint64_t i = 0; i < count && is_well(); ++i) {
      send(i % 4 == 3 ? others[i / 4 % others.size()] : queued, static_cast<int>(i / 2 % kStormThreads));
    }
    await([&] { return board.handled[index(queued)] >= report_.sent[index(queued)]; });
    for (const int signal : others) {
      await([&] { return board.handled[index(signal)] > before[index(signal)]; });
    }
  }

  void send(int signal, int thread) {
    const pid_t target = board.threads[static_cast<std::size_t>(thread)];
    const Wait wait(*this);
    while (syscall(SYS_tgkill, child_, target, signal) != 0) {  // the kernel keeps so many and no more
      if (errno != EAGAIN) return note("died");
      if (wait.is_too_long()) return note(wait.finding());
      sched_yield();
    }
    ++report_.sent[index(signal)];
  }

  // A wait that has taken too long says whether a thread has not gone on meanwhile.
  class Wait {
   public:
    explicit Wait(SignalStorm& storm) : storm_(storm), until_(std::chrono::steady_clock::now() + storm.limit_) {
      for (std::size_t i = 0; i < kStormThreads; ++i) steps_[i] = storm_.board.steps[i];
    }
    bool is_too_long() const { return std::chrono::steady_clock::now() > until_; }
    std::string finding() const {
      for (std::size_t i = 0; i < kStormThreads; ++i) {
        if (storm_.board.steps[i] == steps_[i]) return "hung";
      }
      return "lost a signal";
    }

   private:
    SignalStorm& storm_;
    const std::chrono::steady_clock::time_point until_;
    std::array<std::uint64_t, kStormThreads> steps_{};
  };

  template <typename Condition>
  void await(Condition&& condition) {
    if (!is_well()) return;
    const Wait wait(*this);
    while (!condition()) {
      if (wait.is_too_long()) return note(wait.finding());
      if (waitpid(child_, nullptr, WNOHANG) == child_) {
        child_ = 0;
        return note("died");
      }
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  void finish() {
    if (child_ == 0) return;
    int status = 0;
    const auto until = std::chrono::steady_clock::now() + limit_;
    while (waitpid(child_, &status, WNOHANG) != child_) {
      if (!is_well() || std::chrono::steady_clock::now() > until) {
        note("hung");
        kill(child_, SIGKILL);
        waitpid(child_, &status, 0);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    if (status != 0) note("died with status " + std::to_string(status));
  }

  void note(std::string trouble) {
    if (is_well()) report_.trouble = std::move(trouble);
  }

  static std::size_t index(int signal) { return static_cast<std::size_t>(signal); }

  pid_t child_ = 0;
  std::chrono::seconds limit_{};
  StormReport report_;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_THREADS_SIGNAL_STORM_HPP_
