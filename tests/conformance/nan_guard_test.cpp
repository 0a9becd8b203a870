// Section 4.19: the guard against NaN.
#include "runhook/hooks/nan_guard.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace conformance {
namespace {

using namespace runhook;
using namespace runhook_test;

// A session whose output "loss" is always `loss`.
SessionFactory losing(double loss) {
  return [loss] {
    return std::make_shared<FunctionSession>(
        [loss](FunctionSession::Step& step) { step.set_output("loss", Value::scalar(loss)); },
        std::vector<std::string>{"loss"});
  };
}

TEST(NanGuard, NA_02_StopsWhereItIsNotToFailAndTheOthersAreCalled) {
  LoopRig rig;
  rig.make = losing(std::numeric_limits<double>::quiet_NaN());
  rig.config.add_hook(NanGuardHook::make({.names = {"loss"}, .fail = false}));
  const auto later = rig.hook();
  int after = 0;
  int ended = 0;
  later->on_after = [&](auto&) { ++after; };
  later->on_end = [&](auto&) { ++ended; };
  const auto session = rig.start();
  session->run();
  EXPECT_TRUE(session->should_stop());
  EXPECT_EQ(after, 1);
  session->close();
  EXPECT_EQ(ended, 1);
}

TEST(NanGuard, NA_04_InfinityCounts) {
  LoopRig rig;
  rig.make = losing(std::numeric_limits<double>::infinity());
  rig.config.add_hook(NanGuardHook::make({.names = {"loss"}}));
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "infinite");
}

}  // namespace
}  // namespace conformance
