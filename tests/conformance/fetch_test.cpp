// Section 4.25: what a session does with fetches and feeds, on a graph.
#include "rig.hpp"
#include "runhook/error.hpp"
#include "runhook/graph_session.hpp"

namespace conformance {
namespace {

using runhook::Fetches;
using runhook::Results;

// x and y are numbers, op has no output, double_x is computed from x, pair has two outputs.
runhook::Graph make_graph() {
  const auto set = [](double value) {
    return [value](runhook::KernelContext& context) { context.set_output(0, runhook::Value::scalar(value)); };
  };
  runhook::Graph graph;
  graph.function("x", {}, set(1));
  graph.function("y", {}, set(2));
  graph.function("op", {{}, 0, {}, {}}, [](runhook::KernelContext&) {});
  graph.function("double_x", {{"x"}, 1, {}, {}}, [](runhook::KernelContext& context) {
    context.set_output(0, runhook::Value::scalar(2 * context.input(0).to_double()));
  });
  graph.function("pair", {{}, 2, {}, {}}, [](runhook::KernelContext& context) {
    context.set_output(0, runhook::Value::scalar(10.0));
    context.set_output(1, runhook::Value::scalar(11.0));
  });
  return graph;
}

Results fetch(const Fetches& fetches, std::vector<runhook::Feed> feeds = {}) {
  runhook::GraphSession session(make_graph());
  return runhook::run_session(session, {fetches, std::move(feeds), {}});
}

template <typename Function>
runhook::StatusCode code_of(Function function) {
  try {
    function();
    return runhook::StatusCode::ok;
  } catch (const runhook::StatusError& failure) {
    return failure.code();
  }
}

TEST(FetchesOfASession, FS_01_AbsentInsideAStructureIsRefused) {
  EXPECT_EQ(code_of([] { Fetches::list({Fetches()}); }), runhook::StatusCode::invalid_argument);
  EXPECT_EQ(code_of([] { Fetches::map({{"b", Fetches()}}); }), runhook::StatusCode::invalid_argument);
  EXPECT_EQ(code_of([] { Fetches::map({{"a", "x"}, {"b", Fetches()}}); }), runhook::StatusCode::invalid_argument);
  EXPECT_EQ(code_of([] { Fetches(static_cast<const char*>(nullptr)); }), runhook::StatusCode::invalid_argument);
  EXPECT_TRUE(fetch(Fetches()).absent());
}

TEST(FetchesOfASession, FS_01_NullAndEmptyNamesAreRefusedInC) {
  OwnArgs args;
  make(args, runhook_run_args_create);
  EXPECT_REPLY(call(runhook_run_args_add_fetch, args.get(), "a", static_cast<const char*>(nullptr)),
               RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_REPLY(call(runhook_run_args_add_fetch, args.get(), "a", ""), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_fetch_count(args.get()), 0U);
}

TEST(FetchesOfASession, FS_02_SingleFetchByName) {
  EXPECT_EQ(fetch("x").to_double(), 1);
  EXPECT_EQ(fetch("pair").to_double(), 10);
  EXPECT_EQ(fetch("pair:1").to_double(), 11);
  EXPECT_EQ(code_of([] { fetch("nobody"); }), runhook::StatusCode::not_found);
}

TEST(FetchesOfASession, FS_02_FirstOutputMayBeNumbered) { EXPECT_EQ(fetch("x:0").to_double(), 1); }

TEST(FetchesOfASession, FS_03_ContainersAreMirroredAndOperationsAreAbsent) {
  const Results list = fetch(Fetches::list({"x", "op", "y"}));
  EXPECT_EQ(list.structure().kind(), Fetches::Kind::list);
  EXPECT_EQ(list.to_double("0"), 1);
  EXPECT_EQ(list.value("1").kind(), runhook::ValueKind::absent);
  EXPECT_EQ(list.to_double("2"), 2);

  const Results map = fetch(Fetches::map({{"z", "y"}, {"o", "op"}, {"a", "x"}}));
  EXPECT_EQ(map.structure().kind(), Fetches::Kind::map);
  EXPECT_EQ(map.structure().key(0), "z");
  EXPECT_EQ(map.structure().key(1), "o");
  EXPECT_EQ(map.structure().key(2), "a");
  EXPECT_EQ(map.to_double("z"), 2);
  EXPECT_EQ(map.value("o").kind(), runhook::ValueKind::absent);
  EXPECT_EQ(map.to_double("a"), 1);
}

TEST(FetchesOfASession, FS_05_NestedStructuresAreMirrored) {
  const auto list = Fetches::list({"x", "op", "y"});
  const auto map = Fetches::map({{"a", "x"}, {"b", "op"}, {"c", "y"}});
  for (const bool outer_list : {true, false}) {
    const auto wanted = outer_list ? Fetches::list({list, map, "x", "op"})
                                   : Fetches::map({{"0", list}, {"1", map}, {"2", "x"}, {"3", "op"}});
    const Results results = fetch(wanted);
    EXPECT_EQ(results.structure(), wanted);
    EXPECT_EQ(results.to_double("0/0"), 1);
    EXPECT_EQ(results.value("0/1").kind(), runhook::ValueKind::absent);
    EXPECT_EQ(results.to_double("0/2"), 2);
    EXPECT_EQ(results.to_double("1/a"), 1);
    EXPECT_EQ(results.value("1/b").kind(), runhook::ValueKind::absent);
    EXPECT_EQ(results.to_double("1/c"), 2);
    EXPECT_EQ(results.to_double("2"), 1);
    EXPECT_EQ(results.value("3").kind(), runhook::ValueKind::absent);
    EXPECT_EQ(results.leaves().size(), 8U);
  }
}

TEST(FetchesOfASession, FS_05_KeysOfTheCAbiNameLeaves) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer =
      rig.run(Ask().fetch("metrics/loss", "five").fetch("metrics/accuracy", "ten").fetch("train", "op"));
  EXPECT_EQ(answer.values, (Values{{"metrics/loss", 5.0}, {"metrics/accuracy", 10.0}, {"train", std::nullopt}}));
}

TEST(FetchesOfASession, FS_06_FedTensorCanBeFetched) {
  EXPECT_EQ(fetch("x", {{"x", runhook::Value::scalar(42.0)}}).to_double(), 42);
  const Results both = fetch(Fetches::list({"x", "double_x"}), {{"x", runhook::Value::scalar(42.0)}});
  EXPECT_EQ(both.to_double("0"), 42);
  EXPECT_EQ(both.to_double("1"), 84);
}

TEST(FetchesOfASession, FS_07_RunAfterCloseIsRefused) {
  runhook::GraphSession session(make_graph());
  session.close();
  EXPECT_EQ(code_of([&session] { runhook::run_session(session, {"x", {}, {}}); }), runhook::StatusCode::closed);
}

TEST(FetchesOfASession, FS_07_RunAfterCloseIsRefusedInC) {
  Rig rig;
  const OwnSession session = rig.raw().session();
  EXPECT_REPLY(call(runhook_session_close, session.get()), RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_session_close, session.get()), RUNHOOK_OK);
  EXPECT_REPLY(call(runhook_session_run, session.get(), nullptr, nullptr), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(rig.raws[0]->closed, 1);
}

TEST(FetchesOfASession, FS_11_EmptyNestedStructureIsReturnedAsItIs) {
  const auto empty = Fetches::map({{"foo", Fetches::map({{"baz", Fetches::list({})}})}, {"bar", Fetches::list({})}});
  const Results results = fetch(empty);
  EXPECT_EQ(results.structure(), empty);
  EXPECT_EQ(results.leaves().size(), 0U);
}

}  // namespace
}  // namespace conformance
