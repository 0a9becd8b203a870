#include "runhook/graph_session.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "core/allocation_counter.hpp"
#include "core/expect_error.hpp"

namespace {

using runhook::DType;
using runhook::Fetches;
using runhook::Graph;
using runhook::GraphSession;
using runhook::KernelContext;
using runhook::NodeId;
using runhook::Results;
using runhook::run_session;
using runhook::RunMetadata;
using runhook::RunOptions;
using runhook::Session;
using runhook::SessionRunArgs;
using runhook::SessionStep;
using runhook::StatusCode;
using runhook::Value;
using runhook::VariableScope;
using Shape = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

double& number(Value& value) { return *static_cast<double*>(value.mutable_data()); }

// Adds the inputs up.
void add(KernelContext& context) {
  double sum = 0;
  for (std::size_t i = 0; i < context.input_count(); ++i) sum += context.input(i).to_double();
  number(context.output(0, DType::float64, {})) = sum;
}

void increment(KernelContext& context) { number(context.variable(0)) += 1; }
void nothing(KernelContext&) {}

// x (fed) -> a = x; b = a + a; w (variable) is counted up by `train`; `log` lists what has run.
class GraphTest : public testing::Test {
 protected:
  void op(const std::string& name, Names after = {}) {
    graph.function(name, {.inputs = {}, .outputs = 0, .updates = {}, .after = std::move(after)},
                   [this, name](KernelContext&) { log.push_back(name); });
  }
  void sum(const std::string& name, Names inputs) {
    graph.function(name, {.inputs = std::move(inputs), .outputs = 1, .updates = {}, .after = {}},
                   [this](KernelContext& context) {
                     log.emplace_back(context.node());
                     add(context);
                   });
  }
  void constant(const std::string& name, double value) {
    graph.function(name, {}, [this, value](KernelContext& context) {
      log.emplace_back(context.node());
      context.set_output(0, Value::scalar(value));
    });
  }
  void count(const std::string& name, const std::string& variable, Names after = {}) {
    graph.function(name, {.inputs = {}, .outputs = 0, .updates = {variable}, .after = std::move(after)},
                   [this, name](KernelContext& context) {
                     log.push_back(name);
                     increment(context);
                   });
  }
  void open() {
    session = std::make_unique<GraphSession>(graph);
    session->initialize(VariableScope::global);
    session->initialize(VariableScope::local);
  }
  Results run(const SessionRunArgs& args) {
    log.clear();
    return run_session(*session, args);
  }
  Results fetch(const Fetches& fetches) { return run({fetches, {}, {}}); }
  double get(const char* name) { return fetch(name).to_double(); }

