// What outputs and guards make of values that are logged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "event_file.hpp"
#include "folder.hpp"
#include "runhook/hooks/early_stopping.hpp"
#include "runhook/hooks/logging.hpp"
#include "runhook/hooks/metrics.hpp"
#include "runhook/hooks/nan_guard.hpp"
#include "runhook/hooks/run_record.hpp"
#include "runhook/hooks/summary_saver.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A loop that stays where it is, whose body logs `loss`.
struct LoggedOutputs : testing::Test {
  Outcome log_each(std::vector<double> losses) {
    rig.config.set_inline();
    session = std::make_unique<MonitoredSession>(rig.config);
    std::size_t at = 0;
    while (at < losses.size()) {
      InlineStep* const step = session->next();
      if (step == nullptr) break;
      step->set("loss", 100.0);
      step->log_scalar("loss", losses[at++]);
    }
    session->close();
    return session->outcome();
  }
  std::vector<std::string> rows() const {
    std::vector<std::string> found;
    const std::string text = content(folder.file("m.jsonl"));
    // But for the first, which has no value.
    for (std::size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
      const std::size_t value = text.find("\"loss\":", at) + 7;
      found.push_back(text.substr(at + 8, text.find(',', at) - at - 8) + ": " +
                      text.substr(value, text.find('}', value) - value));
    }
    return found;
  }
  Folder folder;
  LoopRig rig;
  std::unique_ptr<MonitoredSession> session;
};

TEST_F(LoggedOutputs, MetricsThinWhatIsLoggedOftenUnlessAllIsToBeKept) {
  for (const bool keep_all : {false, true}) {
    rig.config.hooks.clear();
    std::remove(folder.file("m.jsonl").c_str());
    rig.config.add_hook(MetricsHook::make(
        {.path = folder.file("m.jsonl"), .only_logged = true, .keep_all = keep_all, .every_n_steps = 1000}));
    log_each({1, 2, 3});
    if (keep_all) {
      EXPECT_THAT(rows(), ElementsAre("1: 1.0", "2: 2.0", "3: 3.0"));
    } else {
      EXPECT_THAT(rows(), ElementsAre("1: 1.0", "3: 3.0"));
    }
  }
}

TEST_F(LoggedOutputs, MetricsKeepAllThatAnotherThreadHasLoggedOfOneName) {
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true, .keep_all = true}));
  rig.config.set_inline();
  MonitoredSession loop(rig.config);
  loop.next();
  for (int step = 10; step < 13; ++step) loop.logger().log_scalar("loss", step, step);
  loop.close();
  EXPECT_THAT(rows(), ElementsAre("10: 10.0", "11: 11.0", "12: 12.0"));
}

TEST_F(LoggedOutputs, ValueOfTheStepItselfIsNotLostToOneThatAnotherThreadHasLogged) {
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true}));
  rig.config.set_inline();
  MonitoredSession loop(rig.config);
  loop.next()->log_scalar("loss", 1);
  loop.next()->log_scalar("loss", 2);
  for (const std::int64_t step : {10, 11, 0}) loop.logger().log_scalar("loss", 100.0 + static_cast<double>(step), step);
  loop.close();
  EXPECT_THAT(rows(), ElementsAre("1: 1.0", "2: 2.0", "10: 110.0", "11: 111.0", "0: 100.0"));
}

TEST_F(LoggedOutputs, OfAnOutputThatIsNotDueTheValueOfTheLatestStepIsKept) {
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true, .every_n_steps = 1000}));
  rig.config.set_inline();
  MonitoredSession loop(rig.config);
  loop.next()->log_scalar("loss", 1);
  loop.next()->log_scalar("loss", 2);
  loop.logger().log_scalar("loss", 0, 0);
  loop.close();
  EXPECT_THAT(rows(), ElementsAre("1: 1.0", "2: 2.0"));
}

TEST_F(LoggedOutputs, SummariesThinWhatIsLoggedOftenUnlessAllIsToBeKept) {
  for (const bool keep_all : {false, true}) {
    Folder own;
    rig.config.hooks.clear();
    rig.config.add_hook(
        SummarySaverHook::make({.only_logged = true, .keep_all = keep_all, .directory = own.path()}, Trigger::never()));
    log_each({1, 2, 3});
    const auto files = own.files();
    ASSERT_EQ(files.size(), 1U);
    const auto scalars = scalars_of(read_events(files[0]), "loss");
    EXPECT_EQ(scalars.size(), keep_all ? 3U : 2U);
    EXPECT_EQ(scalars.back().first, 3);
  }
}

