// A loop that stays where it is, in C: its step is a context that ends with the step.
#include "runhook/inline_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "scripted.hpp"

namespace {

using runhook_test::Caught;
using runhook_test::kOk;
using runhook_test::ScriptedHook;

class InlineLoop : public runhook_test::NoHandlesLeft {
 protected:
  InlineLoop() {
    runhook_test::quieten(config_);
    runhook_test::recover_at_once(config_);
  }
  void TearDown() override {
    runhook_monitored_session_destroy(loop_);
    runhook_config_destroy(config_);
    (void)error_.out();  // destroys what there is
    NoHandlesLeft::TearDown();
  }
  void open(const runhook_inline_options* options = nullptr) {
    ASSERT_EQ(runhook_config_set_inline(config_, options, error_.out()), RUNHOOK_OK) << error_.message();
    loop_ = runhook_monitored_session_create(config_, error_.out());
    ASSERT_NE(loop_, nullptr) << error_.message();
  }
  void add_hook() {
    const runhook_hook table = hook_.table();
    ASSERT_EQ(runhook_config_add_hook(config_, &table, nullptr, error_.out()), RUNHOOK_OK);
  }
  runhook_context* next() { return runhook_monitored_session_next(loop_, error_.out()); }

  Caught error_;
  ScriptedHook hook_;
  double seen_ = 0;  // by the hook
  runhook_config* config_ = runhook_config_create(nullptr);
  runhook_monitored_session* loop_ = nullptr;
};

TEST_F(InlineLoop, NumberOfAStepIsWhatItReachesAndThatOfNoStepIsNegative) {
  open();
  runhook_context* const step = next();
  EXPECT_EQ(runhook_step_set_global_step(step, 40, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_step_number(step), 40);
  EXPECT_EQ(runhook_step_number(next()), 41);
  EXPECT_EQ(runhook_step_number(step), -1) << "it is over";
  EXPECT_EQ(runhook_step_number(nullptr), -1);
}

TEST_F(InlineLoop, BodyPublishesFailsAndStopsThroughItsStep) {
  hook_.on["before_run"] = [](runhook_context* context) {
    return runhook_context_add_fetch(context, nullptr, "residual", nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  hook_.on["after_run"] = [this](runhook_context* context) {
    return runhook_context_get_double(context, "residual", &seen_, nullptr) == RUNHOOK_OK ? kOk : 0;
  };
  add_hook();
  open();
  int64_t bodies = 0;
  while (runhook_context* step = next()) {
    EXPECT_STREQ(runhook_context_callback_name(step), "step");
    EXPECT_EQ(runhook_context_global_step(step), bodies);
    EXPECT_EQ(runhook_step_number(step), bodies + 1);
    EXPECT_EQ(runhook_context_attempt(step), 1);
    EXPECT_EQ(runhook_context_monitored_session(step), loop_);
    EXPECT_EQ(runhook_step_wanted(step, "residual"), 1);
    EXPECT_EQ(runhook_step_set_double(step, "residual", 1.0 / static_cast<double>(bodies + 1), error_.out()),
              RUNHOOK_OK);
    if (++bodies < 4) continue;
    EXPECT_EQ(runhook_context_request_stop(step, 7, "converged", RUNHOOK_STOP_AFTER_STEP), 1);
    EXPECT_EQ(runhook_context_stop_requested(step), 1);
  }
  EXPECT_EQ(error_.code(), RUNHOOK_OK);
  EXPECT_EQ(seen_, 0.25);
  ASSERT_EQ(runhook_monitored_session_close(loop_, error_.out()), RUNHOOK_OK);
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop_, nullptr);
  EXPECT_EQ(std::string(runhook_outcome_to_string(outcome)), "stopped by the caller at step 4: converged");
  runhook_outcome_destroy(outcome);
}

TEST_F(InlineLoop, StepThatIsKeptIsRefusedAndShowsNothingOfTheNextOne) {
  open();
  runhook_context* const first = next();
  runhook_context* const second = next();
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first, second);
  EXPECT_EQ(runhook_step_set_double(first, "x", 1, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error_.message(), "the step is over: next() and begin_step() give another one");
  EXPECT_EQ(runhook_step_abandon(first, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_step_set_global_step(first, 9, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_context_global_step(first), -1);
  EXPECT_EQ(runhook_context_request_stop(first, 0, "", RUNHOOK_STOP_AFTER_STEP), 0);
  runhook_context_fail(first, RUNHOOK_ERR_INTERNAL, "too late");
  ASSERT_EQ(runhook_monitored_session_end_step(loop_, error_.out()), RUNHOOK_OK) << error_.message();
  EXPECT_EQ(runhook_step_abandon(second, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_monitored_session_end_step(loop_, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(error_.message(), "no step is open");
}

TEST_F(InlineLoop, FailedBodyIsTheErrorOfTheNextCall) {
  open();
  next();
  EXPECT_EQ(runhook_context_fail(next(), RUNHOOK_ERR_INTERNAL, "diverged"), RUNHOOK_CALLBACK_FAILED);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(error_.message(), "diverged");
  EXPECT_NE(next(), nullptr);
}

TEST_F(InlineLoop, RecoveredStepComesAgainWithTheNextAttempt) {
  open();
  runhook_context_fail(next(), RUNHOOK_ERR_UNAVAILABLE, "for a while");
  EXPECT_EQ(runhook_monitored_session_end_step(loop_, error_.out()), RUNHOOK_OK);
  runhook_context* const again = runhook_monitored_session_begin_step(loop_, nullptr, error_.out());
  EXPECT_EQ(runhook_context_attempt(again), 2);
  EXPECT_EQ(runhook_context_global_step(again), 0);
}

TEST_F(InlineLoop, AbandonedStepLeavesTheRunAsItWas) {
  add_hook();
  open();
  next();
  runhook_context* const step = next();
  EXPECT_EQ(runhook_step_abandon(step, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_step_abandon(step, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(hook_.count("on_error"), 1);
  EXPECT_EQ(runhook_monitored_session_close(loop_, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_global_step(loop_), 1);
}

TEST_F(InlineLoop, OptionsSayWhereItBeginsAndEndsAndWhichNamesThereAre) {
  const char* const outputs[] = {"loss"};
  runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
  options.outputs = outputs;
  options.output_count = 1;
  options.initial_step = 10;
  options.max_steps = 2;
  open(&options);
  runhook_context* step = next();
  EXPECT_EQ(runhook_context_global_step(step), 10);
  EXPECT_EQ(runhook_step_set_double(step, "loss", 1, nullptr), RUNHOOK_OK);
  step = next();
  EXPECT_EQ(runhook_step_set_global_step(step, -1, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_step_set_global_step(step, 50, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_OK);
  EXPECT_EQ(runhook_monitored_session_global_step(loop_), 50);
  options.max_steps = -1;
  EXPECT_EQ(runhook_config_set_inline(config_, &options, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(InlineLoop, NameThatWasNotDeclaredFailsTheStep) {
  const char* const outputs[] = {"loss"};
  runhook_inline_options options = RUNHOOK_INLINE_OPTIONS_INIT;
  options.outputs = outputs;
  options.output_count = 1;
  open(&options);
  EXPECT_EQ(runhook_step_set_double(next(), "lass", 1, nullptr), RUNHOOK_ERR_NOT_FOUND);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_NOT_FOUND);
}

TEST_F(InlineLoop, CloseInTheBodyCompletesTheStepAndEndsItsHandle) {
  add_hook();
  open();
  runhook_context* const step = next();
  EXPECT_EQ(runhook_monitored_session_close(loop_, error_.out()), RUNHOOK_OK);
  EXPECT_EQ(hook_.count("after_run"), 1);
  EXPECT_EQ(runhook_step_abandon(step, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_CLOSED);
}

TEST_F(InlineLoop, DestroyInTheBodyCancelsTheStepAtOnce) {
  add_hook();
  open();
  runhook_context* const step = next();
  runhook_monitored_session_destroy(loop_);
  EXPECT_EQ(hook_.called.back(), "cleanup");
  EXPECT_EQ(hook_.count("on_error"), 1);
  EXPECT_EQ(runhook_step_abandon(step, error_.out()), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(InlineLoop, DestroyByAnotherThreadTakesEffectWithTheNextCall) {
  add_hook();
  open();
  runhook_context* const step = next();
  std::thread([this] { runhook_monitored_session_destroy(loop_); }).join();
  EXPECT_EQ(hook_.count("cleanup"), 0);
  EXPECT_EQ(runhook_context_global_step(step), 0);  // the body goes on undisturbed
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_CLOSED);
  EXPECT_EQ(hook_.count("cleanup"), 1);
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(InlineLoop, CloseByAnotherThreadDuringTheBodyIsBusy) {
  open();
  next();
  std::thread([this] {
    Caught busy;
    EXPECT_EQ(runhook_monitored_session_close(loop_, busy.out()), RUNHOOK_ERR_BUSY);
  }).join();
  EXPECT_NE(next(), nullptr);
}

TEST_F(InlineLoop, SessionDestroyedByACallbackGivesNoStep) {
  hook_.on["before_run"] = [this](runhook_context*) {
    runhook_monitored_session_destroy(loop_);
    return kOk;
  };
  add_hook();
  open();
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(hook_.called.back(), "cleanup");
  EXPECT_EQ(hook_.destroyed, 0);  // the config has it still
}

TEST_F(InlineLoop, NextInACallbackIsReentrantAndLeavesTheStepAlone) {
  int32_t inside = RUNHOOK_OK;
  hook_.on["after_run"] = [&](runhook_context*) {
    Caught error;
    runhook_monitored_session_next(loop_, error.out());
    inside = error.code();
    return kOk;
  };
  add_hook();
  open();
  next();
  runhook_context* const step = next();
  EXPECT_EQ(inside, RUNHOOK_ERR_REENTRANT);
  EXPECT_EQ(runhook_context_global_step(step), 1);
}

TEST_F(InlineLoop, SessionsThatMakeTheirStepsHaveNone) {
  runhook_test::Loop ordinary;
  ASSERT_TRUE(ordinary.start());
  EXPECT_EQ(runhook_monitored_session_next(ordinary.session, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(runhook_monitored_session_next(nullptr, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

}  // namespace
