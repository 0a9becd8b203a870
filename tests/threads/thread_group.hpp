// Threads that begin at the same moment, and what the tests of threads have in common.
#ifndef RUNHOOK_TESTS_THREADS_THREAD_GROUP_HPP_
#define RUNHOOK_TESTS_THREADS_THREAD_GROUP_HPP_

#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capi/scripted.hpp"

namespace runhook_test {

inline constexpr int kThreads = 8;
inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

// `count` threads that call body(0), body(1), ... once all of them are there and the owner has called go().
class ThreadGroup {
 public:
  ThreadGroup(int count, std::function<void(int)> body) : body_(std::move(body)), start_(count + 1) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, i] {
        start_.arrive_and_wait();
        body_(i);
      });
    }
  }
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;
  ~ThreadGroup() { join(); }
  void go() {
    started_ = true;
    start_.arrive_and_wait();
  }
  void join() {
    if (!started_) go();
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

 private:
  const std::function<void(int)> body_;
  std::latch start_;
  bool started_ = false;
  std::vector<std::thread> threads_;
};

inline void all_at_once(std::function<void(int)> body, int count = kThreads) {
  ThreadGroup(count, std::move(body)).join();
}

class Stopwatch {
 public:
  int64_t ns() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

inline void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

inline runhook_stop_reason reason_at(const runhook_stop_source* source, size_t index) {
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_EQ(runhook_stop_source_reason_at(source, index, &reason, nullptr), RUNHOOK_OK) << index;
  return reason;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_THREADS_THREAD_GROUP_HPP_