TEST_F(LoggedOutputs, LogLineHasTheLoggedValueOfANameThatIsFetchedToo) {
  std::vector<std::string> lines;
  LoggingOptions options;
  options.names = {"loss", "other"};
  options.every_n_iter = 1;
  options.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line.substr(0, line.find(" ("))); };
  rig.config.add_hook(LoggingHook::make(options));
  rig.config.set_inline();
  MonitoredSession loop(rig.config);
  for (InlineStep& step : loop.steps()) {
    step.set("loss", 100.0);
    step.set("other", 7.0);
    if (step.global_step() == 1) {
      step.log_scalar("loss", 0.5);
      break;
    }
  }
  loop.close();
  EXPECT_THAT(lines, ElementsAre("step 1: loss = 100, other = 7", "step 2: loss = 0.5, other = 7"));
}

TEST_F(LoggedOutputs, NanGuardFailsTheRunForALoggedNameBeforeAnySaver) {
  int saved = 0;
  rig.config.add_hook(NanGuardHook::make({.logged_names = {"loss"}}));
  rig.hook({.phase = HookPhase::saver})->on_failure = [&](auto&, const Error&) { ++saved; };
  EXPECT_STATUS(log_each({1, kNan, 2}), data_loss, "'loss' is NaN");
  EXPECT_EQ(session->outcome().step, 1);
}

TEST_F(LoggedOutputs, NanGuardSeesWhatHooksLogThatComeLater) {
  rig.config.add_hook(NanGuardHook::make({.logged_names = {"norm"}, .fail = false}));
  rig.hook()->on_after = [](SessionRunContext& context) {
    context.log_scalar("norm", context.global_step() == 2 ? kInfinity : 1);
  };
  const Outcome outcome = log_each({1, 1, 1, 1});
  EXPECT_EQ(outcome.step, 2);
  EXPECT_EQ(outcome.stop.text(), "'norm' is infinite");
}

TEST_F(LoggedOutputs, NanGuardThatOnlyStopsAsksOnceForAStep) {
  rig.config.add_hook(NanGuardHook::make({.logged_names = {"loss"}, .fail = false}));
  log_each({kNan, 1});
  EXPECT_EQ(session->outcome().step, 1);
  EXPECT_TRUE(session->stop_source().state()->later().empty());
}

TEST_F(LoggedOutputs, NanGuardThatIsTolerantCountsABadStepOnce) {
  rig.config.add_hook(std::make_shared<NanGuardHook>(NanGuardOptions{.logged_names = {"loss"}}),
                      {.failure_policy = FailurePolicy::warn});
  log_each({kNan, 1, kNan});
  EXPECT_EQ(session->outcome().warnings, 2);
}

TEST_F(LoggedOutputs, NanGuardLeavesOtherLoggedNamesAndAllowedInfinitiesAlone) {
  rig.config.add_hook(NanGuardHook::make({.logged_names = {"loss"}, .check_infinity = false}));
  rig.hook()->on_after = [](SessionRunContext& context) { context.log_scalar("other", kNan); };
  EXPECT_EQ(log_each({kInfinity, 1}).step, 2);
}

TEST_F(LoggedOutputs, EarlyStoppingJudgesALoggedMetricInTheStepsInWhichItIs) {
  rig.config.add_hook(std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{
      .rules = {{.name = "accuracy", .logged = true, .direction = Direction::higher_is_better, .target = 0.9}}}));
  rig.hook()->on_after = [](SessionRunContext& context) {
    if (context.global_step() % 3 == 0)
      context.log_scalar("accuracy", 0.1 * static_cast<double>(context.global_step()));
  };
  const Outcome outcome = log_each(std::vector<double>(20, 1.0));
  EXPECT_EQ(outcome.step, 9);
  EXPECT_THAT(std::string(outcome.stop.text()), HasSubstr("'accuracy' has reached 0.9"));
}

TEST_F(LoggedOutputs, EarlyStoppingForgetsWhatItHasJudgedDuringTheWarmUp) {
  rig.config.add_hook(std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{
      .rules = {{.name = "a", .logged = true, .target = 1}, {.name = "b", .logged = true, .target = 1}},
      .warm_up_steps = 3}));
  rig.hook()->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 2) context.log_scalar("a", 0);
    if (context.global_step() == 4) context.log_scalar("b", 5);
  };
  EXPECT_EQ(log_each({1, 1, 1, 1, 1}).step, 5);
}

TEST_F(LoggedOutputs, EarlyStoppingSeesEachValueThatAnotherThreadHasLogged) {
  rig.config.add_hook(
      std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{.rules = {{.name = "a", .logged = true, .target = 1}}}));
  rig.config.set_inline();
  MonitoredSession loop(rig.config);
  loop.next();
  loop.logger().log_scalar("a", 0.5, 1);
  loop.logger().log_scalar("a", 5, 2);
  EXPECT_EQ(loop.next(), nullptr);
}

