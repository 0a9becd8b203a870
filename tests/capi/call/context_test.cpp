// What callbacks may ask, when, and on which thread.
#include <thread>

#include "capi/scripted.hpp"
#include "runhook/standalone.h"

namespace {

using namespace runhook_test;

class CApiContext : public NoHandlesLeft {};

TEST_F(CApiContext, KeptContextIsNeutralOutsideCallbacks) {
  ScriptedHook hook;
  runhook_context* kept = nullptr;
  hook.on["before_run"] = [&](runhook_context* context) {
    kept = context;
    return kOk;
  };
  Caught error;
  {
    Loop loop;
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    ASSERT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_add_fetch(kept, nullptr, "y", error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_skip_step(kept, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_request_stop(kept, 0, nullptr, RUNHOOK_STOP_AFTER_STEP), 0);
    EXPECT_EQ(runhook_context_request_save(kept, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_stop_source(kept, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_callback_name(kept), nullptr);
    EXPECT_EQ(runhook_context_hook_name(kept), nullptr);
    EXPECT_EQ(runhook_context_session(kept), nullptr);
    EXPECT_EQ(runhook_context_global_step(kept), -1);
    EXPECT_EQ(runhook_context_results(kept), nullptr);
    EXPECT_EQ(runhook_context_original_args(kept), nullptr);
    EXPECT_EQ(runhook_context_fail(kept, RUNHOOK_ERR_INTERNAL, "late"), RUNHOOK_CALLBACK_FAILED);
    EXPECT_EQ(loop.run(), RUNHOOK_OK) << "a late failure has no effect";
    runhook_context_destroy(kept);
    EXPECT_EQ(loop.run(), RUNHOOK_OK) << "a borrowed context is left alone";
    EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 0);
  }
  EXPECT_EQ(runhook_context_add_fetch(kept, nullptr, "y", error.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiContext, OtherThreadsMayOnlyAskForStopsAndSaves) {
  ScriptedHook hook;
  Loop loop;
  hook.on["before_run"] = [](runhook_context* context) {
    std::thread([context] {
      Caught error;
      EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "y", error.out()), RUNHOOK_ERR_BUSY);
      EXPECT_EQ(runhook_context_skip_step(context, error.out()), RUNHOOK_ERR_BUSY);
      EXPECT_EQ(runhook_context_session(context), nullptr);
      EXPECT_EQ(runhook_context_stop_requested(context), 0);
      runhook_stop_source* source = runhook_context_stop_source(context, error.out());
      EXPECT_NE(source, nullptr);
      runhook_stop_source_destroy(source);
      EXPECT_EQ(runhook_context_request_save(context, error.out()), RUNHOOK_OK);
      EXPECT_EQ(runhook_context_request_stop(context, 3, "from elsewhere", RUNHOOK_STOP_AFTER_STEP), 1);
      EXPECT_EQ(runhook_context_stop_requested(context), 1);
    }).join();
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 1);
}

TEST_F(CApiContext, BorrowedViewsShowNothingAfterTheRun) {
  ScriptedHook hook;
  Loop loop;
  const runhook_run_args* args = nullptr;
  const runhook_run_options* options = nullptr;
  runhook_results* results = nullptr;
  const runhook_metadata* metadata = nullptr;
  hook.on["before_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_results(context), nullptr);
    EXPECT_EQ(runhook_context_options(context), nullptr);
    return runhook_context_add_fetch(context, "mine", "y", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook.on["after_run"] = [&](runhook_context* context) {
    args = runhook_context_original_args(context);
    options = runhook_context_options(context);
    results = runhook_context_results(context);
    metadata = runhook_context_metadata(context);
    EXPECT_EQ(runhook_run_args_fetch_count(args), 1U);
    EXPECT_EQ(runhook_run_options_timeout_ns(options), 77'000'000'000);
    EXPECT_EQ(runhook_results_count(results), 1U);
    EXPECT_STREQ(runhook_results_key_at(results, 0), "mine");
    EXPECT_NE(metadata, nullptr);
    EXPECT_EQ(runhook_run_args_add_fetch(const_cast<runhook_run_args*>(args), nullptr, "x", nullptr),
              RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  runhook_run_args* given = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(given, nullptr, "y", nullptr), RUNHOOK_OK);
  ASSERT_EQ(runhook_run_options_set_timeout_ns(runhook_run_args_options(given), 77'000'000'000, nullptr), RUNHOOK_OK);
  EXPECT_EQ(loop.run(given), RUNHOOK_OK);
  runhook_run_args_destroy(given);
  EXPECT_EQ(runhook_run_args_fetch_count(args), 0U);
  EXPECT_EQ(runhook_run_options_timeout_ns(options), 0);
  EXPECT_EQ(runhook_results_count(results), 0U);
  EXPECT_EQ(runhook_metadata_node_count(metadata), 0U);
  runhook_run_args_destroy(const_cast<runhook_run_args*>(args));
  runhook_results_destroy(results);
}

TEST_F(CApiContext, OutcomeIsThereInCleanupOnly) {
  const runhook_outcome* kept = nullptr;
  {
    ScriptedHook hook;
    Loop loop;
    hook.on["end"] = [](runhook_context* context) {
      EXPECT_EQ(runhook_context_outcome(context), nullptr);
      return kOk;
    };
    hook.on["cleanup"] = [&](runhook_context* context) {
      kept = runhook_context_outcome(context);
      EXPECT_EQ(runhook_outcome_kind(kept), RUNHOOK_OUTCOME_COMPLETED);
      EXPECT_EQ(runhook_context_original_args(context), nullptr);
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(loop.close(), RUNHOOK_OK);
    EXPECT_EQ(hook.count("end"), 1);
    EXPECT_EQ(hook.count("cleanup"), 1);
    EXPECT_EQ(runhook_outcome_kind(kept), 0);
  }
}

TEST_F(CApiContext, LentSessionDoesNotOutliveTheSession) {
  ScriptedHook hook;
  Loop loop;
  runhook_session* lent = nullptr;
  hook.on["after_run"] = [&](runhook_context* context) {
    lent = runhook_context_session(context);
    EXPECT_EQ(runhook_session_run(lent, nullptr, nullptr, nullptr), RUNHOOK_OK) << "raw runs bypass the hooks";
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  runhook_session_destroy(lent);
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
  EXPECT_EQ(hook.count("after_run"), 2);
  EXPECT_EQ(loop.close(), RUNHOOK_OK);
  EXPECT_EQ(runhook_session_run(lent, nullptr, nullptr, nullptr), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiContext, SkipAndDiscard) {
  ScriptedHook hook;
  Loop loop;
  bool skip = true;
  hook.on["before_run"] = [&](runhook_context* context) {
    if (skip) {
      EXPECT_EQ(runhook_context_skip_step(context, nullptr), RUNHOOK_OK);
    }
    EXPECT_EQ(runhook_context_discard_result(context, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  hook.on["after_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_discard_result(context, nullptr), RUNHOOK_OK);
    EXPECT_EQ(runhook_context_skip_step(context, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  runhook_results* results = runhook_results_create(nullptr);
  EXPECT_EQ(loop.run(nullptr, results), RUNHOOK_OK);
  EXPECT_EQ(runhook_results_skipped(results), 1);
  EXPECT_EQ(hook.count("on_error"), 1);
  skip = false;
  EXPECT_EQ(loop.run(nullptr, results), RUNHOOK_OK);
  EXPECT_EQ(runhook_results_discarded(results), 1);
  runhook_results_destroy(results);
}

TEST_F(CApiContext, FailedRequestEndsTheAttemptThoughTheVerdictIsOk) {
  ScriptedHook hook;
  Loop loop;
  hook.on["before_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "nothing", nullptr), RUNHOOK_ERR_NOT_FOUND);
    return kOk;
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_NOT_FOUND);
}

TEST_F(CApiContext, HookFunctionsAreRefusedInOtherCallbacks) {
  Loop loop;
  loop.step = [](runhook_context* context) {
    Caught error;
    EXPECT_STREQ(runhook_context_callback_name(context), "run");
    EXPECT_STREQ(runhook_context_hook_name(context), "");
    EXPECT_EQ(runhook_context_add_fetch(context, nullptr, "y", error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_set_session(context, nullptr, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_run_with_hooks(context, nullptr, nullptr, error.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_coordinator(context, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_EQ(runhook_context_stop_source(context, error.out()), nullptr);
    EXPECT_EQ(error.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
    EXPECT_NE(runhook_context_options(context), nullptr);
    EXPECT_EQ(runhook_context_session(context), nullptr);
    EXPECT_EQ(runhook_kernel_input_count(context), 0U);
    return kOk;
  };
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
}

TEST_F(CApiContext, StopIsNotRefusedForItsText) {
  for (const bool now : {false, true}) {
    ScriptedHook hook;
    Loop loop;
    hook.on["after_run"] = [now](runhook_context* context) {
      const int32_t urgency = now ? RUNHOOK_STOP_NOW : RUNHOOK_STOP_AFTER_STEP;
      EXPECT_EQ(runhook_context_request_stop(context, 2, "caf\xC3", urgency), 1);
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    EXPECT_EQ(loop.run(), RUNHOOK_OK);
    EXPECT_EQ(runhook_monitored_session_should_stop(loop.session), 1);
    runhook_stop_source* source = runhook_monitored_session_stop_source(loop.session, nullptr);
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    EXPECT_EQ(runhook_stop_source_reason_at(source, 0, &reason, nullptr), RUNHOOK_OK);
    EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_HOOK);
    EXPECT_EQ(reason.code, 2);
    EXPECT_STREQ(reason.text, "caf");
    runhook_stop_source_destroy(source);
  }
}

TEST_F(CApiContext, FailWithPassesAnErrorOn) {
  ScriptedHook hook;
  Loop loop;
  hook.on["after_run"] = [](runhook_context* context) {
    return runhook_context_fail_with(context, runhook_error_create(RUNHOOK_ERR_DATA_LOSS, "made here"));
  };
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(loop.error.message(), "made here");
  loop.step = [](runhook_context* context) { return runhook_context_fail_with(context, nullptr); };
  EXPECT_EQ(loop.run(), RUNHOOK_ERR_UNKNOWN);
}

class CApiStandaloneContext : public CApiContext {
 protected:
  Callback step_ = [this](runhook_context* context) {
    double x = 1;
    if (runhook_value* fed = runhook_step_input(context, "x")) {
      EXPECT_EQ(runhook_value_get_double(fed, &x, nullptr), RUNHOOK_OK);
    }
    ++steps_;
    return runhook_step_set_double(context, "y", 2 * x, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  runhook_session* make() {
    const runhook_function function = function_of(step_);
    const char* const outputs[] = {"y"};
    const char* const inputs[] = {"x"};
    return runhook_function_session_create(&function, outputs, 1, inputs, 1, nullptr);
  }
  int steps_ = 0;
};

TEST_F(CApiStandaloneContext, HookRunsWithoutALoop) {
  runhook_session* session = make();
  runhook_run_args* args = runhook_run_args_create(nullptr);
  ASSERT_EQ(runhook_run_args_add_fetch(args, nullptr, "y", nullptr), RUNHOOK_OK);
  runhook_context* context = runhook_context_create(args, session, nullptr);
  ASSERT_NE(context, nullptr);
  runhook_run_args_destroy(args);
  EXPECT_EQ(runhook_run_args_fetch_count(runhook_context_original_args(context)), 1U);
  EXPECT_EQ(runhook_context_result(context, nullptr), nullptr) << "nothing was executed yet";
  for (int round = 1; round <= 2; ++round) {
    ASSERT_EQ(runhook_context_add_fetch(context, "twice", "y", nullptr), RUNHOOK_OK);
    runhook_value* value = runhook_value_create_double(round, nullptr);
    EXPECT_EQ(runhook_context_add_feed(context, "x", value, nullptr), RUNHOOK_OK);
    runhook_value_destroy(value);
    EXPECT_EQ(runhook_run_args_fetch_count(runhook_context_requested(context)), 1U);
    ASSERT_EQ(runhook_context_execute(context, nullptr), RUNHOOK_OK);
    double number = 0;
    EXPECT_EQ(runhook_context_get_double(context, "twice", &number, nullptr), RUNHOOK_OK);
    EXPECT_EQ(number, 2 * round);
    EXPECT_EQ(runhook_results_count(runhook_context_results(context)), 1U);
  }
  EXPECT_EQ(steps_, 2);
  EXPECT_EQ(runhook_context_stop_requested(context), 0);
  EXPECT_EQ(runhook_context_request_stop(context, 1, "enough", RUNHOOK_STOP_AFTER_STEP), 1);
  EXPECT_EQ(runhook_context_stop_requested(context), 1);
  EXPECT_EQ(runhook_context_monitored_session(context), nullptr);
  EXPECT_NE(runhook_context_session(context), nullptr);
  runhook_coordinator* coordinator = runhook_context_coordinator(context, nullptr);
  EXPECT_NE(coordinator, nullptr);
  runhook_coordinator_destroy(coordinator);
  runhook_context_destroy(context);
  EXPECT_EQ(runhook_context_request_stop(context, 1, nullptr, RUNHOOK_STOP_AFTER_STEP), 0);
  runhook_session_destroy(session);
}

TEST_F(CApiStandaloneContext, BadArgumentsAreRefused) {
  Caught error;
  EXPECT_EQ(runhook_context_create(nullptr, nullptr, error.out()), nullptr);
  EXPECT_EQ(error.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  runhook_context_destroy(nullptr);
  EXPECT_EQ(runhook_context_execute(nullptr, error.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CApiContext, StopIsAskedForWithAnUrgency) {
  for (const int32_t urgency : {int32_t{RUNHOOK_STOP_AFTER_STEP}, int32_t{RUNHOOK_STOP_NOW}, 9}) {
    ScriptedHook hook;
    Loop loop;
    hook.on["before_run"] = [&](runhook_context* context) {
      EXPECT_EQ(runhook_context_request_stop(context, 4, "why", urgency), 1);
      return kOk;
    };
    ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
    ASSERT_TRUE(loop.start());
    loop.run();
    runhook_stop_source* source = runhook_monitored_session_stop_source(loop.session, nullptr);
    runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
    ASSERT_EQ(runhook_stop_source_reason_at(source, 0, &reason, nullptr), RUNHOOK_OK);
    EXPECT_EQ(reason.urgency, urgency == RUNHOOK_STOP_NOW ? RUNHOOK_STOP_NOW : RUNHOOK_STOP_AFTER_STEP);
    EXPECT_EQ(reason.code, 4);
    EXPECT_STREQ(reason.text, "why");
    runhook_stop_source_destroy(source);
  }
}

}  // namespace
