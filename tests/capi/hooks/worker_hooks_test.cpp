// What several workers share, made in C.
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

class WorkerHooks : public NoHandlesLeft {
 protected:
  void SetUp() override { flag_ = runhook_stop_flag_create(nullptr, nullptr); }
  void TearDown() override {
    runhook_stop_flag_destroy(flag_);
    error_.out();
    NoHandlesLeft::TearDown();
  }
  void add(Loop& loop, runhook_builtin_hook* hook) {
    ASSERT_NE(hook, nullptr) << error_.message();
    EXPECT_EQ(runhook_config_add_builtin_hook(loop.config, hook, nullptr, error_.out()), RUNHOOK_OK);
    runhook_builtin_hook_destroy(hook);
  }
  int64_t run(Loop& loop, int64_t at_most = 20) {
    int64_t completed = -1;
    if (loop.session == nullptr && !loop.start()) return -1;
    const auto status =
        runhook_monitored_session_run_until_stop(loop.session, nullptr, at_most, &completed, error_.out());
    return status == RUNHOOK_OK ? completed : -1;
  }
  std::string reason() {
    runhook_stop_reason why = RUNHOOK_STOP_REASON_INIT;
    if (runhook_stop_flag_reason(flag_, &why, error_.out()) != RUNHOOK_OK) return error_.message();
    return std::string(why.who) + ": " + why.text;
  }
  runhook_stop_flag* flag_ = nullptr;
  Caught error_;
};

TEST_F(WorkerHooks, FlagTellsWhoHasRaisedItFirst) {
  EXPECT_EQ(runhook_stop_flag_raised(flag_), 0);
  EXPECT_EQ(reason(), "there is no such stop request");
  EXPECT_EQ(runhook_stop_flag_raise(flag_, "chief", "converged"), 1);
  EXPECT_EQ(runhook_stop_flag_raise(flag_, nullptr, nullptr), 0);
  EXPECT_EQ(runhook_stop_flag_raised(flag_), 1);
  EXPECT_EQ(reason(), "chief: converged");
}

TEST_F(WorkerHooks, ChiefRaisesTheFlagAndWorkersStop) {
  runhook_trigger* always = runhook_trigger_every_steps(1, nullptr);
  runhook_stop_flag_options options = RUNHOOK_STOP_FLAG_OPTIONS_INIT;
  options.flag = flag_;
  options.ask = always;
  options.reason = "good enough";
  int destroyed = 0;
  {
    Callback at_five = [](runhook_context* context) {
      runhook_context_set_due(context, runhook_context_global_step(context) >= 5 ? 1 : 0, nullptr);
      return kOk;
    };
    const runhook_function predicate = function_of(at_five, &destroyed);
    Loop chief;
    options.predicate = &predicate;
    add(chief, runhook_stop_flag_hook_create(&options, error_.out()));
    Loop worker;
    runhook_stop_flag_options observing = RUNHOOK_STOP_FLAG_OPTIONS_INIT;
    observing.flag = flag_;
    add(worker, runhook_stop_flag_hook_create(&observing, error_.out()));
    EXPECT_EQ(run(worker, 3), 3);
    EXPECT_EQ(run(chief), 5);
    EXPECT_EQ(reason(), "stop flag: good enough");
    EXPECT_EQ(run(worker), 0);
  }
  EXPECT_EQ(destroyed, 1);
  runhook_trigger_destroy(always);
}

TEST_F(WorkerHooks, WorkersStopAtTheSameStep) {
  runhook_stop_flag_options options = RUNHOOK_STOP_FLAG_OPTIONS_INIT;
  options.flag = flag_;
  options.same_step = 1;
  Loop ahead;
  Loop behind;
  add(ahead, runhook_stop_flag_hook_create(&options, error_.out()));
  add(behind, runhook_stop_flag_hook_create(&options, error_.out()));
  EXPECT_EQ(run(ahead, 7), 7);
  EXPECT_EQ(run(behind, 2), 2);
  runhook_stop_flag_raise(flag_, nullptr, nullptr);
  EXPECT_EQ(run(behind), 5);
  EXPECT_EQ(run(ahead), 0);
}

