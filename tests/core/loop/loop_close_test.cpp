// What the outcome of a run tells of its threads and of its failed runs.
#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

// A thread that has reported when this returns.
void report(MonitoredSession& session, std::string_view thread, StatusCode code, const char* message) {
  Coordinator coordinator = session.coordinator();
  coordinator.start_thread(thread, [code, message] { fail(code, message); });
  while (coordinator.live_threads() > 0) std::this_thread::yield();
}

TEST(ThreadErrors, RecoverableOnesBeforeCloseAreAllInTheOutcomeWithCodeAndThread) {
  LoopRig rig;
  const auto hook = rig.hook();
  int ended = 0;
  hook->on_end = [&](auto&) { ++ended; };
  const auto session = rig.start();
  session->run();
  report(*session, "reader", StatusCode::aborted, "preempted");
  report(*session, "writer", StatusCode::unavailable, "gone");
  EXPECT_NO_THROW(session->close());
  EXPECT_EQ(ended, 1);
  const Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::completed) << outcome.to_string();
  ASSERT_EQ(outcome.warnings, 2);
  EXPECT_EQ(outcome.first_warnings[0].to_string(), "ABORTED in thread 'reader': preempted");
  EXPECT_EQ(outcome.first_warnings[1].to_string(), "UNAVAILABLE in thread 'writer': gone");
  EXPECT_EQ(outcome.first_warnings[1].code(), StatusCode::unavailable);
  EXPECT_EQ(rig.logged("ABORTED in thread 'reader': preempted"), 1);
  EXPECT_EQ(rig.logged("UNAVAILABLE in thread 'writer': gone"), 1);
}

TEST(ThreadErrors, CleanupIsToldOfThem) {
  LoopRig rig;
  std::int64_t warnings = 0;
  rig.hook()->on_cleanup = [&](auto&, const Outcome& outcome) { warnings = outcome.warnings; };
  const auto session = rig.start();
  report(*session, "reader", StatusCode::aborted, "preempted");
  session->close();
  EXPECT_EQ(warnings, 1);
}

TEST(ThreadErrors, RecoverableOnesAreBehindTheFailureOfARun) {
  LoopRig rig;
  rig.step = [](auto&) { fail(StatusCode::data_loss, "broken"); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "broken");
  report(*session, "reader", StatusCode::aborted, "preempted");
  report(*session, "writer", StatusCode::unavailable, "gone");
  EXPECT_NO_THROW(session->close()) << "the failure has been told, and the rest is no failure";
  const Error error = session->outcome().error;
  EXPECT_EQ(error.message(), "broken");
  ASSERT_EQ(error.suppressed_count(), 2U);
  EXPECT_EQ(error.suppressed(0).to_string(), "ABORTED in thread 'reader': preempted");
  EXPECT_EQ(error.suppressed(1).to_string(), "UNAVAILABLE in thread 'writer': gone");
  EXPECT_EQ(session->outcome().warnings, 0);
}

TEST(ThreadErrors, RecoverableOneIsBehindTheFatalOneThatFollowedIt) {
  LoopRig rig;
  const auto session = rig.start();
  report(*session, "reader", StatusCode::aborted, "preempted");
  report(*session, "writer", StatusCode::internal, "broken");
  const Error thrown = error_of([&] { session->close(); });
  EXPECT_EQ(thrown.code(), StatusCode::internal);
  for (const Error& error : {thrown, session->outcome().error}) {
    EXPECT_EQ(error.message(), "broken");
    ASSERT_EQ(error.suppressed_count(), 1U);
    EXPECT_EQ(error.suppressed(0).to_string(), "ABORTED in thread 'reader': preempted");
  }
}

TEST(ThreadErrors, FatalOneKeepsTheRecoverableOneThatFollowedItOnce) {
  LoopRig rig;
  const auto session = rig.start();
  report(*session, "writer", StatusCode::internal, "broken");
  report(*session, "reader", StatusCode::aborted, "preempted");
  EXPECT_STATUS(session->close(), internal, "broken");
  const Error error = session->outcome().error;
  EXPECT_EQ(error.to_string(), "INTERNAL in thread 'writer': broken (1 more error suppressed)");
  ASSERT_EQ(error.suppressed_count(), 1U);
  EXPECT_EQ(error.suppressed(0).message(), "preempted");
}

