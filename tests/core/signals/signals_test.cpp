// What signals do to what has subscribed to them.
#include "runhook/signals.hpp"

#include <dirent.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include "core/expect_error.hpp"
#include "core/signals/signal_rig.hpp"
#include "runhook/hooks/stop_on_signal.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

TEST(Signals, NothingIsInstalledWithoutASubscription) {
  ASSERT_TRUE(is_default(SIGTERM));
  {
    const SignalSubscription subscription{StopSource()};
    const struct sigaction action = action_in_force(SIGTERM);
    EXPECT_FALSE(is_default(SIGTERM));
    EXPECT_FALSE(is_default(SIGINT));
    EXPECT_TRUE(is_default(SIGUSR1));
    EXPECT_EQ(action.sa_flags & (SA_RESTART | SA_ONSTACK), SA_RESTART | SA_ONSTACK);
    EXPECT_EQ(sigismember(&action.sa_mask, SIGUSR2), 1);
  }
  EXPECT_TRUE(is_default(SIGTERM));
  EXPECT_TRUE(is_default(SIGINT));
}

TEST(Signals, FirstOneStopsAfterTheStep) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  errno = EXDEV;
  to_this_thread(SIGTERM);
  EXPECT_EQ(errno, EXDEV);
  EXPECT_TRUE(stop.stop_requested());
  const StopReason reason = stop.state()->first();
  EXPECT_EQ(reason.origin, StopOrigin::signal);
  EXPECT_EQ(reason.code, SIGTERM);
  EXPECT_EQ(reason.urgency, StopUrgency::after_step);
  EXPECT_EQ(subscription.received(SIGTERM), 1U);
  EXPECT_EQ(subscription.received(SIGINT), 0U);
}

TEST(Signals, SecondSigintCancelsTheStep) {
  const StopSource stop;
  std::atomic<int> cancelled{0};
  stop.state()->set_canceller(&cancelled, [&] { ++cancelled; });
  {
    const SignalSubscription subscription(stop, on(SIGINT));
    to_this_thread(SIGINT);
    EXPECT_FALSE(stop.state()->urgent());
    to_this_thread(SIGINT);
    EXPECT_TRUE(stop.state()->urgent());
    EXPECT_TRUE(eventually([&] { return cancelled == 1; }));
  }
  EXPECT_EQ(cancelled, 1);
  stop.state()->set_canceller(&cancelled, {});
}

TEST(Signals, StopNowCancelsTheStepAtOnce) {
  const StopSource stop;
  std::atomic<int> cancelled{0};
  stop.state()->set_canceller(&cancelled, [&] { ++cancelled; });
  {
    const SignalSubscription subscription(stop, on(SIGTERM, SignalAction::stop_now));
    to_this_thread(SIGTERM, 3);
    EXPECT_TRUE(eventually([&] { return cancelled == 1; }));
  }
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(stop.state()->first().urgency, StopUrgency::now);
  stop.state()->set_canceller(&cancelled, {});
}

TEST(Signals, RepeatedSigtermIsIgnored) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGTERM));
  to_this_thread(SIGTERM, 5);
  EXPECT_FALSE(stop.state()->urgent());
  EXPECT_TRUE(stop.state()->later().empty());
  EXPECT_EQ(subscription.received(SIGTERM), 5U);
}

TEST(Signals, OneThatComesTooSoonDoesNotEscalate) {
  const StopSource stop;
  SignalOptions options = on(SIGINT);
  options.rules[0].min_interval = 1h;
  const SignalSubscription subscription(stop, std::move(options));
  to_this_thread(SIGINT, 10);
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_FALSE(stop.state()->urgent());
  EXPECT_EQ(subscription.received(SIGINT), 10U);
}

TEST(Signals, SaveDoesNotStop) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGUSR1, SignalAction::save));
  for (int i = 0; i < 3; ++i) {
    to_this_thread(SIGUSR1);
    EXPECT_TRUE(stop.state()->take_save_request());
  }
  EXPECT_FALSE(stop.stop_requested());
}

TEST(Signals, SaveAndStopDoesBoth) {
  const StopSource stop;
  const SignalSubscription subscription(stop, on(SIGUSR1, SignalAction::save_and_stop));
  to_this_thread(SIGUSR1);
  EXPECT_TRUE(stop.state()->save_requested());
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_FALSE(stop.state()->urgent());
}

TEST(Signals, ReachAllSubscriptionsAndEachByItsOwnRule) {
  const StopSource first;
  const StopSource second;
  std::optional<SignalSubscription> a(std::in_place, first, on(SIGUSR1));
  std::optional<SignalSubscription> b(std::in_place, second, on(SIGUSR1, SignalAction::save));
  to_this_thread(SIGUSR1);
  EXPECT_TRUE(first.stop_requested());
  EXPECT_TRUE(second.state()->take_save_request());
  EXPECT_FALSE(second.stop_requested());
  a.reset();
  EXPECT_FALSE(is_default(SIGUSR1));
  to_this_thread(SIGUSR1);
  EXPECT_TRUE(second.state()->take_save_request());
  b.reset();
  EXPECT_TRUE(is_default(SIGUSR1));
}

TEST(Signals, AnyNumberOfSubscriptionsMayBeThere) {
  std::vector<StopSource> stops(300);
  std::vector<std::unique_ptr<SignalSubscription>> subscriptions;
  for (const StopSource& stop : stops) {
    subscriptions.push_back(std::make_unique<SignalSubscription>(stop, on(SIGUSR1)));
  }
  to_this_thread(SIGUSR1);
  for (const StopSource& stop : stops) EXPECT_TRUE(stop.stop_requested());
}

