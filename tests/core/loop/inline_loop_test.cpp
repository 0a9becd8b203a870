// A loop that stays where it is: next(), begin_step() and end_step().
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "runhook/hooks/stop_at_step.hpp"
#include "runhook/inline_step.hpp"

namespace runhook {
namespace {

using runhook_test::fail;
using runhook_test::LambdaHook;
using runhook_test::LoopRig;
using testing::ElementsAre;

// Notes every callback with the global step and the attempt.
struct Traced : LoopRig {
  explicit Traced(InlineOptions options = {}) {
    config.set_inline(std::move(options));
    hook = LoopRig::hook(HookOptions{.name = "traced"});
    const auto note = [this](const char* what) {
      return [this, what](SessionRunContext& context) { add(what, context.global_step(), context.attempt()); };
    };
    hook->on_begin = [this](SessionRunContext&) { trace.emplace_back("begin"); };
    hook->on_create = [this](SessionRunContext&) { trace.emplace_back("create"); };
    hook->on_before = note("before");
    hook->on_after = note("after");
    hook->on_end = note("end");
    hook->on_failure = [this](SessionRunContext& context, const Error& error) {
      add("error", context.global_step(), context.attempt());
      errors.push_back(error);
    };
    hook->on_cleanup = [this](SessionRunContext&, const Outcome&) { trace.emplace_back("cleanup"); };
  }
  void add(const std::string& what, std::int64_t global_step, std::int64_t attempt) {
    trace.push_back(what + " " + std::to_string(global_step) + (attempt > 1 ? "#" + std::to_string(attempt) : ""));
  }
  MonitoredSession& open() {
    session = std::make_unique<MonitoredSession>(config);
    return *session;
  }
  std::shared_ptr<LambdaHook> hook;
  std::vector<std::string> trace;
  std::vector<Error> errors;
  std::unique_ptr<MonitoredSession> session;
};

// Asks for what no fast path has: a fetch in every step.
void ask(SessionRunContext& context) { context.add_fetch("loss", "loss"); }

TEST(InlineLoop, HooksStandAroundTheBodyAsAroundASessionsRun) {
  Traced rig;
  MonitoredSession& session = rig.open();
  for (InlineStep& step : session.steps()) {
    rig.trace.push_back("body " + std::to_string(step.global_step()));
    if (step.global_step() == 1) step.request_stop("enough");
  }
  session.close();
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "body 0", "after 1", "before 1", "body 1",
                                     "after 2", "end 2", "cleanup"));
  const Outcome outcome = session.outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::stopped);
  EXPECT_EQ(outcome.stop.origin, StopOrigin::caller);
  EXPECT_EQ(outcome.stop.text(), "enough");
  EXPECT_EQ(outcome.step, 2);
  EXPECT_EQ(outcome.runs, 2);
}

TEST(InlineLoop, LeftByBreakTheStepCountsWhenTheSessionIsClosed) {
  Traced rig;
  MonitoredSession& session = rig.open();
  while (InlineStep* step = session.next()) {
    if (step->global_step() == 2) break;
  }
  EXPECT_TRUE(session.step_open());
  EXPECT_EQ(session.global_step(), 2);
  session.close();
  EXPECT_EQ(session.global_step(), 3);
  EXPECT_EQ(rig.trace.back(), "cleanup");
  EXPECT_EQ(rig.trace[rig.trace.size() - 3], "after 3");
  EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
}

TEST(InlineLoop, MaxStepsEndTheLoopWithoutAStop) {
  Traced rig(InlineOptions{.max_steps = 3});
  MonitoredSession& session = rig.open();
  int bodies = 0;
  while (session.next() != nullptr) ++bodies;
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(session.next(), nullptr);
  EXPECT_FALSE(session.should_stop());
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
}

