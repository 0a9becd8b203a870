// The hook that leaves a page behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "folder.hpp"
#include "runhook/hooks/report.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kSecond = 1'000'000'000;

// Knows "loss", which goes down with every step, and "text", which is no number.
class LossSession final : public Session {
 public:
  NodeId resolve(std::string_view name) override {
    if (name == "loss") return 0;
    if (name == "text") return 1;
    fail(StatusCode::not_found, "there is no such node");
  }
  void run(SessionStep& step) override {
    ++steps;
    for (std::size_t i = 0; i < step.fetches.size(); ++i) {
      step.results[i] = step.fetches[i] == 0 ? Value::scalar(1.0 / steps) : Value::string("words");
    }
    fetched += static_cast<int>(step.fetches.size());
    if (on_run) on_run();
  }
  int steps = 0;
  int fetched = 0;
  std::function<void()> on_run;
};

class ReportHookTest : public testing::Test {
 protected:
  ReportHookTest() {
    rig.config.clock = clock;
    rig.make = [this] { return session; };
  }
  std::string path() const { return folder.file("run/report.html"); }
  std::string page() const { return content(path()); }
  ReportOptions options(std::vector<std::string> metrics = {"loss"}) const {
    return {.path = path(), .title = "A test", .metrics = std::move(metrics), .interval = 0s};
  }
  // Until the page holds `text`: it is written by another thread.
  void wait_for(std::string_view text) const {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (page().find(text) == std::string::npos) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "the page is: " << page();
      std::this_thread::sleep_for(2ms);
    }
  }

  LoopRig rig;
  const Folder folder;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<LossSession> session = std::make_shared<LossSession>();
};

TEST_F(ReportHookTest, ValueThatIsFetchedAndLoggedCountsOnceInAStep) {
  rig.config.add_hook(ReportHook::make(options()));
  rig.config.set_inline();
  MonitoredSession run(rig.config);
  for (InlineStep& step : run.steps()) {
    step.log_scalar("loss", 0.5);
    if (step.global_step() == 6) break;
  }
  run.close();
  EXPECT_THAT(page(), testing::ContainsRegex("<th scope=\"row\">loss</th>.*<td>7</td></tr>"));
}

TEST_F(ReportHookTest, LastStepIsDrawnThoughTheHookWasNotDue) {
  ReportOptions wanted = options();
  wanted.interval = 100s;
  rig.config.add_hook(ReportHook::make(wanted));
  rig.hook({.fetches = {"loss"}});
  const auto run = rig.start();
  for (int i = 0; i < 4; ++i) run->run();
  run->close();
  EXPECT_THAT(page(), HasSubstr("<tr><th scope=\"row\">4</th><td>0.25</td></tr>"));
}

TEST_F(ReportHookTest, StoppedRunLeavesAPageThatSaysWhoAskedAndWhy) {
  session->on_run = [this] { clock->advance(2 * kSecond); };
  ReportOptions wanted = options();
  wanted.facts = {{"Machine", "node-17"}};
  rig.config.add_hook(ReportHook::make(wanted));
  auto stopper = rig.hook({.name = "the stopper"});
  stopper->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 4) context.request_stop(0, "it was enough");
  };
  const auto run = rig.start();
  run->run_until_stop();
  run->request_stop(0, "once more");
  run->close();
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("<h1>A test</h1>"));
  EXPECT_THAT(text, HasSubstr("by <bdi>hook &#39;the stopper&#39;</bdi> at step 4: <bdi>it was enough</bdi>"));
  EXPECT_THAT(text, HasSubstr("once more"));
  EXPECT_THAT(text, HasSubstr("<dt>Duration</dt><dd>8 s</dd>"));
  EXPECT_THAT(text, HasSubstr("<tr><th scope=\"row\">4</th><td>0.25</td></tr>"));
  EXPECT_THAT(text, HasSubstr("<dt>Machine</dt><dd>node-17</dd>"));
  EXPECT_THAT(text, HasSubstr("Written by runhook 1."));
  EXPECT_THAT(text, HasSubstr("Distribution of step times"));
  EXPECT_THAT(text, HasSubstr("<th scope=\"row\">the stopper<")) << "the time of each hook";
  EXPECT_EQ(run->outcome().warnings, 0);
}

