// What becomes of a run in which several things fail at once.
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

std::vector<std::string> suppressed(const Error& error) {
  std::vector<std::string> messages;
  for (std::size_t i = 0; i < error.suppressed_count(); ++i) messages.push_back(error.suppressed(i).message());
  return messages;
}

TEST(GravestError, EndOfInputHidesNoFailureBehindIt) {
  LoopRig rig;
  rig.hook()->on_after = [](auto&) { fail(StatusCode::out_of_range, "no more input"); };
  rig.hook()->on_after = [](auto&) { fail(StatusCode::data_loss, "loss is NaN"); };
  const auto session = rig.start();
  const Error error = error_of([&] { session->run_until_stop(); });
  EXPECT_TRUE(is_error(error, StatusCode::data_loss, "loss is NaN"));
  EXPECT_EQ(suppressed(error), (std::vector<std::string>{"no more input"}));
  EXPECT_NO_THROW(session->close());
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST(GravestError, EndOfInputHidesNoFailureOfOnError) {
  LoopRig rig;
  rig.step = [](auto&) { fail(StatusCode::out_of_range); };
  rig.hook()->on_failure = [](auto&, const Error&) { fail(StatusCode::data_loss); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop(), data_loss, "");
}

TEST(GravestError, RecoverableErrorHidesNoFatalOne) {
  LoopRig rig;
  rig.hook()->on_after = [](auto&) { fail(StatusCode::unavailable, "connection lost"); };
  rig.hook()->on_after = [](auto&) { fail(StatusCode::data_loss, "loss is NaN"); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "loss is NaN");
  EXPECT_EQ(rig.sessions, 1) << "recovered from";
}

TEST(GravestError, FatalErrorStaysBeforeLaterFatalOnes) {
  LoopRig rig;
  rig.hook()->on_after = [](auto&) { fail(StatusCode::internal, "first"); };
  rig.hook()->on_after = [](auto&) { fail(StatusCode::data_loss, "second"); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "first");
}

TEST(GravestError, SkippedStepHidesNoFailureOfOnError) {
  LoopRig rig;
  const auto hook = rig.hook();
  hook->on_before = [](auto& context) { context.skip_step(); };
  hook->on_failure = [](auto&, const Error&) { fail(StatusCode::data_loss); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "");
  EXPECT_EQ(rig.steps, 0);
}

TEST(GravestError, FirstOfSeveralFailedRunsIsThePrimaryError) {
  LoopRig rig;
  const char* message = "first";
  rig.step = [&](auto&) { fail(StatusCode::internal, message); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "first");
  message = "second";
  EXPECT_STATUS(session->run(), internal, "second");
  session->close();
  EXPECT_EQ(session->outcome().error.message(), "first");
  EXPECT_EQ(suppressed(session->outcome().error), (std::vector<std::string>{"second"}));
}

TEST(GravestError, CleanEndAfterAFailedRunLeavesTheOutcomeFailed) {
  LoopRig rig;
  rig.step = [&](auto&) { fail(rig.steps == 1 ? StatusCode::internal : StatusCode::out_of_range); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "");
  EXPECT_STATUS(session->run(), out_of_range, "");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST(GravestError, WithPrimaryKeepsTheOthersInOrder) {
  Error error(StatusCode::out_of_range, "a");
  for (const char* message : {"b", "c", "d"}) error.add_suppressed(Error(StatusCode::internal, message));
  const Error primary = error.with_primary(1);
  EXPECT_EQ(primary.message(), "c");
  EXPECT_EQ(suppressed(primary), (std::vector<std::string>{"a", "b", "d"}));
  EXPECT_EQ(error.message(), "a") << "the original is another object";
  EXPECT_EQ(suppressed(error), (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_EQ(error.with_primary(3).message(), "a") << "there is no such error";
}

}  // namespace
}  // namespace runhook
