// Section 4.8: the monitored session as a whole.
#include "rig.hpp"
#include "runhook/graph_session.hpp"
#include "runhook/monitored_session.hpp"

namespace conformance {
namespace {

// Reads the step, executes STEP until something fails, at most `limit` times; the body of most scopes here.
Reply loop(Rig& rig, int limit) {
  Answer answer = rig.fetch("global_step");
  for (int i = 0; i < limit && answer.reply.status == RUNHOOK_OK; ++i) answer = rig.step();
  return answer.reply;
}

OwnGraph graph_with_variable() {
  OwnGraph graph;
  make(graph, runhook_graph_create);
  EXPECT_REPLY(call(runhook_graph_add_variable, graph.get(), "v", number(0).get(), RUNHOOK_VARIABLES_GLOBAL),
               RUNHOOK_OK);
  return graph;
}

TEST(MonitoredSession, MS_01_VariablesAreInitialised) {
  Rig rig;
  rig.graph = graph_with_variable();
  expect_v_initialised(rig);
}

TEST(MonitoredSession, MS_05_InitialisationIsTriedAgain) {
  Rig rig;
  rig.raw();
  rig.raw();
  make(rig.scaffold, runhook_scaffold_create);
  int calls = 0;
  const runhook_function init_fn = function_of([&calls](runhook_context* context) {
    return ++calls == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "once") : kOk;
  });
  EXPECT_REPLY(call(runhook_scaffold_set, rig.scaffold.get(), RUNHOOK_PIECE_INIT_FN, &init_fn), RUNHOOK_OK);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 0);
  EXPECT_EQ(rig.raws[0]->closed, 1);
}

void starts_again_without_a_saver(runhook_status code) {
  Rig rig;
  rig.raw();
  rig.raw();
  failing(rig, 4, code);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 0);
  for (const double expected : {1.0, 2.0, 1.0, 2.0}) {
    const Answer answer = rig.step();
    EXPECT_EQ(answer.at("STEP"), expected) << answer.reply;
    EXPECT_FALSE(rig.should_stop());
  }
  EXPECT_EQ(rig.created, 2);
}

TEST(MonitoredSession, MS_06_AbortedIsRecovered) { starts_again_without_a_saver(RUNHOOK_ERR_ABORTED); }
TEST(MonitoredSession, MS_07_UnavailableIsRecovered) { starts_again_without_a_saver(RUNHOOK_ERR_UNAVAILABLE); }

TEST(MonitoredSession, MS_08_RecoveryGoesOnWhereItWasSaved) {
  Rig rig;
  rig.raw();
  rig.raw();
  make(rig.saver, runhook_memory_saver_create);
  failing(rig, 4, RUNHOOK_ERR_ABORTED);
  rig.hook("saves").on("after", [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_request_save, context), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.fetch("global_step").at("global_step"), 0);
  for (const double expected : {1.0, 2.0, 3.0, 4.0}) {
    const Answer answer = rig.step();
    EXPECT_EQ(answer.at("STEP"), expected) << answer.reply;
    EXPECT_FALSE(rig.should_stop());
  }
  EXPECT_EQ(rig.created, 2);
}

void leaves_quietly(runhook_status code, std::int32_t outcome) {
  Rig rig;
  Rec& hook = failing(rig, 2, code);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  Reply body;
  EXPECT_REPLY(rig.scope([&] { return body = loop(rig, 5); }), RUNHOOK_OK);
  EXPECT_EQ(body.status, code) << body;
  EXPECT_EQ(hook.calls["before"], 2);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_TRUE(rig.closed());
  EXPECT_EQ(rig.outcome(), outcome);
}

TEST(MonitoredSession, MS_09_EndOfInputIsACleanEnd) {
  leaves_quietly(RUNHOOK_ERR_OUT_OF_RANGE, RUNHOOK_OUTCOME_END_OF_INPUT);
}
TEST(MonitoredSession, MS_10_StoppedIsACleanEnd) { leaves_quietly(RUNHOOK_ERR_STOPPED, RUNHOOK_OUTCOME_STOPPED); }

TEST(MonitoredSession, MS_11_OtherErrorsLeaveTheScope) {
  Rig rig;
  Rec& hook = failing(rig, 4, RUNHOOK_ERR_INTERNAL);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] { return loop(rig, 9); }), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(rig.raws[0]->step(), 2);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_EQ(hook.calls["end"], 0);
  EXPECT_EQ(hook.calls["cleanup"], 1);
}

