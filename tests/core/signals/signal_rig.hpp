// What the tests of signals have in common: children whose end is looked at, and handlers that count.
#ifndef RUNHOOK_TESTS_CORE_SIGNALS_SIGNAL_RIG_HPP_
#define RUNHOOK_TESTS_CORE_SIGNALS_SIGNAL_RIG_HPP_

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventually.hpp"
#include "runhook/signals.hpp"
#include "sanitizer.hpp"

namespace runhook_test {

// How a child has ended. One that does not end is killed after a while, by SIGKILL.
inline int status_of(pid_t child) {
  int status = 0;
  if (!eventually([&] { return waitpid(child, &status, WNOHANG) == child; })) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  return status;
}

// Whether no other thread of the process runs.
inline bool others_sleep() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    if (thread.path().filename() == std::to_string(gettid())) continue;
    std::ifstream file(thread.path() / "stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    const auto name_end = stat.rfind(')');  // "123 (name) S ..."
    if (name_end != std::string::npos && stat.compare(name_end, 3, ") S") != 0) return false;
  }
  return true;
}

// Runs `body` in a child made by fork(), and returns how that ended; 99 if body returned.
template <typename Body>
int status_of_child(Body&& body) {
  // Its allocator stays locked in the child if another thread, as one that has just begun, is in it.
  if (kIsAddressSanitized) eventually(others_sleep);
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // else it would outlive a test that is killed, and hold its output
    body();
    _exit(99);
  }
  return status_of(child);
}

inline testing::AssertionResult was_killed_by(int status, int signal) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == signal) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "the child's status is " << status << ", not that of signal " << signal;
}

inline testing::AssertionResult has_exited(int status, int code) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "the child's status is " << status << ", not that of exit code " << code;
}

inline void to_this_thread(int signal, int times = 1) {
  for (int i = 0; i < times; ++i) pthread_kill(pthread_self(), signal);
}

inline struct sigaction action_in_force(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action;
}

inline bool is_default(int signal) { return action_in_force(signal).sa_handler == SIG_DFL; }

// Sets what a signal does, and puts back what was before.
class Installed {
 public:
  Installed(int signal, void (*handler)(int), int flags = 0) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(signal, &action, &former);
  }
  Installed(int signal, void (*handler)(int, siginfo_t*, void*)) : signal_(signal) {
    struct sigaction action {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigaction(signal, &action, &former);
  }
  Installed(const Installed&) = delete;
  Installed& operator=(const Installed&) = delete;
  ~Installed() { sigaction(signal_, &former, nullptr); }
  struct sigaction former {};

 private:
  const int signal_;
};

// A log that may be written to by any thread.
struct Lines {
  runhook::LogSink sink() {
    return [shared = shared](runhook::LogLevel, std::string_view line) {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->lines.emplace_back(line);
    };
  }
  std::vector<std::string> all() const {
    const std::lock_guard<std::mutex> lock(shared->mutex);
    return shared->lines;
  }

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<std::string> lines;
  };
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
};

inline void say_nothing(runhook::LogLevel, std::string_view) {}

// One rule, without an interval, that says nothing on standard error.
inline runhook::SignalOptions on(int signal, runhook::SignalAction action = runhook::SignalAction::stop,
                                 runhook::SignalRepeat repeat = runhook::SignalRepeat::usual) {
  runhook::SignalOptions options;
  options.rules = {{.signal = signal, .action = action, .repeat = repeat, .min_interval = std::chrono::nanoseconds(0)}};
  options.log = say_nothing;
  return options;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_SIGNALS_SIGNAL_RIG_HPP_
