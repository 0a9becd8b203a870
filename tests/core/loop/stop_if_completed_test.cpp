// Stops that belong to a step: they count once it is completed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/stop_after.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/inline_step.hpp"
#include "runhook/signals.hpp"

namespace runhook {
namespace {

using runhook_test::fail;
using runhook_test::LoopRig;

TEST(StopIfCompleted, GoesWithTheStepThatIsRecoveredFrom) {
  LoopRig rig;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 4}));
  int failures = 0;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    if (context.global_step() == 4 && failures++ == 0) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(), 4);
  session->close();
  const Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::stopped);
  EXPECT_EQ(outcome.step, 4);
  EXPECT_EQ(outcome.recoveries, 1);
  EXPECT_EQ(outcome.stop.text(), "step 4 has been reached");
}

TEST(StopIfCompleted, OfTheSessionsOwnStepGoesWithThatStep) {
  struct Asking final : Session {
    int runs = 0;
    NodeId resolve(std::string_view) override { return 0; }
    void run(SessionStep& step) override {
      if (++runs != 2 && runs != 4) return;
      EXPECT_TRUE(step.request_stop(0, "enough", StopUrgency::if_completed));
      EXPECT_TRUE(step.stop_requested());
      if (runs == 2) fail(StatusCode::aborted);
    }
  };
  LoopRig rig;
  const auto asking = std::make_shared<Asking>();
  rig.make = [&] { return asking; };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(no_args, 10), 3) << "the request of the second run is gone with it";
  EXPECT_EQ(session->outcome().stop.origin, StopOrigin::session);
}

TEST(PlannedStop, IsSaidToBeASuccess) {
  LoopRig rig;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 2}));
  const auto session = rig.start();
  session->run_until_stop();
  session->close();
  const Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::stopped);
  EXPECT_TRUE(outcome.stop.planned);
  EXPECT_EQ(outcome.to_string(), "stopped as planned by hook 'stop at step' at step 2: step 2 has been reached");
  EXPECT_EQ(exit_status(outcome), 0);
}

TEST(PlannedStop, GoesWithAStepThatIsRecoveredFrom) {
  LoopRig rig;
  int runs = 0;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    if (++runs == 1) context.request_stop(0, "here", StopUrgency::if_completed, /*planned=*/true);
    if (runs == 1) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(no_args, 3), 3);
  EXPECT_EQ(session->outcome().stop.origin, StopOrigin::none);
}

TEST(PlannedStop, OfATimeThatIsOverHoldsThroughAFailureOfItsStep) {
  LoopRig rig;
  const auto clock = std::make_shared<ManualClock>();
  rig.config.clock = clock;
  rig.config.add_hook(std::make_shared<StopAfterHook>(std::chrono::seconds(1)));
  rig.step = [&](Step&) { clock->advance(2'000'000'000); };
  rig.hook()->on_after = [](SessionRunContext&) { fail(StatusCode::aborted); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop(no_args, 10), aborted, "on purpose");
  session->close();
  EXPECT_TRUE(session->outcome().stop.planned);
  EXPECT_LE(rig.sessions, 2) << "a step in progress gets one more chance";
}

TEST(PlannedStop, MayBeAskedForByTheCallerAndASource) {
  LoopRig rig;
  const auto session = rig.start();
  session->request_stop(0, "that was all", StopUrgency::after_step, /*planned=*/true);
  session->stop_source().request_stop(0, "not that one");
  EXPECT_TRUE(session->outcome().stop.planned);
  EXPECT_FALSE(session->stop_source().state()->later().at(0).planned);
}

TEST(StopIfCompleted, IsSeenInItsStepAtOnceAndOutsideOnceThatIsCompleted) {
  LoopRig rig;
  MonitoredSession* running = nullptr;
  bool first = false;
  bool inside = false;
  bool outside = true;
  bool second = true;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    first = context.request_stop(3, "enough", StopUrgency::if_completed);
    inside = context.stop_requested();
    outside = running->should_stop();
    second = context.request_stop(4, "too", StopUrgency::if_completed);
  };
  const auto session = rig.start();
  running = session.get();
  session->run();
  EXPECT_TRUE(first);
  EXPECT_TRUE(inside);
  EXPECT_FALSE(outside);
  EXPECT_FALSE(second);
  EXPECT_TRUE(session->should_stop());
  EXPECT_EQ(session->outcome().stop.code, 3);
}

TEST(StopIfCompleted, ComesAfterAStickyStopOfTheSameStep) {
  LoopRig rig;
  MonitoredSession* running = nullptr;
  rig.hook()->on_before = [&](SessionRunContext& context) {
    context.request_stop(1, "of the step", StopUrgency::if_completed);
    running->request_stop(2, "by the caller");
  };
  const auto session = rig.start();
  running = session.get();
  session->run();
  session->close();
  EXPECT_EQ(session->outcome().stop.code, 2);
}

TEST(StopIfCompleted, OutsideOfAStepIsAStopAtOnce) {
  LoopRig rig;
  rig.hook()->on_create = [](SessionRunContext& context) {
    context.request_stop(0, "not even begun", StopUrgency::if_completed);
  };
  const auto session = rig.start();
  EXPECT_TRUE(session->should_stop());
  EXPECT_EQ(session->run_until_stop(), 0);
}

TEST(StopIfCompleted, OfAStepThatFailsForGoodIsKeptBesideTheError) {
  LoopRig rig;
  rig.hook()->on_before = [](SessionRunContext& context) {
    context.request_stop(0, "enough", StopUrgency::if_completed);
  };
  rig.step = [](Step&) { fail(StatusCode::internal); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "on purpose");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(session->outcome().stop.text(), "enough");
}

TEST(StopIfCompleted, OfASkippedStepIsForgotten) {
  LoopRig rig;
  int runs = 0;
  rig.hook()->on_before = [&](SessionRunContext& context) {
    if (++runs > 1) return;
    context.request_stop(0, "enough", StopUrgency::if_completed);
    context.skip_step();
  };
  const auto session = rig.start();
  session->run();
  EXPECT_FALSE(session->should_stop());
  session->run();
}

TEST(StopIfCompleted, IsWhatABodyAsksFor) {
  LoopRig rig;
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  InlineStep* step = session.next();
  step->request_stop("converged");
  step->fail(StatusCode::unavailable, "for a while");
  step = session.next();
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->attempt(), 2);
  step->request_stop("converged now");
  EXPECT_EQ(session.next(), nullptr);
  EXPECT_EQ(session.outcome().stop.text(), "converged now");
}

TEST(StopIfCompleted, OfAStepFunctionCountsWhenItHasReturned) {
  LoopRig rig;
  const auto session = rig.start();
  int calls = 0;
  session->run_step_fn([&](StepContext& context) {
    context.run_context().request_stop(0, "done", StopUrgency::if_completed);
    if (++calls == 1) fail(StatusCode::aborted);
  });
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(session->should_stop());
}

}  // namespace
}  // namespace runhook