TEST(InlineLoop, TriggersKnowTheLastOfTheSteps) {
  Traced rig(InlineOptions{.max_steps = 5});
  std::vector<std::int64_t> due;
  rig.LoopRig::hook(HookOptions{.trigger = Trigger::last()})->on_after = [&](SessionRunContext& context) {
    due.push_back(context.global_step());
  };
  MonitoredSession& session = rig.open();
  while (session.next() != nullptr) {
  }
  session.close();
  EXPECT_THAT(due, ElementsAre(5));
}

TEST(InlineLoop, TriggersAreAskedWhateverIsMeasuredOfTheSteps) {
  Traced rig;
  std::vector<std::int64_t> due;
  rig.LoopRig::hook(HookOptions{.trigger = Trigger::every_steps(2)})->on_after = [&](SessionRunContext& context) {
    due.push_back(context.global_step());
  };
  MonitoredSession& session = rig.open();
  for (InlineStep& step : session.steps()) {
    if (step.global_step() == 29) break;
  }
  session.close();
  ASSERT_EQ(due.size(), 15U);
  EXPECT_EQ(due.back(), 29);
}

TEST(InlineLoop, BeginsAtTheInitialStep) {
  Traced rig(InlineOptions{.initial_step = 40});
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->global_step(), 40);
  session.close();
  EXPECT_EQ(session.global_step(), 41);
}

TEST(InlineLoop, StopBeforeTheFirstStepGivesNoneAndCallsNobody) {
  Traced rig;
  MonitoredSession& session = rig.open();
  session.request_stop();
  EXPECT_EQ(session.next(), nullptr);
  session.close();
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "end 0", "cleanup"));
}

TEST(InlineLoop, StopAtStepIsExact) {
  Traced rig;
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 4}));
  MonitoredSession& session = rig.open();
  int bodies = 0;
  while (session.next() != nullptr) ++bodies;
  session.close();
  EXPECT_EQ(bodies, 4);
}

// Each reading is later than the one before.
struct CountingClock final : Clock {
  std::int64_t now_ns() override { return ++now; }
  bool wait(std::int64_t, const StopState*) override { return false; }
  std::int64_t now = 0;
};

// In a step in which something is fetched, and in one of the fast path.
class InlineStepOf : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) return;
    rig.LoopRig::hook(HookOptions{.name = "asking"})->on_before = ask;
    session_publishes = true;
  }
  void publish(InlineStep& step) const {
    if (session_publishes) step.set("loss", 0.5);
  }
  Traced rig;
  bool session_publishes = false;
};

TEST_P(InlineStepOf, FailingBodyFailsTheRunAndIsToldToTheHooks) {
  MonitoredSession& session = rig.open();
  for (int i = 0; i < 3; ++i) {
    InlineStep* const step = session.next();
    ASSERT_NE(step, nullptr);
    publish(*step);
    if (i == 2) step->fail(StatusCode::internal, "diverged");
  }
  EXPECT_STATUS(session.next(), internal, "diverged");
  EXPECT_THAT(rig.trace, testing::Contains("error 2"));
  EXPECT_THAT(rig.trace, testing::Not(testing::Contains("after 3")));
  session.close();
  const Outcome outcome = session.outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.error.callback(), "step");
  EXPECT_EQ(outcome.error.step(), 2);
}

TEST_P(InlineStepOf, RecoverableFailureGivesTheSameStepAgain) {
  MonitoredSession& session = rig.open();
  std::vector<std::string> bodies;
  while (InlineStep* step = session.next()) {
    bodies.push_back(std::to_string(step->global_step()) + "#" + std::to_string(step->attempt()));
    publish(*step);
    if (bodies.size() == 2) step->fail(StatusCode::unavailable, "for a while");
    if (step->global_step() == 2) step->request_stop();
  }
  session.close();
  EXPECT_THAT(bodies, ElementsAre("0#1", "1#1", "1#2", "2#1"));
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "after 1", "before 1", "error 1", "create",
                                     "before 1#2", "after 2#2", "before 2", "after 3", "end 3", "cleanup"));
  EXPECT_EQ(session.outcome().recoveries, 1);
}