TEST_F(WorkerHooks, FlagOfASourceIsRaisedByItsStop) {
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  runhook_stop_flag* flag = runhook_stop_flag_create(source, nullptr);
  runhook_stop_source_request_stop(source, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
  runhook_stop_source_destroy(source);
  EXPECT_EQ(runhook_stop_flag_raised(flag), 1);
  runhook_stop_flag_destroy(flag);
}

TEST_F(WorkerHooks, BadOptionsAreRefused) {
  runhook_stop_flag_options options = RUNHOOK_STOP_FLAG_OPTIONS_INIT;
  options.flag = flag_;
  options.same_step = 2;
  EXPECT_EQ(runhook_stop_flag_hook_create(&options, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_global_step_waiter_options wait = RUNHOOK_GLOBAL_STEP_WAITER_OPTIONS_INIT;
  wait.poll_ns = -1;
  EXPECT_EQ(runhook_global_step_waiter_hook_create(&wait, error_.out()), nullptr);
  EXPECT_NE(error_.message().find("poll"), std::string::npos);
}

// A graph session whose step nobody moves unless the test does.
class Waiting : public WorkerHooks {
 protected:
  void start(int64_t step, int64_t timeout_ns = 0) {
    runhook_global_step_waiter_options options = RUNHOOK_GLOBAL_STEP_WAITER_OPTIONS_INIT;
    options.wait_until_step = step;
    options.timeout_ns = timeout_ns;
    runhook_graph* graph = runhook_graph_create(nullptr);
    runhook_graph_add_global_step(graph, "global_step", nullptr);
    runhook_session_creator* creator = runhook_graph_session_creator_create(graph, nullptr, nullptr);
    runhook_config_set_session_creator(loop_->config, creator, nullptr);
    runhook_session_creator_destroy(creator);
    runhook_graph_destroy(graph);
    add(*loop_, runhook_global_step_waiter_hook_create(&options, error_.out()));
    ASSERT_TRUE(loop_->start());
  }
  void TearDown() override {
    loop_.reset();
    WorkerHooks::TearDown();
  }
  std::optional<Loop> loop_{std::in_place};
};

TEST_F(Waiting, EndsWithTheTimeOut) {
  runhook_clock* clock = runhook_manual_clock_create(0, nullptr);
  runhook_config_set_clock(loop_->config, clock, nullptr);
  start(10, 2000000000);
  EXPECT_EQ(loop_->run(), RUNHOOK_ERR_DEADLINE_EXCEEDED);
  runhook_clock_destroy(clock);
}

TEST_F(Waiting, StopEndsTheWaitAndTheRunIsNotMade) {
  start(10);
  runhook_stop_source* source = runhook_monitored_session_stop_source(loop_->session, nullptr);
  std::thread stopper([source] { runhook_stop_source_request_stop(source, 0, "", RUNHOOK_STOP_AFTER_STEP); });
  EXPECT_EQ(run(*loop_), 0);
  stopper.join();
  runhook_stop_source_destroy(source);
}

TEST_F(WorkerHooks, HooksOfCWaitForAStop) {
  runhook_clock* clock = runhook_manual_clock_create(100, nullptr);
  ScriptedHook hook;
  Loop loop;
  runhook_config_set_clock(loop.config, clock, nullptr);
  int64_t before = 0;
  int64_t after = 0;
  hook.on["before_run"] = [&](runhook_context* context) {
    before = runhook_context_now_ns(context);
    EXPECT_EQ(runhook_context_wait_for_stop(context, 50), 0);
    after = runhook_context_now_ns(context);
    runhook_context_request_stop(context, 0, "", RUNHOOK_STOP_AFTER_STEP);
    EXPECT_EQ(runhook_context_wait_for_stop(context, 50), 1);
    return kOk;
  };
  loop.add(hook);
  ASSERT_TRUE(loop.start());
  loop.run();
  EXPECT_EQ(before, 100);
  EXPECT_EQ(after, 150);
  runhook_clock_destroy(clock);
}

}  // namespace
