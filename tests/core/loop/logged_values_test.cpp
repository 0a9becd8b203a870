// Values that are logged: when they go out, with which step, and to whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop/listening.hpp"
#include "core/loop_rig.hpp"
#include "folder.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/report.hpp"
#include "runhook/inline_step.hpp"

namespace runhook {
namespace {

using runhook_test::fail;
using runhook_test::Folder;
using runhook_test::Listening;
using runhook_test::Logging;
using runhook_test::LoopRig;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(LoggedValues, GoOutWhenTheStepIsCompletedWithTheStepThatItReaches) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep* step = session.next();
  step->log_scalar("loss", 0.5);
  step->log_int64("batch", 32);
  step->log_text("phase", "warm-up");
  EXPECT_THAT(rig.listening->heard, IsEmpty());
  step = session.next();
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=0.5@1", "batch=32@1", "phase='warm-up'@1"));
  step->log_scalar("loss", 0.25);
  session.close();
  EXPECT_EQ(rig.listening->heard.back(), "loss=0.25@2");
}

TEST(LoggedValues, OfOneNameInAStepTheLastCounts) {
  Logging rig;
  rig.hook()->on_after = [](SessionRunContext& context) { context.log_scalar("loss", 3); };
  MonitoredSession& session = rig.open_inline();
  InlineStep* const step = session.next();
  step->log_scalar("loss", 1);
  step->log_scalar("loss", 2);
  session.end_step();
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=3@1"));
}

TEST(LoggedValues, OfARecoveredAttemptAreDropped) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep* step = session.next();
  step->log_scalar("loss", 1);
  step->fail(StatusCode::aborted, "once");
  step = session.next();
  EXPECT_THAT(rig.listening->heard, IsEmpty());
  step->log_scalar("loss", 2);
  session.end_step();
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=2@1"));
}

TEST(LoggedValues, OfAStepThatFailsForGoodAreMarked) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  session.next();
  InlineStep* const step = session.next();
  step->log_scalar("loss", std::numeric_limits<double>::quiet_NaN());
  step->fail(StatusCode::internal, "diverged");
  EXPECT_STATUS(session.end_step(), internal, "diverged");
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=nan@2!"));
}

TEST(LoggedValues, OfSkippedDiscardedAndAbandonedStepsGoNowhere) {
  Logging rig;
  const auto hook = rig.hook();
  int runs = 0;
  hook->on_before = [&](SessionRunContext& context) {
    context.log_scalar("loss", ++runs);
    if (runs == 1) context.skip_step();
  };
  hook->on_after = [&](SessionRunContext& context) {
    if (runs == 2) context.discard_result();
  };
  MonitoredSession& session = rig.open_inline();
  session.next();  // skips the first, and opens the second, whose result is discarded
  InlineStep* const third = session.next();
  third->abandon();
  EXPECT_THAT(rig.listening->heard, IsEmpty());
}

TEST(LoggedValues, OutsideOfStepsAreOfThePresentOne) {
  Logging rig;
  const auto hook = rig.hook();
  const auto log = [](SessionRunContext& context) { context.log_int64(context.callback_name(), 1); };
  hook->on_begin = log;
  hook->on_create = log;
  hook->on_end = log;
  MonitoredSession& session = rig.open_inline();
  session.next();
  session.close();
  EXPECT_THAT(rig.listening->heard, ElementsAre("begin=1@0", "after_create_session=1@0", "end=1@1"));
}

TEST(LoggedValues, AreRefusedWhereNobodyIsLeftToGetThem) {
  Logging rig;
  rig.listening->subscribes = true;
  const auto hook = rig.hook();
  Error in_cleanup;
  Error in_on_values;
  hook->on_before = [](SessionRunContext& context) { context.log_int64("n", 1); };
  hook->on_cleanup = [&](SessionRunContext& context, const Outcome&) {
    in_cleanup = runhook_test::error_of([&] { context.log_scalar("late", 1); });
  };
  MonitoredSession& session = rig.open_inline();
  rig.listening->on_told = [&] { in_on_values = runhook_test::error_of([&] { session.next(); }); };
  session.next();
  session.close();
  EXPECT_EQ(in_cleanup.code(), StatusCode::failed_precondition);
  EXPECT_EQ(in_on_values.code(), StatusCode::reentrant);
}

