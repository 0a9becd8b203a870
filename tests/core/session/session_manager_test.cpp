#include "runhook/session_manager.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/fake_session.hpp"
#include "runhook/graph_session.hpp"

namespace runhook {
namespace {

using test::FakeSaver;
using test::FakeSession;
using test::thrown_by;
using test::Trace;
using Names = std::vector<std::string>;

constexpr std::int64_t kSecond = 1'000'000'000;

bool contains(const Error& error, std::string_view text) { return error.message().find(text) != std::string::npos; }

class SessionManagerTest : public testing::Test {
 protected:
  SessionFactory factory() {
    return [this] {
      sessions_.push_back(std::make_shared<FakeSession>(trace_));
      if (on_create_) on_create_(*sessions_.back());
      return sessions_.back();
    };
  }
  // A manager whose scaffold is used as it is.
  SessionManager raw_manager(std::int64_t poll_ns = kSecond) { return {factory(), scaffold_, poll_ns, false}; }
  SessionManager manager(std::int64_t poll_ns = kSecond) { return {factory(), scaffold_, poll_ns}; }

  Scaffold::Op tracing(std::string name) {
    return [this, name = std::move(name)](Session&) { trace_->push_back(name); };
  }
  Scaffold::Probe probe(std::string name, Names missing = {}) {
    return [this, name = std::move(name), missing = std::move(missing)](Session&) {
      trace_->push_back(name);
      return missing;
    };
  }
  static Scaffold::Probe all_variables() {
    return [](Session& session) {
      Names missing = session.uninitialized(VariableScope::global);
      for (std::string& name : session.uninitialized(VariableScope::local)) missing.push_back(std::move(name));
      return missing;
    };
  }
  static Scaffold::Probe global_variables() {
    return [](Session& session) { return session.uninitialized(VariableScope::global); };
  }
  static Scaffold::Op initializing(VariableScope scope) {
    return [scope](Session& session) { session.initialize(scope); };
  }
  int closed() const {
    int count = 0;
    for (const auto& session : sessions_) count += session->closed;
    return count;
  }