TEST(MonitoredSession, MS_13_ErrorReportedToTheCoordinatorLeavesTheScope) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.scope([&rig] {
    EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
    EXPECT_REPLY(call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_INTERNAL, "reported"),
                 RUNHOOK_OK);
    EXPECT_TRUE(rig.should_stop());
    return Reply{};
  });
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.mentions("reported")) << reply;
}

TEST(MonitoredSession, MS_14_ScopeWithoutAFailureCloses) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] { return loop(rig, 2); }), RUNHOOK_OK);
  EXPECT_TRUE(rig.closed());
  EXPECT_TRUE(rig.should_stop());
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(MonitoredSession, MS_15_ErrorOfTheBodyLeavesTheScope) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.scope([&rig] {
    loop(rig, 2);
    Reply mine;
    mine.status = RUNHOOK_ERR_INTERNAL;
    mine.message = "of the body";
    return mine;
  });
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.mentions("of the body")) << reply;
  EXPECT_TRUE(rig.closed());
  EXPECT_EQ(hook.calls["end"], 0);
  EXPECT_EQ(hook.last("cleanup").outcome, RUNHOOK_OUTCOME_FAILED);
}

TEST(MonitoredSession, MS_16_GraphIsTheLaunchedOne) {
  runhook::Graph graph;
  graph.global_step();
  runhook::Config config;
  config.session_creator = std::make_shared<runhook::ChiefSessionCreator>(
      [graph] { return std::make_shared<runhook::GraphSession>(graph); });
  runhook::MonitoredSession session(std::move(config));
  const auto raw = std::dynamic_pointer_cast<runhook::GraphSession>(session.session());
  ASSERT_NE(raw, nullptr);
  EXPECT_TRUE(raw->graph().same_as(graph));
}

TEST(MonitoredSession, MS_18_FrozenGraphStaysFrozen) {
  Rig rig;
  rig.graph = graph_with_variable();
  EXPECT_REPLY(call(runhook_graph_freeze, rig.graph.get()), RUNHOOK_OK);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(runhook_graph_frozen(rig.graph.get()), 1);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(runhook_graph_frozen(rig.graph.get()), 1);
}

TEST(MonitoredSession, MS_18_HookMayAddToTheGraphInBeginOnly) {
  Rig rig;
  rig.graph = graph_with_variable();
  Reply in_begin;
  Reply later;
  rig.hook("A")
      .on("begin",
          [&](runhook_context*) {
            in_begin =
                call(runhook_graph_add_variable, rig.graph.get(), "extra", number(4).get(), RUNHOOK_VARIABLES_GLOBAL);
            return kOk;
          })
      .on("created", [&](runhook_context*) {
        later = call(runhook_graph_add_variable, rig.graph.get(), "late", number(4).get(), RUNHOOK_VARIABLES_GLOBAL);
        return kOk;
      });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(in_begin.status, RUNHOOK_OK) << in_begin;
  EXPECT_EQ(later.status, RUNHOOK_ERR_FAILED_PRECONDITION) << later;
  EXPECT_EQ(rig.fetch("extra").at("extra"), 4);
}

TEST(MonitoredSession, MS_19_CloseInsideAScopeIsNoError) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] { return rig.close(); }), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.calls["cleanup"], 1);
  EXPECT_EQ(rig.raws[0]->closed, 1);
}

TEST(MonitoredSession, MS_21_RunAfterCloseIsRefused) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.close();
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_CLOSED);
  EXPECT_REPLY(rig.step_fn([](runhook_context*) { return kOk; }), RUNHOOK_ERR_CLOSED);
}

TEST(MonitoredSession, MS_22_ClosedSessionHasNoRawSession) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.close();
  EXPECT_TRUE(rig.should_stop());
  OwnSession session;
  EXPECT_REPLY(make(session, runhook_monitored_session_session, rig.session.get()), RUNHOOK_ERR_CLOSED);
  OwnCoordinator coordinator;
  EXPECT_REPLY(make(coordinator, runhook_monitored_session_coordinator, rig.session.get()), RUNHOOK_ERR_CLOSED);
}

TEST(MonitoredSession, MS_25_AbandonedSessionIsClosed) {
  Rig rig;
  rig.raw();
  rig.raw();
  rig.hook("A");
  rig.hook("B").fails("created", 1, RUNHOOK_ERR_ABORTED);
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(only(rig.trace, ".created"), (Trace{"A.created", "B.created", "A.created", "B.created", "C.created"}));
  EXPECT_EQ(rig.raws[0]->closed, 1);
  EXPECT_EQ(rig.raws[1]->closed, 0);
}