TEST(LoggedValues, ReachSubscribersOncePerStepAndOnlyWhenTheyAreDue) {
  LoopRig rig;
  const auto always = std::make_shared<Listening>();
  const auto second = std::make_shared<Listening>();
  always->subscribes = second->subscribes = true;
  rig.config.add_hook(always);
  rig.config.add_hook(second, HookOptions{.trigger = Trigger::every_steps(2)});
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  for (InlineStep& step : session.steps()) {
    if (step.global_step() != 1) step.log_int64("n", step.global_step());
    if (step.global_step() == 3) break;
  }
  session.close();
  EXPECT_THAT(always->told, ElementsAre("n=0@1", "n=2@3", "n=3@4"));
  EXPECT_THAT(second->told, ElementsAre("n=0@1", "n=2@3"));
  EXPECT_THAT(second->heard, ElementsAre("n=0@1", "n=2@3", "n=3@4"));
}

TEST(LoggedValues, FailureOfASubscriberFailsTheStep) {
  Logging rig;
  rig.listening->subscribes = true;
  rig.listening->on_told = [] { fail(StatusCode::internal, "no more room"); };
  MonitoredSession& session = rig.open_inline();
  session.next()->log_int64("n", 1);
  const Error error = runhook_test::error_of([&] { session.end_step(); });
  EXPECT_EQ(error.code(), StatusCode::internal);
  EXPECT_EQ(error.callback(), "on_values");
  EXPECT_EQ(error.hook(), "listening");
}

TEST(LoggedValues, FailureOfAnOutputIsAWarningAndFailsNoCall) {
  struct Failing final : SessionRunHook, ValueListener {
    void on_logged(SessionRunContext&, std::span<const LoggedValue>) override { fail(StatusCode::data_loss, "full"); }
    ValueListener* value_listener() noexcept override { return this; }
  };
  Logging rig;
  rig.config.hooks.insert(rig.config.hooks.begin(), HookRegistration{std::make_shared<Failing>(), {}});
  MonitoredSession& session = rig.open_inline();
  session.next()->log_int64("n", 1);
  session.close();
  EXPECT_THAT(rig.listening->heard, ElementsAre("n=1@1"));
  EXPECT_EQ(session.outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session.outcome().warnings, 1U);
}

TEST(LoggedValues, NamesThatCannotBeAreRefused) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep& step = *session.next();
  EXPECT_STATUS(step.log_scalar("", 1), invalid_argument, "no name");
  EXPECT_STATUS(step.log_scalar(std::string(256, 'x'), 1), invalid_argument, "256 bytes");
  EXPECT_STATUS(step.log_scalar("a\nb", 1), invalid_argument, "control character");
  EXPECT_STATUS(step.log_scalar("\xff", 1), invalid_argument, "not UTF-8");
  for (const char* taken : {"step", "wall_time", "elapsed", "session", "attempt"}) {
    EXPECT_STATUS(step.log_scalar(taken, 1), invalid_argument, "every row has");
  }
  step.log_scalar(std::string(255, 'x'), 1);
  step.log_scalar("loss", 1);
  EXPECT_STATUS(step.log_text("loss", "low"), invalid_argument,
                "'loss' has been logged as a number before and cannot be a text");
  EXPECT_STATUS(step.log_text("note", "\xff"), invalid_argument, "not UTF-8");
}

TEST(LoggedValues, WithoutAnyoneWhoListensAreCheckedAndForgotten) {
  LoopRig rig;
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  InlineStep& step = *session.next();
  step.log_scalar("loss", 1);
  EXPECT_STATUS(step.log_scalar("", 1), invalid_argument, "no name");
  session.close();
}

TEST(LoggedValues, AreWhatHooksFetchUnderTheSameName) {
  Logging rig;
  double seen = 0;
  const auto reader = rig.hook();
  reader->on_before = [](SessionRunContext& context) { context.add_fetch("loss", "loss"); };
  reader->on_after = [&](SessionRunContext& context) { seen = context.values()->results().to_double("loss"); };
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 0.125);
  session.close();
  EXPECT_EQ(seen, 0.125);
}

TEST(LoggedValues, OfTheFunctionOfASessionGoOutWithItsStep) {
  Logging rig;
  rig.step = [](Step& step) { step.log_scalar("loss", 2); };
  const auto session = rig.start();
  session->run_until_stop(no_args, 2);
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=2@1", "loss=2@2"));
}

TEST(LoggedValues, OfAStepFunctionGoOutWhenItHasReturned) {
  Logging rig;
  const auto session = rig.start();
  session->run_step_fn([](StepContext& context) {
    context.run_with_hooks();
    context.run_context().log_scalar("after", 1);
  });
  EXPECT_THAT(rig.listening->heard, ElementsAre("after=1@1"));
}

TEST(LoggedValues, CannotBeLoggedByAnOutputThatIsToldOfThem) {
  Logging rig;
  rig.listening->on_heard = [](SessionRunContext& context) { context.log_scalar("more", 1); };
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 1);
  session.close();
  EXPECT_EQ(rig.logged("values cannot be logged in on_logged"), 1);
}

