// Waiting for what another thread or process does.
#ifndef RUNHOOK_TESTS_EVENTUALLY_HPP_
#define RUNHOOK_TESTS_EVENTUALLY_HPP_

#include <chrono>
#include <thread>

namespace runhook_test {

// Waits until `condition` holds; false if it never does. A long while, since the machine may be busy, and its disk slow.
template <typename Condition>
bool eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace runhook_test

#endif  // RUNHOOK_TESTS_EVENTUALLY_HPP_
