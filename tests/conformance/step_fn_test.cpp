// Section 4.9: step functions.
#include "rig.hpp"
#include "runhook/function_session.hpp"
#include "runhook/monitored_session.hpp"

namespace conformance {
namespace {

// Runs with hooks inside a step function and passes a failure on.
std::int32_t with_hooks(runhook_context* context, const Ask& ask, double* result) {
  const OwnArgs args = args_of(ask);
  OwnResults results;
  make(results, runhook_results_create);
  const Reply reply = call(runhook_context_run_with_hooks, context, args.get(), results.get());
  if (reply.status != RUNHOOK_OK) return runhook_context_fail(context, reply.status, reply.message.c_str());
  *result = values_of(results.get()).at("identity").value();
  return kOk;
}

// A side effect on the raw session.
void accumulate(runhook_context* context) {
  const OwnArgs args = args_of(Ask().fetch("accumulate"));
  EXPECT_REPLY(call(runhook_session_run, runhook_context_session(context), args.get(), nullptr), RUNHOOK_OK);
}

Ask identity_of(double value) { return Ask().fetch("identity").feed("x", value); }

TEST(StepFunction, SF_03_StopIsAskedForAndTheFunctionIsLeft) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step_fn([](runhook_context* context) {
    EXPECT_EQ(runhook_context_request_stop(context, 3, "from a step function", RUNHOOK_STOP_AFTER_STEP), 1);
    return kOk;
  }),
               RUNHOOK_ERR_STOPPED);
  EXPECT_TRUE(rig.should_stop());
  const OwnSource source = rig.stop_source();
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  EXPECT_REPLY(call(runhook_stop_source_reason_at, source.get(), std::size_t{0}, &reason), RUNHOOK_OK);
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_STEP_FUNCTION);
  EXPECT_EQ(reason.code, 3);
  EXPECT_STREQ(reason.text, "from a step function");
}

runhook::Config one_step_config() {
  runhook::Config config;
  config.session_creator = runhook::single_session_creator(
      std::make_shared<runhook::FunctionSession>([](runhook::FunctionSession::Step&) {}, std::vector<std::string>{}));
  return config;
}

TEST(StepFunction, SF_03_RequestStopOfTheStepContextThrows) {
  runhook::MonitoredSession session(one_step_config());
  bool reached = false;
  try {
    session.run_step_fn([&reached](runhook::StepContext& context) {
      context.request_stop(1, "enough");
      reached = true;
    });
    ADD_FAILURE() << "nothing thrown";
  } catch (const runhook::StatusError& failure) {
    EXPECT_EQ(failure.code(), runhook::StatusCode::stopped);
  }
  EXPECT_FALSE(reached);
  EXPECT_TRUE(session.should_stop());
  session.close();
  EXPECT_EQ(session.outcome().kind, runhook::OutcomeKind::stopped);
}

TEST(StepFunction, SF_05_ValueIsReturned) {
  runhook::MonitoredSession session(one_step_config());
  EXPECT_EQ(session.run_step_fn([](runhook::StepContext&) { return 7; }), 7);
}

TEST(StepFunction, SF_07_UserDataReachesTheFunction) {
  Rig rig;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  struct Model {
    double value = 0;
  } model;
  runhook_function function = RUNHOOK_FUNCTION_INIT;
  function.user_data = &model;
  function.call = [](runhook_context* context, void* data, std::int32_t ok) {
    return answer(with_hooks(context, identity_of(3.2), &static_cast<Model*>(data)->value), ok);
  };
  EXPECT_REPLY(call(runhook_monitored_session_run_step_fn, rig.session.get(), &function), RUNHOOK_OK);
  EXPECT_EQ(model.value, 3.2);
}

TEST(StepFunction, SF_11_StopWithoutARunCallsNoHooks) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.scope([&rig] {
    return rig.step_fn([](runhook_context* context) {
      runhook_context_request_stop(context, 0, nullptr, RUNHOOK_STOP_AFTER_STEP);
      return kOk;
    });
  }),
               RUNHOOK_OK);
  EXPECT_EQ(hook.calls["before"], 0);
  EXPECT_EQ(hook.calls["after"], 0);
  EXPECT_EQ(hook.calls["error"], 0);
  EXPECT_EQ(hook.calls["end"], 1);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
}

TEST(StepFunction, SF_12_RecoverableFailureCallsTheFunctionAgain) {
  Rig rig;
  rig.raw();
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int calls = 0;
  double result = 0;
  EXPECT_REPLY(rig.step_fn([&](runhook_context* context) {
    if (++calls == 1) return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "preempted");
    return with_hooks(context, identity_of(3.2), &result);
  }),
               RUNHOOK_OK);
  EXPECT_EQ(result, 3.2);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(rig.created, 2);
}

TEST(StepFunction, SF_13_FailureAfterTheRunRepeatsItAll) {
  Rig rig;
  rig.raw();
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int calls = 0;
  double result = 0;
  EXPECT_REPLY(rig.step_fn([&](runhook_context* context) {
    accumulate(context);
    const std::int32_t returned = with_hooks(context, identity_of(1.3), &result);
    if (returned != kOk) return returned;
    return ++calls == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "preempted") : kOk;
  }),
               RUNHOOK_OK);
  EXPECT_EQ(calls, 2);
  EXPECT_DOUBLE_EQ(rig.side_effect, 0.62);
}

TEST(StepFunction, SF_14_WithoutRecoveryTheErrorIsReturned) {
  Rig rig;
  rig.singular = true;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int calls = 0;
  EXPECT_REPLY(rig.step_fn([&calls](runhook_context* context) {
    ++calls;
    return runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "preempted");
  }),
               RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(calls, 1);
}

TEST(StepFunction, SF_15_FailureOfAHookRepeatsItAll) {
  Rig rig;
  rig.raw();
  rig.raw();
  failing(rig, 1, RUNHOOK_ERR_ABORTED);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int calls = 0;
  double result = 0;
  EXPECT_REPLY(rig.step_fn([&](runhook_context* context) {
    ++calls;
    accumulate(context);
    return with_hooks(context, identity_of(1.3), &result);
  }),
               RUNHOOK_OK);
  EXPECT_EQ(calls, 2);
  EXPECT_DOUBLE_EQ(rig.side_effect, 0.62);
  EXPECT_EQ(result, 1.3);
}

TEST(StepFunction, SF_16_RetryGetsTheFreshSession) {
  Rig rig;
  rig.raw();
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  std::vector<int> sessions;
  EXPECT_REPLY(rig.step_fn([&sessions](runhook_context* context) {
    sessions.push_back(session_id(context));
    return sessions.size() == 1 ? runhook_context_fail(context, RUNHOOK_ERR_ABORTED, "preempted") : kOk;
  }),
               RUNHOOK_OK);
  EXPECT_EQ(sessions, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace conformance