  std::shared_ptr<Trace> trace_ = std::make_shared<Trace>();
  std::shared_ptr<Scaffold> scaffold_ = std::make_shared<Scaffold>();
  std::shared_ptr<FakeSaver> saver_ = std::make_shared<FakeSaver>();
  std::vector<std::shared_ptr<FakeSession>> sessions_;
  std::function<void(FakeSession&)> on_create_;
  ManualClock clock_;
};

TEST_F(SessionManagerTest, BadArgumentsAreRefused) {
  EXPECT_EQ(thrown_by([&] { SessionManager({}, scaffold_); }).code(), StatusCode::invalid_argument);
  EXPECT_EQ(thrown_by([&] { SessionManager(factory(), scaffold_, -1); }).code(), StatusCode::invalid_argument);
}

TEST_F(SessionManagerTest, FactoryThatMakesNothingIsAnError) {
  SessionManager manager([] { return std::shared_ptr<Session>(); }, scaffold_);
  EXPECT_EQ(thrown_by([&] { manager.prepare_session(); }).code(), StatusCode::failed_precondition);
  EXPECT_EQ(thrown_by([&] { manager.recover_session(); }).code(), StatusCode::failed_precondition);
  EXPECT_EQ(thrown_by([&] { manager.wait_for_session(0); }).code(), StatusCode::failed_precondition);
}

TEST_F(SessionManagerTest, NoScaffoldMeansTheDefaults) {
  SessionManager manager(factory(), nullptr);
  const CreatedSession created = manager.prepare_session();
  EXPECT_EQ(created.session, sessions_.at(0));
  EXPECT_EQ(sessions_[0]->initialized.size(), 2U);
}

TEST_F(SessionManagerTest, SM_04_PrepareWithoutAnyWayToInitialiseFails) {
  scaffold_->saver = saver_;
  SessionManager manager = raw_manager();
  const Error error = thrown_by([&] { manager.prepare_session(); });
  EXPECT_EQ(error.code(), StatusCode::failed_precondition);
  EXPECT_TRUE(contains(error, "no init_op or init_fn or local_init_op"));
  EXPECT_EQ(closed(), 1);
  saver_->step = 7;
  EXPECT_EQ(manager.prepare_session().restored_step, 7);
  EXPECT_EQ(closed(), 1);
}

TEST_F(SessionManagerTest, SM_05_RecoverTellsWhetherAStateWasRestored) {
  scaffold_->saver = saver_;
  SessionManager own = manager();
  const auto empty = own.recover_session();
  EXPECT_FALSE(empty.ready);
  EXPECT_EQ(empty.created.session, sessions_.at(0));
  EXPECT_FALSE(empty.created.restored_step.has_value());
  saver_->step = 7;
  const auto restored = own.recover_session();
  EXPECT_TRUE(restored.ready);
  EXPECT_EQ(restored.created.restored_step, 7);
  EXPECT_EQ(closed(), 0);
}

TEST_F(SessionManagerTest, SM_06_WaitGivesUpAfterItsTime) {
  SessionManager own = manager(kSecond);
  const Error error = thrown_by([&] { own.wait_for_session(3 * kSecond, {nullptr, &clock_}); });
  EXPECT_EQ(error.code(), StatusCode::deadline_exceeded);
  EXPECT_TRUE(contains(error, "not ready after waiting")) << error.message();
  EXPECT_TRUE(contains(error, "my_var")) << error.message();
  EXPECT_EQ(sessions_.size(), 4U);
  EXPECT_EQ(closed(), 4);
  EXPECT_EQ(clock_.waited_ns(), 3 * kSecond);
}

TEST_F(SessionManagerTest, SM_07_ReadyForLocalInitWithoutLocalInitIsRefused) {
  scaffold_->ready_for_local_init_op = probe("ready_for_local");
  EXPECT_EQ(thrown_by([&] { raw_manager(); }).code(), StatusCode::invalid_argument);
  EXPECT_NO_THROW(manager());  // finalising gives it a local_init_op
}

TEST_F(SessionManagerTest, SM_09_RecoverLeavesLocalInitOutUntilReadyForIt) {
  scaffold_->saver = saver_;
  saver_->step = 7;
  scaffold_->ready_for_local_init_op = all_variables();
  scaffold_->ready_op = all_variables();
  scaffold_->local_init_op = initializing(VariableScope::local);
  SessionManager own = raw_manager();
  EXPECT_FALSE(own.recover_session().ready);
  EXPECT_EQ(sessions_.at(0)->initialized.count(VariableScope::local), 0U);
  EXPECT_EQ(closed(), 0);
}

TEST_F(SessionManagerTest, SM_10_RecoverWithoutSaverStillRunsLocalInit) {
  scaffold_->local_init_op = initializing(VariableScope::local);
  scaffold_->ready_op = probe("ready");
  SessionManager own = raw_manager();
  EXPECT_FALSE(own.recover_session().ready);
  EXPECT_EQ(*trace_, Trace{"initialize my_local_var"});
}

TEST_F(SessionManagerTest, SM_12_WaitInitialisesLocalVariables) {
  on_create_ = [](FakeSession& session) { session.initialized.insert(VariableScope::global); };
  SessionManager own = manager();
  const CreatedSession created = own.wait_for_session(-1, {nullptr, &clock_});
  EXPECT_EQ(created.session, sessions_.at(0));
  EXPECT_EQ(sessions_[0]->initialized.count(VariableScope::local), 1U);
  EXPECT_EQ(clock_.waited_ns(), 0);
}

TEST_F(SessionManagerTest, SM_13_WaitWithAStrictCheckTriesOnce) {
  on_create_ = [](FakeSession& session) { session.initialized.insert(VariableScope::global); };
  scaffold_->ready_for_local_init_op = all_variables();
  SessionManager own = manager(30 * kSecond);
  EXPECT_EQ(thrown_by([&] {
              own.wait_for_session(3 * kSecond, {nullptr, &clock_});
            }).code(),
            StatusCode::deadline_exceeded);
  EXPECT_EQ(sessions_.size(), 1U);
}

TEST_F(SessionManagerTest, SM_18_PrepareFailsIfLocalVariablesStayWithoutValue) {
  scaffold_->init_op = initializing(VariableScope::global);
  scaffold_->ready_op = all_variables();
  SessionManager own = raw_manager();
  const Error error = thrown_by([&] { own.prepare_session(); });
  EXPECT_EQ(error.code(), StatusCode::failed_precondition);
  EXPECT_TRUE(contains(error, "did not make model ready"));
  EXPECT_FALSE(contains(error, "local_init"));
  EXPECT_TRUE(contains(error, "my_local_var"));
  EXPECT_EQ(closed(), 1);
}

TEST_F(SessionManagerTest, SM_20_PrepareFailsIfNotReadyForLocalInit) {
  scaffold_->ready_for_local_init_op = global_variables();
  scaffold_->ready_op = all_variables();
  scaffold_->local_init_op = initializing(VariableScope::local);
  SessionManager own = raw_manager();
  const Error error = thrown_by([&] { own.prepare_session(); });
  EXPECT_TRUE(contains(error, "did not make model ready for local_init")) << error.message();
  EXPECT_TRUE(contains(error, "my_var"));
  EXPECT_EQ(sessions_.at(0)->initialized.size(), 0U);
  EXPECT_EQ(closed(), 1);
}

TEST_F(SessionManagerTest, SM_21_PrepareWithALaxCheckFailsAtReadiness) {
  scaffold_->ready_for_local_init_op = probe("ready_for_local");
  scaffold_->ready_op = all_variables();
  scaffold_->local_init_op = initializing(VariableScope::local);
  SessionManager own = raw_manager();
  const Error error = thrown_by([&] { own.prepare_session(); });
  EXPECT_TRUE(contains(error, "did not make model ready, missing: my_var")) << error.message();
}

TEST_F(SessionManagerTest, SM_22_ProbeThatFailsWithUninitializedMeansNotReady) {
  scaffold_->saver = saver_;
  scaffold_->ready_op = [](Session& session) -> Names {
    if (session.uninitialized(VariableScope::global).empty()) return {};
    throw StatusError(StatusCode::failed_precondition, "Attempting to use uninitialized value my_var");
  };
  SessionManager own = raw_manager();
  EXPECT_FALSE(own.recover_session().ready);
  EXPECT_EQ(thrown_by([&] { own.wait_for_session(0, {nullptr, &clock_}); }).code(), StatusCode::deadline_exceeded);
  saver_->step = 7;
  EXPECT_TRUE(own.recover_session().ready);
  EXPECT_NO_THROW(own.prepare_session());
  saver_->step.reset();
  scaffold_->init_op = tracing("init_op");
  EXPECT_TRUE(contains(thrown_by([&] { own.prepare_session(); }), "did not make model ready"));
}

TEST_F(SessionManagerTest, SM_22_ProbeThatFailsOtherwiseEndsTheCreation) {
  scaffold_->init_op = tracing("init_op");
  scaffold_->ready_op = [](Session&) -> Names { throw StatusError(StatusCode::failed_precondition, "broken"); };
  SessionManager own = raw_manager();
  EXPECT_EQ(thrown_by([&] { own.prepare_session(); }).message(), "broken");
  EXPECT_EQ(thrown_by([&] { own.recover_session(); }).message(), "");  // not asked: nothing was restored
  EXPECT_EQ(thrown_by([&] { own.wait_for_session(-1, {nullptr, &clock_}); }).message(), "broken");
  EXPECT_EQ(closed(), 2);
}

TEST_F(SessionManagerTest, SM_22_UninitializedVariableOfAGraphSessionMeansNotReady) {
  Graph graph;
  graph.variable("w", Value::scalar(std::int64_t{1}));
  graph.function("reads", FunctionNode{.inputs = {"w"}},
                 [](KernelContext& kernel) { kernel.set_output(0, Value::string("")); });
  graph.function("updates", FunctionNode{.updates = {"w"}}, [](KernelContext& kernel) {
    kernel.variable(0);
    kernel.set_output(0, Value::string(""));
  });
  const std::vector<std::pair<std::string, Scaffold::Probe>> probes = {
      {"fetch of the variable", Scaffold::fetch_probe("w")},
      {"fetch of what reads it", Scaffold::fetch_probe("reads")},
      {"fetch of what updates it", Scaffold::fetch_probe("updates")},
      {"read_variable", [](Session& session) {
         session.read_variable("w");
         return Names{};
       }}};
  for (const auto& [what, probe] : probes) {
    SCOPED_TRACE(what);
    scaffold_ = std::make_shared<Scaffold>();
    scaffold_->ready_op = probe;
    scaffold_->ready_for_local_init_op = [](Session&) { return Names{}; };
    const auto of_the_chief = std::make_shared<GraphSession>(graph);
    of_the_chief->initialize(VariableScope::global);
    int tries = 0;
    const auto connect = [&]() -> std::shared_ptr<Session> {
      return ++tries < 3 ? std::make_shared<GraphSession>(graph) : of_the_chief;
    };
    SessionManager own(connect, scaffold_, kSecond);
    const Error error = thrown_by([&] { own.wait_for_session(0, {nullptr, &clock_}); });
    EXPECT_EQ(error.code(), StatusCode::deadline_exceeded) << error.message();
    EXPECT_TRUE(contains(error, "variable 'w' is not initialised")) << error.message();
    EXPECT_NO_THROW(EXPECT_EQ(own.wait_for_session(10 * kSecond, {nullptr, &clock_}).session, of_the_chief));
    EXPECT_EQ(tries, 3);
  }
}

TEST_F(SessionManagerTest, SM_23_OneTryWithoutWaitingIfThePollIsTooLong) {
  SessionManager own = manager(30 * kSecond);
  EXPECT_THROW(own.wait_for_session(3 * kSecond, {nullptr, &clock_}), StatusError);
  EXPECT_EQ(sessions_.size(), 1U);
  EXPECT_EQ(closed(), 1);
  EXPECT_EQ(clock_.waited_ns(), 0);
}

TEST_F(SessionManagerTest, SM_25_WaitTriesUntilReadyInOrder) {
  scaffold_->ready_for_local_init_op = probe("ready_for_local");
  scaffold_->local_init_op = tracing("local_init");
  scaffold_->ready_op = [this](Session&) {
    trace_->push_back("ready");
    return sessions_.size() < 4 ? Names{"chief"} : Names{};
  };
  on_create_ = [](FakeSession& session) { session.close_fails = true; };  // is ignored here
  SessionManager own = manager(kSecond);
  const CreatedSession created = own.wait_for_session(10 * kSecond, {nullptr, &clock_});
  EXPECT_EQ(created.session, sessions_.at(3));
  EXPECT_EQ(sessions_.size(), 4U);
  EXPECT_EQ(closed(), 3);
  EXPECT_EQ(sessions_[3]->closed, 0);
  EXPECT_EQ(clock_.waited_ns(), 3 * kSecond);
  EXPECT_EQ((Trace{trace_->begin(), trace_->begin() + 4}), (Trace{"ready_for_local", "local_init", "ready", "close"}));
}

TEST_F(SessionManagerTest, SM_26_PrepareGoesInOrder) {
  scaffold_->init_op = tracing("init_op");
  scaffold_->init_fn = [this](const Scaffold& scaffold, Session&) {
    EXPECT_EQ(&scaffold, scaffold_.get());
    trace_->push_back("init_fn");
  };
  scaffold_->ready_for_local_init_op = probe("ready_for_local");
  scaffold_->local_init_op = tracing("local_init");
  scaffold_->ready_op = probe("ready");
  SessionManager own = manager();
  EXPECT_FALSE(own.prepare_session().restored_step.has_value());
  EXPECT_EQ(*trace_, (Trace{"init_op", "init_fn", "ready_for_local", "local_init", "ready"}));
}

TEST_F(SessionManagerTest, SM_27_RestoredStateIsNotInitialised) {
  scaffold_->saver = saver_;
  saver_->step = 7;
  scaffold_->init_op = tracing("init_op");
  scaffold_->init_fn = [this](const Scaffold&, Session&) { trace_->push_back("init_fn"); };
  scaffold_->local_init_op = tracing("local_init");
  scaffold_->ready_op = probe("ready");
  SessionManager own = manager();
  EXPECT_EQ(own.prepare_session().restored_step, 7);
  EXPECT_EQ(*trace_, (Trace{"local_init", "ready"}));
}

TEST_F(SessionManagerTest, FailureOfAPieceClosesTheSession) {
  scaffold_->init_op = [](Session&) { throw std::runtime_error("init"); };
  SessionManager own = manager();
  EXPECT_THROW(own.prepare_session(), std::runtime_error);
  EXPECT_EQ(closed(), 1);
  scaffold_->saver = saver_;
  saver_->fails = true;
  EXPECT_EQ(thrown_by([&] { own.prepare_session(); }).code(), StatusCode::data_loss);
  EXPECT_EQ(thrown_by([&] { own.recover_session(); }).code(), StatusCode::data_loss);
  EXPECT_EQ(closed(), 3);
}

TEST_F(SessionManagerTest, FailureOfCloseIsSuppressedBehindTheCause) {
  on_create_ = [](FakeSession& session) { session.close_fails = true; };
  scaffold_->init_op = [](Session&) { throw StatusError(StatusCode::aborted, "init"); };
  SessionManager own = manager();
  const Error error = thrown_by([&] { own.prepare_session(); });
  EXPECT_EQ(error.code(), StatusCode::aborted);
  ASSERT_EQ(error.suppressed_count(), 1U);
  EXPECT_EQ(error.suppressed(0).message(), "close failed");
}

TEST_F(SessionManagerTest, StopEndsTheWait) {
  StopState stop;
  on_create_ = [&](FakeSession&) {
    if (sessions_.size() == 2) stop.request(StopReason{});
  };
  SessionManager own = manager();
  EXPECT_EQ(thrown_by([&] { own.wait_for_session(-1, {&stop, &clock_}); }).code(), StatusCode::stopped);
  EXPECT_EQ(sessions_.size(), 2U);
  EXPECT_EQ(closed(), 2);
}

TEST_F(SessionManagerTest, StopEndsTheWaitInRealTime) {
  StopState stop;
  SessionManager own = manager(3600 * kSecond);
  std::thread poster([&] { stop.request(StopReason{}); });
  EXPECT_EQ(thrown_by([&] { own.wait_for_session(-1, {&stop, nullptr}); }).code(), StatusCode::stopped);
  poster.join();
}

}  // namespace
}  // namespace runhook
