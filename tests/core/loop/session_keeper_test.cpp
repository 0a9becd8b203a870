// How sessions are closed, and what becomes of a recovery that ends otherwise than its policy says.
#include <gtest/gtest.h>

#include <memory>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/session.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

// Reads well until it is told not to.
class BrokenClock final : public Clock {
 public:
  std::int64_t now_ns() override {
    if (broken) fail(StatusCode::internal, "the clock is broken");
    return 0;
  }
  bool wait(std::int64_t, const StopState*) override { return false; }
  bool broken = false;
};

TEST(SessionKeeper, ClockThatFailsDuringARecoveryLeavesNoRunWithoutASession) {
  LoopRig rig;
  const auto clock = std::make_shared<BrokenClock>();
  rig.config.clock = clock;
  rig.step = [&](auto&) {
    clock->broken = true;
    fail(StatusCode::unavailable);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "the clock is broken");
  clock->broken = false;
  EXPECT_TRUE(session->should_stop());
  EXPECT_STATUS(session->run(), internal, "the clock is broken");
  EXPECT_EQ(rig.steps, 1);
}

// Fails to close with a code.
class Unclosable final : public Session {
 public:
  explicit Unclosable(StatusCode code) : code_(code) {}
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep&) override {}
  void close() override { fail(code_, "lost its connection"); }

 private:
  StatusCode code_;
};

TEST(SessionKeeper, WS_07_CloseThatFailsRecoverablyIsSwallowedAndLoggedWithoutRecovery) {
  for (const StatusCode code : {StatusCode::aborted, StatusCode::unavailable}) {
    LoopRig rig;
    rig.config.session_creator = single_session_creator(std::make_shared<Unclosable>(code));
    const auto hook = rig.hook();
    int ended = 0;
    OutcomeKind kind = OutcomeKind::running;
    hook->on_end = [&](auto&) { ++ended; };
    hook->on_cleanup = [&](auto&, const Outcome& outcome) { kind = outcome.kind; };
    SingularMonitoredSession session(rig.config);
    session.run();
    EXPECT_NO_THROW(session.close()) << status_name(code);
    EXPECT_TRUE(session.closed());
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(kind, OutcomeKind::completed);
    EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
    EXPECT_EQ(rig.logged(std::string(status_name(code)) + " in close at step 1: lost its connection"), 1);
  }
}

TEST(SessionKeeper, CloseThatFailsForGoodIsThrown) {
  LoopRig rig;
  rig.config.session_creator = single_session_creator(std::make_shared<Unclosable>(StatusCode::data_loss));
  SingularMonitoredSession session(rig.config);
  EXPECT_STATUS(session.close(), data_loss, "lost its connection");
  EXPECT_EQ(session.outcome().kind, OutcomeKind::failed);
}

// The second session cannot be had, because `code`.
struct NoSecondSession : LoopRig {
  explicit NoSecondSession(StatusCode code) {
    make = [this, code]() -> std::shared_ptr<Session> {
      if (sessions++ > 0) fail(code, "no more data");
      return std::make_shared<FunctionSession>([](auto&) { fail(StatusCode::unavailable, "gone"); });
    };
  }
};

TEST(SessionKeeper, OutOfRangeOfARecreationIsAFailureAndNotTheEndOfInput) {
  NoSecondSession rig(StatusCode::out_of_range);
  const auto hook = rig.hook();
  int ended = 0;
  hook->on_end = [&](auto&) { ++ended; };
  const auto session = rig.start();
  const Error error = error_of([&] { session->run(); });
  EXPECT_TRUE(is_error(error, StatusCode::internal, "making the session anew failed with OUT_OF_RANGE: no more data"));
  ASSERT_EQ(error.suppressed_count(), 2U);
  EXPECT_EQ(error.suppressed(0).code(), StatusCode::out_of_range);
  EXPECT_EQ(error.suppressed(1).code(), StatusCode::unavailable) << "why it was to be made anew";
  EXPECT_TRUE(session->should_stop());
  EXPECT_STATUS(session->run(), internal, "no more data");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(session->outcome().error.code(), StatusCode::internal);
  EXPECT_EQ(ended, 0);
}

TEST(SessionKeeper, OutOfRangeOfARecreationLeavesRunUntilStop) {
  NoSecondSession rig(StatusCode::out_of_range);
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop(), internal, "no more data");
}

TEST(SessionKeeper, OutOfRangeOfAHookThatIsToldOfTheNewSessionEndsTheInput) {
  LoopRig rig;
  rig.step = [&](auto&) {
    if (rig.sessions == 1) fail(StatusCode::unavailable);
  };
  const auto hook = rig.hook();
  hook->on_create = [&](auto&) {
    if (rig.sessions == 2) fail(StatusCode::out_of_range);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), out_of_range, "");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::end_of_input);
}

}  // namespace
}  // namespace runhook