TEST(Signals, LinesSayWhatHappens) {
  Lines lines;
  SignalOptions options = on(SIGINT);
  options.log = lines.sink();
  const SignalSubscription subscription(StopSource(), std::move(options));
  to_this_thread(SIGINT);
  ASSERT_TRUE(eventually([&] { return lines.all().size() == 1; }));
  EXPECT_EQ(lines.all()[0], "SIGINT: the run is stopped after its step; the next one asks the step to give up");
  to_this_thread(SIGINT);
  ASSERT_TRUE(eventually([&] { return lines.all().size() == 2; }));
  EXPECT_EQ(lines.all()[1], "SIGINT: the run is stopped, and its step asked to give up; the next one ends the process");
}

TEST(Signals, ManySavesAreOneLineInEachInterval) {
  Lines lines;
  SignalOptions options = on(SIGUSR1, SignalAction::save);
  options.rules[0].min_interval = 1h;
  options.log = lines.sink();
  const SignalSubscription subscription(StopSource(), std::move(options));
  for (int i = 0; i < 50; ++i) {
    to_this_thread(SIGUSR1);
    std::this_thread::yield();
  }
  ASSERT_TRUE(eventually([&] { return !lines.all().empty(); }));
  EXPECT_EQ(lines.all(), std::vector<std::string>{"SIGUSR1: the run is saved after its step"});
}

TEST(Signals, LogMayEndItsSubscription) {
  std::optional<SignalSubscription> subscription;
  std::atomic<bool> ended{false};
  SignalOptions options = on(SIGTERM);
  options.log = [&](LogLevel, std::string_view) {
    subscription.reset();
    ended = true;
  };
  subscription.emplace(StopSource(), std::move(options));
  to_this_thread(SIGTERM);
  ASSERT_TRUE(eventually([&] { return ended.load(); }));
  EXPECT_TRUE(is_default(SIGTERM));
}

TEST(Signals, LogIsNotCalledAnyMoreWhenTheSubscriptionHasEnded) {
  const SignalSubscription other(StopSource(), on(SIGTERM));  // the thread goes on
  std::atomic<bool> begun{false};
  std::atomic<bool> finished{false};
  {
    SignalOptions options = on(SIGTERM);
    options.log = [&](LogLevel, std::string_view) {
      begun = true;
      std::this_thread::sleep_for(50ms);
      finished = true;
    };
    const SignalSubscription subscription(StopSource(), std::move(options));
    to_this_thread(SIGTERM);
    ASSERT_TRUE(eventually([&] { return begun.load(); }));
  }
  EXPECT_TRUE(finished);
}

TEST(Signals, RulesThatCannotBeAreRefused) {
  const auto refused = [](SignalRule rule, const char* why) {
    SignalOptions options;
    options.rules = {rule};
    EXPECT_STATUS(SignalSubscription(StopSource(), options), invalid_argument, why);
    EXPECT_STATUS(StopOnSignalHook{options}, invalid_argument, why);
  };
  for (const int signal : {0, -1, 65, 1000}) refused({.signal = signal}, "there is no signal");
  for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGCHLD, SIGCONT})
    refused({.signal = signal}, "not one that can");
  refused({.signal = SIGTERM, .action = static_cast<SignalAction>(4)}, "action");
  refused({.signal = SIGTERM, .repeat = static_cast<SignalRepeat>(-1)}, "repeated");
  refused({.signal = SIGTERM, .min_interval = -1ns}, "min_interval");
  EXPECT_STATUS(SignalSubscription(StopSource(), {.rules = {}}), invalid_argument, "no signals");
  EXPECT_STATUS(SignalSubscription(StopSource(), {.exit_deadline = -1ns}), invalid_argument, "exit_deadline");
  EXPECT_STATUS(SignalSubscription(StopSource(), {.rules = {{.signal = SIGINT}, {.signal = SIGINT}}}), invalid_argument,
                "two rules");
  EXPECT_STATUS(SignalSubscription(StopSource(nullptr)), invalid_argument, "nothing to stop");
}

TEST(Signals, OneTheSystemRefusesLeavesNothingBehind) {
  SignalOptions options;
  options.rules = {{.signal = SIGTERM}, {.signal = 32}};  // the C library keeps it for itself
  EXPECT_STATUS(SignalSubscription(StopSource(), options), invalid_argument, "signal 32");
  EXPECT_TRUE(is_default(SIGTERM));
}

int entries(const char* directory) {
  DIR* const opened = opendir(directory);
  int count = 0;
  while (readdir(opened) != nullptr) ++count;
  closedir(opened);
  return count;
}

TEST(Signals, NoThreadAndNoDescriptorIsLeftBehind) {
  std::thread([] {}).join();  // with the first thread a sanitizer may start one of its own
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const int threads = entries("/proc/self/task");
  const int descriptors = entries("/proc/self/fd");
  for (int i = 0; i < 20; ++i) {
    const SignalSubscription first{StopSource()};
    const SignalSubscription second{StopSource()};
    EXPECT_EQ(entries("/proc/self/task"), threads + 1);
  }
  EXPECT_TRUE(eventually([&] { return entries("/proc/self/task") == threads; }));  // the kernel may be a little late
  EXPECT_EQ(entries("/proc/self/fd"), descriptors);
}

}  // namespace
}  // namespace runhook
