#include "runhook/scaffold.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/fake_session.hpp"

namespace runhook {
namespace {

using test::FakeSession;
using test::thrown_by;
using Names = std::vector<std::string>;

Scaffold::Op tracing(Names& trace, std::string name) {
  return [&trace, name = std::move(name)](Session&) { trace.push_back(name); };
}

Scaffold::Probe missing(std::string name) {
  return [name = std::move(name)](Session&) { return Names{name}; };
}

Scaffold all_pieces(Names& trace, const std::string& name) {
  Scaffold scaffold;
  scaffold.init_op = tracing(trace, name + " init_op");
  scaffold.init_fn = [&trace, name](const Scaffold&, Session&) { trace.push_back(name + " init_fn"); };
  scaffold.ready_op = missing(name + " ready");
  scaffold.ready_for_local_init_op = missing(name + " ready_for_local");
  scaffold.local_init_op = tracing(trace, name + " local_init_op");
  scaffold.saver = std::make_shared<MemorySaver>();
  return scaffold;
}

void run_all(const Scaffold& scaffold, Session& session, Names& trace) {
  scaffold.init_op(session);
  scaffold.init_fn(scaffold, session);
  for (const std::string& name : scaffold.ready_for_local_init_op(session)) trace.push_back(name);
  scaffold.local_init_op(session);
  for (const std::string& name : scaffold.ready_op(session)) trace.push_back(name);
}

Names all_of(const std::string& name) {
  return {name + " init_op", name + " init_fn", name + " ready_for_local", name + " local_init_op", name + " ready"};
}

TEST(Scaffold, SC_01_NothingIsThereBeforeFinalize) {
  const Scaffold scaffold;
  EXPECT_FALSE(scaffold.init_op);
  EXPECT_FALSE(scaffold.init_fn);
  EXPECT_FALSE(scaffold.ready_op);
  EXPECT_FALSE(scaffold.ready_for_local_init_op);
  EXPECT_FALSE(scaffold.local_init_op);
  EXPECT_EQ(scaffold.saver, nullptr);
  EXPECT_FALSE(scaffold.finalized());
}

TEST(Scaffold, SC_02_DefaultsInitialiseAndNameVariables) {
  Scaffold scaffold;
  scaffold.finalize();
  FakeSession session;
  EXPECT_EQ(scaffold.ready_op(session), (Names{"my_var", "my_local_var"}));
  EXPECT_EQ(scaffold.ready_for_local_init_op(session), Names{"my_var"});
  scaffold.init_op(session);
  EXPECT_TRUE(scaffold.ready_for_local_init_op(session).empty());
  EXPECT_EQ(scaffold.ready_op(session), Names{"my_local_var"});
  scaffold.local_init_op(session);
  EXPECT_TRUE(scaffold.ready_op(session).empty());
  EXPECT_FALSE(scaffold.init_fn);
}

TEST(Scaffold, SC_03_DefaultsExistWithoutVariables) {
  class Bare final : public Session {
   public:
    NodeId resolve(std::string_view) override { return 0; }
    void run(SessionStep&) override {}
  };
  Scaffold scaffold;
  scaffold.finalize();
  EXPECT_TRUE(scaffold.finalized());
  EXPECT_FALSE(scaffold.init_fn);
  EXPECT_EQ(scaffold.saver, nullptr);
  Bare session;
  scaffold.init_op(session);
  scaffold.local_init_op(session);
  EXPECT_TRUE(scaffold.ready_for_local_init_op(session).empty());
  EXPECT_TRUE(scaffold.ready_op(session).empty());
}

TEST(Scaffold, SC_04_FinalizingAgainChangesNothing) {
  Names trace;
  Scaffold scaffold;
  scaffold.finalize();
  scaffold.init_op = tracing(trace, "later");
  scaffold.finalize();
  FakeSession session;
  scaffold.init_op(session);
  EXPECT_EQ(trace, Names{"later"});
}

TEST(Scaffold, SC_06_GivenPiecesAreUsed) {
  Names trace;
  Scaffold scaffold = all_pieces(trace, "own");
  const auto saver = scaffold.saver;
  scaffold.finalize();
  FakeSession session;
  run_all(scaffold, session, trace);
  EXPECT_EQ(trace, all_of("own"));
  EXPECT_EQ(scaffold.saver, saver);
}

TEST(Scaffold, SC_08_CopyOfAnEmptyOneHasItsOwnPieces) {
  Names trace;
  Scaffold copy = Scaffold::copy_from(Scaffold(), all_pieces(trace, "own"));
  copy.finalize();
  FakeSession session;
  run_all(copy, session, trace);
  EXPECT_EQ(trace, all_of("own"));
}

TEST(Scaffold, SC_09_OwnPiecesOfACopyWin) {
  Names trace;
  Scaffold copy = Scaffold::copy_from(all_pieces(trace, "source"), all_pieces(trace, "own"));
  copy.finalize();
  FakeSession session;
  run_all(copy, session, trace);
  EXPECT_EQ(trace, all_of("own"));
}

TEST(Scaffold, SC_11_CopyHasThePiecesOfItsSource) {
  Names trace;
  Scaffold source = all_pieces(trace, "source");
  const Scaffold* given = nullptr;
  source.init_fn = [&](const Scaffold& scaffold, Session&) {
    given = &scaffold;
    trace.push_back("source init_fn");
  };
  source.finalize();
  Scaffold copy = Scaffold::copy_from(source, {});
  EXPECT_FALSE(copy.finalized());
  FakeSession session;
  run_all(copy, session, trace);
  EXPECT_EQ(trace, all_of("source"));
  EXPECT_EQ(given, &copy);
  EXPECT_EQ(copy.saver, source.saver);
}

TEST(Scaffold, RunOpRunsItsArgs) {
  FakeSession session;
  session.nodes["init"] = Value();
  SessionRunArgs args;
  args.fetches = Fetches("init");
  EXPECT_NO_THROW(Scaffold::run_op(args)(session));
  args.fetches = Fetches("other");
  EXPECT_EQ(thrown_by([&] { Scaffold::run_op(args)(session); }).code(), StatusCode::not_found);
}

TEST(Scaffold, FetchProbeTellsWhatIsMissing) {
  const Scaffold::Probe probe = Scaffold::fetch_probe("ready");
  FakeSession session;
  session.nodes["ready"] = Value();
  EXPECT_TRUE(probe(session).empty());
  session.nodes["ready"] = Value::string("");
  EXPECT_TRUE(probe(session).empty());
  session.nodes["ready"] = Value::string("my_var");
  EXPECT_EQ(probe(session), Names{"my_var"});
  session.nodes["ready"] = Value::bytes(std::as_bytes(std::span("raw", 3)));
  EXPECT_EQ(probe(session), Names{"raw"});
  session.nodes["ready"] = Value::scalar(std::int32_t{7});
  EXPECT_TRUE(probe(session).empty());
  const std::array<std::int64_t, 1> empty{0};
  session.nodes["ready"] = Value::tensor(DType::float32, empty);
  EXPECT_TRUE(probe(session).empty());
}

TEST(Scaffold, FetchProbeTakesUninitializedForNotReady) {
  const Scaffold::Probe probe = Scaffold::fetch_probe("ready");
  FakeSession session;
  session.nodes["ready"] = Value();
  session.fails_with = "Attempting to use uninitialized value my_var";
  EXPECT_EQ(probe(session), Names{session.fails_with});
  session.fails_with = "something else";
  EXPECT_EQ(thrown_by([&] { probe(session); }).code(), StatusCode::failed_precondition);
}

}  // namespace
}  // namespace runhook