TEST(LoggedValues, ReachOutputsOnceIfASubscriberHasTheStepMadeAgain) {
  Logging rig;
  rig.listening->subscribes = true;
  int told = 0;
  rig.listening->on_told = [&] {
    if (++told == 1) fail(StatusCode::aborted);
  };
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 1);
  session.next()->log_scalar("loss", 2);
  session.close();
  EXPECT_EQ(told, 2);
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=2@1"));
}

TEST(LoggedValues, OfAStepInWhichTheCallerFailsTheRunAreMarked) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 1);
  session.fail(Error(StatusCode::internal, "outside"));
  runhook_test::error_of([&] { session.close(); });
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@1!"));
}

TEST(LoggedValues, OfAFailedStepHaveTheStepThatItsBodyHasSet) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep& step = *session.next();
  step.log_scalar("loss", 1);
  step.set_global_step(100);
  step.fail(StatusCode::internal, "diverged");
  EXPECT_STATUS(session.end_step(), internal, "diverged");
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@100!"));
}

TEST(LoggedValues, OfAStepThatIsOverAreRefused) {
  Logging rig;
  MonitoredSession& session = rig.open_inline();
  InlineStep& step = *session.next();
  session.end_step();
  EXPECT_STATUS(step.log_scalar("loss", 1), failed_precondition, "no step is open");
}

TEST(LoggedValues, AreNotToldToAnOutputThatItsStepHasDisabled) {
  struct Fragile final : SessionRunHook, ValueListener {
    int told = 0;
    void after_run(SessionRunContext&, const SessionRunValues&) override { fail(StatusCode::internal); }
    void on_logged(SessionRunContext&, std::span<const LoggedValue>) override { ++told; }
    ValueListener* value_listener() noexcept override { return this; }
  };
  Logging rig;
  const auto fragile = std::make_shared<Fragile>();
  rig.config.add_hook(fragile, HookOptions{.failure_policy = FailurePolicy::disable, .max_failures = 1});
  MonitoredSession& session = rig.open_inline();
  session.next()->log_scalar("loss", 1);
  session.close();
  EXPECT_EQ(fragile->told, 0);
  EXPECT_THAT(rig.listening->heard, ElementsAre("loss=1@1"));
}

TEST(LoggedValues, OfARunThatAStepFunctionHasCaughtAreForgotten) {
  Logging rig;
  int runs = 0;
  rig.hook()->on_after = [&](SessionRunContext& context) {
    context.log_int64("run", ++runs);
    if (runs == 1) fail(StatusCode::internal);
  };
  const auto session = rig.start();
  session->run_step_fn([](StepContext& context) {
    runhook_test::error_of([&] { context.run_with_hooks(); });
    context.run_with_hooks();
  });
  EXPECT_THAT(rig.listening->heard, ElementsAre("run=2@1"));
}

// What the outputs make of them.

TEST(LoggedValues, AreRowsOfTheirOwnStepsInMetrics) {
  const Folder folder;
  LoopRig rig;
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true, .every_n_steps = 4}));
  rig.config.set_inline();
  {
    MonitoredSession session(rig.config);
    for (InlineStep& step : session.steps()) {
      const auto number = step.global_step();
      step.log_int64("dense", number);
      if (number == 2) step.log_scalar("rare", 0.5);
      if (number == 6) step.log_scalar("rare", 0.75);
      if (number == 9) break;
    }
    session.close();
  }
  std::vector<std::string> rows;
  std::istringstream lines(runhook_test::content(folder.file("m.jsonl")));
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"event\":\"start\"") != std::string::npos) continue;
    const auto begin = line.find("\"wall_time\"");
    const auto end = line.find(',', line.find("\"attempt\""));
    rows.push_back(line.substr(0, begin) + line.substr(end + 1));
  }
  EXPECT_THAT(rows,
              ElementsAre(R"({"step":1,"dense":0})", R"({"step":3,"dense":2,"rare":0.5})", R"({"step":5,"dense":4})",
                          R"({"step":7,"rare":0.75})", R"({"step":9,"dense":8})", R"({"step":10,"dense":9})"));
}

