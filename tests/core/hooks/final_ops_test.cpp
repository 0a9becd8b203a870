// Fetching values once at the end; rows of the reference are in tests/conformance.
#include "runhook/hooks/final_ops.hpp"

#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

// y = 2 x; x is 1 unless it is fed.
class FinalOps : public testing::Test {
 protected:
  FinalOps() {
    rig.make = [this] {
      return std::make_shared<FunctionSession>(
          [this](FunctionSession::Step& step) {
            if (fails) fail(StatusCode::internal);
            const Value* x = step.input("x");
            step.set_output("y", Value::scalar(x == nullptr ? 2 : 2 * x->to_double()));
          },
          std::vector<std::string>{"y"}, std::vector<std::string>{"x"});
    };
    rig.config.add_hook(hook);
  }
  LoopRig rig;
  bool fails = false;
  std::shared_ptr<FinalOpsHook> hook = std::make_shared<FinalOpsHook>(SessionRunArgs{
      .fetches = Fetches::map({{"metrics", Fetches::list({"y", "y"})}}), .feeds = {{"x", Value::scalar(21.0)}}});
};

TEST_F(FinalOps, AreFedAndKeepTheShapeOfWhatWasAskedFor) {
  rig.start()->close();
  EXPECT_EQ(hook->values().to_double("metrics/1"), 42);
}

TEST_F(FinalOps, RunBypassesHooks) {
  int runs = 0;
  rig.hook()->on_before = [&](auto&) { ++runs; };
  const auto session = rig.start();
  session->run();
  session->close();
  EXPECT_EQ(runs, 1);
}

TEST_F(FinalOps, StopDoesNotKeepThemFromBeingFetched) {
  const auto session = rig.start();
  session->request_stop();
  session->close();
  EXPECT_FALSE(hook->values().absent());
}

TEST_F(FinalOps, FailedRunHasNone) {
  const auto session = rig.start();
  fails = true;
  EXPECT_STATUS(session->run(), internal, "on purpose");
  fails = false;
  session->close();
  EXPECT_TRUE(hook->values().absent());
}

TEST_F(FinalOps, NothingIsLeftOfAnotherSession) {
  rig.start()->close();
  const auto second = rig.start();
  EXPECT_TRUE(hook->values().absent());
}

}  // namespace
}  // namespace runhook
