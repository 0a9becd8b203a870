// Session creators serve one session at a time.
#include "session/creator_claim.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

TEST(CreatorClaim, ConfigOfAnOpenSessionIsRefusedUntilThatHasEnded) {
  LoopRig rig;
  int begun = 0;
  rig.hook()->on_begin = [&](auto&) { ++begun; };
  const auto first = rig.start();
  EXPECT_STATUS(MonitoredSession(rig.config), already_exists, "the config, or its session creator, belongs to another");
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(rig.sessions, 1);
  first->run();
  first->close();
  MonitoredSession(rig.config).run();
  MonitoredSession(rig.config).run();
  EXPECT_EQ(begun, 3);
}

TEST(CreatorClaim, SingularSessionIsRefusedToo) {
  LoopRig rig;
  rig.config.session_creator = single_session_creator(std::make_shared<FunctionSession>([](auto&) {}));
  SingularMonitoredSession first(rig.config);
  EXPECT_STATUS(SingularMonitoredSession(rig.config), already_exists, "each open session needs a config");
}

TEST(CreatorClaim, SessionThatCouldNotBeMadeDoesNotKeepIt) {
  LoopRig rig;
  const auto hook = rig.hook();
  hook->on_begin = [](auto&) { fail(StatusCode::internal); };
  EXPECT_STATUS(rig.start(), internal, "on purpose");
  rig.config.hook_budget = -1;
  EXPECT_STATUS(MonitoredSession(rig.config), invalid_argument, "budget");
  hook->on_begin = nullptr;
  rig.config.hook_budget = 0;
  MonitoredSession(rig.config).run();
}

TEST(CreatorClaim, CopyOfACreatorIsAnotherOne) {
  FunctionSessionCreator creator([](auto&) {
    return CreatedSession{std::make_shared<FunctionSession>([](auto&) {}), std::nullopt};
  });
  const detail::CreatorClaim claim(creator);
  EXPECT_STATUS(detail::CreatorClaim{creator}, already_exists, "");
  const FunctionSessionCreator copy = creator;
  EXPECT_NO_THROW(detail::CreatorClaim{copy});
  creator = copy;
  EXPECT_STATUS(detail::CreatorClaim{creator}, already_exists, "");
}

TEST(CreatorClaim, HookThatEndsASessionInItsCleanupDoesNotFreeItTooEarly) {
  LoopRig rig;
  rig.hook()->on_cleanup = [&](auto&, const Outcome&) {
    Config config;
    config.session_creator = rig.config.session_creator;
    EXPECT_STATUS(MonitoredSession{config}, already_exists, "");
  };
  rig.start()->close();
}

}  // namespace
}  // namespace runhook
