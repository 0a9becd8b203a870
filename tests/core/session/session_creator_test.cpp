#include "runhook/session_creator.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "core/fake_session.hpp"

namespace runhook {
namespace {

using test::FakeSaver;
using test::FakeSession;
using test::thrown_by;

SessionFactory fake_factory() {
  return [] { return std::make_shared<FakeSession>(); };
}

TEST(ChiefSessionCreator, InitialisesTheSession) {
  ChiefSessionCreator creator(fake_factory());
  const CreatedSession created = creator.create_session({});
  EXPECT_TRUE(created.session->uninitialized(VariableScope::global).empty());
  EXPECT_TRUE(created.session->uninitialized(VariableScope::local).empty());
  EXPECT_EQ(creator.saver(), nullptr);
  EXPECT_NE(creator.create_session({}).session, created.session);
}

TEST(ChiefSessionCreator, UsesTheScaffoldItIsGiven) {
  const auto scaffold = std::make_shared<Scaffold>();
  const auto saver = std::make_shared<FakeSaver>();
  ChiefSessionCreator creator(fake_factory(), scaffold);
  scaffold->saver = saver;  // pieces may come later, e.g. from a hook's begin
  saver->step = 9;
  EXPECT_TRUE(scaffold->finalized());
  EXPECT_EQ(creator.saver(), saver);
  EXPECT_EQ(creator.create_session({}).restored_step, 9);
}

TEST(WorkerSessionCreator, WaitsForTheChief) {
  int tries = 0;
  const auto scaffold = std::make_shared<Scaffold>();
  scaffold->ready_op = [&](Session&) {
    return ++tries < 3 ? std::vector<std::string>{"x"} : std::vector<std::string>{};
  };
  scaffold->ready_for_local_init_op = [](Session&) { return std::vector<std::string>{}; };
  WorkerSessionCreator creator(fake_factory(), scaffold, 100, 10);
  ManualClock clock;
  EXPECT_NE(creator.create_session({nullptr, &clock}).session, nullptr);
  EXPECT_EQ(clock.waited_ns(), 20);
  EXPECT_EQ(creator.saver(), nullptr);
}

TEST(WorkerSessionCreator, GivesUpAfterItsTime) {
  WorkerSessionCreator creator(fake_factory(), nullptr, 25, 10);
  ManualClock clock;
  EXPECT_EQ(thrown_by([&] { creator.create_session({nullptr, &clock}); }).code(), StatusCode::deadline_exceeded);
  EXPECT_EQ(clock.waited_ns(), 20);
}

TEST(FunctionSessionCreator, CallsItsFunction) {
  const auto session = std::make_shared<FakeSession>();
  StopState stop;
  FunctionSessionCreator creator([&](const CreationContext& context) {
    EXPECT_EQ(context.stop, &stop);
    return CreatedSession{session, 4};
  });
  const CreatedSession created = creator.create_session({&stop, nullptr});
  EXPECT_EQ(created.session, session);
  EXPECT_EQ(created.restored_step, 4);
  EXPECT_EQ(thrown_by([] { FunctionSessionCreator({}); }).code(), StatusCode::invalid_argument);
}

TEST(SingleSessionCreator, HandsOutItsSessionOnce) {
  const auto session = std::make_shared<FakeSession>();
  const auto creator = single_session_creator(session);
  EXPECT_EQ(creator->create_session({}).session, session);
  EXPECT_EQ(thrown_by([&] { creator->create_session({}); }).code(), StatusCode::failed_precondition);
  EXPECT_EQ(thrown_by([] { single_session_creator(nullptr); }).code(), StatusCode::invalid_argument);
}

}  // namespace
}  // namespace runhook