TEST_P(InlineStepOf, EndOfInputSaidByTheBodyEndsTheLoopWithoutAnError) {
  MonitoredSession& session = rig.open();
  int bodies = 0;
  while (InlineStep* step = session.next()) {
    publish(*step);
    if (++bodies == 3) step->fail(StatusCode::out_of_range, "no more lines");
  }
  EXPECT_EQ(bodies, 3);
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::end_of_input);
  EXPECT_EQ(session.outcome().step, 2);
}

TEST_P(InlineStepOf, AbandonedStepDoesNotCountAndIsNoFailure) {
  MonitoredSession& session = rig.open();
  publish(*session.next());
  InlineStep* step = session.next();
  step->abandon();
  EXPECT_FALSE(session.step_open());
  EXPECT_STATUS(session.end_step(), failed_precondition, "no step is open");
  step = session.next();
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->global_step(), 1);
  EXPECT_EQ(step->attempt(), 1);
  publish(*step);
  session.close();
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "after 1", "before 1", "error 1", "before 1",
                                     "after 2", "end 2", "cleanup"));
  ASSERT_EQ(rig.errors.size(), 1U);
  EXPECT_EQ(rig.errors[0].code(), StatusCode::cancelled);
  EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session.outcome().runs, 2);
}

TEST_P(InlineStepOf, GlobalStepThatTheBodySetsIsTheOneReached) {
  MonitoredSession& session = rig.open();
  InlineStep* step = session.next();
  publish(*step);
  step->set_global_step(100);
  EXPECT_STATUS(step->set_global_step(-1), invalid_argument, "negative");
  step = session.next();
  EXPECT_EQ(step->global_step(), 100);
  publish(*step);
  session.close();
  EXPECT_THAT(rig.trace, testing::IsSupersetOf({"after 100", "before 100", "after 101"}));
}

TEST_P(InlineStepOf, DestroyedInItsStepTheSessionCancelsItAndIsStoppedByTheCaller) {
  OutcomeKind kind = OutcomeKind::running;
  std::string text;
  rig.hook->on_cleanup = [&](SessionRunContext&, const Outcome& outcome) {
    kind = outcome.kind;
    text = outcome.stop.text();
  };
  MonitoredSession& session = rig.open();
  publish(*session.next());
  ASSERT_NE(session.next(), nullptr);
  rig.session.reset();
  EXPECT_EQ(rig.trace.back(), "end 1");
  EXPECT_EQ(rig.errors.at(0).code(), StatusCode::cancelled);
  EXPECT_EQ(kind, OutcomeKind::stopped);
  EXPECT_EQ(text, "left in step 2");
  EXPECT_EQ(rig.logged("close() completes it"), 1);
}

TEST_P(InlineStepOf, ExceptionThatLeavesTheScopeCancelsTheStepAndFailsTheRun) {
  OutcomeKind kind = OutcomeKind::running;
  rig.hook->on_cleanup = [&](SessionRunContext&, const Outcome& outcome) { kind = outcome.kind; };
  try {
    MonitoredSession session(rig.config);
    for (InlineStep& step : session.steps()) {
      publish(step);
      if (step.global_step() == 1) throw std::runtime_error("in the body");
    }
  } catch (const std::runtime_error&) {
    rig.trace.emplace_back("caught");
  }
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "after 1", "before 1", "error 1", "caught"));
  EXPECT_EQ(kind, OutcomeKind::failed);
}

