// Clocks: the manual one, and those made of functions.
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

class CClock : public NoHandlesLeft {};

TEST_F(CClock, ManualClockMovesWhenTold) {
  runhook_clock* clock = runhook_manual_clock_create(100, nullptr);
  EXPECT_EQ(runhook_clock_now_ns(clock), 100);
  EXPECT_EQ(runhook_manual_clock_advance(clock, 5, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_clock_now_ns(clock), 105);
  EXPECT_EQ(runhook_manual_clock_advance(clock, -1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_clock_destroy(clock);
  EXPECT_EQ(runhook_clock_now_ns(clock), 0);
  EXPECT_EQ(runhook_manual_clock_advance(clock, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CClock, TableIsCalledAndGivenBackOnce) {
  static int destroyed;
  destroyed = 0;
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.user_data = &destroyed;
  table.destroy = count_destroy;
  EXPECT_EQ(runhook_clock_create(&table, nullptr), nullptr) << "now_ns is required";
  EXPECT_EQ(destroyed, 1);
  table.now_ns = [](runhook_context* context, void*, int32_t ok) {
    EXPECT_STREQ(runhook_context_callback_name(context), "now_ns");
    EXPECT_EQ(runhook_context_wait_ns(context), 0);
    EXPECT_EQ(runhook_context_stop_requested(context), 0);
    EXPECT_EQ(runhook_context_set_now_ns(context, 77, nullptr), RUNHOOK_OK);
    return ok;
  };
  runhook_clock* clock = runhook_clock_create(&table, nullptr);
  EXPECT_EQ(runhook_clock_now_ns(clock), 77);
  EXPECT_EQ(runhook_manual_clock_advance(clock, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(destroyed, 1);
  runhook_clock_destroy(clock);
  EXPECT_EQ(destroyed, 2);
}

// A clock whose functions can be scripted.
struct ScriptedClock {
  Callback now = [this](runhook_context* context) {
    runhook_context_set_now_ns(context, ++time, nullptr);
    return kOk;
  };
  Callback wait = [](runhook_context*) { return kOk; };
  int64_t time = 0;

  runhook_clock* create() {
    runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
    table.user_data = this;
    table.now_ns = [](runhook_context* context, void* self, int32_t ok) {
      return answer(static_cast<ScriptedClock*>(self)->now(context), ok);
    };
    table.wait_ns = [](runhook_context* context, void* self, int32_t ok) {
      return answer(static_cast<ScriptedClock*>(self)->wait(context), ok);
    };
    return runhook_clock_create(&table, nullptr);
  }
};

// What a binding gives to C after an uncaught exception is no time.
TEST_F(CClock, FailureTellsTheLastTimeAndIsKept) {
  ScriptedClock scripted;
  runhook_clock* clock = scripted.create();
  EXPECT_EQ(runhook_clock_error(clock), nullptr);
  const Callback good = std::exchange(scripted.now, [](runhook_context*) { return 0; });
  EXPECT_EQ(runhook_clock_now_ns(clock), 0) << "there is no last time yet";
  runhook_error* error = runhook_clock_error(clock);
  EXPECT_EQ(runhook_error_code(error), RUNHOOK_ERR_UNKNOWN);
  EXPECT_STREQ(runhook_error_callback(error), "now_ns");
  const std::string first = runhook_error_to_string(error);
  runhook_error_destroy(error);

  scripted.now = good;
  EXPECT_EQ(runhook_clock_now_ns(clock), 1);
  for (const Callback& bad : {Callback([](runhook_context*) { return kOk; }), Callback([](runhook_context* context) {
                                runhook_context_set_now_ns(context, 99, nullptr);
                                return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "broken");
                              }),
                              Callback([](runhook_context*) -> int32_t { throw 1; })}) {
    scripted.now = bad;
    EXPECT_EQ(runhook_clock_now_ns(clock), 1);
  }
  error = runhook_clock_error(clock);
  EXPECT_EQ(runhook_error_to_string(error), first) << "the first failure is kept";
  runhook_error_destroy(error);
  runhook_clock_destroy(clock);
  EXPECT_EQ(runhook_clock_error(clock), nullptr);
}

TEST_F(CClock, FailureIsLoggedOnceAndFailsNothing) {
  ScriptedClock scripted;
  scripted.now = [](runhook_context* context) {
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "stopped ticking");
  };
  ScriptedHook hook;
  hook.on["before_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_now_ns(context), 0);
    return kOk;
  };
  std::vector<std::string> warnings;
  Loop loop;
  runhook_log log = RUNHOOK_LOG_INIT;
  log.user_data = &warnings;
  log.write = [](const runhook_log_record* record, void* list) {
    if (record->level == RUNHOOK_LOG_WARNING) {
      static_cast<std::vector<std::string>*>(list)->emplace_back(record->message);
    }
  };
  runhook_config_set_log(loop.config, &log, nullptr);
  runhook_clock* clock = scripted.create();
  runhook_config_set_clock(loop.config, clock, nullptr);
  runhook_clock_destroy(clock);
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("stopped ticking"), std::string::npos) << warnings[0];
}

TEST_F(CClock, WaitKnowsItsLengthAndSeesTheStop) {
  ScriptedClock scripted;
  Loop loop;
  int64_t waited = 0;
  scripted.wait = [&](runhook_context* context) {
    EXPECT_STREQ(runhook_context_callback_name(context), "wait_ns");
    EXPECT_EQ(runhook_context_set_now_ns(context, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    waited = runhook_context_wait_ns(context);
    EXPECT_EQ(runhook_context_stop_requested(context), 0);
    runhook_monitored_session_request_stop(loop.session, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
    EXPECT_EQ(runhook_context_stop_requested(context), 1);
    return kOk;
  };
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_UNAVAILABLE, "away"); };
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.initial_backoff_ns = 5000;
  policy.jitter = -1;
  runhook_config_set_recovery(loop.config, &policy, nullptr);
  runhook_clock* clock = scripted.create();
  runhook_config_set_clock(loop.config, clock, nullptr);
  runhook_clock_destroy(clock);
  ASSERT_TRUE(loop.start());
  EXPECT_NE(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(waited, 5000);
}

TEST_F(CClock, WaitThatFailsIsWaitedInRealTime) {
  ScriptedClock scripted;
  Loop loop;
  bool failing = true;
  scripted.wait = [](runhook_context*) { return 1; };
  loop.step = [&](runhook_context* context) {
    return std::exchange(failing, false) ? runhook_context_fail(context, RUNHOOK_ERR_UNAVAILABLE, "away") : kOk;
  };
  runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
  policy.initial_backoff_ns = 20'000'000;
  policy.jitter = -1;
  runhook_config_set_recovery(loop.config, &policy, nullptr);
  runhook_clock* clock = scripted.create();
  runhook_config_set_clock(loop.config, clock, nullptr);
  ASSERT_TRUE(loop.start());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20));
  runhook_error* error = runhook_clock_error(clock);
  EXPECT_STREQ(runhook_error_callback(error), "wait_ns");
  runhook_error_destroy(error);
  runhook_clock_destroy(clock);
}

TEST_F(CClock, IsAskedByManyThreadsAtOnce) {
  std::atomic<int64_t> time{0};
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.user_data = &time;
  table.now_ns = [](runhook_context* context, void* data, int32_t ok) {
    runhook_context_set_now_ns(context, ++*static_cast<std::atomic<int64_t>*>(data), nullptr);
    return ok;
  };
  runhook_clock* clock = runhook_clock_create(&table, nullptr);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([clock] {
      for (int k = 0; k < 1000; ++k) EXPECT_GT(runhook_clock_now_ns(clock), 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(time, 4000);
  EXPECT_EQ(runhook_clock_error(clock), nullptr);
  runhook_clock_destroy(clock);
}

}  // namespace
