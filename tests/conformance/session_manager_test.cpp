// Section 4.13: how raw sessions are made ready.
#include "rig.hpp"

namespace conformance {
namespace {

// A session manager over RAWs that have a global variable v and a local one w, neither with a value.
class Managed {
 public:
  Managed() { EXPECT_REPLY(make(scaffold, runhook_scaffold_create), RUNHOOK_OK); }

  Raw& raw() {
    Raw& made = rig.raw();
    made.variable("v", 1, std::nullopt, RUNHOOK_VARIABLES_GLOBAL);
    made.variable("w", 2, std::nullopt, RUNHOOK_VARIABLES_LOCAL);
    return made;
  }
  Managed& piece(std::int32_t which, const std::string& name, Callback action) {
    const runhook_function function = function_of([this, name, action = std::move(action)](runhook_context* context) {
      rig.trace.push_back(name);
      return action(context);
    });
    EXPECT_REPLY(call(runhook_scaffold_set, scaffold.get(), which, &function), RUNHOOK_OK);
    return *this;
  }
  Managed& initialises(std::int32_t which, const std::string& name, std::int32_t scope) {
    return piece(which, name, [scope](runhook_context* context) {
      EXPECT_REPLY(call(runhook_session_initialize, runhook_context_session(context), scope), RUNHOOK_OK);
      return kOk;
    });
  }
  // A readiness piece that names those of `variables` that have no value.
  Managed& checks(std::int32_t which, const std::string& name, std::vector<std::string> variables) {
    return piece(which, name, [variables = std::move(variables)](runhook_context* context) {
      for (const std::string& variable : variables) {
        const OwnValue value(
            runhook_session_read_variable(runhook_context_session(context), variable.c_str(), nullptr));
        if (!value) runhook_context_add_missing(context, variable.c_str(), nullptr);
      }
      return kOk;
    });
  }
  Managed& usual() {
    initialises(RUNHOOK_PIECE_INIT_OP, "init_op", RUNHOOK_VARIABLES_GLOBAL);
    initialises(RUNHOOK_PIECE_LOCAL_INIT_OP, "local_init", RUNHOOK_VARIABLES_LOCAL);
    checks(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, "ready_for_local", {"v"});
    return checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  }
  // A saver that holds v = 41 at step 12.
  Managed& saved() {
    if (!saver) make(saver, runhook_memory_saver_create);
    EXPECT_REPLY(call(runhook_scaffold_set_saver, scaffold.get(), saver.get()), RUNHOOK_OK);
    return *this;
  }
  void save_now() {
    double nothing = 0;
    Trace unseen;
    Raw other(unseen, nothing, 99);
    other.variable("v", 1, 41.0, RUNHOOK_VARIABLES_GLOBAL);
    const OwnSession source = other.session();
    EXPECT_REPLY(call(runhook_saver_save, saver.get(), source.get(), std::int64_t{12}), RUNHOOK_OK);
    call(runhook_session_close, source.get());
  }

  OwnManager manager(std::int64_t poll_ns = 30 * kSecond) {
    const runhook_function factory = function_of(rig.creator());
    OwnManager made;
    EXPECT_REPLY(make(made, runhook_session_manager_create, &factory, scaffold.get(), poll_ns), RUNHOOK_OK);
    return made;
  }
  Reply prepare() { return make(session, runhook_session_manager_prepare, manager().get()); }
  // Returns `ready`, or -1 if it failed.
  std::int32_t recover() {
    std::int32_t ready = -1;
    const Reply reply = make(session, runhook_session_manager_recover, manager().get(), &ready);
    EXPECT_EQ(reply.status, RUNHOOK_OK) << reply;
    return ready;
  }
  Reply wait(std::int64_t max_wait_ns, std::int64_t poll_ns) {
    return make(session, runhook_session_manager_wait, manager(poll_ns).get(), max_wait_ns,
                static_cast<runhook_stop_source*>(nullptr), rig.clock.get());
  }
  double read(const char* variable) {
    const OwnValue value(runhook_session_read_variable(session.get(), variable, nullptr));
    double got = -999;
    if (value) runhook_value_get_double(value.get(), &got, nullptr);
    return got;
  }