TEST_P(InlineStepOf, RecoverableFailureOfAfterRunIsNotMadeGoodByClose) {
  rig.LoopRig::hook(HookOptions{.name = "late"})->on_after = [](SessionRunContext&) { fail(StatusCode::aborted); };
  MonitoredSession& session = rig.open();
  publish(*session.next());
  EXPECT_STATUS(session.close(), aborted, "on purpose");
  EXPECT_EQ(session.outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(session.outcome().recoveries, 0);
  EXPECT_EQ(rig.trace.back(), "cleanup");
}

TEST_P(InlineStepOf, FailureOfBeforeRunOfTheNextStepLeavesTheCompletedOneCounted) {
  MonitoredSession& session = rig.open();
  rig.hook->on_before = [](SessionRunContext& context) {
    if (context.global_step() == 1) fail(StatusCode::internal);
  };
  publish(*session.next());
  EXPECT_STATUS(session.next(), internal, "on purpose");
  EXPECT_EQ(session.global_step(), 1);
  EXPECT_FALSE(session.step_open());
  rig.hook->on_before = nullptr;
  EXPECT_NE(session.next(), nullptr);  // goes on as a later run does
}

TEST_P(InlineStepOf, HookAddedInTheBodyBeginsWithTheNextStep) {
  MonitoredSession& session = rig.open();
  auto late = std::make_shared<LambdaHook>();
  std::vector<std::string> calls;
  late->on_begin = [&](SessionRunContext&) { calls.emplace_back("begin"); };
  late->on_before = [&](SessionRunContext&) { calls.emplace_back("before"); };
  late->on_after = [&](SessionRunContext&) { calls.emplace_back("after"); };
  publish(*session.next());
  session.add_hook(late);
  publish(*session.next());
  session.close();
  EXPECT_THAT(calls, ElementsAre("begin", "before", "after"));
}

TEST_P(InlineStepOf, RecoveredStepIsMadeAgainInSpiteOfAStopOfItsFirstAttempt) {
  MonitoredSession& session = rig.open();
  std::vector<std::string> bodies;
  while (InlineStep* step = session.next()) {
    bodies.push_back(std::to_string(step->global_step()) + "#" + std::to_string(step->attempt()));
    publish(*step);
    if (bodies.size() > 1) continue;
    session.request_stop();
    step->fail(StatusCode::unavailable, "for a while");
  }
  EXPECT_THAT(bodies, ElementsAre("0#1", "0#2"));
}

TEST_P(InlineStepOf, StopBetweenTheHalvesComesBeforeARecoveredStep) {
  MonitoredSession& session = rig.open();
  session.begin_step()->fail(StatusCode::unavailable, "for a while");
  session.end_step();
  session.request_stop();
  EXPECT_EQ(session.begin_step(), nullptr);
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::stopped);
}

TEST_P(InlineStepOf, HookRemovedInAStepThatIsRecoveredFromTakesPartInTheNextAttempt) {
  MonitoredSession& session = rig.open();
  rig.hook->on_failure = [&](SessionRunContext&, const Error&) { session.remove_hook(session.hook_id("traced")); };
  session.next()->fail(StatusCode::unavailable, "for a while");
  publish(*session.next());
  EXPECT_EQ(rig.trace.back(), "before 0#2");
  publish(*session.next());
  EXPECT_EQ(rig.trace.back(), "cleanup");
}

TEST_P(InlineStepOf, RecoveryThatWasGivenUpIsTheErrorOfEveryLaterCall) {
  rig.config.recovery.max_attempts = 1;
  MonitoredSession& session = rig.open();
  session.next()->fail(StatusCode::unavailable, "first");
  session.next()->fail(StatusCode::unavailable, "second");
  EXPECT_STATUS(session.next(), unavailable, "first");
  EXPECT_STATUS(session.next(), unavailable, "first");
  EXPECT_STATUS(session.begin_step(), unavailable, "first");
}

TEST_P(InlineStepOf, GlobalStepSetInAnAttemptThatFailsGoesWithIt) {
  MonitoredSession& session = rig.open();
  InlineStep* step = session.next();
  step->set_global_step(100);
  step->fail(StatusCode::unavailable, "for a while");
  publish(*session.next());
  session.close();
  EXPECT_EQ(session.global_step(), 1);
}

