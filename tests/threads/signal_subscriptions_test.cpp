// Subscriptions to signals that come and go on several threads while signals are sent at these.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>

#include <array>
#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "core/signals/signal_rig.hpp"
#include "runhook/signals.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// A stop source with a step to be cancelled, subscribed for a moment.
void subscribe_for_a_moment(SignalAction action) {
  const StopSource source;
  std::atomic<int> cancelled{0};
  source.state()->set_canceller(&cancelled, [&] { ++cancelled; });
  {
    Lines lines;  // its end, right after the subscription's, is seen if somebody still writes
    SignalOptions options = on(SIGUSR1, action, SignalRepeat::ignore);
    options.log = lines.sink();
    const SignalSubscription subscription(source, options);
    constexpr std::int64_t kTwoMilliseconds = 2'000'000;
    if (action != SignalAction::save) source.state()->wait(kTwoMilliseconds);
    source.request_stop(1, "enough");
  }
  source.state()->set_canceller(&cancelled, {});
  EXPECT_LE(cancelled, 1);
}

TEST(SignalSubscriptions, ComeAndGoUnderSignals) {
  constexpr std::array kActions = {SignalAction::save, SignalAction::stop, SignalAction::stop_now};
  const SignalSubscription always(StopSource(), on(SIGUSR1, SignalAction::save));
  std::array<std::atomic<pid_t>, kActions.size()> targets{};
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kActions.size(); ++i) {
    threads.emplace_back([&, i] {
      targets[i] = static_cast<pid_t>(syscall(SYS_gettid));
      while (!over) subscribe_for_a_moment(kActions[i]);
    });
  }
  constexpr std::size_t kSignals = 20'000;
  for (std::size_t i = 0; i < kSignals; ++i) {
    const std::atomic<pid_t>& target = targets[i % targets.size()];
    EXPECT_TRUE(eventually([&] { return target != 0; }));
    syscall(SYS_tgkill, getpid(), target.load(), SIGUSR1);
    if (i % 16 == 0) sched_yield();
  }
  EXPECT_TRUE(eventually([&] { return always.received(SIGUSR1) > 100; }));
  over = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
