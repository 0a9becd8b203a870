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

}  // namespace
}  // namespace runhook
