// Hooks that serve one session at a time.
#include "run/hook_claim.hpp"

#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

struct Selfish final : SessionRunHook {
  std::string_view name() const override { return "selfish"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext&) override {
    ++begun;
    if (fails) fail(StatusCode::internal);
  }
  int begun = 0;
  bool fails = false;
};

class OneSession : public testing::Test {
 protected:
  OneSession() {
    one.config.add_hook(hook);
    two.config.add_hook(hook);
  }
  std::shared_ptr<Selfish> hook = std::make_shared<Selfish>();
  LoopRig one;
  LoopRig two;
};

TEST_F(OneSession, SecondOneIsRefusedWhileTheFirstLives) {
  const auto session = one.start();
  EXPECT_STATUS(two.start(), already_exists, "hook 'selfish' belongs to another session");
  EXPECT_EQ(hook->begun, 1);
  session->run();
}

TEST_F(OneSession, NextOneMayHaveItOnceTheFirstHasEnded) {
  const auto session = one.start();
  session->close();
  two.start()->run();
  one.start()->run();
  EXPECT_EQ(hook->begun, 3);
}

TEST_F(OneSession, SessionThatCouldNotBeMadeDoesNotKeepIt) {
  hook->fails = true;
  EXPECT_STATUS(one.start(), internal, "on purpose");
  hook->fails = false;
  two.start()->run();
  auto refused = two.hook();
  two.config.add_hook(refused);  // twice
  EXPECT_STATUS(two.start(), already_exists, "already");
  one.start()->run();
}

TEST_F(OneSession, RemovedOneMayGoToAnother) {
  two.config.hooks.clear();
  const auto first = one.start();
  const auto second = two.start();
  EXPECT_STATUS(second->add_hook(hook), already_exists, "selfish");
  first->remove_hook(first->hook_id("selfish"));
  EXPECT_STATUS(second->add_hook(hook), already_exists, "selfish");  // it is there until the next boundary
  first->run();
  const std::uint64_t id = second->add_hook(hook);
  EXPECT_STATUS(first->add_hook(hook), already_exists, "selfish");
  second->remove_hook(id);  // before it has begun
  first->add_hook(hook);
  first->run();
  EXPECT_EQ(hook->begun, 2);
}

TEST_F(OneSession, OneThatIsRemovedAndAddedAgainIsKept) {
  const auto first = one.start();
  first->remove_hook(first->hook_id("selfish"));
  first->add_hook(hook);
  first->run();
  EXPECT_EQ(hook->begun, 2);
  EXPECT_STATUS(two.start(), already_exists, "selfish");
}

TEST(SharedHook, HookThatDoesNotMindIsSharedByLiveSessions) {
  LoopRig one;
  LoopRig two;
  two.config.add_hook(one.hook());
  const auto first = one.start();
  const auto second = two.start();
  first->run();
  second->run();
}

}  // namespace
}  // namespace runhook