TEST(ThreadErrors, FatalOneBeforeCloseLeavesOutTheEnd) {
  LoopRig rig;
  int ended = 0;
  rig.hook()->on_end = [&](auto&) { ++ended; };
  const auto session = rig.start();
  report(*session, "reader", StatusCode::internal, "broken");
  EXPECT_STATUS(session->close(), internal, "broken");
  EXPECT_EQ(ended, 0);
}

TEST(ThreadErrors, FatalOneDuringTheEndFailsTheRunAndCleanupIsTold) {
  LoopRig rig;
  const auto hook = rig.hook();
  int ended = 0;
  Outcome told;
  std::unique_ptr<MonitoredSession> session;
  hook->on_end = [&](auto&) {
    report(*session, "reader", StatusCode::internal, "broken");
    ++ended;
  };
  hook->on_cleanup = [&](auto&, const Outcome& outcome) { told = outcome; };
  session = rig.start();
  session->run();
  EXPECT_STATUS(session->close(), internal, "broken");
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(told.kind, OutcomeKind::failed);
  EXPECT_EQ(told.error.to_string(), "INTERNAL in thread 'reader': broken");
}

TEST(ThreadErrors, FatalOneOfAThreadThatIsJoinedIsBehindTheOneThatCameBefore) {
  LoopRig rig;
  rig.step = [](auto&) { fail(StatusCode::data_loss, "the step's"); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "");
  Coordinator coordinator = session->coordinator();
  coordinator.start_thread("late", [coordinator] {
    coordinator.wait_for_stop();
    fail(StatusCode::internal, "at the end");
  });
  coordinator.start_thread("early", [] { fail(StatusCode::internal, "at once"); });
  while (!coordinator.error()) std::this_thread::yield();
  EXPECT_STATUS(session->close(), internal, "");
  const Error error = session->outcome().error;
  EXPECT_EQ(error.message(), "the step's");
  int found = 0;
  const auto count = [&found](const auto& self, const Error& one) -> void {
    if (one.code() == StatusCode::internal) ++found;
    for (std::size_t i = 0; i < one.suppressed_count(); ++i) self(self, one.suppressed(i));
  };
  count(count, error);
  EXPECT_EQ(found, 2) << "each of them once";
}

TEST(ThreadErrors, OneThatWasRecoveredFromIsGone) {
  LoopRig rig;
  const auto session = rig.start();
  report(*session, "reader", StatusCode::aborted, "preempted");
  session->run();
  EXPECT_EQ(rig.sessions, 2);
  session->close();
  EXPECT_EQ(session->outcome().warnings, 0);
  EXPECT_EQ(session->outcome().recoveries, 1);
}

TEST(ThreadErrors, OnesOfAConstructorThatFailsAreBehindItsError) {
  LoopRig rig;
  rig.hook()->on_create = [](auto& context) {
    Coordinator coordinator = context.coordinator();
    coordinator.start_thread("reader", [] { fail(StatusCode::aborted, "preempted"); });
    while (coordinator.live_threads() > 0) std::this_thread::yield();
    fail(StatusCode::data_loss, "broken");
  };
  const Error error = error_of([&] { rig.start(); });
  EXPECT_EQ(error.message(), "broken");
  ASSERT_EQ(error.suppressed_count(), 1U);
  EXPECT_EQ(error.suppressed(0).to_string(), "ABORTED in thread 'reader': preempted");
}

TEST(FailedRuns, OneThatAStepFunctionGoesOnAfterIsAWarningAlsoIfTheFunctionThenStops) {
  LoopRig rig;
  rig.step = [&](auto&) {
    if (rig.steps == 1) fail(StatusCode::internal, "broken");
  };
  const auto hook = rig.hook();
  int ended = 0;
  hook->on_end = [&](auto&) { ++ended; };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "broken");
  EXPECT_STATUS(session->run_step_fn([](StepContext& context) {
    context.run_with_hooks();
    context.request_stop(0, "done");
  }),
                stopped, "");
  session->close();
  const Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::stopped) << outcome.to_string();
  EXPECT_EQ(outcome.runs, 1);
  EXPECT_EQ(outcome.first_warning.message(), "broken");
  EXPECT_EQ(ended, 1);
}