TEST_F(ReportHookTest, FailedRunLeavesAPageWithTheError) {
  session->on_run = [this] {
    if (session->steps == 3) fail(StatusCode::data_loss, "bad sector");
  };
  rig.config.add_hook(ReportHook::make(options()));
  const auto run = rig.start();
  EXPECT_STATUS(run->run_until_stop(), data_loss, "bad sector");
  EXPECT_STATUS(run->close(), ok, "");
  EXPECT_THAT(page(), HasSubstr("<strong>Failed</strong>"));
  EXPECT_THAT(page(), HasSubstr("bad sector"));
  EXPECT_THAT(page(), HasSubstr("<th scope=\"row\">2</th>")) << "what was seen before";
}

TEST_F(ReportHookTest, PageIsThereWhileTheRunGoesOnAndIsRefreshed) {
  ReportOptions wanted = options();
  wanted.refresh = 10s;
  rig.config.add_hook(ReportHook::make(wanted));
  const auto run = rig.start();
  run->run();
  wait_for("<strong>Running</strong> at step 1 ");
  run->run();
  clock->advance(10 * kSecond);
  run->run();
  wait_for("<strong>Running</strong> at step 3 ");
  run->close();
  EXPECT_THAT(page(), HasSubstr("<strong>Completed</strong> at step 3"));
}

TEST_F(ReportHookTest, InTheBeginningThePageIsRefreshedMoreOften) {
  ReportOptions wanted = options();
  wanted.refresh = 30s;
  rig.config.add_hook(ReportHook::make(wanted));
  const auto run = rig.start();
  run->run();
  const auto pass = [&](std::int64_t seconds) {
    clock->advance(seconds * kSecond);
    run->run();
  };
  pass(1);
  wait_for("<strong>Running</strong> at step 2 ");
  pass(1);
  wait_for("<strong>Running</strong> at step 3 ");
  pass(1);
  pass(1);
  wait_for("<strong>Running</strong> at step 5 ");
  pass(40);
  wait_for("<strong>Running</strong> at step 6 ");
  pass(29);
  pass(1);
  wait_for("<strong>Running</strong> at step 8 ");
}

TEST_F(ReportHookTest, WithoutRefreshThereIsAPageAtTheEndOnly) {
  ReportOptions wanted = options();
  wanted.refresh = 0s;
  rig.config.add_hook(ReportHook::make(wanted));
  const auto run = rig.start();
  for (int i = 0; i < 3; ++i) {
    run->run();
    clock->advance(1000 * kSecond);
  }
  EXPECT_FALSE(std::filesystem::exists(path()));
  run->close();
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ReportHookTest, MetricsAreFetchedAtTheIntervalAndInTheLastRun) {
  session->on_run = [this] { clock->advance(kSecond); };
  ReportOptions wanted = options();
  wanted.interval = 10s;
  rig.config.add_hook(ReportHook::make(wanted));
  const auto run = rig.start();
  run->run_until_stop(no_args, 25);
  run->close();
  EXPECT_EQ(session->fetched, 4) << "in runs 1, 11, 21 and 25";
  EXPECT_THAT(page(), HasSubstr("<tr><th scope=\"row\">25</th>"));
}

