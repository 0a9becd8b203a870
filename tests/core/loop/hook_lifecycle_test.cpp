#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

// A hook that notes its callbacks and whose begin fails.
std::shared_ptr<LambdaHook> failing_in_begin(std::vector<std::string>& calls) {
  auto hook = std::make_shared<LambdaHook>();
  hook->on_begin = [&calls](auto&) {
    calls.emplace_back("begin");
    fail(StatusCode::internal);
  };
  hook->on_create = [&calls](auto&) { calls.emplace_back("after_create_session"); };
  hook->on_before = [&calls](auto&) { calls.emplace_back("before_run"); };
  hook->on_after = [&calls](auto&) { calls.emplace_back("after_run"); };
  hook->on_end = [&calls](auto&) { calls.emplace_back("end"); };
  hook->on_cleanup = [&calls](auto&, const Outcome&) { calls.emplace_back("cleanup"); };
  return hook;
}

class ToleratedFailureOfBegin : public testing::TestWithParam<FailurePolicy> {
 protected:
  HookOptions options() const {
    HookOptions tolerated;
    tolerated.failure_policy = GetParam();
    return tolerated;
  }
  std::vector<std::string> calls;
  LoopRig rig;
};

TEST_P(ToleratedFailureOfBegin, HookOfTheConfigGetsCleanupOnly) {
  rig.config.add_hook(failing_in_begin(calls), options());
  const auto session = rig.start();
  session->run();
  session->close();
  EXPECT_EQ(calls, (std::vector<std::string>{"begin", "cleanup"}));
}

TEST_P(ToleratedFailureOfBegin, HookAddedToARunningSessionGetsCleanupOnly) {
  const auto session = rig.start();
  session->run();
  session->add_hook(failing_in_begin(calls), options());
  session->run();
  session->close();
  EXPECT_EQ(calls, (std::vector<std::string>{"begin", "cleanup"}));
  EXPECT_EQ(session->outcome().warnings, 1);
}

TEST_P(ToleratedFailureOfBegin, HookAddedByACallbackGetsCleanupOnly) {
  std::shared_ptr<LambdaHook> adder = rig.hook();
  bool added = false;
  adder->on_after = [&](auto& context) {
    if (!std::exchange(added, true)) context.monitored_session()->add_hook(failing_in_begin(calls), options());
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 3);
  session->close();
  EXPECT_EQ(calls, (std::vector<std::string>{"begin", "cleanup"}));
}

INSTANTIATE_TEST_SUITE_P(Policy, ToleratedFailureOfBegin, testing::Values(FailurePolicy::warn, FailurePolicy::disable),
                         [](const auto& policy) { return policy.param == FailurePolicy::warn ? "Warn" : "Disable"; });

TEST(Cleanup, FailuresOfAConstructorsUnwindingAreSuppressedSideBySide) {
  LoopRig rig;
  for (int i = 0; i < 2; ++i) {
    rig.hook()->on_cleanup = [](auto&, const Outcome&) { fail(StatusCode::internal, "cleanup"); };
  }
  rig.hook()->on_begin = [](auto&) { fail(StatusCode::data_loss, "begin"); };
  const Error error = error_of([&] { rig.start(); });
  EXPECT_EQ(error.message(), "begin");
  EXPECT_EQ(error.suppressed_count(), 2u);
}

}  // namespace
}  // namespace runhook
