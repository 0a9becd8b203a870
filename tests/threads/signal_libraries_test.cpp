// Two copies of the library in one process, as when two programs' parts bring one each: the C++ library that is linked
// into the test, and the one inside the shared C library. Each has a registration of its own.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "core/signals/signal_rig.hpp"
#include "runhook/runhook.h"
#include "runhook/signals.hpp"

namespace {

using namespace runhook;
using namespace runhook_test;

// A subscription of the C library's, to SIGUSR1.
class Other {
 public:
  Other() {
    runhook_signal_rule rule = RUNHOOK_SIGNAL_RULE_INIT;
    rule.signal = SIGUSR1;
    const runhook_signal_rule* const rules[] = {&rule};
    runhook_signal_options options = RUNHOOK_SIGNAL_OPTIONS_INIT;
    options.rules = rules;
    options.rule_count = 1;
    runhook_log quiet = RUNHOOK_LOG_INIT;
    quiet.write = [](const runhook_log_record*, void*) {};
    options.log = &quiet;
    subscription_ = runhook_signal_subscription_create(source_, &options, nullptr);
  }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;
  ~Other() {
    runhook_signal_subscription_destroy(subscription_);
    runhook_stop_source_destroy(source_);
  }
  std::uint64_t received() const { return runhook_signal_subscription_received(subscription_, SIGUSR1); }

 private:
  runhook_stop_source* source_ = runhook_stop_source_create(nullptr);
  runhook_signal_subscription* subscription_ = nullptr;
};

class TwoLibraries : public testing::Test {
 protected:
  std::optional<SignalSubscription> own;
  std::optional<Other> other;
  void subscribe_own() { own.emplace(StopSource(), on(SIGUSR1)); }
};

TEST_F(TwoLibraries, BothGetTheSignalOnce) {
  subscribe_own();
  other.emplace();
  to_this_thread(SIGUSR1);
  EXPECT_EQ(own->received(SIGUSR1), 1U);
  EXPECT_EQ(other->received(), 1U);
  other.reset();
  to_this_thread(SIGUSR1);
  EXPECT_EQ(own->received(SIGUSR1), 2U);
  own.reset();
  EXPECT_TRUE(is_default(SIGUSR1));
}

TEST_F(TwoLibraries, TheOneBelowMayLeaveFirst) {
  for (int round = 0; round < 6; ++round) {
    other.emplace();
    subscribe_own();
    other.reset();
    to_this_thread(SIGUSR1);
    EXPECT_EQ(own->received(SIGUSR1), 1U) << round;
    other.emplace();  // above now
    to_this_thread(SIGUSR1);
    EXPECT_EQ(own->received(SIGUSR1), 2U) << round;
    EXPECT_EQ(other->received(), 1U) << round;
    other.reset();
    own.reset();
  }
  EXPECT_TRUE(was_killed_by(status_of_child([] { to_this_thread(SIGUSR1); }), SIGUSR1));
}

}  // namespace