TEST_F(ReportHookTest, NamesThatAreNotKnownAreOneWarningEachAndOthersAreDrawn) {
  rig.config.add_hook(ReportHook::make(options({"losss", "loss", "accuracy"})));
  const auto run = rig.start();
  run->run_until_stop(no_args, 10);
  run->close();
  EXPECT_EQ(run->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(run->outcome().warnings, 2);
  EXPECT_THAT(page(), HasSubstr("<h3>loss</h3>"));
  EXPECT_THAT(page(), HasSubstr("losss"));
  EXPECT_THAT(page(), HasSubstr("accuracy"));
}

TEST_F(ReportHookTest, WhatIsNoNumberIsOneWarning) {
  rig.config.add_hook(ReportHook::make(options({"text", "loss"})));
  const auto run = rig.start();
  run->run_until_stop(no_args, 10);
  run->close();
  EXPECT_EQ(run->outcome().warnings, 1);
  EXPECT_THAT(run->outcome().first_warning.message(), HasSubstr("'text' cannot be drawn"));
  EXPECT_EQ(run->outcome().first_warning.hook(), "report");
  EXPECT_THAT(page(), HasSubstr("<h3>loss</h3>"));
}

TEST_F(ReportHookTest, AMetricNamedTwiceIsDrawnOnce) {
  rig.config.add_hook(ReportHook::make(options({"loss", "loss"})));
  const auto run = rig.start();
  run->run();
  run->close();
  EXPECT_EQ(run->outcome().warnings, 0);
  EXPECT_THAT(page(), HasSubstr("1 metric; each"));
}

TEST_F(ReportHookTest, FileThatCannotBeWrittenIsAWarning) {
  ReportOptions wanted = options();
  wanted.path = "/proc/no/such/report.html";
  rig.config.add_hook(ReportHook::make(wanted));
  const auto run = rig.start();
  run->run_until_stop(no_args, 3);
  run->close();
  EXPECT_EQ(run->outcome().kind, OutcomeKind::completed);
  EXPECT_GE(run->outcome().warnings, 1);
  EXPECT_EQ(run->outcome().first_warning.hook(), "report");
}

TEST_F(ReportHookTest, WarningsOfOtherHooksAreOnThePageUpToTheirCleanup) {
  rig.config.add_hook(ReportHook::make(options()));
  auto other = rig.hook({.name = "other"});
  int warned = 0;
  other->on_after = [&warned](SessionRunContext& context) {
    context.warn(Error(StatusCode::unavailable, "warning " + std::to_string(++warned) + "."));
  };
  other->on_cleanup = [&](SessionRunContext& context, const Outcome&) {
    context.warn(Error(StatusCode::unavailable, "the very last one"));
  };
  const auto run = rig.start();
  run->run_until_stop(no_args, 3);
  run->close();
  for (const char* text : {"warning 1.", "warning 2.", "warning 3.", "the very last one"}) {
    EXPECT_THAT(page(), HasSubstr(text));
  }
  EXPECT_EQ(run->outcome().first_warnings[3].message(), "the very last one");
}

TEST_F(ReportHookTest, OfManyWarningsTheFirstAreKeptAndAllAreCounted) {
  rig.config.add_hook(ReportHook::make(options()));
  auto other = rig.hook();
  other->on_after = [](SessionRunContext& context) {
    context.warn(Error(StatusCode::unavailable, "warning " + std::to_string(context.global_step()) + "."));
  };
  const auto run = rig.start();
  run->run_until_stop(no_args, 20);
  run->close();
  EXPECT_THAT(page(), HasSubstr("20 in all; the first 16 of them"));
  EXPECT_THAT(page(), HasSubstr("warning 16."));
  EXPECT_THAT(page(), Not(HasSubstr("warning 17.")));
  EXPECT_EQ(run->outcome().first_warnings.back().message(), "warning 16.");
}

TEST_F(ReportHookTest, EqualWarningsAreFoldedWithTheirNumber) {
  rig.config.add_hook(ReportHook::make(options()));
  rig.hook({.name = "writer"})->on_after = [](SessionRunContext& context) {
    context.warn(Error(StatusCode::unavailable, "disk full"));
    if (context.global_step() == 40) context.warn(Error(StatusCode::unavailable, "and something else"));
  };
  const auto run = rig.start();
  run->run_until_stop(no_args, 40);
  run->close();
  EXPECT_THAT(page(), HasSubstr("<b>40 times, last at step 40</b>"));
  EXPECT_THAT(page(), HasSubstr("and something else")) << "of which there is no room in the outcome";
}

TEST_F(ReportHookTest, SpeedIsDrawnOverTheRunWithWhatHappened) {
  session->on_run = [this] {
    clock->advance(session->steps > 10 ? 500'000'000 : 100'000'000);
    if (session->steps == 15) fail(StatusCode::unavailable, "preempted");
  };
  rig.config.recovery.initial_backoff_ns = 3 * kSecond;
  rig.config.recovery.jitter = 0;
  rig.config.add_hook(ReportHook::make(options()));
  const auto run = rig.start();
  run->run_until_stop(no_args, 20);
  run->close();
  EXPECT_THAT(page(), HasSubstr("id=\"speed\">Steps per second"));
  EXPECT_THAT(page(), HasSubstr("<dt>fastest</dt><dd>10</dd>"));
  EXPECT_THAT(page(), HasSubstr("<dt>slowest</dt><dd>0.25</dd>")) << "a step in the recovery and the time of two";
  EXPECT_THAT(page(), HasSubstr("<b class=\"m1\">recovery</b>: UNAVAILABLE"));
  EXPECT_THAT(page(), HasSubstr("<td>3 s</td>"));
}

TEST_F(ReportHookTest, StepsThatAreFasterThanCanBeSampledAreSampledTogether) {
  session->on_run = [this] { clock->advance(1'000'000); };
  rig.config.add_hook(ReportHook::make(options()));
  const auto run = rig.start();
  run->run_until_stop(no_args, 200);
  run->close();
  EXPECT_THAT(page(), HasSubstr("Steps per second: all values"));
  EXPECT_THAT(page(), HasSubstr("<tr><th scope=\"row\">50 ms</th><td>1,000</td></tr>"));
}

TEST_F(ReportHookTest, CommandAndFilesBesideItAreOnThePage) {
  std::filesystem::create_directories(folder.file("run"));
  std::ofstream(folder.file("run/metrics.jsonl")) << "{}";
  rig.config.add_hook(ReportHook::make(options()));
  rig.start()->close();
  EXPECT_THAT(page(), HasSubstr("report_hook_test"));
  EXPECT_THAT(page(), HasSubstr("process " + std::to_string(getpid())));
  EXPECT_THAT(page(), HasSubstr("<a href=\"metrics.jsonl\">"));
}

TEST_F(ReportHookTest, InASecondSessionItBeginsAnew) {
  const HookRegistration hook = ReportHook::make(options());
  rig.config.add_hook(hook);
  auto run = rig.start();
  run->run_until_stop(no_args, 3);
  run->close();
  run.reset();
  session = std::make_shared<LossSession>();
  run = rig.start();
  run->run_until_stop(no_args, 2);
  run->close();
  EXPECT_THAT(page(), HasSubstr("<strong>Completed</strong> at step 2"));
  EXPECT_THAT(page(), Not(HasSubstr("<th scope=\"row\">3</th>")));
}

TEST_F(ReportHookTest, RunThatNeverGetsASessionLeavesAPageToo) {
  rig.make = []() -> std::shared_ptr<Session> { fail(StatusCode::internal, "no engine"); };
  rig.config.add_hook(ReportHook::make(options()));
  EXPECT_STATUS(rig.start(), internal, "no engine");
  EXPECT_THAT(page(), HasSubstr("no engine"));
}

TEST_F(ReportHookTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_STATUS(ReportHook({}), invalid_argument, "no path");
  EXPECT_STATUS(ReportHook({.path = "x", .metrics = {""}}), invalid_argument, "no name");
  EXPECT_STATUS(ReportHook({.path = "x", .interval = -1s}), invalid_argument, "interval");
  EXPECT_STATUS(ReportHook({.path = "x", .refresh = -1s}), invalid_argument, "refresh");
}

}  // namespace
}  // namespace runhook
