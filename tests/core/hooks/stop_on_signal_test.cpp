// The hook that lets signals stop a run.
#include "runhook/hooks/stop_on_signal.hpp"

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "core/signals/signal_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

TEST(StopOnSignal, StopsTheRunAndIsGoneAfterwards) {
  LoopRig rig;
  const HookRegistration registration = StopOnSignalHook::make(on(SIGTERM));
  rig.config.add_hook(registration);
  rig.step = [&](auto&) {
    if (rig.steps % 3 == 0) to_this_thread(SIGTERM);
  };
  for (int round = 1; round <= 2; ++round) {  // it may be used again
    const auto session = rig.start();
    EXPECT_EQ(session->run_until_stop({}, 1000), 3);
    session->close();
    EXPECT_EQ(session->outcome().to_string(), "stopped by SIGTERM at step 3");
    EXPECT_EQ(exit_status(session->outcome()), 128 + SIGTERM);
    EXPECT_TRUE(is_default(SIGTERM));
  }
}

TEST(StopOnSignal, TwoSessionsAreStoppedByOneSignal) {
  LoopRig first;
  LoopRig second;
  first.config.add_hook(StopOnSignalHook::make(on(SIGTERM)));
  second.config.add_hook(StopOnSignalHook::make(on(SIGTERM)));
  const auto a = first.start();
  const auto b = second.start();
  a->run();
  to_this_thread(SIGTERM);
  EXPECT_TRUE(a->should_stop());
  EXPECT_TRUE(b->should_stop());
  a->close();
  EXPECT_FALSE(is_default(SIGTERM));
}

TEST(StopOnSignal, ConstructorThatFailsLeavesNoHandler) {
  LoopRig rig;
  rig.config.add_hook(StopOnSignalHook::make(on(SIGTERM)));
  rig.hook()->on_begin = [](auto&) { fail(StatusCode::internal); };
  EXPECT_STATUS(rig.start(), internal, "on purpose");
  EXPECT_TRUE(is_default(SIGTERM));
}

}  // namespace
}  // namespace runhook