TEST_F(LoggedOutputs, EarlyStoppingSaysWhatTheBestWas) {
  rig.config.add_hook(std::make_shared<EarlyStoppingHook>(
      EarlyStoppingOptions{.rules = {{.name = "loss", .logged = true, .patience_steps = 2}}}));
  const Outcome outcome = log_each({5, 4, 4.5, 4.25, 1});
  EXPECT_EQ(outcome.stop.text(), "'loss' has not improved for 2 steps: it is 4.25, and was 4 at step 2");
}

TEST_F(LoggedOutputs, NameThatAGuardOrARuleHasWaitedForInVainIsAWarning) {
  rig.config.add_hook(NanGuardHook::make({.logged_names = {"los", "loss"}}));
  rig.config.add_hook(std::make_shared<EarlyStoppingHook>(
      EarlyStoppingOptions{.rules = {{.name = "lsos", .logged = true, .target = 0}}}));
  EXPECT_EQ(log_each({3, 2, 1}).warnings, 2);
  EXPECT_EQ(rig.logged("'los' was never logged; did you mean 'loss'?"), 1);
  EXPECT_EQ(rig.logged("'lsos' was never logged; did you mean 'loss'?"), 1);
}

TEST_F(LoggedOutputs, RuleForWhatIsFetchedIsNoWarningWhenNoStepWasMade) {
  rig.config.add_hook(
      std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{.rules = {{.name = "loss", .target = 0}}}));
  const auto run = rig.start();
  run->close();
  EXPECT_EQ(run->outcome().warnings, 0);
}

TEST_F(LoggedOutputs, EarlyStoppingByAllRulesTakesWhatEachHasSaidLast) {
  rig.config.add_hook(std::make_shared<EarlyStoppingHook>(EarlyStoppingOptions{
      .rules = {{.name = "loss", .logged = true, .target = 1}, {.name = "accuracy", .logged = true, .target = 1}},
      .all = true}));
  rig.hook()->on_after = [](SessionRunContext& context) {
    if (context.global_step() == 2) context.log_scalar("accuracy", 0.5);
  };
  EXPECT_EQ(log_each({5, 4, 3, 1, 1}).step, 4);
}

}  // namespace

// Steps 1 to 10; the eleventh fails, and the next session begins at step 5 and makes three more.
TEST_F(LoggedOutputs, StepThatNoRecoveryHasHelpedIsInARowOfItsOwn) {
  rig.config.recovery.max_attempts = 2;
  rig.step = [](FunctionSession::Step& step) {
    step.log_scalar("loss", 7);
    fail(StatusCode::unavailable);
  };
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true}));
  session = rig.start();
  EXPECT_STATUS(session->run(), unavailable, "");
  session->close();
  EXPECT_THAT(content(folder.file("m.jsonl")), testing::HasSubstr("\"attempt\":3,\"event\":\"failed\",\"loss\":7.0}"));
}

TEST_F(LoggedOutputs, ValuesOfStepsThatARecoveryHasUndoneAreNotThoseOfTheNextAttempt) {
  int sessions = 0;
  rig.config.session_creator = std::make_shared<FunctionSessionCreator>([&](const CreationContext&) {
    ++sessions;
    CreatedSession created;
    created.restored_step = sessions > 1 ? 5 : 0;
    created.session = std::make_shared<FunctionSession>([&, step = *created.restored_step](auto& call) mutable {
      call.log_scalar("loss", static_cast<double>(1000 * sessions + ++step));
      if (step == 11) throw StatusError(StatusCode::aborted, "on purpose");
    });
    return created;
  });
  std::vector<std::string> lines;
  LoggingOptions logging{.only_logged = true, .every_n_iter = 1000};
  logging.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
  rig.config.add_hook(LoggingHook::make(std::move(logging)));
  rig.config.add_hook(MetricsHook::make({.path = folder.file("m.jsonl"), .only_logged = true, .every_n_steps = 1000}));
  rig.config.add_hook(RunRecordHook::make({.directory = folder.file("run")}));
  MonitoredSession run(rig.config);
  for (int i = 0; i < 13; ++i) run.run();
  EXPECT_EQ(run.outcome().recoveries, 1);
  run.close();
  std::vector<std::string> rows;
  std::istringstream text(content(folder.file("m.jsonl")));
  for (std::string row; std::getline(text, row);) {
    const std::size_t attempt = row.find("\"attempt\":");
    rows.push_back(row.substr(0, row.find(',')) + " " + row.substr(attempt + 10));
  }
  EXPECT_THAT(rows, ElementsAre("{\"step\":0 1,\"event\":\"start\"}", "{\"step\":1 1,\"loss\":1001.0}",
                                "{\"step\":10 1,\"loss\":1010.0}", "{\"step\":5 2,\"event\":\"start\"}",
                                "{\"step\":8 2,\"loss\":2008.0}"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], testing::StartsWith("step 8: loss = 2008"));
  EXPECT_THAT(content(folder.file("run/run.json")), testing::HasSubstr(R"({"loss": {"step": 8, "value": 2008.0}})"));
}

}  // namespace runhook
