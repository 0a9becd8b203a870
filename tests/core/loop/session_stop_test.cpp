// Stops that a session asks for in its own step.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "core/expect_error.hpp"
#include "runhook/function_session.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"

namespace runhook {
namespace {

class SessionStop : public testing::Test {
 protected:
  void open(std::shared_ptr<Session> raw) {
    Config config;
    config.session_creator = single_session_creator(std::move(raw));
    session = std::make_unique<MonitoredSession>(std::move(config));
  }
  std::unique_ptr<MonitoredSession> session;
};

TEST_F(SessionStop, StepThatAsksForItIsTheLastOne) {
  open(std::make_shared<FunctionSession>([](FunctionSession::Step& step) {
    EXPECT_TRUE(step.step().request_stop(7, "no more work"));
    EXPECT_FALSE(step.step().request_stop(8, "again"));
    EXPECT_FALSE(step.cancel_requested());
  }));
  EXPECT_NO_THROW(session->run());
  EXPECT_TRUE(session->should_stop());
  EXPECT_STATUS(session->run(), stopped, "");
  session->close();
  const Outcome outcome = session->outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::stopped);
  EXPECT_EQ(outcome.runs, 1);
  EXPECT_EQ(outcome.stop.origin, StopOrigin::session);
  EXPECT_EQ(outcome.stop.code, 7);
  EXPECT_EQ(outcome.stop.text(), "no more work");
  EXPECT_EQ(outcome.stop.step, 0) << "where it was asked for";
  EXPECT_EQ(outcome.to_string(), "stopped by the session at step 1: no more work");
}

TEST_F(SessionStop, KernelMayAskForIt) {
  Graph graph;
  graph.function("enough", {.outputs = 0}, [](KernelContext& context) { context.step().request_stop(1, "enough"); });
  open(std::make_shared<GraphSession>(graph));
  EXPECT_NO_THROW(session->run({"enough", {}, {}}));
  EXPECT_TRUE(session->should_stop());
  EXPECT_EQ(session->outcome().stop.origin, StopOrigin::session);
}

TEST_F(SessionStop, UrgentOneCancelsTheStepItself) {
  open(std::make_shared<FunctionSession>([](FunctionSession::Step& step) {
    EXPECT_TRUE(step.step().request_stop(0, "now", StopUrgency::now));
    EXPECT_TRUE(step.cancel_requested());
  }));
  EXPECT_STATUS(session->run(), stopped, "urgent");
  EXPECT_EQ(session->outcome().runs, 0);
  EXPECT_EQ(session->outcome().stop.urgency, StopUrgency::now);
}

TEST_F(SessionStop, OutsideALoopThereIsNothingToStop) {
  FunctionSession raw([](FunctionSession::Step& step) { EXPECT_FALSE(step.step().request_stop(1, "nobody listens")); });
  EXPECT_NO_THROW(run_session(raw, {}));
  EXPECT_NO_THROW(run_session(raw, {}));
}

}  // namespace
}  // namespace runhook