TEST_P(InlineStepOf, StepThatAfterRunFailsIsGivenAgainWhereverItHadSetTheGlobalStep) {
  int failures = 0;
  rig.LoopRig::hook(HookOptions{.name = "late"})->on_after = [&](SessionRunContext&) {
    if (++failures == 2) fail(StatusCode::aborted);
  };
  MonitoredSession& session = rig.open();
  publish(*session.next());
  InlineStep* step = session.next();
  publish(*step);
  step->set_global_step(100);
  step = session.next();
  EXPECT_EQ(step->global_step(), 1);
  EXPECT_EQ(step->attempt(), 2);
}

TEST_P(InlineStepOf, DestroyedAfterItsBodyHasFailedTheRunHasFailedWithThat) {
  OutcomeKind kind = OutcomeKind::running;
  Error error;
  rig.hook->on_cleanup = [&](SessionRunContext&, const Outcome& outcome) {
    kind = outcome.kind;
    error = outcome.error;
  };
  rig.open().next()->fail(StatusCode::data_loss, "diverged");
  rig.session.reset();
  EXPECT_EQ(kind, OutcomeKind::failed);
  EXPECT_EQ(error.code(), StatusCode::data_loss);
  EXPECT_EQ(error.message(), "diverged");
}

TEST_P(InlineStepOf, RunThatTheCallerHasFailedInItsStepIsClosedAsFailedWithoutIt) {
  MonitoredSession& session = rig.open();
  publish(*session.next());
  session.fail(Error(StatusCode::data_loss, "the caller's"));
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(session.outcome().error.message(), "the caller's");
  EXPECT_EQ(session.outcome().runs, 0);
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "error 0", "cleanup"));
}

TEST_P(InlineStepOf, InputThatEndsWithAnErrorOfTheCallerEndsItsStepUncounted) {
  MonitoredSession& session = rig.open();
  publish(*session.next());
  publish(*session.next());
  session.fail(Error(StatusCode::out_of_range, "no more lines"));
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::end_of_input);
  EXPECT_EQ(session.outcome().runs, 1);
}

TEST_P(InlineStepOf, OtherSessionsInTheBodyLeaveTheStepAlone) {
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  {
    Traced inner;
    MonitoredSession& other = inner.open();
    InlineStep* const its_step = other.next();
    its_step->fail(StatusCode::unavailable, "for a while");
    EXPECT_EQ(other.next()->attempt(), 2);
    other.close();
  }
  LoopRig ordinary;
  const auto runs = ordinary.start();
  runs->run();
  runs->close();
  publish(*step);
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "after 1", "end 1", "cleanup"));
}

TEST_P(InlineStepOf, JumpOfTheGlobalStepDoesNotMakeALaterStepTheLast) {
  rig.config.add_hook(std::make_shared<StopAtStepHook>(StopAtStepOptions{.last_step = 501}));
  rig.LoopRig::hook(HookOptions{.name = "now and then", .trigger = Trigger::every_steps(402)});
  std::vector<std::int64_t> due;
  rig.LoopRig::hook(HookOptions{.name = "last", .trigger = Trigger::last()})->on_after =
      [&](SessionRunContext& context) { due.push_back(context.global_step()); };
  MonitoredSession& session = rig.open();
  while (InlineStep* step = session.next()) {
    publish(*step);
    if (step->global_step() == 300) step->set_global_step(400);
  }
  EXPECT_THAT(due, ElementsAre(501));
}

TEST_P(InlineStepOf, HookWithATriggerIsCalledInTheStepsInWhichItIsDue) {
  std::vector<std::int64_t> due;
  rig.LoopRig::hook(HookOptions{.trigger = Trigger::every_steps(5)})->on_after = [&](SessionRunContext& context) {
    due.push_back(context.global_step());
  };
  MonitoredSession& session = rig.open();
  for (int i = 0; i < 14; ++i) publish(*session.next());
  session.close();
  EXPECT_THAT(due, ElementsAre(1, 6, 11));
}

