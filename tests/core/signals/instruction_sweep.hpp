// Delivers a signal before each instruction of a piece of code, one run of it for each, by stepping a child through it.
#ifndef RUNHOOK_TESTS_CORE_SIGNALS_INSTRUCTION_SWEEP_HPP_
#define RUNHOOK_TESTS_CORE_SIGNALS_INSTRUCTION_SWEEP_HPP_

#include <sched.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>

namespace runhook_test {

struct SweptCode {
  std::function<void()> prepare;  // before each run
  std::function<void()> body;     // in which the signal comes
  std::function<bool()> check;    // after it
};

// What came of it.
struct Sweep {
  long instructions = 0;  // before which the signal has come
  std::string trouble;    // empty: none; "hung at instruction 12", ...
};

class InstructionSweep {
 public:
  // Sends the signal before every `stride`-th instruction. A run that takes longer than `limit` hangs.
  InstructionSweep(int signal, long stride, std::chrono::milliseconds limit)
      : signal_(signal), stride_(stride), limit_(limit) {}

  // `set_up` is called in the child, and makes the code.
  Sweep run(const std::function<SweptCode()>& set_up) {
    child_ = fork();
    if (child_ == 0) be_stepped(set_up);
    Sweep sweep;
    for (long at = 0; sweep.trouble.empty(); at += stride_) {
      if (!reaches_marker()) {
        sweep.trouble = "a check failed, or there is no ptrace, before instruction " + std::to_string(at);
      } else if (!steps(at)) {
        break;  // the code was over before
      } else {
        sweep.instructions = at + 1;
        ptrace(PTRACE_CONT, child_, nullptr, signal_);
        if (!reaches_marker()) sweep.trouble = "hung or died at instruction " + std::to_string(at);
        ptrace(PTRACE_CONT, child_, nullptr, 0);
      }
    }
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    return sweep;
  }

 private:
  [[noreturn]] static void be_stepped(const std::function<SweptCode()>& set_up) {
    const SweptCode code = set_up();
    code.prepare();
    code.body();  // so that all symbols are bound
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    for (;;) {
      code.prepare();
      raise(SIGSTOP);
      code.body();
      raise(SIGSTOP);
      if (!code.check()) _exit(1);
    }
  }

  // The child stops at SIGSTOP, in time.
  bool reaches_marker() const {
    const auto until = std::chrono::steady_clock::now() + limit_;
    int status = 0;
    for (int round = 0; waitpid(child_, &status, WNOHANG) != child_; ++round) {
      if (round < 1000) {
        sched_yield();
      } else if (std::chrono::steady_clock::now() > until) {
        return false;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    return WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
  }

  // Makes so many steps; false if the next marker comes first.
  bool steps(long count) const {
    for (long i = 0; i < count; ++i) {
      int status = 0;
      if (ptrace(PTRACE_SINGLESTEP, child_, nullptr, 0) != 0 || waitpid(child_, &status, 0) != child_) return false;
      if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) return false;
    }
    return true;
  }

  const int signal_;
  const long stride_;
  const std::chrono::milliseconds limit_;
  pid_t child_ = 0;
};

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_CORE_SIGNALS_INSTRUCTION_SWEEP_HPP_