  Rig rig;  // first: what follows has to be gone when it counts handles
  OwnSaver saver;
  OwnScaffold scaffold;
  OwnSession session;
};

TEST(SessionManager, SM_04_WithoutAWayToInitialisePrepareFails) {
  Managed managed;
  managed.raw();
  managed.raw();
  make(managed.saver, runhook_memory_saver_create);
  managed.saved();
  const Reply reply = managed.prepare();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("init_op") && reply.mentions("init_fn") && reply.mentions("local_init_op")) << reply;
  EXPECT_EQ(managed.rig.raws[0]->closed, 1);

  managed.save_now();
  EXPECT_REPLY(managed.prepare(), RUNHOOK_OK);
  EXPECT_EQ(managed.read("v"), 41);
}

TEST(SessionManager, SM_05_RecoverTellsWhetherItRestored) {
  Managed managed;
  managed.raw();
  managed.raw();
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v"});
  managed.saved();
  EXPECT_EQ(managed.recover(), 0);
  managed.save_now();
  EXPECT_EQ(managed.recover(), 1);
  EXPECT_EQ(managed.read("v"), 41);
}

TEST(SessionManager, SM_06_WaitGivesUp) {
  Managed managed;
  for (int i = 0; i < 6; ++i) managed.raw();
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v"});
  EXPECT_REPLY(managed.wait(3 * kSecond, kSecond), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  EXPECT_GE(managed.rig.created, 3);
}

TEST(SessionManager, SM_07_ReadyForLocalInitNeedsLocalInit) {
  Managed managed;
  managed.checks(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, "ready_for_local", {"v"});
  const runhook_function factory = function_of(managed.rig.creator());
  OwnManager manager;
  EXPECT_REPLY(make(manager, runhook_session_manager_create, &factory, managed.scaffold.get(), kSecond),
               RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST(SessionManager, SM_09_NotReadyForLocalInitIsNotRecovered) {
  Managed managed;
  managed.raw();
  managed.initialises(RUNHOOK_PIECE_LOCAL_INIT_OP, "local_init", RUNHOOK_VARIABLES_LOCAL);
  managed.checks(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, "ready_for_local", {"v", "w"});
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  managed.saved().save_now();
  EXPECT_EQ(managed.recover(), 0);
  EXPECT_EQ(managed.read("v"), 41);
  EXPECT_EQ(managed.read("w"), -999) << "local_init was not run";
}

TEST(SessionManager, SM_10_LocalInitIsTriedWithoutSavedState) {
  Managed managed;
  managed.raw();
  managed.initialises(RUNHOOK_PIECE_LOCAL_INIT_OP, "local_init", RUNHOOK_VARIABLES_LOCAL);
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  EXPECT_EQ(managed.recover(), 0);
  EXPECT_EQ(managed.read("w"), 2);
}

TEST(SessionManager, SM_12_WaitRunsLocalInit) {
  Managed managed;
  managed.raw().variables["v"].value = 1;  // by another client
  managed.usual();
  EXPECT_REPLY(managed.wait(-1, kSecond), RUNHOOK_OK);
  EXPECT_EQ(managed.read("w"), 2);
  EXPECT_EQ(managed.rig.created, 1);
}

TEST(SessionManager, SM_13_OverStrictCheckWaitsInVain) {
  Managed managed;
  for (int i = 0; i < 3; ++i) managed.raw().variables["v"].value = 1;
  managed.usual();
  managed.checks(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, "ready_for_local", {"v", "w"});
  EXPECT_REPLY(managed.wait(3 * kSecond, 30 * kSecond), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  EXPECT_EQ(managed.rig.created, 1);
}

TEST(SessionManager, SM_14_DeadlineSaysWhatIsNotReady) {
  Managed managed;
  managed.raw();
  managed.usual();
  const Reply reply = managed.wait(3 * kSecond, 30 * kSecond);
  EXPECT_EQ(reply.status, RUNHOOK_ERR_DEADLINE_EXCEEDED) << reply;
  EXPECT_TRUE(reply.mentions("not ready") || reply.mentions("'v'") || reply.mentions(" v")) << reply;
}

TEST(SessionManager, SM_18_UninitialisedLocalVariableIsNamed) {
  Managed managed;
  managed.raw();
  managed.initialises(RUNHOOK_PIECE_INIT_OP, "init_op", RUNHOOK_VARIABLES_GLOBAL);
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  const Reply reply = managed.prepare();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("ready") && reply.mentions("w")) << reply;
}

TEST(SessionManager, SM_19_ListOfInitialisersCanFailTheSameWay) {
  Managed managed;
  Raw& raw = managed.raw();
  raw.nodes["init_v"] = [](Raw& self) -> std::optional<double> {
    self.variables["v"].value = 1;
    return std::nullopt;
  };
  const OwnArgs inits = args_of(Ask().fetch("init_v").fetch("op"));
  EXPECT_REPLY(call(runhook_scaffold_set_args, managed.scaffold.get(), RUNHOOK_PIECE_INIT_OP, inits.get()), RUNHOOK_OK);
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  const Reply reply = managed.prepare();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("w")) << reply;
  EXPECT_EQ(raw.variables["v"].value, 1);
}

TEST(SessionManager, SM_20_NotReadyForLocalInitFailsPrepare) {
  Managed managed;
  managed.raw();
  managed.initialises(RUNHOOK_PIECE_LOCAL_INIT_OP, "local_init", RUNHOOK_VARIABLES_LOCAL);
  managed.checks(RUNHOOK_PIECE_READY_FOR_LOCAL_INIT_OP, "ready_for_local", {"v"});
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  const Reply reply = managed.prepare();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("local_init")) << reply;
  EXPECT_EQ(only(managed.rig.trace, "local_init").size(), 0U);
}

TEST(SessionManager, SM_21_InsufficientCheckForLocalInitFailsPrepare) {
  Managed managed;
  managed.raw();
  managed.initialises(RUNHOOK_PIECE_LOCAL_INIT_OP, "local_init", RUNHOOK_VARIABLES_LOCAL);
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v", "w"});
  const Reply reply = managed.prepare();
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("ready") && reply.mentions("v")) << reply;
}

// A readiness node that fails with FAILED_PRECONDITION instead of naming what is missing.
void set_failing_check(Managed& managed, const char* message) {
  for (const auto& raw : managed.rig.raws) {
    Raw* checked = raw.get();
    checked->nodes["report"] = [](Raw&) -> std::optional<double> { return std::nullopt; };
    checked->on_run = [checked, message](runhook_context* context) {
      return checked->variables["v"].value ? kOk
                                           : runhook_context_fail(context, RUNHOOK_ERR_FAILED_PRECONDITION, message);
    };
  }
  const OwnArgs args = args_of(Ask().fetch("report"));
  EXPECT_REPLY(call(runhook_scaffold_set_args, managed.scaffold.get(), RUNHOOK_PIECE_READY_OP, args.get()), RUNHOOK_OK);
}

TEST(SessionManager, SM_22_FailureThatSaysUninitializedMeansNotReady) {
  Managed managed;
  for (int i = 0; i < 3; ++i) managed.raw();
  set_failing_check(managed, "Attempting to use uninitialized value v");
  managed.saved();
  EXPECT_EQ(managed.recover(), 0);
  managed.save_now();
  EXPECT_EQ(managed.recover(), 1);
  EXPECT_EQ(managed.read("v"), 41);
}

TEST(SessionManager, SM_22_FailureThatSaysUninitializedFailsPrepare) {
  Managed managed;
  managed.raw();
  set_failing_check(managed, "Attempting to use uninitialized value v");
  managed.initialises(RUNHOOK_PIECE_INIT_OP, "init_op", RUNHOOK_VARIABLES_LOCAL);
  EXPECT_REPLY(managed.prepare(), RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST(SessionManager, SM_22_FailureThatSaysUninitializedIsWaitedFor) {
  Managed managed;
  for (int i = 0; i < 3; ++i) managed.raw();
  managed.rig.raws[2]->variables["v"].value = 1;
  set_failing_check(managed, "Attempting to use uninitialized value v");
  EXPECT_REPLY(managed.wait(10 * kSecond, kSecond), RUNHOOK_OK);
  EXPECT_EQ(managed.rig.created, 3);
}

TEST(SessionManager, SM_22_OtherFailureOfTheCheckIsAnError) {
  Managed managed;
  managed.raw();
  set_failing_check(managed, "the device is gone");
  const Reply reply = managed.wait(10 * kSecond, kSecond);
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_TRUE(reply.mentions("the device is gone")) << reply;
  EXPECT_EQ(managed.rig.created, 1);
}

TEST(SessionManager, SM_23_NoWaitThatWouldEndTooLate) {
  Managed managed;
  for (int i = 0; i < 2; ++i) managed.raw();
  managed.checks(RUNHOOK_PIECE_READY_OP, "ready", {"v"});
  const std::int64_t before = runhook_clock_now_ns(managed.rig.clock.get());
  EXPECT_REPLY(managed.wait(3 * kSecond, 30 * kSecond), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  EXPECT_EQ(managed.rig.created, 1);
  EXPECT_EQ(managed.rig.raws[0]->closed, 1);
  EXPECT_EQ(runhook_clock_now_ns(managed.rig.clock.get()), before) << "it did not sleep";
}

TEST(SessionManager, SM_25_EachTryOpensASessionAndClosesItUnlessReady) {
  Managed managed;
  for (int i = 0; i < 5; ++i) managed.raw();
  managed.rig.raws[3]->variables["v"].value = 1;
  managed.usual();
  const std::int64_t before = runhook_clock_now_ns(managed.rig.clock.get());
  EXPECT_REPLY(managed.wait(10 * kSecond, kSecond), RUNHOOK_OK);
  EXPECT_EQ(managed.rig.created, 4);
  EXPECT_EQ(runhook_clock_now_ns(managed.rig.clock.get()) - before, 3 * kSecond);
  EXPECT_EQ(managed.rig.trace, (Trace{"ready_for_local", "raw1.close", "ready_for_local", "raw2.close",
                                      "ready_for_local", "raw3.close", "ready_for_local", "local_init", "ready"}));
}

TEST(SessionManager, SM_26_PiecesRunInOrder) {
  Managed managed;
  managed.raw();
  managed.usual();
  managed.piece(RUNHOOK_PIECE_INIT_FN, "init_fn", [](runhook_context* context) {
    EXPECT_EQ(session_id(context), 1);
    return kOk;
  });
  EXPECT_REPLY(managed.prepare(), RUNHOOK_OK);
  EXPECT_EQ(managed.rig.trace, (Trace{"init_op", "init_fn", "ready_for_local", "local_init", "ready"}));
  EXPECT_EQ(managed.read("v"), 1);
  EXPECT_EQ(managed.read("w"), 2);
}

TEST(SessionManager, SM_27_RestoredStateIsNotInitialised) {
  Managed managed;
  managed.raw();
  managed.usual();
  managed.piece(RUNHOOK_PIECE_INIT_FN, "init_fn", [](runhook_context*) { return kOk; });
  managed.saved().save_now();
  EXPECT_REPLY(managed.prepare(), RUNHOOK_OK);
  EXPECT_EQ(managed.rig.trace, (Trace{"ready_for_local", "local_init", "ready"}));
  EXPECT_EQ(managed.read("v"), 41);
}

}  // namespace
}  // namespace conformance