TEST(FailedRuns, OneThatAStepFunctionGoesOnAfterIsAWarningAlsoIfItsLastRunIsSkipped) {
  LoopRig rig;
  rig.step = [&](auto&) {
    if (rig.steps == 1) fail(StatusCode::internal, "broken");
  };
  int runs = 0;
  rig.hook()->on_before = [&](auto& context) {
    if (++runs == 3) context.skip_step();
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "broken");
  session->run_step_fn([](StepContext& context) {
    context.run_with_hooks();
    context.run_with_hooks();
  });
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
}

TEST(FailedRuns, OneBeforeAStepFunctionWhoseOnlyRunIsSkippedStaysTheFailure) {
  LoopRig rig;
  rig.step = [&](auto&) { fail(StatusCode::internal, "broken"); };
  int runs = 0;
  rig.hook()->on_before = [&](auto& context) {
    if (++runs == 2) context.skip_step();
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "broken");
  session->run_step_fn([](StepContext& context) { context.run_with_hooks(); });
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

// A run without a log of its own, and what it leaves on standard error.
class FailureReport : public testing::Test {
 protected:
  FailureReport() {
    rig.config.log = nullptr;
    rig.step = [](auto&) { fail(StatusCode::data_loss, "broken"); };
  }
  template <typename Body>
  static std::string said(Body&& body) {
    testing::internal::CaptureStderr();
    body();
    return testing::internal::GetCapturedStderr();
  }
  LoopRig rig;
};

TEST_F(FailureReport, IsThatOfTheCallerWhoGotTheErrorFromARun) {
  EXPECT_EQ(said([&] {
              const auto session = rig.start();
              EXPECT_STATUS(session->run(), data_loss, "broken");
              session->close();
            }),
            "");
  EXPECT_EQ(said([&] {
              const auto session = rig.start();
              EXPECT_STATUS(session->run(), data_loss, "broken");
            }),
            "")
      << "the destructor closes";
  EXPECT_EQ(said([&] { EXPECT_STATUS(rig.start()->run(), data_loss, "broken"); }), "")
      << "the exception leaves its scope";
}

TEST_F(FailureReport, IsThatOfTheCallerWhoHasGivenTheError) {
  EXPECT_EQ(said([&] {
              const auto session = rig.start();
              session->fail(Error(StatusCode::internal, "mine"));
              session->close();
            }),
            "");
}

TEST_F(FailureReport, IsThatOfTheCallerWhoGotTheErrorFromClosing) {
  rig.hook({.name = "last"})->on_end = [](auto&) { fail(StatusCode::data_loss, "not kept"); };
  EXPECT_EQ(said([&] {
              const auto session = rig.start();
              EXPECT_STATUS(session->close(), data_loss, "not kept");
            }),
            "");
}

TEST_F(FailureReport, IsOnStandardErrorIfADestructorSwallowsTheError) {
  rig.hook({.name = "last"})->on_end = [](auto&) { fail(StatusCode::data_loss, "not kept"); };
  EXPECT_EQ(said([&] { rig.start(); }),
            "runhook: error: failed: DATA_LOSS in end of hook 'last' at step 0: not kept\n");
}

TEST_F(FailureReport, IsOnStandardErrorIfNobodyHasHeardOfTheError) {
  EXPECT_EQ(said([&] {
              const auto session = rig.start();
              EXPECT_STATUS(session->run(), data_loss, "broken");
              session->error_unheard();
              session->close();
            }),
            "runhook: error: failed: DATA_LOSS in run at step 0: broken\n");
}

TEST_F(FailureReport, IsInALogThatWasGivenInAnyCase) {
  rig.config.log = [this](LogLevel level, std::string_view text) {
    if (level == LogLevel::error) rig.log.emplace_back(text);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), data_loss, "broken");
  session->close();
  EXPECT_EQ(rig.logged("failed: DATA_LOSS"), 1);
}

}  // namespace
}  // namespace runhook
