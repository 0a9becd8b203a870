// Section 4.10: a session without recovery.
#include "rig.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"

namespace conformance {
namespace {

TEST(SingularSession, SG_01_VariablesAreInitialised) {
  Rig rig;
  rig.singular = true;
  rig.raw().variable("v", 0, std::nullopt, RUNHOOK_VARIABLES_GLOBAL);
  make(rig.scaffold, runhook_scaffold_create);
  expect_v_initialised(rig);
}

TEST(SingularSession, SG_02_AbortedIsNotRecovered) {
  Rig rig;
  rig.singular = true;
  rig.raw();
  rig.raw();
  failing(rig, 2, RUNHOOK_ERR_ABORTED);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(rig.created, 1);
  EXPECT_FALSE(rig.should_stop());
}

TEST(SingularSession, SG_02_AbortedLeavesTheScope) {
  Rig rig;
  rig.singular = true;
  failing(rig, 1, RUNHOOK_ERR_ABORTED);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] { return rig.step().reply; }), RUNHOOK_ERR_ABORTED);
  EXPECT_TRUE(rig.closed());
}

TEST(SingularSession, SG_02_SingleSessionIsNeverMadeAnew) {
  Rig rig;
  Raw& raw = rig.raw();
  raw.fails(1, RUNHOOK_ERR_ABORTED, "preempted");
  make(rig.config, runhook_config_create);
  const OwnSession session = raw.session();
  EXPECT_REPLY(call(runhook_config_set_session, rig.config.get(), session.get()), RUNHOOK_OK);
  rig.apply(rig.config.get());
  ASSERT_EQ(rig.open_config().status, RUNHOOK_OK);
  const Reply reply = rig.identity(1).reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_ABORTED, "preempted")) << reply;
  EXPECT_EQ(raw.runs, 1);
}

TEST(SingularSession, SG_03_EndOfInputIsACleanEnd) {
  Rig rig;
  rig.singular = true;
  Rec& hook = failing(rig, 2, RUNHOOK_ERR_OUT_OF_RANGE);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] {
    rig.step();
    return rig.step().reply;
  }),
               RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_TRUE(rig.should_stop());
}

struct Singular {
  Singular() : raw(std::make_shared<runhook::GraphSession>(graph)) {
    runhook::Config config;
    config.session_creator = runhook::single_session_creator(raw);
    session = std::make_unique<runhook::SingularMonitoredSession>(std::move(config));
  }
  runhook::Graph graph;
  std::shared_ptr<runhook::GraphSession> raw;
  std::unique_ptr<runhook::SingularMonitoredSession> session;
};

TEST(SingularSession, SG_06_GraphIsTheLaunchedOne) {
  Singular singular;
  const auto raw = std::dynamic_pointer_cast<runhook::GraphSession>(singular.session->raw_session());
  ASSERT_NE(raw, nullptr);
  EXPECT_TRUE(raw->graph().same_as(singular.graph));
}

TEST(SingularSession, SG_07_RawSessionIsTheGivenOneUntilClosed) {
  Singular singular;
  EXPECT_EQ(singular.session->raw_session(), singular.raw);
  singular.session->close();
  EXPECT_EQ(singular.session->raw_session(), nullptr);
}

TEST(SingularSession, SG_08_ErrorOfAThreadStopsAndIsThrownByClose) {
  Rig rig;
  rig.singular = true;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_INTERNAL, "thread failed");
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_ERR_INTERNAL);
}

TEST(SingularSession, SG_09_ErrorOfAThreadIsKeptBesideTheRunsOwn) {
  Rig rig;
  rig.singular = true;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.report_in_run(RUNHOOK_ERR_UNAVAILABLE, RUNHOOK_ERR_INTERNAL);
  const Reply run = rig.identity(1).reply;
  EXPECT_TRUE(run.holds(RUNHOOK_ERR_INTERNAL, "Y of the session")) << run;
  EXPECT_EQ(rig.created, 1);
  const Reply closed = rig.close();
  EXPECT_TRUE(closed.holds(RUNHOOK_ERR_UNAVAILABLE, "X of a thread")) << closed;
}

}  // namespace
}  // namespace conformance
