// Sections 4.3 and 4.4: what holds for a session and its coordinator without hooks.
#include <stdexcept>

#include "rig.hpp"
#include "runhook/monitored_session.hpp"

namespace conformance {
namespace {

// Starts threads that run until the coordinator of the rig's session stops.
void start_busy_threads(Rig& rig, int count, std::atomic<int>& alive) {
  const OwnCoordinator coordinator = rig.coordinator();
  for (int i = 0; i < count; ++i) {
    ++alive;
    const runhook_function body = function_of([&alive](runhook_context* context) {
      const OwnCoordinator mine(runhook_context_coordinator(context, nullptr));
      while (runhook_coordinator_should_stop(mine.get()) == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --alive;
      return kOk;
    });
    EXPECT_REPLY(call(runhook_coordinator_start_thread, coordinator.get(), "busy", &body), RUNHOOK_OK);
  }
}

TEST(WrappedLayer, WS_01_SessionIsTheRawOne) {
  Rig rig;
  Raw& raw = rig.raw();
  rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  OwnSession session;
  EXPECT_REPLY(make(session, runhook_monitored_session_session, rig.session.get()), RUNHOOK_OK);
  const OwnArgs args = args_of(Ask().fetch("five"));
  OwnResults results;
  make(results, runhook_results_create);
  EXPECT_REPLY(call(runhook_session_run, session.get(), args.get(), results.get()), RUNHOOK_OK);
  EXPECT_EQ(values_of(results.get())["five"], 5);
  EXPECT_EQ(raw.runs, 1);
  EXPECT_EQ(rig.trace, (Trace{"raw1.run"})) << "hooks are bypassed";
}

TEST(WrappedLayer, WS_02_ShouldStopOnceClosed) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.should_stop());
}

TEST(WrappedLayer, WS_06_RunGivesTheResult) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.identity(51).at("identity"), 51);
}

TEST(WrappedLayer, WS_07_RecoverableFailureOfCloseIsLoggedOnly) {
  Rig rig;
  rig.raw().close_failure = {RUNHOOK_ERR_ABORTED, "peer went away"};
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.closed());
  EXPECT_TRUE(rig.logged("peer went away"));
}

TEST(CoordinatedLayer, CS_01_SessionIsTheRawOne) {
  Rig rig;
  Rec& hook = rig.hook("A");
  int seen = 0;
  hook.on("created", [&seen](runhook_context* context) {
    seen = session_id(context);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(seen, 1);
}

TEST(CoordinatedLayer, CS_02_RunGivesTheResult) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.identity(42).at("identity"), 42);
}

TEST(CoordinatedLayer, CS_03_ShouldStopOnceClosed) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const OwnCoordinator coordinator = rig.coordinator();
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 0);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
}

TEST(CoordinatedLayer, CS_04_StopOfTheCoordinatorStopsTheSession) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_FALSE(rig.should_stop());
  const OwnCoordinator coordinator = rig.coordinator();
  EXPECT_REPLY(call(runhook_coordinator_request_stop, coordinator.get()), RUNHOOK_OK);
  EXPECT_TRUE(rig.should_stop());
}

TEST(CoordinatedLayer, CS_05_FailureOfTheLoopStopsNoThreads) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(2).reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.fetch("nobody").reply, RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_coordinator_should_stop(rig.coordinator().get()), 0);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.identity(3).reply, RUNHOOK_OK);
}

TEST(CoordinatedLayer, CS_06_CloseAfterAFailureEndsThreads) {
  Rig rig;
  rig.raw().fails(3, RUNHOOK_ERR_INTERNAL);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::atomic<int> alive{0};
  start_busy_threads(rig, 3, alive);
  for (int i = 0; i < 2; ++i) {
    EXPECT_REPLY(rig.identity(i).reply, RUNHOOK_OK);
    EXPECT_EQ(alive, 3);
  }
  EXPECT_REPLY(rig.identity(3).reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(alive, 3);
  const OwnCoordinator coordinator = rig.coordinator();
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome_error().status, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(runhook_coordinator_should_stop(coordinator.get()), 1);
  EXPECT_EQ(runhook_coordinator_live_threads(coordinator.get()), 0U);
  EXPECT_TRUE(rig.should_stop());
}

TEST(CoordinatedLayer, CS_07_CloseEndsThreads) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::atomic<int> alive{0};
  start_busy_threads(rig, 3, alive);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(alive, 0);
}

