// Numbers without a value: each goes in and comes out as a double and as an integer.
#include <limits>
#include <string>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

constexpr int64_t kBig = (int64_t{1} << 53) + 1;  // no double

class Numbers : public NoHandlesLeft {
 protected:
  void TearDown() override {
    runhook_run_args_destroy(args_);
    runhook_results_destroy(results_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  runhook_run_args* args_ = runhook_run_args_create(nullptr);
  runhook_results* results_ = runhook_results_create(nullptr);
  Caught error_;
  double real_ = 0;
  int64_t whole_ = 0;
};

TEST_F(Numbers, IntegersAreFedPublishedAndReadWithoutLoss) {
  Loop loop;
  loop.step = [this](runhook_context* context) {
    EXPECT_EQ(runhook_value_get_int64(runhook_step_input(context, "x"), &whole_, nullptr), RUNHOOK_OK);
    return runhook_step_set_int64(context, "y", whole_, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  ASSERT_TRUE(loop.start());
  runhook_run_args_add_fetch(args_, nullptr, "y", nullptr);
  ASSERT_EQ(runhook_run_args_add_feed_double(args_, "x", 1.5, nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_run_args_add_feed_int64(args_, "x", kBig, nullptr), RUNHOOK_OK) << "replaces what was fed";
  EXPECT_EQ(runhook_run_args_feed_count(args_), 1U);
  ASSERT_EQ(loop.run(args_, results_), RUNHOOK_OK) << loop.error.message();
  int64_t number = 0;
  EXPECT_EQ(runhook_results_get_int64(results_, "y", &number, nullptr), RUNHOOK_OK);
  EXPECT_EQ(number, kBig);
  EXPECT_EQ(runhook_results_get_int64(results_, "z", &number, error_.out()), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_results_get_int64(results_, "y", nullptr, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_results_get_int64(nullptr, "y", &number, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(number, kBig) << "set on success only";
}

TEST_F(Numbers, HookFeedsAndReadsThem) {
  ScriptedHook hook;
  Loop loop;
  loop.step = [this](runhook_context* context) {
    EXPECT_EQ(runhook_value_get_double(runhook_step_input(context, "x"), &real_, nullptr), RUNHOOK_OK);
    return runhook_step_set_double(context, "y", 2.75, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook.on["before_run"] = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_get_int64(context, "y", &whole_, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    const bool first = runhook_context_global_step(context) == 0;
    EXPECT_EQ(first ? runhook_context_add_feed_double(context, "x", 0.5, nullptr)
                    : runhook_context_add_feed_int64(context, "x", 3, nullptr),
              RUNHOOK_OK);
    return runhook_context_add_fetch(context, nullptr, "y", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook.on["after_run"] = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_add_feed_double(context, "x", 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    runhook_context_get_int64(context, "y", &whole_, nullptr);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  loop.run();
  EXPECT_EQ(real_, 0.5);
}

TEST_F(Numbers, HookReadsAnIntegerCutOff) {
  ScriptedHook hook;
  Loop loop;
  loop.step = [](runhook_context* context) {
    return runhook_step_set_double(context, "y", 2.75, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook.on["before_run"] = [](runhook_context* context) {
    return runhook_context_add_fetch(context, nullptr, "y", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook.on["after_run"] = [this](runhook_context* context) {
    return runhook_context_get_int64(context, nullptr, &whole_, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
  EXPECT_EQ(whole_, 2);
}

TEST_F(Numbers, NumberBeyond64BitsIsNoInteger) {
  Loop loop;
  loop.step = [](runhook_context* context) {
    return runhook_step_set_double(context, "y", 1e300, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  ASSERT_TRUE(loop.start());
  runhook_run_args_add_fetch(args_, nullptr, "y", nullptr);
  ASSERT_EQ(loop.run(args_, results_), RUNHOOK_OK);
  EXPECT_EQ(runhook_results_get_int64(results_, "y", &whole_, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error_.message(), "'y': the number exceeds 64 bits");
}

TEST_F(Numbers, RefusedFeedChangesNothing) {
  EXPECT_EQ(runhook_run_args_add_feed_double(nullptr, "x", 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_add_feed_double(args_, nullptr, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_add_feed_int64(args_, "", 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_context_add_feed_int64(nullptr, "x", 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_step_set_int64(nullptr, "x", 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_run_args_feed_count(args_), 0U);
}

TEST_F(Numbers, VariablesAndOutputsOfAGraph) {
  runhook_graph* graph = runhook_graph_create(nullptr);
  ASSERT_EQ(runhook_graph_add_variable_double(graph, "rate", 0.25, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_graph_add_variable_int64(graph, "count", kBig, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_graph_add_variable_double(graph, "rate", 1, RUNHOOK_VARIABLES_GLOBAL, nullptr),
            RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_EQ(runhook_graph_add_variable_int64(graph, "other", 1, 9, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  Callback kernel = [](runhook_context* context) {
    EXPECT_EQ(runhook_kernel_set_output_double(context, 0, 1.5, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_kernel_set_output_int64(context, 1, kBig, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_kernel_set_output_int64(context, 2, 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    return kOk;
  };
  const runhook_function function = function_of(kernel);
  runhook_node node = RUNHOOK_NODE_INIT;
  node.user_data = function.user_data;
  node.destroy = function.destroy;
  node.kernel = function.call;
  node.name = "numbers";
  node.output_count = 2;
  ASSERT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
  runhook_session* session = runhook_graph_session_create(graph, nullptr);
  runhook_graph_destroy(graph);

  EXPECT_EQ(runhook_session_read_double(session, "rate", &real_, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
  runhook_session_initialize(session, RUNHOOK_VARIABLES_GLOBAL, nullptr);
  EXPECT_EQ(runhook_session_read_double(session, "rate", &real_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(real_, 0.25);
  EXPECT_EQ(runhook_session_read_int64(session, "count", &whole_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(whole_, kBig);
  EXPECT_EQ(runhook_session_write_double(session, "rate", 8, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_write_int64(session, "count", -1, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_write_int64(session, "rate", 1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT) << "another dtype";
  EXPECT_EQ(runhook_session_read_int64(session, "rate", &whole_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(whole_, 8);
  EXPECT_EQ(runhook_session_read_double(session, "count", &real_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(real_, -1);
  EXPECT_EQ(runhook_session_read_double(session, "numbers", &real_, nullptr), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(runhook_session_read_double(session, "rate", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_session_read_double(nullptr, "rate", &real_, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);

  runhook_run_args_add_fetch(args_, nullptr, "numbers", nullptr);
  runhook_run_args_add_fetch(args_, nullptr, "numbers:1", nullptr);
  ASSERT_EQ(runhook_session_run(session, args_, results_, error_.out()), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(runhook_results_get_double(results_, "numbers", &real_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(real_, 1.5);
  EXPECT_EQ(runhook_results_get_int64(results_, "numbers:1", &whole_, nullptr), RUNHOOK_OK);
  EXPECT_EQ(whole_, kBig);
  runhook_session_destroy(session);
}

TEST_F(Numbers, UserDataOfASessionIsReadBack) {
  Callback body = [](runhook_context*) { return kOk; };
  const runhook_function function = function_of(body);
  runhook_session* session = runhook_function_session_create(&function, nullptr, 0, nullptr, 0, nullptr);
  EXPECT_EQ(runhook_session_user_data(session), function.user_data);
  runhook_session_destroy(session);
  EXPECT_EQ(runhook_session_user_data(session), nullptr);
  EXPECT_EQ(runhook_session_user_data(nullptr), nullptr);

  int engine = 0;
  runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
  table.user_data = &engine;
  table.resolve = [](runhook_context*, void*, int32_t ok) { return ok; };
  table.run = table.resolve;
  session = runhook_session_create(&table, nullptr);
  EXPECT_EQ(runhook_session_user_data(session), &engine);
  runhook_session_destroy(session);

  runhook_graph* graph = runhook_graph_create(nullptr);
  session = runhook_graph_session_create(graph, nullptr);
  EXPECT_EQ(runhook_session_user_data(session), nullptr);
  runhook_session_destroy(session);
  runhook_graph_destroy(graph);
}

TEST_F(Numbers, UserDataIsThatOfTheSessionThatAHookSees) {
  ScriptedHook hook;
  Loop loop;
  void* seen = nullptr;
  hook.on["before_run"] = [&](runhook_context* context) {
    seen = runhook_session_user_data(runhook_context_session(context));
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  ASSERT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_NE(seen, nullptr);
}

TEST(Status, CodesAreFoundByTheirNames) {
  Caught error;
  runhook_status status = RUNHOOK_OK;
  for (runhook_status code = 0; code <= RUNHOOK_ERR_NO_MEMORY; ++code) {
    const std::string name = runhook_status_name(code);
    if (name == "UNKNOWN" && code != RUNHOOK_ERR_UNKNOWN) continue;
    EXPECT_EQ(runhook_status_from_name(name.c_str(), &status, error.out()), RUNHOOK_OK) << name;
    EXPECT_EQ(status, code);
  }
  status = -1;
  EXPECT_EQ(runhook_status_from_name("ABORTD", &status, error.out()), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_NE(error.message().find("did you mean 'ABORTED'?"), std::string::npos) << error.message();
  EXPECT_EQ(runhook_status_from_name(nullptr, &status, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_status_from_name("OK", nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(status, -1) << "set on success only";
}

TEST(Status, NoErrorIsOk) { EXPECT_EQ(runhook_error_code(nullptr), RUNHOOK_OK); }

}  // namespace