TEST(MonitoredSession, MS_26_FailingEndKeepsNobodyFromEnding) {
  Rig rig;
  rig.hook("A");
  rig.hook("B").fails("end", 1, RUNHOOK_ERR_DATA_LOSS, "cannot end");
  rig.hook("C").fails("end", 1, RUNHOOK_ERR_INTERNAL, "neither can I");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.identity(1);
  rig.take();
  const Reply reply = rig.close();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_DATA_LOSS) << reply;
  EXPECT_EQ(reply.hook, "B");
  EXPECT_EQ(reply.callback, "end");
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_INTERNAL, "neither can I")) << reply;
  EXPECT_EQ(rig.take(), (Trace{"A.end", "B.end", "C.end", "raw1.close", "C.cleanup", "B.cleanup", "A.cleanup"}));
}

TEST(MonitoredSession, MS_29_EndOfInputIsStickyUntilCleared) {
  Rig rig;
  rig.raw().fails(2, RUNHOOK_ERR_OUT_OF_RANGE, "no more batches");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_REPLY(call(runhook_monitored_session_clear_end_of_input, rig.session.get()), RUNHOOK_OK);
  EXPECT_FALSE(rig.should_stop());
  EXPECT_EQ(rig.step().at("STEP"), 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(MonitoredSession, MS_30_ErrorsOfBodyAndThreadAreBothKept) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.scope([&rig] {
    call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_INTERNAL, "of a thread");
    Reply mine;
    mine.status = RUNHOOK_ERR_DATA_LOSS;
    mine.message = "of the body";
    return mine;
  });
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_DATA_LOSS, "of the body")) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_INTERNAL, "of a thread")) << reply;
}

TEST(MonitoredSession, MS_33_EndOfInputOfAThreadIsACleanEnd) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int runs = 0;
  EXPECT_REPLY(rig.scope([&] {
    while (!rig.should_stop() && runs < 10) {
      EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
      if (++runs == 3) {
        call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_OUT_OF_RANGE, "queue is empty");
      }
    }
    return Reply{};
  }),
               RUNHOOK_OK);
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_END_OF_INPUT);
}

TEST(MonitoredSession, MS_35_StopAtCreationMeansNoRuns) {
  Rig rig;
  Rec& hook = rig.hook("A");
  hook.on("created", [](runhook_context* context) {
    const OwnCoordinator coordinator(runhook_context_coordinator(context, nullptr));
    EXPECT_REPLY(call(runhook_coordinator_request_stop, coordinator.get()), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int runs = 0;
  EXPECT_REPLY(rig.scope([&] {
    for (; !rig.should_stop() && runs < 10; ++runs) rig.step();
    return Reply{};
  }),
               RUNHOOK_OK);
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(hook.calls["before"], 0);
  EXPECT_EQ(hook.calls["end"], 1);
}

TEST(MonitoredSession, MS_36_StopOfTheCoordinatorMakesRunRefuse) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  call(runhook_coordinator_request_stop, rig.coordinator().get());
  EXPECT_TRUE(rig.should_stop());
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.raws[0]->runs, 0);
}

TEST(MonitoredSession, MS_37_RecoverableErrorOfAThreadIsNoErrorOfClose) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_ABORTED, "thread failed");
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
}

TEST(MonitoredSession, MS_37_WithoutRecoveryItIs) {
  Rig rig;
  rig.singular = true;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  call(runhook_coordinator_report_error, rig.coordinator().get(), RUNHOOK_ERR_ABORTED, "thread failed");
  EXPECT_REPLY(rig.close(), RUNHOOK_ERR_ABORTED);
}

TEST(MonitoredSession, MS_38_EndOfInputFromAfterRunEndsCleanlyAndAllAreCalled) {
  Rig rig;
  rig.hook("A");
  rig.hook("B").fails("after", 1, RUNHOOK_ERR_OUT_OF_RANGE);
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  Answer answer;
  EXPECT_REPLY(rig.scope([&] {
    answer = rig.step();
    return answer.reply;
  }),
               RUNHOOK_OK);
  EXPECT_EQ(answer.reply.status, RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "C.before", "raw1.run", "A.after", "B.after", "C.after", "A.end",
                               "B.end", "C.end", "raw1.close", "C.cleanup", "B.cleanup", "A.cleanup"}));
}

