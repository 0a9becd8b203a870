// The time-out of a step as C sees it.
#include <chrono>
#include <thread>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;
using namespace std::chrono_literals;

// Asks again and again whether the step is to be cancelled. Returns whether it was.
bool wait_for_cancel(runhook_context* context) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (runhook_context_cancel_requested(context) == 0) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

constexpr int64_t kMs = 1'000'000;  // in nanoseconds

class CApiTimeout : public NoHandlesLeft {
 protected:
  void TearDown() override {
    runhook_run_args_destroy(args_);
    NoHandlesLeft::TearDown();
  }
  runhook_run_args* within(int64_t timeout_ns) {
    EXPECT_EQ(runhook_run_options_set_timeout_ns(runhook_run_args_options(args_), timeout_ns, nullptr), RUNHOOK_OK);
    return args_;
  }
  void expect_too_late(runhook_status status, const Caught& error, const char* text) {
    EXPECT_EQ(status, RUNHOOK_ERR_DEADLINE_EXCEEDED);
    EXPECT_NE(error.message().find(text), std::string::npos) << error.message();
  }
  runhook_run_args* args_ = nullptr;

 private:
  void SetUp() override { args_ = runhook_run_args_create(nullptr); }
};

TEST_F(CApiTimeout, FunctionThatIgnoresItFailsAtItsEnd) {
  ScriptedHook hook;
  Loop loop;
  int steps = 0;
  loop.step = [&](runhook_context*) {
    ++steps;
    std::this_thread::sleep_for(20ms);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  expect_too_late(loop.run(within(5 * kMs)), loop.error, "the step has taken more than 5 ms");
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(hook.count("on_error"), 1);
  EXPECT_EQ(hook.count("after_run"), 0);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
}

TEST_F(CApiTimeout, FunctionThatAsksGivesUpEarly) {
  for (const bool says_so : {false, true}) {
    Loop loop;
    bool noticed = false;
    loop.step = [&](runhook_context* context) {
      noticed = wait_for_cancel(context);
      return says_so ? runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "gave up") : kOk;
    };
    ASSERT_TRUE(loop.start());
    expect_too_late(loop.run(within(5 * kMs)), loop.error, "more than 5 ms");
    EXPECT_TRUE(noticed);
  }
}

TEST_F(CApiTimeout, StepsAfterOneWithItAreNotLimited) {
  Loop loop;
  int cancelled = 0;
  loop.step = [&](runhook_context* context) {
    cancelled += runhook_context_cancel_requested(context);
    return kOk;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(within(300 * kMs)), RUNHOOK_OK) << loop.error.message();
  std::this_thread::sleep_for(310ms);  // so that the time of the first step is over
  for (int i = 0; i < 5; ++i) EXPECT_EQ(loop.run(), RUNHOOK_OK) << loop.error.message();
  EXPECT_EQ(cancelled, 0);
}

TEST_F(CApiTimeout, RawRunHasIt) {
  bool noticed = false;
  Callback body = [&](runhook_context* context) {
    noticed = wait_for_cancel(context);
    return kOk;
  };
  const runhook_function function = function_of(body);
  runhook_session* raw = runhook_function_session_create(&function, nullptr, 0, nullptr, 0, nullptr);
  {
    Caught error;
    expect_too_late(runhook_session_run(raw, within(5 * kMs), nullptr, error.out()), error, "more than 5 ms");
  }
  EXPECT_TRUE(noticed);
  runhook_session_destroy(raw);
}

TEST_F(CApiTimeout, KernelThatAsksGivesUpEarlyAndIsTheLastOne) {
  bool noticed = false;
  bool next = false;
  Callback kernels[] = {[&](runhook_context* context) {
                          noticed = wait_for_cancel(context);
                          return kOk;
                        },
                        [&](runhook_context*) {
                          next = true;
                          return kOk;
                        }};
  const char* const names[] = {"slow", "next"};
  runhook_graph* graph = runhook_graph_create(nullptr);
  for (std::size_t i = 0; i < 2; ++i) {
    const runhook_function function = function_of(kernels[i]);
    runhook_node node = RUNHOOK_NODE_INIT;
    node.user_data = function.user_data;
    node.destroy = function.destroy;
    node.kernel = function.call;
    node.name = names[i];
    node.after = names;
    node.after_count = i;
    ASSERT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
  }
  {
    Loop loop;
    ASSERT_EQ(runhook_config_set_graph(loop.config, graph, nullptr), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    ASSERT_EQ(runhook_run_args_add_fetch(args_, nullptr, "next", nullptr), RUNHOOK_OK);
    expect_too_late(loop.run(within(5 * kMs)), loop.error, "more than 5 ms");
  }
  EXPECT_TRUE(noticed);
  EXPECT_FALSE(next);
  runhook_graph_destroy(graph);
}

TEST_F(CApiTimeout, EngineThatAsksGivesUpEarlyAndOneThatDoesNotFailsAtItsEnd) {
  for (const bool asks : {true, false}) {
    bool noticed = false;
    Callback body = [&](runhook_context* context) {
      EXPECT_EQ(runhook_context_cancel_requested(context), 0);
      if (!asks) {
        std::this_thread::sleep_for(60ms);
        return kOk;
      }
      noticed = wait_for_cancel(context);
      return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "gave up");
    };
    runhook_session_table table = RUNHOOK_SESSION_TABLE_INIT;
    table.user_data = &body;
    table.resolve = [](runhook_context* context, void*, int32_t) {
      return runhook_context_fail(context, RUNHOOK_ERR_NOT_FOUND, nullptr);
    };
    table.run = [](runhook_context* context, void* run, int32_t ok) {
      return answer((*static_cast<Callback*>(run))(context), ok);
    };
    runhook_session* raw = runhook_session_create(&table, nullptr);
    Loop loop;
    ASSERT_EQ(runhook_config_set_session(loop.config, raw, nullptr), RUNHOOK_OK);
    runhook_session_destroy(raw);
    ASSERT_TRUE(loop.start());
    expect_too_late(loop.run(within(50 * kMs)), loop.error, "more than 50 ms");
    EXPECT_EQ(noticed, asks);
  }
}

}  // namespace
