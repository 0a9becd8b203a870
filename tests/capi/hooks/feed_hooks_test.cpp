// Built-in hooks that feed and that fetch at the end, made in C.
#include <string>
#include <vector>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

class FeedHooks : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();
    NoHandlesLeft::TearDown();
  }
  void add(Loop& loop, const runhook_builtin_hook* hook) {
    ASSERT_NE(hook, nullptr) << error_.message();
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, error_.out()), RUNHOOK_OK);
  }
  // What the session gets as "x" in each step; -1 where nothing is fed.
  static Callback record_x(std::vector<double>& seen) {
    return [&seen](runhook_context* context) {
      double x = -1;
      runhook_value* value = runhook_step_input(context, "x");
      if (value != nullptr) runhook_value_get_double(value, &x, nullptr);
      seen.push_back(x);
      return runhook_step_set_double(context, "y", x + 1, nullptr) == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
    };
  }
  // A function that feeds 1, 2, nothing, and then has no more.
  Callback feed_ = [this](runhook_context* context) -> int32_t {
    if (++asked_ == 3) return kOk;
    if (asked_ == 4) return runhook_context_fail(context, RUNHOOK_ERR_OUT_OF_RANGE, "no more");
    runhook_value* value = runhook_value_create_double(asked_, nullptr);
    const runhook_status status = runhook_context_add_feed(context, "x", value, nullptr);
    runhook_value_destroy(value);
    return status == RUNHOOK_OK ? kOk : RUNHOOK_CALLBACK_FAILED;
  };
  runhook_builtin_hook* feed_fn(const runhook_function& function) {
    runhook_feed_fn_options options = RUNHOOK_FEED_FN_OPTIONS_INIT;
    options.function = &function;
    return runhook_feed_fn_hook_create(&options, error_.out());
  }
  int asked_ = 0;
  Caught error_;
};

TEST_F(FeedHooks, FunctionFeedsThroughTheContext) {
  std::vector<double> seen;
  int destroyed = 0;
  {
    Loop loop;
    loop.step = record_x(seen);
    const runhook_function function = function_of(feed_, &destroyed);
    runhook_builtin_hook* hook = feed_fn(function);
    add(loop, hook);
    runhook_builtin_hook_destroy(hook);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, nullptr, nullptr), RUNHOOK_OK);
    EXPECT_EQ(loop.close(), RUNHOOK_OK);
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(seen, (std::vector<double>{1, 2, -1}));
  EXPECT_EQ(destroyed, 1);
}

TEST_F(FeedHooks, FunctionIsDestroyedIfTheHookCannotBeMade) {
  int destroyed = 0;
  runhook_function function = function_of(feed_, &destroyed);
  function.call = nullptr;
  EXPECT_EQ(feed_fn(function), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(FeedHooks, FunctionStaysTheCallersIfTheSizeOfTheOptionsIsRefused) {
  int destroyed = 0;
  runhook_function function = function_of(feed_, &destroyed);
  runhook_feed_fn_options options = RUNHOOK_FEED_FN_OPTIONS_INIT;
  options.function = &function;
  options.struct_size = 8;
  EXPECT_EQ(runhook_feed_fn_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(destroyed, 0);
  function.destroy(function.user_data);
}

TEST_F(FeedHooks, FunctionIsConsumedIfTheOptionsHaveAnUnknownMember) {
  struct {
    runhook_feed_fn_options known = RUNHOOK_FEED_FN_OPTIONS_INIT;
    int64_t unknown = 1;
  } longer;
  int destroyed = 0;
  const runhook_function function = function_of(feed_, &destroyed);
  longer.known.function = &function;
  longer.known.struct_size = sizeof longer;
  EXPECT_EQ(runhook_feed_fn_hook_create(&longer.known, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_UNIMPLEMENTED);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(FeedHooks, FinalOpsAreFetchedAtTheEnd) {
  std::vector<double> seen;
  Loop loop;
  loop.step = record_x(seen);
  runhook_run_args* args = runhook_run_args_create(nullptr);
  runhook_value* x = runhook_value_create_double(41, nullptr);
  runhook_run_args_add_fetch(args, "answer", "y", nullptr);
  runhook_run_args_add_feed(args, "x", x, nullptr);
  runhook_final_ops_options options = RUNHOOK_FINAL_OPS_OPTIONS_INIT;
  options.args = args;
  runhook_builtin_hook* hook = runhook_final_ops_hook_create(&options, error_.out());
  runhook_value_destroy(x);
  runhook_run_args_destroy(args);  // they were copied
  add(loop, hook);
  ASSERT_TRUE(loop.start());
  runhook_results* results = runhook_results_create(nullptr);
  EXPECT_EQ(runhook_final_ops_values(hook, results, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_results_count(results), 0U);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(runhook_final_ops_values(hook, results, error_.out()), RUNHOOK_OK);
  double answer = 0;
  EXPECT_EQ(runhook_results_get_double(results, "answer", &answer, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(answer, 42);
  runhook_results_destroy(results);
  runhook_builtin_hook_destroy(hook);
}

TEST_F(FeedHooks, ValuesOfAnotherKindOfHookAreRefused) {
  const runhook_function function = function_of(feed_);
  runhook_builtin_hook* hook = feed_fn(function);
  runhook_results* results = runhook_results_create(nullptr);
  EXPECT_EQ(runhook_final_ops_values(hook, results, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_NE(error_.message().find("final ops"), std::string::npos);
  runhook_results_destroy(results);
  runhook_builtin_hook_destroy(hook);
}

}  // namespace