TEST(LoggedValues, ShareTheRowOfWhatWasFetchedInTheirStep) {
  const Folder folder;
  LoopRig rig;
  rig.config.add_hook(MetricsHook::make(
      {.path = folder.file("m.csv"), .format = MetricsFormat::csv, .names = {"loss"}, .logged_columns = {"accuracy"}}));
  rig.hook()->on_after = [](SessionRunContext& context) {
    if (context.global_step() != 2) context.log_scalar("accuracy", 0.5);
  };
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  for (InlineStep& step : session.steps()) {
    step.set("loss", static_cast<double>(step.global_step()));
    if (step.global_step() == 2) break;
  }
  session.close();
  std::vector<std::string> rows;
  std::istringstream lines(runhook_test::content(folder.file("m.csv")));
  for (std::string line; std::getline(lines, line);) {
    std::size_t at = 0;
    std::vector<std::string> fields;
    while (at <= line.size()) {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      fields.push_back(line.substr(at, comma - at));
      at = comma + 1;
    }
    rows.push_back(fields[0] + "," + fields[6] + "," + fields[7]);
  }
  EXPECT_THAT(rows, ElementsAre("step,loss,accuracy", "0,,", "1,0.0,0.5", "2,1.0,", "3,2.0,0.5"));
}

TEST(LoggedValues, WithoutAColumnGetOneAndNoRowIsLost) {
  const Folder folder;
  LoopRig rig;
  rig.config.add_hook(
      MetricsHook::make({.path = folder.file("m.csv"), .format = MetricsFormat::csv, .only_logged = true}));
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  session.next()->log_scalar("a", 1);
  session.next()->log_scalar("b, c", 2);
  session.close();
  EXPECT_EQ(session.outcome().warnings, 0);
  std::vector<std::string> rows;
  std::istringstream lines(runhook_test::content(folder.file("m.csv")));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find(rows.empty() ? ",event" : ",1,");
    rows.push_back(line.substr(0, line.find(',')) + line.substr(begin));
  }
  EXPECT_THAT(rows, ElementsAre("step,event,a,\"b, c\"", "0,1,start,,", "1,1,,1.0,", "2,1,,,2.0"));
}

TEST(LoggedValues, OfAFailedStepAreInARowThatSaysSo) {
  const Folder folder;
  LoopRig rig;
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true}));
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  InlineStep& step = *session.next();
  step.log_scalar("loss", std::numeric_limits<double>::infinity());
  step.fail(StatusCode::internal, "diverged");
  EXPECT_STATUS(session.end_step(), internal, "diverged");
  session.close();
  EXPECT_THAT(runhook_test::content(folder.file("m.jsonl")), HasSubstr(R"("event":"failed","loss":"Infinity"})"));
}

TEST(LoggedValues, AreDrawnInTheReportAndTextsAreShown) {
  const Folder folder;
  LoopRig rig;
  rig.config.add_hook(ReportHook::make({.path = folder.file("r.html")}));
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  for (InlineStep& step : session.steps()) {
    step.log_scalar("test accuracy", 0.5);
    step.log_text("phase", "the last one");
    if (step.global_step() == 5) break;
  }
  session.close();
  const std::string page = runhook_test::content(folder.file("r.html"));
  EXPECT_THAT(page, HasSubstr("test accuracy"));
  EXPECT_THAT(page, HasSubstr("the last one"));
}

TEST(LoggedValues, ArePrintedOnceWithTheirStep) {
  LoopRig rig;
  std::vector<std::string> lines;
  LoggingOptions options;
  options.only_logged = true;
  options.every_n_iter = 3;
  options.log = [&](LogLevel, std::string_view line) { lines.push_back(std::string(line.substr(0, line.find(" (")))); };
  rig.config.add_hook(LoggingHook::make(options));
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  for (InlineStep& step : session.steps()) {
    if (step.global_step() < 3) step.log_int64("n", step.global_step());
    if (step.global_step() == 5) break;
  }
  session.close();
  EXPECT_THAT(lines, ElementsAre("step 1: n = 0", "step 4: n = 2 at step 3"));
}

TEST(LoggedValues, OfAStepThatHasFailedArePrintedAsThatSteps) {
  LoopRig rig;
  std::vector<std::string> lines;
  LoggingOptions options;
  options.only_logged = true;
  options.every_n_iter = 100;
  options.log = [&](LogLevel, std::string_view line) { lines.push_back(std::string(line.substr(0, line.find(" (")))); };
  rig.config.add_hook(LoggingHook::make(options));
  rig.config.set_inline();
  MonitoredSession session(rig.config);
  session.next()->log_int64("n", 7);
  InlineStep* const step = session.next();
  step->log_int64("n", 8);
  step->fail(Error(StatusCode::internal, "broken"));
  EXPECT_STATUS(session.next(), internal, "broken");
  session.close();
  EXPECT_THAT(lines, ElementsAre("step 1: n = 7", "step 2: n = 8"));
}

}  // namespace
}  // namespace runhook