TEST(MonitoredSession, MS_39_LeavingTheScopeWithoutAStopEndsCleanly) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] {
    rig.step();
    rig.step();
    return Reply{};
  }),
               RUNHOOK_OK);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(hook.calls["after"], 2);
  EXPECT_TRUE(rig.closed());
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_COMPLETED);
}

// MonitoredSession::scope of the C++ API, where the body's exception decides.

class Counting final : public runhook::SessionRunHook {
 public:
  void end(runhook::SessionRunContext&) override { ++ends; }
  void cleanup(runhook::SessionRunContext&, const runhook::Outcome& outcome) override { kind = outcome.kind; }
  int ends = 0;
  runhook::OutcomeKind kind = runhook::OutcomeKind::running;
};

struct Scoped {
  Scoped() : hook(std::make_shared<Counting>()) {
    runhook::Graph graph;
    graph.global_step();
    graph.increment_global_step("STEP");
    runhook::Config config;
    config.session_creator = std::make_shared<runhook::ChiefSessionCreator>(
        [graph] { return std::make_shared<runhook::GraphSession>(graph); });
    config.log = [](runhook::LogLevel, std::string_view) {};
    config.add_hook(hook);
    session = std::make_unique<runhook::MonitoredSession>(std::move(config));
  }
  std::shared_ptr<Counting> hook;
  std::unique_ptr<runhook::MonitoredSession> session;
};

struct EndOfShard : runhook::StatusError {
  EndOfShard() : runhook::StatusError(runhook::StatusCode::out_of_range, "end of shard") {}
};

TEST(MonitoredSession, MS_28_DerivedEndOfInputIsACleanEnd) {
  Scoped scoped;
  EXPECT_NO_THROW(scoped.session->scope([](runhook::MonitoredSession&) { throw EndOfShard(); }));
  EXPECT_EQ(scoped.hook->ends, 1);
  EXPECT_EQ(scoped.hook->kind, runhook::OutcomeKind::end_of_input);
  EXPECT_TRUE(scoped.session->closed());
}

TEST(MonitoredSession, MS_30_BodysErrorIsPrimary) {
  Scoped scoped;
  try {
    scoped.session->scope([](runhook::MonitoredSession& session) {
      session.coordinator().request_stop(runhook::Error(runhook::StatusCode::internal, "of a thread"));
      throw runhook::StatusError(runhook::StatusCode::data_loss, "of the body");
    });
    ADD_FAILURE() << "no error";
  } catch (const runhook::StatusError& failure) {
    EXPECT_EQ(failure.code(), runhook::StatusCode::data_loss) << failure.error().to_string();
    ASSERT_GE(failure.error().suppressed_count(), 1U);
    EXPECT_EQ(failure.error().suppressed(0).code(), runhook::StatusCode::internal);
  }
  EXPECT_EQ(scoped.hook->ends, 0);
}

TEST(MonitoredSession, MS_32_ErrorAfterCloseIsNotReplaced) {
  Scoped scoped;
  try {
    scoped.session->scope([](runhook::MonitoredSession& session) {
      session.close();
      throw runhook::StatusError(runhook::StatusCode::data_loss, "of the body");
    });
    ADD_FAILURE() << "no error";
  } catch (const runhook::StatusError& failure) {
    EXPECT_EQ(failure.code(), runhook::StatusCode::data_loss) << failure.error().to_string();
  }
  EXPECT_EQ(scoped.hook->ends, 1) << "the session had been closed cleanly before";
}

TEST(MonitoredSession, MS_34_InterruptClosesWithoutEnd) {
  struct Interrupt {};
  Scoped scoped;
  EXPECT_THROW(scoped.session->scope([](runhook::MonitoredSession& session) {
    session.run({"STEP", {}, {}});
    throw Interrupt();
  }),
               Interrupt);
  EXPECT_EQ(scoped.hook->ends, 0);
  EXPECT_EQ(scoped.hook->kind, runhook::OutcomeKind::failed);
  EXPECT_TRUE(scoped.session->closed());
}

TEST(MonitoredSession, MS_39_ScopeThatReturnsClosesCleanly) {
  Scoped scoped;
  scoped.session->scope([](runhook::MonitoredSession& session) {
    for (int i = 0; i < 2; ++i) session.run({"STEP", {}, {}});
  });
  EXPECT_EQ(scoped.hook->ends, 1);
  EXPECT_EQ(scoped.hook->kind, runhook::OutcomeKind::completed);
}

}  // namespace
}  // namespace conformance