TEST(CoordinatedLayer, CS_08_OriginOfAnErrorIsKept) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INVALID_ARGUMENT, "shape [2] against [3]");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.identity(1);
  EXPECT_EQ(answer.reply.status, RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_TRUE(answer.reply.mentions("shape [2] against [3]")) << answer.reply;
  EXPECT_EQ(answer.reply.hook, "");
}

struct Peculiar : std::runtime_error {
  Peculiar() : std::runtime_error("peculiar") {}
};

class Throwing final : public runhook::Session {
 public:
  runhook::NodeId resolve(std::string_view) override { return 0; }
  void run(runhook::SessionStep&) override { throw Peculiar(); }
};

TEST(CoordinatedLayer, CS_08_ExceptionBehindAnErrorIsKept) {
  runhook::Config config;
  config.session_creator = runhook::single_session_creator(std::make_shared<Throwing>());
  config.log = [](runhook::LogLevel, std::string_view) {};
  runhook::MonitoredSession session(std::move(config));
  try {
    session.run();
    ADD_FAILURE() << "no failure";
  } catch (const runhook::StatusError& failure) {
    ASSERT_NE(failure.error().cause(), nullptr);
    EXPECT_THROW(std::rethrow_exception(failure.error().cause()), Peculiar);
    EXPECT_NE(failure.error().message().find("peculiar"), std::string::npos) << failure.error().to_string();
  }
}

TEST(CoordinatedLayer, CS_09_FatalErrorOfAThreadDoesNotHideTheRunsOwn) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.report_in_run(RUNHOOK_ERR_DATA_LOSS, RUNHOOK_ERR_INTERNAL);
  const Answer answer = rig.identity(1);
  EXPECT_EQ(answer.reply.status, RUNHOOK_ERR_INTERNAL) << answer.reply;
  EXPECT_TRUE(answer.reply.mentions("Y of the session")) << answer.reply;
  const Reply closed = rig.close();
  EXPECT_TRUE(closed.holds(RUNHOOK_ERR_DATA_LOSS, "X of a thread")) << closed;
  EXPECT_TRUE(rig.outcome_error().holds(RUNHOOK_ERR_INTERNAL, "Y of the session")) << rig.outcome_error();
  EXPECT_TRUE(rig.outcome_error().holds(RUNHOOK_ERR_DATA_LOSS, "X of a thread")) << rig.outcome_error();
}

TEST(CoordinatedLayer, CS_10_RecoverableErrorOfAThreadIsTheRootCause) {
  Rig rig;
  rig.raw();
  rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.report_in_run(RUNHOOK_ERR_UNAVAILABLE, RUNHOOK_ERR_INTERNAL);
  const Answer answer = rig.identity(5);
  EXPECT_EQ(answer.reply.status, RUNHOOK_OK) << answer.reply;
  EXPECT_EQ(answer.at("identity"), 5);
  EXPECT_EQ(rig.created, 2);
  EXPECT_EQ(hook.calls["error"], 1);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
}

TEST(CoordinatedLayer, CS_11_FatalFailureOfCloseIsReported) {
  Rig rig;
  rig.raw().close_failure = {RUNHOOK_ERR_INTERNAL, "cannot let go"};
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.close();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.mentions("cannot let go")) << reply;
  EXPECT_TRUE(rig.closed());
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.calls["cleanup"], 1);
}

TEST(CoordinatedLayer, CS_12_StragglerIsLoggedAndLeftBehind) {
  Rig rig;
  rig.grace_ns = 50 * kMillisecond;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  OwnThread straggler;
  EXPECT_REPLY(make(straggler, runhook_coordinator_register_thread, rig.coordinator().get(), "neverending"),
               RUNHOOK_OK);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
  EXPECT_TRUE(rig.logged("neverending"));
}

}  // namespace
}  // namespace conformance
