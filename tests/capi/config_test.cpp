// Configs, creators, recovery policies, logs and training configs.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "scripted.hpp"

namespace {

using namespace runhook_test;

class CApiConfig : public NoHandlesLeft {};

TEST_F(CApiConfig, WithoutACreatorThereIsNoSession) {
  runhook_config* config = runhook_config_create(nullptr);
  Caught error;
  EXPECT_EQ(runhook_monitored_session_create(config, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  runhook_config_destroy(config);
  EXPECT_EQ(runhook_monitored_session_create(config, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiConfig, ConfigOfAnOpenSessionIsRefusedUntilThatHasEnded) {
  ScriptedHook hook;
  Loop loop;
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  Caught error;
  EXPECT_EQ(runhook_monitored_session_create(loop.config, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_ALREADY_EXISTS);
  EXPECT_NE(error.message().find("each open session needs a config"), std::string::npos) << error.message();
  EXPECT_EQ(hook.count("begin"), 1);
  EXPECT_EQ(loop.run(), RUNHOOK_OK) << "the first is not disturbed";
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  runhook_monitored_session* second = runhook_monitored_session_create(loop.config, error.out());
  EXPECT_NE(second, nullptr) << error.message();
  runhook_monitored_session_destroy(second);
}

TEST_F(CApiConfig, BuiltinHookOfAnOpenSessionIsRefusedToAnother) {
  runhook_stop_at_step_options options = RUNHOOK_STOP_AT_STEP_OPTIONS_INIT;
  options.target = RUNHOOK_STOP_AT_LAST_STEP;
  options.step = 9;
  runhook_builtin_hook* hook = runhook_stop_at_step_hook_create(&options, nullptr);
  {
    Loop first;
    Loop second;
    for (const Loop* loop : {&first, &second}) {
      ASSERT_EQ(runhook_config_add_builtin_hook(loop->config, hook, nullptr, nullptr), RUNHOOK_OK);
    }
    ASSERT_TRUE(first.start());
    EXPECT_FALSE(second.start());
    EXPECT_EQ(second.error.code(), RUNHOOK_ERR_ALREADY_EXISTS);
    EXPECT_NE(second.error.message().find("hook 'stop at step' belongs to another session"), std::string::npos)
        << second.error.message();
    EXPECT_EQ(first.close(), RUNHOOK_OK);
    EXPECT_TRUE(second.start()) << second.error.message();
  }
  runhook_builtin_hook_destroy(hook);
}

TEST_F(CApiConfig, ConfigIsUsedTwiceAndItsHooksShared) {
  ScriptedHook hook;
  {
    Loop loop;
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(loop.start());
      EXPECT_EQ(loop.run(), RUNHOOK_OK);
      runhook_monitored_session_destroy(loop.session);
    }
    EXPECT_EQ(loop.sessions, 2);
    EXPECT_EQ(hook.count("cleanup"), 2);
    EXPECT_EQ(hook.destroyed, 0);
  }
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiConfig, CreatorHasToAnswer) {
  Loop loop;
  loop.create = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_set_session(context, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(runhook_context_add_missing(context, "x", nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  EXPECT_FALSE(loop.start());
  EXPECT_EQ(loop.error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST_F(CApiConfig, RestoredStepIsTheGlobalStep) {
  Loop loop;
  const Callback make = loop.create;
  loop.create = [&](runhook_context* context) {
    EXPECT_EQ(runhook_context_set_restored_step(context, 500, nullptr), RUNHOOK_OK);
    return make(context);
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_global_step(loop.session), 500);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_global_step(loop.session), 501);
}

TEST_F(CApiConfig, AbortedStepIsRecovered) {
  Loop loop;
  int steps = 0;
  loop.step = [&](runhook_context* context) {
    return ++steps == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "once") : kOk;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(loop.sessions, 2);
}

struct Policy {
  Callback classify;
  Callback on_recovery;
  int destroyed = 0;
  runhook_recovery_policy table() {
    runhook_recovery_policy policy = RUNHOOK_RECOVERY_POLICY_INIT;
    policy.user_data = this;
    policy.destroy = [](void* self) { ++static_cast<Policy*>(self)->destroyed; };
    policy.initial_backoff_ns = 1;
    policy.jitter = -1;
    if (classify) {
      policy.classify = [](runhook_context* context, void* self, int32_t ok) {
        return answer(static_cast<Policy*>(self)->classify(context), ok);
      };
    }
    if (on_recovery) {
      policy.on_recovery = [](runhook_context* context, void* self, int32_t ok) {
        return answer(static_cast<Policy*>(self)->on_recovery(context), ok);
      };
    }
    return policy;
  }
};

TEST_F(CApiConfig, PolicyClassifiesAndIsTold) {
  Policy policy;
  int told = 0;
  policy.classify = [](runhook_context* context) {
    const int32_t code = runhook_error_code(runhook_context_error(context));
    EXPECT_EQ(runhook_context_recovery_attempt(context), 0);
    return runhook_context_set_recoverable(context, code == RUNHOOK_ERR_DATA_LOSS, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  policy.on_recovery = [&](runhook_context* context) {
    ++told;
    EXPECT_EQ(runhook_context_recovery_attempt(context), 1);
    EXPECT_EQ(runhook_context_backoff_ns(context), 1);
    EXPECT_STREQ(runhook_error_message(runhook_context_error(context)), "lost");
    EXPECT_EQ(runhook_context_set_recoverable(context, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  {
    Loop loop;
    const auto table = policy.table();
    ASSERT_EQ(runhook_config_set_recovery(loop.config, &table, nullptr), RUNHOOK_OK);
    int steps = 0;
    loop.step = [&](runhook_context* context) {
      ++steps;
      if (steps == 1) return runhook_context_fail(context, RUNHOOK_ERR_DATA_LOSS, "lost");
      return steps == 3 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "not ours") : kOk;
    };
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED);
    EXPECT_EQ(policy.destroyed, 0);
  }
  EXPECT_EQ(policy.destroyed, 1);
}

TEST_F(CApiConfig, FailingClassifierHasNotSaidYes) {
  Policy policy;
  policy.classify = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_set_recoverable(context, 1, nullptr), RUNHOOK_OK);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "cannot tell");
  };
  Loop loop;
  const auto table = policy.table();
  ASSERT_EQ(runhook_config_set_recovery(loop.config, &table, nullptr), RUNHOOK_OK);
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "step"); };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(loop.sessions, 1);
  ASSERT_GE(runhook_error_suppressed_count(loop.error.get()), 1u) << "why it was not recovered from";
  EXPECT_STREQ(runhook_error_message(runhook_error_suppressed_at(loop.error.get(), 0)), "cannot tell");
}

TEST_F(CApiConfig, RunThatFailsForGoodCarriesWhatItWasRecoveredFrom) {
  Policy policy;
  Loop loop;
  const auto table = policy.table();
  ASSERT_EQ(runhook_config_set_recovery(loop.config, &table, nullptr), RUNHOOK_OK);
  int steps = 0;
  loop.step = [&](runhook_context* context) {
    return ++steps == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "connection lost")
                        : runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "and the data with it");
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_INTERNAL);
  ASSERT_EQ(runhook_error_suppressed_count(loop.error.get()), 1u);
  EXPECT_STREQ(runhook_error_message(runhook_error_suppressed_at(loop.error.get(), 0)), "connection lost");
}

// A graph that counts its steps; the session `number` of it fails with UNAVAILABLE where `fails_at` says so.
class CApiRestart : public CApiConfig {
 protected:
  void TearDown() override {
    runhook_run_args_destroy(train_);
    CApiConfig::TearDown();
  }
  void open(Loop& loop) {
    loop.create = [this](runhook_context* context) {
      ++sessions_;
      done_ = 0;
      runhook_graph* graph = make_graph();
      runhook_session* raw = runhook_graph_session_create(graph, nullptr);
      EXPECT_EQ(runhook_session_initialize(raw, RUNHOOK_VARIABLES_GLOBAL, nullptr), RUNHOOK_OK);
      EXPECT_EQ(runhook_context_set_session(context, raw, nullptr), RUNHOOK_OK);
      runhook_session_destroy(raw);
      runhook_graph_destroy(graph);
      return kOk;
    };
    runhook_log log = RUNHOOK_LOG_INIT;
    log.user_data = this;
    log.write = [](const runhook_log_record* record, void* self) {
      const std::string text = record->message;
      if (record->level != RUNHOOK_LOG_WARNING || text.find("the new session begins") != 0) return;
      static_cast<CApiRestart*>(self)->begins_.push_back(text);
    };
    ASSERT_EQ(runhook_config_set_log(loop.config, &log, nullptr), RUNHOOK_OK);
    policy_.on_recovery = [this](runhook_context* context) {
      attempts_.push_back(runhook_context_recovery_attempt(context));
      return kOk;
    };
    runhook_recovery_policy policy = policy_.table();
    policy.max_attempts = 2;
    ASSERT_EQ(runhook_config_set_recovery(loop.config, &policy, nullptr), RUNHOOK_OK);
    ASSERT_TRUE(loop.start()) << loop.error.message();
    train_ = runhook_run_args_create(nullptr);
    ASSERT_EQ(runhook_run_args_add_fetch(train_, nullptr, "train", nullptr), RUNHOOK_OK);
  }
  // Runs until a step fails, at most `limit` times.
  runhook_status run(Loop& loop, int limit) {
    runhook_status status = RUNHOOK_OK;
    for (completed_ = 0; completed_ < limit; ++completed_) {
      status = loop.run(train_);
      if (status != RUNHOOK_OK) break;
    }
    return status;
  }

  std::function<bool(int number, int step)> fails_at_;
  Policy policy_;
  int sessions_ = 0;
  int completed_ = 0;
  std::vector<int64_t> attempts_;
  std::vector<std::string> begins_;

 private:
  runhook_graph* make_graph() {
    const runhook_function function = function_of(work_);
    const char* const after[] = {"work"};
    runhook_node node = RUNHOOK_NODE_INIT;
    node.user_data = function.user_data;
    node.destroy = function.destroy;
    node.kernel = function.call;
    node.name = "work";
    runhook_graph* graph = runhook_graph_create(nullptr);
    EXPECT_EQ(runhook_graph_add_node(graph, &node, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_graph_add_global_step(graph, "global_step", nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_graph_add_increment(graph, "train", after, 1, 1, nullptr), RUNHOOK_OK);
    return graph;
  }
  Callback work_ = [this](runhook_context* context) {
    if (fails_at_(sessions_, done_)) return runhook_context_fail(context, RUNHOOK_ERR_UNAVAILABLE, "down");
    ++done_;
    return kOk;
  };
  runhook_run_args* train_ = nullptr;
  int done_ = 0;  // steps of the present session
};

TEST_F(CApiRestart, StepThatAlwaysFailsEndsTheRunThoughEarlierOnesAreCompleted) {
  fails_at_ = [](int, int step) { return step == 3; };
  Loop loop;
  open(loop);
  EXPECT_EQ(run(loop, 100), RUNHOOK_ERR_UNAVAILABLE);
  EXPECT_EQ(runhook_error_suppressed_count(loop.error.get()), 2U);
  EXPECT_EQ(completed_, 9) << "three steps in each session";
  EXPECT_EQ(attempts_, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(begins_, (std::vector<std::string>(2, "the new session begins at step 0, where 3 had been reached")));
}

TEST_F(CApiRestart, CountBeginsAnewOnceTheFailedStepIsPassed) {
  fails_at_ = [](int number, int step) { return number < 3 ? step == 3 : number < 5 && step == 6; };
  Loop loop;
  open(loop);
  EXPECT_EQ(run(loop, 30), RUNHOOK_OK);
  EXPECT_EQ(attempts_, (std::vector<int64_t>{1, 2, 1, 2}));
}

TEST_F(CApiConfig, FailureOfOnRecoveryEndsTheRecovery) {
  Policy policy;
  policy.on_recovery = [](runhook_context*) { return 0; };
  Loop loop;
  const auto table = policy.table();
  ASSERT_EQ(runhook_config_set_recovery(loop.config, &table, nullptr), RUNHOOK_OK);
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "step"); };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED);
  ASSERT_GE(runhook_error_suppressed_count(loop.error.get()), 1U);
  EXPECT_EQ(runhook_error_message(runhook_error_suppressed_at(loop.error.get(), 0)),
            unexplained_failure("on_recovery of the runhook_recovery_policy", 0));
}

TEST_F(CApiConfig, BadJitterOfAPolicyIsRefused) {
  Loop loop;
  for (const double jitter : {1.5, std::nan("")}) {
    Policy policy;
    auto table = policy.table();
    table.jitter = jitter;
    EXPECT_EQ(runhook_config_set_recovery(loop.config, &table, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT) << jitter;
    EXPECT_EQ(policy.destroyed, 1) << jitter;
  }
}

TEST_F(CApiConfig, NegativeNumberOfAttemptsIsNoRecovery) {
  Loop loop;
  runhook_recovery_policy none = RUNHOOK_RECOVERY_POLICY_INIT;
  none.max_attempts = -1;
  EXPECT_EQ(runhook_config_set_recovery(loop.config, &none, nullptr), RUNHOOK_OK);
  loop.step = [](runhook_context* context) { return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "step"); };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(loop.sessions, 1);
}

TEST_F(CApiConfig, LogGetsMessagesAndIsDestroyed) {
  struct Log {
    int warnings = 0;
    int destroyed = 0;
  } log;
  {
    Loop loop;
    runhook_log table = RUNHOOK_LOG_INIT;
    table.user_data = &log;
    table.destroy = [](void* self) { ++static_cast<Log*>(self)->destroyed; };
    EXPECT_EQ(runhook_config_set_log(loop.config, &table, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
    EXPECT_EQ(log.destroyed, 1);
    table.write = [](const runhook_log_record* record, void* self) {
      if (record->level == RUNHOOK_LOG_WARNING && record->message[0] != '\0') ++static_cast<Log*>(self)->warnings;
    };
    ASSERT_EQ(runhook_config_set_log(loop.config, &table, nullptr), RUNHOOK_OK);
    int steps = 0;
    loop.step = [&](runhook_context* context) {
      return ++steps == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "once") : kOk;
    };
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_GE(log.warnings, 1);
  }
  EXPECT_EQ(log.destroyed, 2);
}

TEST_F(CApiConfig, LogGetsStepTimeAndHook) {
  struct Line {
    std::string message;
    std::string hook;
    int64_t step;
    int64_t time_ns;
  };
  std::vector<Line> lines;
  {
    Loop loop;
    runhook_log table = RUNHOOK_LOG_INIT;
    table.user_data = &lines;
    table.write = [](const runhook_log_record* record, void* to) {
      EXPECT_EQ(record->struct_size, sizeof *record);
      static_cast<std::vector<Line>*>(to)->push_back(
          {record->message, record->hook == nullptr ? "" : record->hook, record->step, record->time_ns});
    };
    ASSERT_EQ(runhook_config_set_log(loop.config, &table, nullptr), RUNHOOK_OK);
    ScriptedHook hook;
    hook.on["after_run"] = [](runhook_context* context) {
      runhook_context_log(context, RUNHOOK_LOG_INFO, "hello", nullptr);
      return runhook_context_global_step(context) == 2 ? 0 : kOk;
    };
    runhook_hook_options tolerated = RUNHOOK_HOOK_OPTIONS_INIT;
    tolerated.failure_policy = RUNHOOK_POLICY_WARN;
    loop.add(hook, &tolerated);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(loop.close(), RUNHOOK_OK);
  }
  ASSERT_EQ(lines.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(lines[i].hook, "scripted") << lines[i].message;
  EXPECT_EQ(lines[0].step, 1);
  EXPECT_EQ(lines[1].message, "hello");
  EXPECT_EQ(lines[1].step, 2);
  EXPECT_NE(lines[2].message.find("failure 1"), std::string::npos) << lines[2].message;
  EXPECT_EQ(lines[3].hook, "") << "the run has ended: " << lines[3].message;
  EXPECT_GT(lines[0].time_ns, int64_t{1'700'000'000} * 1'000'000'000);
  EXPECT_LE(lines[0].time_ns, lines[3].time_ns);
}

TEST_F(CApiConfig, StopSourceStopsBeforeTheFirstStep) {
  Loop loop;
  runhook_stop_source* source = runhook_stop_source_create(nullptr);
  ASSERT_EQ(runhook_config_set_stop_source(loop.config, source, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_stop_source_request_stop(source, 0, nullptr, RUNHOOK_STOP_AFTER_STEP), 1);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_STOPPED);
  runhook_stop_source_destroy(source);
}

TEST_F(CApiConfig, SettersRefuseWhatIsNotValid) {
  Loop loop;
  EXPECT_EQ(runhook_config_set_stop_grace_period_ns(loop.config, -1, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_stop_grace_period_ns(loop.config, 1000, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_set_session(loop.config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_graph(loop.config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_session_creator(loop.config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_stop_source(loop.config, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_config_set_clock(loop.config, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_config_set_log(nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

class CApiTraining : public NoHandlesLeft {
 protected:
  runhook_config* make(int32_t is_worker) {
    const runhook_function factory = function_of(source_.create);
    runhook_training_options options = RUNHOOK_TRAINING_OPTIONS_INIT;
    options.is_worker = is_worker;
    return runhook_training_config_create(&factory, nullptr, &options, error_.out());
  }
  void TearDown() override {}
  Loop source_;
  Caught error_;
};

TEST_F(CApiTraining, WorkerDropsChiefOnlyHooks) {
  runhook_config* config = make(1);
  ASSERT_NE(config, nullptr);
  ScriptedHook hook;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.chief_only = 1;
  const auto table = hook.table();
  EXPECT_EQ(runhook_config_add_hook(config, &table, &options, nullptr), RUNHOOK_OK);
  EXPECT_EQ(hook.destroyed, 1);
  runhook_config_destroy(config);
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CApiTraining, ChiefOnlyHooksComeFirst) {
  runhook_config* config = make(0);
  ASSERT_NE(config, nullptr);
  std::string order;
  ScriptedHook hooks[3];
  for (int i = 0; i < 3; ++i) {
    hooks[i].on["begin"] = [&order, i](runhook_context*) {
      order += static_cast<char>('0' + i);
      return kOk;
    };
    runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
    options.chief_only = i > 0;
    const auto table = hooks[i].table();
    ASSERT_EQ(runhook_config_add_hook(config, &table, &options, nullptr), RUNHOOK_OK);
  }
  runhook_monitored_session* session = runhook_monitored_session_create(config, error_.out());
  EXPECT_NE(session, nullptr) << error_.message();
  EXPECT_EQ(order, "120");
  runhook_monitored_session_destroy(session);
  runhook_config_destroy(config);
}

TEST_F(CApiTraining, BadOptionsAreRefused) {
  EXPECT_EQ(make(2), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  const runhook_function factory = function_of(source_.create);
  runhook_training_options reserved = RUNHOOK_TRAINING_OPTIONS_INIT;
  reserved.reserved = 1;
  EXPECT_EQ(runhook_training_config_create(&factory, nullptr, &reserved, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_UNIMPLEMENTED);
}

}  // namespace
