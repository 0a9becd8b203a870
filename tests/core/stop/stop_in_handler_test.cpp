// A signal whose handler runs on the very thread that waits. Not built with ThreadSanitizer, which puts handlers off
// until an intercepted call, and a wait for a futex is none: the handler that would end the wait would never run.
#include <gtest/gtest.h>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "runhook/stop.hpp"

namespace runhook {
namespace {

using namespace std::chrono_literals;

StopState* handled_state = nullptr;
void handle(int number) { handled_state->request_from_signal(number, StopUrgency::after_step); }

TEST(StopState, WaitingThreadIsEndedByItsOwnSignalHandler) {
  StopState state;
  handled_state = &state;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &former), 0);
  const pthread_t self = pthread_self();
  std::thread killer([self] {
    std::this_thread::sleep_for(5ms);
    pthread_kill(self, SIGUSR1);
  });
  EXPECT_TRUE(state.wait(-1));
  killer.join();
  ASSERT_EQ(sigaction(SIGUSR1, &former, nullptr), 0);
}

}  // namespace
}  // namespace runhook