  Graph graph;
  Names log;
  std::unique_ptr<GraphSession> session;
};

TEST_F(GraphTest, RunsWhatIsNeededOnceInOrder) {
  constant("a", 1);
  constant("unused", 5);
  sum("b", {"a", "a"});
  sum("c", {"b", "a"});
  open();
  EXPECT_EQ(fetch(Fetches::list({"c", "b", "c"})).to_double("0"), 3.0);
  EXPECT_EQ(log, (Names{"a", "b", "c"}));
  EXPECT_EQ(get("b"), 2.0);
  EXPECT_EQ(log, (Names{"a", "b"}));
  fetch({});
  EXPECT_TRUE(log.empty());
}

TEST_F(GraphTest, AfterIsADependency) {
  op("first");
  op("second", {"first"});
  open();
  const Results results = fetch("second");
  EXPECT_FALSE(results.value()) << "an operation gives an absent result";
  EXPECT_EQ(log, (Names{"first", "second"}));
}

TEST_F(GraphTest, FS_06_FeedTakesThePlaceOfItsNode) {
  constant("deep", 1);
  sum("a", {"deep"});
  sum("b", {"a"});
  op("op", {"a"});
  open();
  const Results results = run({Fetches::list({"a", "b"}), {{"a", Value::scalar(7.0)}}, {}});
  EXPECT_EQ(results.to_double("0"), 7.0);
  EXPECT_EQ(results.to_double("1"), 7.0);
  EXPECT_EQ(log, (Names{"b"}));
  run({"op", {{"a", Value::scalar(7.0)}}, {}});
  EXPECT_EQ(log, (Names{"op"}));
  EXPECT_EQ(get("b"), 1.0) << "a feed lasts for one step";
}

TEST_F(GraphTest, FedVariableIsOverriddenForReaders) {
  graph.variable("w", Value::scalar(1.0));
  sum("read", {"w"});
  count("train", "w");
  open();
  const Results results = run({Fetches::list({"train", "read", "w"}), {{"w", Value::scalar(50.0)}}, {}});
  EXPECT_EQ(results.to_double("1"), 50.0);
  EXPECT_EQ(results.to_double("2"), 50.0);
  EXPECT_EQ(get("w"), 2.0);
}

TEST_F(GraphTest, FS_02_OutputNumbersAreResolved) {
  graph.function("pair", {.inputs = {}, .outputs = 2, .updates = {}, .after = {}}, [](KernelContext& context) {
    context.set_output(0, Value::scalar(1.0));
    context.set_output(1, Value::string("two"));
  });
  sum("s", {"pair:0", "pair"});
  op("op");
  open();
  EXPECT_EQ(session->resolve("pair:0"), session->resolve("pair"));
  EXPECT_EQ(fetch("pair:1").value().text(), "two");
  EXPECT_EQ(get("s:0"), 2.0);
  for (const char* bad : {"pair:2", "pair:", "pair:x", "pair:1x", "pair:-1", ":0", "", "op:0", "nobody"}) {
    EXPECT_STATUS(session->resolve(bad), not_found, bad);
  }
  EXPECT_NO_THROW(session->resolve("op"));
}

TEST_F(GraphTest, PlaceholderIsChecked) {
  graph.placeholder("x", DType::float64, Shape{Graph::kAnyExtent, 2});
  graph.function("y", {.inputs = {"x"}, .outputs = 1, .updates = {}, .after = {}},
                 [](KernelContext& context) { context.set_output(0, context.input(0)); });
  open();
  const Value good = Value::tensor(DType::float64, Shape{5, 2});
  EXPECT_TRUE(run({"y", {{"x", good}}, {}}).value().same_as(good));
  EXPECT_STATUS(fetch("y"), failed_precondition, "'x'");
  EXPECT_STATUS(fetch("x"), failed_precondition, "'x'");
  const auto feed = [&](Value value) { run({"y", {{"x", std::move(value)}}, {}}); };
  EXPECT_STATUS(feed(Value::tensor(DType::float32, Shape{5, 2})), invalid_argument,
                "node 'x': expected float64[?,2], got float32[5,2]");
  EXPECT_STATUS(feed(Value::tensor(DType::float64, Shape{5, 3})), invalid_argument, "got float64[5,3]");
  EXPECT_STATUS(feed(Value::tensor(DType::float64, Shape{5})), invalid_argument, "got float64[5]");
  EXPECT_STATUS(feed(Value::string("x")), invalid_argument, "got a string");
  EXPECT_STATUS(feed(Value()), invalid_argument, "got nothing");
  EXPECT_TRUE(good.unique()) << "the session keeps nothing of a feed";
}

TEST_F(GraphTest, UnneededPlaceholderNeedNotBeFed) {
  graph.placeholder("x", DType::float64, {});
  sum("y", {"x"});
  constant("z", 3);
  open();
  EXPECT_EQ(get("z"), 3.0);
  EXPECT_EQ(run({"z", {{"y", Value::scalar(1.0)}}, {}}).to_double(), 3.0);
}

TEST_F(GraphTest, BadFeedsAreRefused) {
  op("op");
  constant("a", 1);
  open();
  EXPECT_STATUS(run({"a", {{"op", Value::scalar(1.0)}}, {}}), invalid_argument, "'op'");
  EXPECT_STATUS(run({"a", {{"a", Value()}}, {}}), invalid_argument, "'a'");
  EXPECT_STATUS(run({"a", {{"a", Value::scalar(1.0)}, {"a:0", Value::scalar(2.0)}}, {}}), invalid_argument,
                "fed twice");
  const std::array<NodeId, 1> nowhere{77};
  std::array<Value, 1> results;
  RunOptions options;
  RunMetadata metadata;
  SessionStep step;
  step.fetches = nowhere;
  step.results = results;
  step.options = &options;
  step.metadata = &metadata;
  EXPECT_STATUS(session->run(step), invalid_argument, "77");
}

TEST_F(GraphTest, FetchedVariableHasItsValueAfterTheStep) {
  graph.variable("w", Value::scalar(1.0));
  sum("before", {"w"});
  count("train", "w", {"before"});
  sum("later", {"w"});
  open();
  const Results results = fetch(Fetches::list({"w", "before", "later", "train"}));
  EXPECT_EQ(results.to_double("0"), 2.0);
  EXPECT_EQ(results.to_double("1"), 1.0);
  EXPECT_EQ(results.to_double("2"), 2.0) << "an input variable has its value at that moment";
}

TEST_F(GraphTest, KeptVariableValueIsCopiedOnWrite) {
  graph.variable("w", Value::scalar(1.0));
  count("train", "w");
  open();
  const Value kept = session->read_variable("w");
  fetch("train");
  EXPECT_EQ(kept.to_double(), 1.0);
  const Value after = session->read_variable("w");
  EXPECT_EQ(after.to_double(), 2.0);
}

TEST_F(GraphTest, SessionsShareTheGraphAndNothingElse) {
  const Value initial = Value::scalar(1.0);
  graph.variable("w", initial);
  count("train", "w");
  open();
  GraphSession other(graph);
  other.initialize(VariableScope::global);
  fetch("train");
  EXPECT_EQ(get("w"), 2.0);
  EXPECT_EQ(other.read_variable("w").to_double(), 1.0);
  EXPECT_EQ(initial.to_double(), 1.0);
  EXPECT_TRUE(other.graph().same_as(graph));
}

TEST_F(GraphTest, UninitialisedVariablesAreNamed) {
  graph.variable("w", Value::scalar(1.0));
  graph.variable("l", Value::scalar(2.0), VariableScope::local);
  sum("read", {"w"});
  count("train", "w");
  graph.function("init", {.inputs = {}, .outputs = 0, .updates = {"w"}, .after = {}},
                 [](KernelContext& context) { context.assign(0, Value::scalar(9.0)); });
  session = std::make_unique<GraphSession>(graph);
  EXPECT_EQ(session->variables(VariableScope::global), (Names{"w"}));
  EXPECT_EQ(session->uninitialized(VariableScope::local), (Names{"l"}));
  EXPECT_STATUS(fetch("w"), failed_precondition, "'w'");
  EXPECT_STATUS(fetch("read"), failed_precondition, "'w'");
  EXPECT_STATUS(fetch("train"), failed_precondition, "node 'train': variable 'w'");
  EXPECT_STATUS(session->read_variable("w"), failed_precondition, "'w'");
  fetch("init");
  EXPECT_EQ(get("read"), 9.0);
  session->initialize(VariableScope::local);
  EXPECT_TRUE(session->uninitialized(VariableScope::local).empty());
}

TEST_F(GraphTest, VariablesAreWrittenWithTheSameShapeOnly) {
  graph.variable("w", Value::scalar(1.0));
  graph.variable("name", Value::string("a"));
  constant("c", 1);
  graph.function("bad", {.inputs = {}, .outputs = 0, .updates = {"w"}, .after = {}},
                 [](KernelContext& context) { context.assign(0, Value::scalar(9.0f)); });
  open();
  session->write_variable("w", Value::scalar(4.0));
  session->write_variable("name", Value::string("longer"));
  EXPECT_EQ(get("w"), 4.0);
  EXPECT_EQ(fetch("name").value().text(), "longer");
  EXPECT_STATUS(session->write_variable("w", Value::scalar(4.0f)), invalid_argument, "'w'");
  EXPECT_STATUS(session->write_variable("name", Value::bytes({})), invalid_argument, "expected a string, got bytes");
  EXPECT_STATUS(session->write_variable("w", Value()), invalid_argument, "got nothing");
  EXPECT_STATUS(session->write_variable("c", Value::scalar(4.0)), not_found, "'c'");
  EXPECT_STATUS(session->read_variable("nobody"), not_found, "'nobody'");
  EXPECT_STATUS(fetch("bad"), invalid_argument, "node 'bad': node 'w'");
}

TEST_F(GraphTest, WrittenValueIsNotChangedBehindItsOwner) {
  graph.variable("w", Value::scalar(1.0));
  count("train", "w");
  open();
  const Value mine = Value::scalar(10.0);
  session->write_variable("w", mine);
  fetch("train");
  EXPECT_EQ(mine.to_double(), 10.0);
  EXPECT_EQ(get("w"), 11.0);
}

TEST_F(GraphTest, StridedVariableBecomesContiguous) {
  std::array<double, 6> memory{1, 2, 3, 4, 5, 6};
  graph.variable("w", Value::tensor(DType::float64, Shape{3, 2}));
  open();
  session->write_variable("w", Value::adopt(DType::float64, Shape{3, 2}, Shape{1, 3}, {}, memory.data(), {}));
  const Value read = session->read_variable("w");
  EXPECT_TRUE(read.is_contiguous());
  EXPECT_EQ(static_cast<const double*>(read.data())[1], 4.0);
}

TEST_F(GraphTest, GlobalStepCounts) {
  graph.global_step();
  op("train");
  graph.increment_global_step("tick", {"train"}, 5);
  open();
  ASSERT_TRUE(session->global_step());
  EXPECT_EQ(*session->global_step(), session->resolve("global_step"));
  EXPECT_EQ(fetch(Fetches::list({"tick", "global_step"})).value("1").to_int64(), 5);
  EXPECT_EQ(log, (Names{"train"}));
  EXPECT_EQ(GraphSession(Graph()).global_step(), std::nullopt);
}

TEST_F(GraphTest, OutputBufferIsReusedUnlessKept) {
  constant("a", 1);
  const void* seen = nullptr;
  graph.function("b", {}, [&](KernelContext& context) {
    Value& output = context.output(0, DType::float64, Shape{2});
    EXPECT_TRUE(output.unique());
    seen = output.data();
  });
  open();
  const void* first = fetch("b").value().data();
  const Value kept = fetch("b").value();
  EXPECT_EQ(kept.data(), first);
  fetch("b");
  EXPECT_NE(seen, kept.data());
}

TEST_F(GraphTest, GivenOutputIsNotKeptAfterTheStep) {
  const Value mine = Value::scalar(1.0);
  graph.function("give", {}, [&](KernelContext& context) { context.set_output(0, mine); });
  sum("use", {"give"});
  open();
  EXPECT_EQ(get("use"), 1.0);
  EXPECT_TRUE(mine.unique());
  EXPECT_EQ(get("use"), 1.0);
}

TEST_F(GraphTest, BufferTakesTheNewShape) {
  std::int64_t extent = 2;
  bool give = false;
  graph.function("b", {}, [&](KernelContext& context) {
    if (give) context.set_output(0, Value::string("x"));
    EXPECT_EQ(context.output(0, DType::float32, Shape{extent}).element_count(), extent);
  });
  open();
  EXPECT_EQ(fetch("b").value().element_count(), 2);
  extent = 3;
  EXPECT_EQ(fetch("b").value().element_count(), 3);
  give = true;
  EXPECT_EQ(fetch("b").value().element_count(), 3);
  EXPECT_EQ(fetch("b").value().element_count(), 3);
}

TEST_F(GraphTest, MissingOutputIsInternal) {
  bool set = true;
  graph.function("lazy", {}, [&](KernelContext& context) {
    if (set) number(context.output(0, DType::float64, {})) = 1;
  });
  graph.function("empty", {}, [&](KernelContext& context) { context.set_output(0, Value()); });
  open();
  EXPECT_EQ(get("lazy"), 1.0);
  set = false;
  EXPECT_STATUS(fetch("lazy"), internal, "node 'lazy'") << "the value of the last step does not count";
  EXPECT_STATUS(fetch("empty"), internal, "node 'empty'");
}

TEST_F(GraphTest, KernelIndicesAreChecked) {
  graph.variable("w", Value::scalar(1.0));
  graph.function("f", {.inputs = {"w"}, .outputs = 1, .updates = {"w"}, .after = {}}, [](KernelContext& context) {
    EXPECT_STATUS(context.input(1), invalid_argument, "no input 1");
    EXPECT_STATUS(context.output(1, DType::int8, {}), invalid_argument, "no output 1");
    EXPECT_STATUS(context.set_output(1, Value::scalar(1.0)), invalid_argument, "no output 1");
    EXPECT_STATUS(context.variable(1), invalid_argument, "no updated variable 1");
    EXPECT_STATUS(context.assign(1, Value::scalar(1.0)), invalid_argument, "no updated variable 1");
    EXPECT_STATUS(context.output(0, static_cast<DType>(3), {}), invalid_argument, "dtype");
    context.set_output(0, context.input(0));
  });
  open();
  EXPECT_EQ(get("f"), 1.0);
}

TEST_F(GraphTest, KernelErrorKeepsCodeAndCauseAndGetsTheName) {
  std::function<void()> thrower;
  graph.function("x", {.inputs = {}, .outputs = 0, .updates = {}, .after = {}}, [&](KernelContext&) { thrower(); });
  constant("y", 1);
  open();
  thrower = [] { throw runhook::StatusError(StatusCode::out_of_range, "no more"); };
  EXPECT_STATUS(fetch("x"), out_of_range, "node 'x': no more");
  thrower = [] { throw std::runtime_error("odd"); };
  const runhook::Error error = runhook_test::error_of([&] { fetch("x"); });
  EXPECT_TRUE(runhook_test::is_error(error, StatusCode::unknown, "node 'x': odd"));
  EXPECT_THROW(std::rethrow_exception(error.cause()), std::runtime_error);
  thrower = [] { throw std::bad_alloc(); };
  EXPECT_STATUS(fetch("x"), no_memory, "node 'x'");
  EXPECT_EQ(get("y"), 1.0);
}

TEST_F(GraphTest, NodesAfterTheTimeoutAreNotRun) {
  graph.function("slow", {.inputs = {}, .outputs = 0, .updates = {}, .after = {}},
                 [](KernelContext&) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  op("next", {"slow"});
  open();
  SessionRunArgs args{"next", {}, {}};
  args.options.timeout_ns = 1'000'000;
  EXPECT_STATUS(run(args), deadline_exceeded, "the step has taken more than 1 ms");
  EXPECT_TRUE(log.empty());
  args.options.timeout_ns = std::numeric_limits<std::int64_t>::max();
  EXPECT_NO_THROW(run(args));
}

TEST_F(GraphTest, CancelStopsBeforeTheNextNode) {
  graph.function("cancels", {.inputs = {}, .outputs = 1, .updates = {}, .after = {}}, [this](KernelContext& context) {
    EXPECT_FALSE(context.cancel_requested());
    session->cancel();
    EXPECT_TRUE(context.cancel_requested());
  });
  op("next", {"cancels"});
  open();
  session->cancel();
  EXPECT_STATUS(fetch("next"), cancelled, "") << "the kernel may return without outputs";
  EXPECT_TRUE(log.empty());
}

TEST_F(GraphTest, FS_07_RunAfterCloseIsRefused) {
  graph.variable("w", Value::scalar(1.0));
  open();
  const Value kept = session->read_variable("w");
  session->close();
  EXPECT_TRUE(kept.unique());
  EXPECT_STATUS(fetch("w"), closed, "closed Session");
  EXPECT_STATUS(session->read_variable("w"), closed, "closed Session");
  EXPECT_STATUS(session->write_variable("w", kept), closed, "closed Session");
  EXPECT_STATUS(session->initialize(VariableScope::global), closed, "closed Session");
  EXPECT_NO_THROW(session->close());
}

TEST_F(GraphTest, NestedUseFromAKernelIsRefused) {
  graph.variable("w", Value::scalar(1.0));
  graph.function("x", {.inputs = {}, .outputs = 0, .updates = {}, .after = {}}, [this](KernelContext&) {
    EXPECT_STATUS(run_session(*session, {"w", {}, {}}), reentrant, "");
    EXPECT_STATUS(session->close(), reentrant, "");
    EXPECT_STATUS(session->initialize(VariableScope::global), reentrant, "");
    EXPECT_STATUS(session->write_variable("w", Value::scalar(2.0)), reentrant, "");
  });
  open();
  EXPECT_NO_THROW(fetch("x"));
  EXPECT_EQ(get("w"), 1.0);
}

TEST_F(GraphTest, MetadataTellsWhatRanIfTraced) {
  constant("a", 1);
  sum("b", {"a"});
  open();
  SessionRunArgs args{"b", {}, {}};
  Results results;
  RunMetadata metadata;
  run_session(*session, args, results, &metadata);
  EXPECT_TRUE(metadata.nodes.empty());
  args.options.trace_level = runhook::TraceLevel::software;
  run_session(*session, args, results, &metadata);
  run_session(*session, args, results, &metadata);
  ASSERT_EQ(metadata.nodes.size(), 2u);
  EXPECT_EQ(metadata.nodes[0].node, "a");
  EXPECT_EQ(metadata.nodes[1].node, "b");
  EXPECT_LE(metadata.nodes[0].start_ns, metadata.nodes[0].end_ns);
  EXPECT_LE(metadata.nodes[0].end_ns, metadata.nodes[1].start_ns);
}

TEST_F(GraphTest, ManySchedulesStayCorrect) {
  for (int i = 0; i < 20; ++i) constant("c" + std::to_string(i), i);
  open();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(get(("c" + std::to_string(i)).c_str()), i);
  }
}

TEST(Graph, BadNodesAreRefused) {
  Graph graph;
  graph.variable("v", Value::scalar(1.0));
  graph.placeholder("p", DType::float32, {});
  graph.function("op", {.inputs = {}, .outputs = 0, .updates = {}, .after = {}}, nothing);
  EXPECT_STATUS(graph.placeholder("", DType::float32, {}), invalid_argument, "empty");
  EXPECT_STATUS(graph.placeholder("a:b", DType::float32, {}), invalid_argument, "'a:b'");
  EXPECT_STATUS(graph.variable("a/b", Value::scalar(1.0)), invalid_argument, "'a/b'");
  EXPECT_STATUS(graph.variable("v", Value::scalar(1.0)), already_exists, "'v'");
  EXPECT_STATUS(graph.variable("w", Value()), invalid_argument, "'w'");
  EXPECT_STATUS(graph.placeholder("q", static_cast<DType>(1), {}), invalid_argument, "dtype");
  EXPECT_STATUS(graph.placeholder("q", DType::int8, Shape{-2}), invalid_argument, "shape");
  EXPECT_STATUS(graph.placeholder("q", DType::int8, Shape(33, 1)), invalid_argument, "shape");
  EXPECT_STATUS(graph.function("f", {}, nullptr), invalid_argument, "kernel");
  const auto function = [&](runhook::FunctionNode node) { graph.function("f", std::move(node), nothing); };
  EXPECT_STATUS(function({.inputs = {"nobody"}, .outputs = 1, .updates = {}, .after = {}}), not_found, "'nobody'");
  EXPECT_STATUS(function({.inputs = {"f"}, .outputs = 1, .updates = {}, .after = {}}), not_found, "'f'");
  EXPECT_STATUS(function({.inputs = {"op"}, .outputs = 1, .updates = {}, .after = {}}), invalid_argument, "'op'");
  EXPECT_STATUS(function({.inputs = {}, .outputs = 1, .updates = {"p"}, .after = {}}), invalid_argument, "'p'");
  EXPECT_STATUS(function({.inputs = {}, .outputs = 1, .updates = {"v", "v"}, .after = {}}), invalid_argument, "twice");
  EXPECT_STATUS(function({.inputs = {}, .outputs = 1, .updates = {}, .after = {"nobody"}}), not_found, "'nobody'");
  EXPECT_STATUS(function({.inputs = {}, .outputs = 1 << 20, .updates = {}, .after = {}}), invalid_argument, "outputs");
  EXPECT_STATUS(graph.increment_global_step("tick"), not_found, "global step");
  graph.global_step("gs");
  EXPECT_STATUS(graph.global_step("other"), invalid_argument, "already");
  EXPECT_EQ(graph.nodes(), (Names{"v", "p", "op", "gs"}));
}

TEST(Graph, FirstSessionFreezesIt) {
  Graph graph;
  EXPECT_FALSE(graph.frozen());
  const GraphSession session(graph);
  EXPECT_TRUE(graph.frozen());
  EXPECT_STATUS(graph.variable("late", Value::scalar(1.0)), failed_precondition, "'late'");
  EXPECT_STATUS(graph.placeholder("late", DType::int8, {}), failed_precondition, "frozen");
  EXPECT_STATUS(graph.function("late", {}, nothing), failed_precondition, "frozen");
  EXPECT_STATUS(graph.global_step(), failed_precondition, "frozen");
  graph.freeze();
  EXPECT_TRUE(graph.frozen());
}

Graph steady_graph() {
  Graph graph;
  graph.global_step();
  graph.placeholder("x", DType::float64, {});
  graph.variable("w", Value::scalar(1.0));
  graph.function("y", {.inputs = {"x", "w"}, .outputs = 1, .updates = {}, .after = {}}, add);
  graph.function("train", {.inputs = {"y"}, .outputs = 0, .updates = {"w"}, .after = {}}, increment);
  graph.increment_global_step("tick", {"train"});
  return graph;
}

TEST(GraphSession, SteadyStateAllocatesNothing) {
  GraphSession session(steady_graph());
  session.initialize(VariableScope::global);
  const std::array<NodeId, 3> both{session.resolve("tick"), session.resolve("y"), session.resolve("w")};
  const std::array<NodeId, 1> one{session.resolve("tick")};
  const Value x = Value::scalar(3.0);
  const std::array<runhook::ResolvedFeed, 1> feeds{{{session.resolve("x"), &x}}};
  std::array<Value, 3> results;
  const RunOptions options;
  RunMetadata metadata;
  const auto run = [&](std::span<const NodeId> fetches) {
    for (Value& result : results) result.reset();
    SessionStep step;
    step.fetches = fetches;
    step.feeds = feeds;
    step.results = std::span(results).first(fetches.size());
    step.options = &options;
    step.metadata = &metadata;
    session.run(step);
  };
  run(both);
  run(one);
  const auto before = runhook_test::allocations();
  for (int i = 0; i < 100; ++i) {
    run(both);
    run(one);
  }
  EXPECT_EQ(runhook_test::allocations(), before);
  EXPECT_EQ(session.read_variable("global_step").to_int64(), 202);
}

// Whatever allocation fails, the error says so, nothing leaks, and the next try works.
TEST(GraphSession, EveryFailedAllocationIsSurvived) {
  std::uint64_t k = 0;
  for (bool once : {true, false}) {
    for (k = 0; k < 5000; ++k) {
      std::uint64_t failed = 0;
      try {
        const runhook_test::AllocationFailure failure(k, once);
        try {
          GraphSession session(steady_graph());
          session.initialize(VariableScope::global);
          const Results results = run_session(session, {Fetches::list({"tick", "y"}), {{"x", Value::scalar(3.0)}}, {}});
          EXPECT_EQ(results.to_double("1"), 4.0);
          const runhook::Snapshot snapshot = runhook::save_variables(session);
          runhook::restore_variables(session, snapshot);
        } catch (...) {
          failed = failure.failed();
          throw;
        }
        failed = failure.failed();
      } catch (const std::bad_alloc&) {
        EXPECT_GT(failed, 0u);
        continue;
      } catch (const runhook::StatusError& error) {
        EXPECT_EQ(error.code(), StatusCode::no_memory) << error.what();
        EXPECT_GT(failed, 0u);
        continue;
      }
      if (failed == 0) break;
    }
    EXPECT_GT(k, 50u);
    EXPECT_LT(k, 5000u);
  }
}

}  // namespace
