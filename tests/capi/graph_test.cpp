// Graphs whose kernels are in C.
#include <thread>
#include <vector>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

class CApiGraph : public NoHandlesLeft {
 protected:
  CApiGraph() : graph_(runhook_graph_create(nullptr)) {}
  void TearDown() override {
    runhook_graph_destroy(graph_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  runhook_status add(const char* name, Callback& kernel, std::vector<const char*> inputs = {}, size_t outputs = 1,
                     std::vector<const char*> updates = {}) {
    const runhook_function function = function_of(kernel, &destroyed_);
    runhook_node node = RUNHOOK_NODE_INIT;
    node.user_data = function.user_data;
    node.destroy = function.destroy;
    node.kernel = function.call;
    node.name = name;
    node.inputs = inputs.data();
    node.input_count = inputs.size();
    node.output_count = outputs;
    node.updates = updates.data();
    node.update_count = updates.size();
    return runhook_graph_add_node(graph_, &node, error_.out());
  }
  static double fetch(runhook_session* session, const char* name) {
    runhook_run_args* args = runhook_run_args_create(nullptr);
    runhook_results* results = runhook_results_create(nullptr);
    double number = -1;
    EXPECT_EQ(runhook_run_args_add_fetch(args, nullptr, name, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_session_run(session, args, results, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_results_get_double(results, nullptr, &number, nullptr), RUNHOOK_OK);
    runhook_run_args_destroy(args);
    runhook_results_destroy(results);
    return number;
  }
  runhook_graph* graph_;
  Caught error_;
  int destroyed_ = 0;
};

Callback constant(double number) {
  return [number](runhook_context* context) {
    runhook_value* out = runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, nullptr, 0, nullptr);
    if (out == nullptr) return 0;
    *static_cast<double*>(runhook_value_mutable_data(out)) = number;
    return kOk;
  };
}

TEST_F(CApiGraph, UserDataIsDestroyedOnceOnFailure) {
  Callback kernel = constant(1);
  EXPECT_EQ(add("", kernel), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed_, 1);
  EXPECT_EQ(add("a", kernel, {"nothing"}), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(destroyed_, 2);
  EXPECT_EQ(add("a", kernel, {nullptr}), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed_, 3);
  EXPECT_EQ(add("a", kernel), RUNHOOK_OK);
  EXPECT_EQ(add("a", kernel), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(destroyed_, 4);
  EXPECT_EQ(runhook_graph_freeze(graph_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(add("b", kernel), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(destroyed_, 5);
  EXPECT_EQ(runhook_graph_frozen(graph_), 1);
  EXPECT_EQ(runhook_graph_node_count(graph_), 1U);
  EXPECT_STREQ(runhook_graph_node_name_at(graph_, 0), "a");
  EXPECT_EQ(runhook_graph_node_name_at(graph_, 1), nullptr);
  runhook_graph_destroy(graph_);
  EXPECT_EQ(destroyed_, 6);
}

TEST_F(CApiGraph, SessionKeepsTheGraphAlive) {
  Callback one = constant(1);
  Callback sum = [](runhook_context* context) {
    EXPECT_EQ(runhook_kernel_input_count(context), 2U);
    EXPECT_EQ(runhook_kernel_input(context, 2), nullptr);
    double a = 0, b = 0;
    runhook_value_get_double(runhook_kernel_input(context, 0), &a, nullptr);
    runhook_value_get_double(runhook_kernel_input(context, 1), &b, nullptr);
    runhook_value* out = runhook_value_create_double(a + b, nullptr);
    EXPECT_EQ(runhook_kernel_set_output(context, 0, out, nullptr), RUNHOOK_OK);
    EXPECT_NE(runhook_kernel_set_output(context, 1, out, nullptr), RUNHOOK_OK);
    runhook_value_destroy(out);
    return kOk;
  };
  ASSERT_EQ(add("one", one), RUNHOOK_OK);
  ASSERT_EQ(add("sum", sum, {"one", "one"}), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  runhook_graph_destroy(graph_);
  EXPECT_EQ(fetch(session, "sum"), 2);
  EXPECT_EQ(destroyed_, 0);
  runhook_session_destroy(session);
  EXPECT_EQ(destroyed_, 2);
}

TEST_F(CApiGraph, VariableChangesInPlaceAndByAssignment) {
  runhook_value* zero = runhook_value_create_double(0, nullptr);
  ASSERT_EQ(runhook_graph_add_variable(graph_, "w", zero, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_graph_add_variable(graph_, "v", zero, 9, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_value_destroy(zero);
  Callback add_one = [](runhook_context* context) {
    runhook_value* w = runhook_kernel_variable(context, 0, nullptr);
    *static_cast<double*>(runhook_value_mutable_data(w)) += 1;
    Caught error;
    EXPECT_EQ(runhook_kernel_variable(context, 1, error.out()), nullptr);
    EXPECT_NE(error.code(), RUNHOOK_OK);
    return kOk;
  };
  Callback set_ten = [](runhook_context* context) {
    runhook_value* ten = runhook_value_create_double(10, nullptr);
    EXPECT_EQ(runhook_kernel_assign(context, 0, ten, nullptr), RUNHOOK_OK);
    runhook_value_destroy(ten);
    return kOk;
  };
  ASSERT_EQ(add("add", add_one, {}, 0, {"w"}), RUNHOOK_OK) << error_.message();
  ASSERT_EQ(add("set", set_ten, {}, 0, {"w"}), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  ASSERT_EQ(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "add", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(session, args, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(fetch(session, "w"), 1);
  ASSERT_EQ(runhook_run_args_clear(args, nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "set", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(session, args, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(fetch(session, "w"), 10);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

TEST_F(CApiGraph, KernelOfOneSessionMayRunAnother) {
  runhook_session* inner = nullptr;
  Callback one = constant(1);
  Callback outer = [&](runhook_context* context) {
    const double number = fetch(inner, "one");
    runhook_value* out = runhook_kernel_output(context, 0, RUNHOOK_FLOAT64, nullptr, 0, nullptr);
    EXPECT_NE(out, nullptr) << "the context is still that of the outer kernel";
    if (out != nullptr) *static_cast<double*>(runhook_value_mutable_data(out)) = number + 1;
    return kOk;
  };
  ASSERT_EQ(add("one", one), RUNHOOK_OK);
  ASSERT_EQ(add("outer", outer), RUNHOOK_OK);
  inner = runhook_graph_session_create(graph_, nullptr);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  EXPECT_EQ(fetch(session, "outer"), 2);
  runhook_session_destroy(session);
  runhook_session_destroy(inner);
}

TEST_F(CApiGraph, SessionsOfOneGraphRunOnTwoThreads) {
  Callback one = constant(1);
  ASSERT_EQ(add("one", one), RUNHOOK_OK);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([session = runhook_graph_session_create(graph_, nullptr)] {
      for (int step = 0; step < 200; ++step) EXPECT_EQ(fetch(session, "one"), 1);
      runhook_session_destroy(session);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(CApiGraph, UnexplainedFailureOfAKernelNamesTheSuccessValue) {
  Callback odd = [](runhook_context*) { return 7; };
  ASSERT_EQ(add("a", odd, {}, 0), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "a", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(session, args, nullptr, error_.out()), RUNHOOK_ERR_UNKNOWN);
  EXPECT_EQ(error_.message(), "node 'a': " + unexplained_failure("kernel", 7));
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

TEST_F(CApiGraph, FailureOfAKernelFailsTheRun) {
  runhook_context* kept = nullptr;
  Callback failing = [&](runhook_context* context) {
    kept = context;
    EXPECT_STREQ(runhook_context_callback_name(context), "kernel");
    return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "no more");
  };
  ASSERT_EQ(add("a", failing, {}, 0), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "a", nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(session, args, nullptr, nullptr), RUNHOOK_ERR_OUT_OF_RANGE);
  EXPECT_EQ(runhook_kernel_input_count(kept), 0U);
  EXPECT_EQ(runhook_kernel_set_output(kept, 0, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_run_args_destroy(args);
  runhook_session_destroy(session);
}

double number_in(runhook_value* value) {
  double number = 0;
  EXPECT_EQ(runhook_value_get_double(value, &number, nullptr), RUNHOOK_OK);
  return number;
}

TEST_F(CApiGraph, VariablesAreWrittenAndReadAsCopies) {
  runhook_value* value = runhook_value_create_double(1, nullptr);
  ASSERT_EQ(runhook_graph_add_variable(graph_, "w", value, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph_, nullptr);
  ASSERT_EQ(runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  const auto set = [](runhook_value* target, double number) {
    *static_cast<double*>(runhook_value_mutable_data(target)) = number;
  };
  const auto expect_variable = [&](double number) {
    runhook_value* read = runhook_session_read_variable(session, "w", nullptr);
    EXPECT_EQ(number_in(read), number);
    set(read, 99);
    runhook_value_destroy(read);
  };
  set(value, 2);
  EXPECT_EQ(runhook_session_write_variable(session, "w", value, nullptr), RUNHOOK_OK);
  set(value, 77);
  expect_variable(2);
  expect_variable(2);

  runhook_saver* saver = runhook_memory_saver_create(nullptr);
  EXPECT_EQ(runhook_saver_save(saver, session, 1, nullptr), RUNHOOK_OK);
  runhook_snapshot* snapshot = runhook_session_save(session, nullptr);
  set(value, 5);
  EXPECT_EQ(runhook_session_write_variable(session, "w", value, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number_in(runhook_snapshot_find(snapshot, "w")), 2);
  EXPECT_EQ(runhook_saver_restore(saver, session, nullptr, nullptr, nullptr), RUNHOOK_OK);
  expect_variable(2);
  EXPECT_EQ(runhook_session_restore(session, snapshot, nullptr), RUNHOOK_OK);
  set(runhook_snapshot_find(snapshot, "w"), 6);
  expect_variable(2);
  runhook_snapshot_destroy(snapshot);
  runhook_saver_destroy(saver);
  runhook_session_destroy(session);
  runhook_value_destroy(value);
}

}  // namespace
