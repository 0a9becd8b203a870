// A loop that stays where it is while other threads destroy it or stop it.
#include "runhook/inline_loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <random>
#include <string>
#include <thread>

#include "quiet_config.hpp"
#include "thread_group.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::ScriptedHook;

class InlineLoopThreads : public runhook_test::NoHandlesLeft {
 protected:
  // Opens a loop with this hook.
  void open(ScriptedHook& hook) {
    runhook_config* config = runhook_config_create(nullptr);
    runhook_test::quieten(config);
    ASSERT_EQ(runhook_config_set_inline(config, nullptr, nullptr), RUNHOOK_OK);
    const runhook_hook table = hook.table();
    ASSERT_EQ(runhook_config_add_hook(config, &table, nullptr, nullptr), RUNHOOK_OK);
    loop = runhook_monitored_session_create(config, nullptr);
    runhook_config_destroy(config);
    ASSERT_NE(loop, nullptr);
  }
  // Makes steps until there is none. Returns the code of the last call.
  runhook_status make_steps(std::latch& begun) {
    runhook_monitored_session* const mine = loop;
    Caught error;
    runhook_context* step = runhook_monitored_session_next(mine, error.out());
    begun.count_down();
    for (; step != nullptr; step = runhook_monitored_session_next(mine, error.out())) {
      EXPECT_EQ(runhook_step_set_double(step, "loss", 0.5, nullptr), RUNHOOK_OK);
    }
    return error.code();
  }
  void pause() {
    const int spins = std::uniform_int_distribution<int>(0, 2000)(random);
    for (int i = 0; i < spins; ++i) std::atomic_signal_fence(std::memory_order_seq_cst);
    if (spins % 3 == 0) std::this_thread::yield();
  }

  runhook_monitored_session* loop = nullptr;
  std::minstd_rand random{1};
};

TEST_F(InlineLoopThreads, DestroyedAtAnyMomentTheLoopEndsWithItsNextCallAndOnce) {
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    ScriptedHook hook;
    open(hook);
    std::latch begun(1);
    std::thread runner([&] { EXPECT_EQ(make_steps(begun), RUNHOOK_ERR_CLOSED); });
    begun.wait();
    pause();
    runhook_monitored_session_destroy(loop);
    runner.join();
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.count("before_run"), hook.count("after_run") + hook.count("on_error"));
    EXPECT_EQ(hook.destroyed, 1);
  }
}

TEST_F(InlineLoopThreads, StoppedAndDestroyedAtOnceTheLoopEndsOnce) {
  for (int i = 0; i < 400 && !HasFailure(); ++i) {
    ScriptedHook hook;
    open(hook);
    std::latch begun(1);
    std::thread runner([&] {
      const runhook_status code = make_steps(begun);
      EXPECT_TRUE(code == RUNHOOK_OK || code == RUNHOOK_ERR_CLOSED) << code;
    });
    begun.wait();
    runhook_monitored_session_request_stop(loop, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
    pause();
    runhook_monitored_session_destroy(loop);
    runner.join();
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(hook.destroyed, 1);
  }
}

TEST_F(InlineLoopThreads, ClosedByItsThreadTheSessionIsDestroyedByAnother) {
  ScriptedHook hook;
  open(hook);
  std::thread([&] {
    runhook_monitored_session_next(loop, nullptr);
    EXPECT_EQ(runhook_monitored_session_close(loop, nullptr), RUNHOOK_OK);
  }).join();
  runhook_monitored_session_destroy(loop);
  EXPECT_EQ(runhook_monitored_session_closed(loop), 1) << "the handle is not valid any more";
  EXPECT_EQ(hook.destroyed, 1);
}

}  // namespace
