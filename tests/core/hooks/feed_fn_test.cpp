// Feeding by a function; rows of the reference are in tests/conformance.
#include "runhook/hooks/feed_fn.hpp"

#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

class FeedFn : public testing::Test {
 protected:
  FeedFn() {
    rig.make = [this] {
      return std::make_shared<FunctionSession>(
          [this](FunctionSession::Step& step) {
            fed.push_back(step.input("x")->to_double());
            if (fed.size() == fails_at) fail(StatusCode::aborted);
          },
          std::vector<std::string>{}, std::vector<std::string>{"x"});
    };
  }
  // Feeds 1, 2, ..., up to `end`.
  void feed(double end = 100) {
    rig.config.add_hook(std::make_shared<FeedFnHook>([this, end](auto&) {
      if (next == end) fail(StatusCode::out_of_range, "no more");
      return std::vector<Feed>{{"x", Value::scalar(++next)}};
    }));
  }
  LoopRig rig;
  double next = 0;
  std::vector<double> fed;
  std::size_t fails_at = 0;
};

TEST_F(FeedFn, OutOfRangeIsTheEndOfInput) {
  feed(3);
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(), 3);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::end_of_input);
}

TEST_F(FeedFn, IsAskedAgainForAnotherAttempt) {
  feed();
  fails_at = 2;
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 3), 3);
  EXPECT_EQ(fed, (std::vector<double>{1, 2, 3, 4}));
}

TEST_F(FeedFn, WhatTheCallerFeedsIsAConflict) {
  feed();
  const auto session = rig.start();
  EXPECT_STATUS(session->run({.feeds = {{"x", Value::scalar(0.0)}}}), invalid_argument, "feed function");
}

TEST_F(FeedFn, FailureOfTheFunctionFailsTheRun) {
  rig.config.add_hook(
      std::make_shared<FeedFnHook>([](auto&) -> std::vector<Feed> { fail(StatusCode::data_loss, "corrupt record"); }));
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "corrupt record");
  EXPECT_TRUE(fed.empty());
}

TEST(FeedFnHook, NoFunctionIsRefused) { EXPECT_STATUS(FeedFnHook({}), invalid_argument, "no function"); }

}  // namespace
}  // namespace runhook
