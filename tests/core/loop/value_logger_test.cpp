// Values that other threads log.
#include "runhook/value_logger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop/listening.hpp"
#include "core/loop_rig.hpp"
#include "loop/value_queue.hpp"

namespace runhook {
namespace {

using runhook_test::fail;
using runhook_test::Logging;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(ValueLogger, ValuesGoOutWithTheNextStepAndHaveTheStepsTheyWereGiven) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  const ValueLogger logger = session.logger();
  session.next();
  session.next();  // one has been completed
  std::thread([&] {
    logger.log_scalar("val/loss", 0.5, 7);
    logger.log_int64("samples", 32);
    logger.log_text("phase", "late", ValueLogger::kLastCompleted);
  }).join();
  EXPECT_THAT(rig.listening->heard, IsEmpty());
  session.end_step();
  EXPECT_THAT(rig.listening->heard, ElementsAre("val/loss=0.5@7", "samples=32@1", "phase='late'@1"));
}

TEST(ValueLogger, ValuesComeAfterThoseOfTheStepAndReachSubscribers) {
  Logging rig;
  rig.listening->subscribes = true;
  MonitoredSession& session = rig.open_inline();
  const ValueLogger logger = session.logger();
  InlineStep* const step = session.next();
  logger.log_scalar("outside", 1, 0);
  step->log_scalar("inside", 2);
  session.end_step();
  EXPECT_THAT(rig.listening->told, ElementsAre("inside=2@1", "outside=1@0"));
  EXPECT_THAT(rig.listening->heard, ElementsAre("inside=2@1", "outside=1@0"));
}

TEST(ValueLogger, OfQuietStepsThatTheLibraryDrivesIsHeardInTheMiddle) {
  Logging rig;
  std::optional<ValueLogger> logger;
  std::size_t heard_by_then = 0;
  rig.step = [&](Step&) {
    if (rig.steps == 10) logger->log_scalar("loss", 1);
    if (rig.steps == 12) heard_by_then = rig.listening->heard.size();
  };
  const auto session = rig.start();
  logger.emplace(session->logger());
  session->run_until_stop(no_args, 20);
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@9"));
  EXPECT_EQ(heard_by_then, 1U);
}

TEST(ValueLogger, ValuesGoOutWhileStepsAreSkipped) {
  Logging rig;
  rig.hook()->on_before = [](SessionRunContext& context) { context.skip_step(); };
  const auto session = rig.start();
  session->logger().log_scalar("loss", 1, 0);
  session->run();
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@0"));
}

TEST(ValueLogger, ValuesOfARecoveredAttemptAreNotDroppedWithIt) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep* const step = session.next();
  session.logger().log_scalar("outside", 1, 0);
  step->log_scalar("inside", 1);
  step->fail(StatusCode::aborted, "once");
  session.next();
  session.end_step();
  EXPECT_THAT(rig.listening->heard, ElementsAre("outside=1@0"));
}

TEST(ValueLogger, ValuesThatWaitAtTheEndAreInTheOutputsWhateverTheEnd) {
  for (const bool fails : {false, true}) {
    Logging rig;
    MonitoredSession& session = rig.open_inline();
    const ValueLogger logger = session.logger();
    session.next();
    session.end_step();
    logger.log_scalar("last", 3);
    if (fails) session.fail(Error(StatusCode::internal, "broken"));
    session.close();
    EXPECT_THAT(rig.listening->heard, ElementsAre("last=3@1"));
  }
}

TEST(ValueLogger, OutlivesItsSessionAndCountsWhatIsDroppedThen) {
  Logging rig;
  const ValueLogger logger = rig.open_inline().logger();
  rig.session->close();
  logger.log_scalar("late", 1);
  rig.session.reset();
  logger.log_scalar("later", 1);
  EXPECT_EQ(logger.dropped(), 2U);
  EXPECT_THAT(rig.listening->heard, IsEmpty());
}

TEST(ValueLogger, WhatDoesNotFitIsDroppedAndWarnedOfOnce) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  const ValueLogger logger = session.logger();
  constexpr std::size_t kTooMany = 3;
  for (int time = 0; time < 2; ++time) {
    session.next();
    for (std::size_t i = 0; i < detail::ValueQueue::kCapacity + kTooMany; ++i) logger.log_scalar("loss", 1);
    session.end_step();
  }
  EXPECT_EQ(rig.listening->heard.size(), 2 * detail::ValueQueue::kCapacity);
  EXPECT_EQ(logger.dropped(), 2 * kTooMany);
  EXPECT_EQ(rig.logged("3 values that other threads have logged were dropped"), 1);
  EXPECT_EQ(session.outcome().warnings, 1);
}

TEST(ValueLogger, ValueOfAnotherKindThanItsNameIsDropped) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 1);
  session.logger().log_int64("loss", 1);
  session.logger().log_int64("count", 1);
  session.next()->log_int64("count", 2);
  session.end_step();
  EXPECT_EQ(session.logger().dropped(), 1U);
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@1", "count=1@0", "count=2@2"));
}

TEST(ValueLogger, BadNamesTextsAndStepsAreRefusedAtOnce) {
  Logging rig;
  const ValueLogger logger = rig.open_inline().logger();
  EXPECT_STATUS(logger.log_scalar("", 1), invalid_argument, "no name");
  EXPECT_STATUS(logger.log_int64("step", 1), invalid_argument, "every row has");
  EXPECT_STATUS(logger.log_text("note", "\xff"), invalid_argument, "not UTF-8");
  EXPECT_STATUS(logger.log_scalar("loss", 1, -2), invalid_argument, "step of a logged value is -2");
}

TEST(ValueLogger, IsThereFromBeginOn) {
  Logging rig;
  rig.hook()->on_begin = [](SessionRunContext& context) {
    context.monitored_session()->logger().log_scalar("early", 1, 0);
  };
  MonitoredSession& session = rig.open_inline();
  session.next();
  session.end_step();
  EXPECT_THAT(rig.listening->heard, ElementsAre("early=1@0"));
}

TEST(ValueLogger, OfASessionThatSharesItsStopStateWithAnotherReachesItsOwn) {
  Logging one, other;
  const StopSource source;
  one.config.stop = other.config.stop = source.state();
  MonitoredSession& first = one.open_inline();
  MonitoredSession& second = other.open_inline();
  first.next();
  second.next();
  first.logger().log_scalar("loss", 1, 0);
  second.end_step();
  EXPECT_THAT(other.listening->heard, IsEmpty());
  first.end_step();
  EXPECT_THAT(one.listening->heard, ElementsAre("loss=1@0"));
  EXPECT_FALSE(source.state()->anything()) << "nothing waits any more";
}

}  // namespace
}  // namespace runhook