TEST_P(InlineStepOf, ClockIsReadOnceForBothHalvesOfAStep) {
  rig.config.clock = std::make_shared<CountingClock>();
  std::vector<std::int64_t> seen;
  rig.hook->on_before = rig.hook->on_after = [&](SessionRunContext& context) { seen.push_back(context.now_ns()); };
  MonitoredSession& session = rig.open();
  for (int i = 0; i < 2; ++i) {
    publish(*session.begin_step());
    session.end_step();
  }
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_LT(seen[1], seen[2]);
  EXPECT_EQ(seen[2], seen[3]);
}

INSTANTIATE_TEST_SUITE_P(Loop, InlineStepOf, testing::Bool(),
                         [](const auto& trial) { return trial.param ? "ThatIsAskedForAnOutput" : "TheFastPath"; });

TEST(InlineLoop, SkippedStepsAreOverBeforeNextReturns) {
  Traced rig;
  rig.hook->on_before = [&](SessionRunContext& context) {
    rig.add("before", context.global_step(), 1);
    if (rig.trace.size() < 6) context.skip_step();
  };
  MonitoredSession& session = rig.open();
  ASSERT_NE(session.next(), nullptr);
  EXPECT_THAT(rig.trace, ElementsAre("begin", "create", "before 0", "error 0", "before 0", "error 0", "before 0"));
}

TEST(InlineLoop, WhatTheBodyPublishesIsWhatHooksFetch) {
  Traced rig;
  double seen = 0;
  auto reader = rig.LoopRig::hook(HookOptions{.name = "reader"});
  reader->on_before = ask;
  reader->on_after = [&](SessionRunContext& context) { seen = context.values()->results().value("loss").to_double(); };
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  EXPECT_TRUE(step->wanted("loss"));
  EXPECT_FALSE(step->wanted("other"));
  step->set("loss", 0.25);
  step->set("other", 1);
  session.close();
  EXPECT_EQ(seen, 0.25);
}

TEST(InlineLoop, FetchedButNotPublishedNamesWhatWasPublished) {
  Traced rig;
  rig.LoopRig::hook(HookOptions{.name = "reader"})->on_before = ask;
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  step->set("residual", 1.0);
  step->set("energy", 2.0);
  EXPECT_STATUS(session.end_step(), not_found,
                "'loss' is fetched, but the step has not published it; it has published 'residual', 'energy'");
}

TEST(InlineLoop, WithDeclaredNamesOthersAreNotFound) {
  Traced rig(InlineOptions{.outputs = std::vector<std::string>{"loss"}, .inputs = std::vector<std::string>{"rate"}});
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  step->set("loss", 1.0);
  EXPECT_STATUS(step->set("los", 1.0), not_found, "'los' is not an output");
  EXPECT_STATUS(session.session()->resolve("x"), not_found, "'x'");
}

TEST(InlineLoop, FedValuesReachTheBody) {
  Traced rig;
  rig.hook->on_before = [](SessionRunContext& context) { context.add_feed("rate", Value::scalar(0.125)); };
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  ASSERT_NE(step->input("rate"), nullptr);
  EXPECT_EQ(step->input("rate")->to_double(), 0.125);
  EXPECT_EQ(step->input("loss"), nullptr);
}

TEST(InlineLoop, RunsOfAnInlineSessionAreRefusedByName) {
  Traced rig;
  MonitoredSession& session = rig.open();
  EXPECT_STATUS(session.run(), failed_precondition, "use next()");
  EXPECT_STATUS(session.run_until_stop(), failed_precondition, "use next()");
  EXPECT_STATUS(session.run_step_fn([](StepContext&) {}), failed_precondition, "use next()");
  session.next();
  EXPECT_STATUS(session.run(), reentrant, "step 1 is open");
  EXPECT_STATUS(session.begin_step(), reentrant, "step 1 is open");
  session.close();
  EXPECT_STATUS(session.run(), closed, "closed");
  EXPECT_STATUS(session.next(), closed, "closed");
  EXPECT_STATUS(session.begin_step(), closed, "closed");
}

TEST(InlineLoop, NextOfASessionThatMakesItsStepsIsRefused) {
  LoopRig rig;
  const auto session = rig.start();
  EXPECT_STATUS(session->next(), failed_precondition, "use run()");
  EXPECT_STATUS(session->begin_step(), failed_precondition, "use run()");
  EXPECT_STATUS(session->end_step(), failed_precondition, "use run()");
}

TEST(InlineLoop, NextInACallbackIsReentrant) {
  Traced rig;
  Error inside;
  rig.hook->on_after = [&](SessionRunContext&) { inside = runhook_test::error_of([&] { rig.session->next(); }); };
  rig.open().next();
  rig.session->next();
  EXPECT_EQ(inside.code(), StatusCode::reentrant);
}

TEST(InlineLoop, HalvesMayBeCalledByDifferentThreads) {
  Traced rig;
  MonitoredSession& session = rig.open();
  InlineStep* step = session.begin_step();
  std::thread([&] {
    step->set("loss", 1.0);
    session.end_step();
    step = session.begin_step();
  }).join();
  EXPECT_EQ(step->global_step(), 1);
  session.end_step();
  EXPECT_EQ(session.global_step(), 2);
}

TEST(InlineLoop, ArgsOfAStepAreKeptUntilItsEnd) {
  Traced rig;
  std::string fed;
  rig.hook->on_after = [&](SessionRunContext& context) { fed = context.original_args().feeds.at(0).name; };
  MonitoredSession& session = rig.open();
  {
    SessionRunArgs args;
    args.feeds.push_back({"rate", Value::scalar(1.0)});
    EXPECT_NE(session.begin_step(args)->input("rate"), nullptr);
  }
  session.end_step();
  EXPECT_EQ(fed, "rate");
}

TEST(InlineLoop, UrgentStopIsSeenByTheBodyAndTheStepCompletes) {
  Traced rig;
  MonitoredSession& session = rig.open();
  InlineStep* const step = session.next();
  EXPECT_FALSE(step->cancel_requested());
  std::thread([&] { session.request_stop(0, "now", StopUrgency::now); }).join();
  EXPECT_TRUE(step->cancel_requested());
  EXPECT_EQ(session.next(), nullptr);
  EXPECT_EQ(session.global_step(), 1);
  EXPECT_THAT(rig.trace, testing::Contains("after 1"));
}

TEST(InlineLoop, BodyThatTakesLongerThanTheTimeOutIsTooLate) {
  Traced rig;
  rig.hook->on_before = [](SessionRunContext& context) {
    RunOptions options;
    options.timeout_ns = 1'000'000;
    context.add_options(options);
  };
  MonitoredSession& session = rig.open();
  session.next();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_STATUS(session.next(), deadline_exceeded, "more than 1 ms");
}

TEST(InlineLoop, RawSessionCannotBeRun) {
  Traced rig;
  MonitoredSession& session = rig.open();
  EXPECT_STATUS(run_session(*session.session(), SessionRunArgs()), failed_precondition, "next()");
}

TEST(InlineLoop, FiguresThatMakeNoSenseAreRefused) {
  EXPECT_STATUS(inline_session_creator({.initial_step = -1}), invalid_argument, "initial_step");
  EXPECT_STATUS(inline_session_creator({.max_steps = -1}), invalid_argument, "max_steps");
  EXPECT_STATUS(inline_session_creator({.outputs = std::vector<std::string>{"a", "a"}}), already_exists, "'a'");
}

}  // namespace
}  // namespace runhook
