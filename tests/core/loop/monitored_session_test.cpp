#include "runhook/monitored_session.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/expect_error.hpp"
#include "runhook/function_session.hpp"

namespace runhook {
namespace {

class StepWatcher final : public SessionRunHook {
 public:
  void after_run(SessionRunContext& context, const SessionRunValues&) override {
    seen.push_back(context.global_step());
  }
  std::vector<std::int64_t> seen;
};

class FailingSaver final : public Saver {
 public:
  void save(Session&, const Snapshot&) override {
    if (fails) throw StatusError(StatusCode::internal, "the disk is full");
  }
  std::optional<Snapshot> restore(Session&) override { return std::nullopt; }
  bool fails = true;
};

TEST(MonitoredSession, StepWhoseSaveFailsIsCountedAllTheSame) {
  const auto saver = std::make_shared<FailingSaver>();
  const auto scaffold = std::make_shared<Scaffold>();
  scaffold->saver = saver;
  const auto watcher = std::make_shared<StepWatcher>();
  Config config;
  config.session_creator = std::make_shared<ChiefSessionCreator>(
      [] { return std::make_shared<FunctionSession>([](FunctionSession::Step&) {}); }, scaffold);
  config.hooks.push_back({watcher, {}});
  MonitoredSession session(std::move(config));
  session.request_save();
  EXPECT_STATUS(session.run(), internal, "the disk is full");
  EXPECT_EQ(session.global_step(), 1) << "the step was done, and every hook has seen its number";
  saver->fails = false;
  session.run();
  EXPECT_EQ(watcher->seen, (std::vector<std::int64_t>{1, 2}));
}

// A hook that does in after_run what the test says.
class AfterRun final : public SessionRunHook {
 public:
  explicit AfterRun(std::function<void(SessionRunContext&)> its_body) : body(std::move(its_body)) {}
  std::string_view name() const override { return "after"; }
  void after_run(SessionRunContext& context, const SessionRunValues&) override { body(context); }
  std::function<void(SessionRunContext&)> body;
};

// A config over a function session with the output "y", whose log keeps the warnings.
class MonitoredSessionOfAFunction : public testing::Test {
 protected:
  MonitoredSessionOfAFunction() {
    config.session_creator = single_session_creator(std::make_shared<FunctionSession>(
        [this](FunctionSession::Step&) {
          if (step) step();
        },
        std::vector<std::string>{"y"}));
    config.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) warnings.emplace_back(text);
    };
  }
  std::function<void()> step;
  Config config;
  std::vector<std::string> warnings;
};

TEST_F(MonitoredSessionOfAFunction, FailedRunThatTheCallerGoesOnAfterIsAWarning) {
  bool fails = true;
  step = [&] {
    if (fails) throw StatusError(StatusCode::data_loss, "a bad record");
  };
  MonitoredSession session(std::move(config));
  EXPECT_STATUS(session.run(), data_loss, "a bad record");
  EXPECT_EQ(session.outcome().warnings, 0) << "nobody has gone on yet";
  fails = false;
  for (int i = 0; i < 3; ++i) EXPECT_NO_THROW(session.run());
  session.close();
  const Outcome outcome = session.outcome();
  EXPECT_EQ(outcome.kind, OutcomeKind::completed);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.runs, 3);
  EXPECT_EQ(outcome.warnings, 1);
  EXPECT_TRUE(runhook_test::is_error(outcome.first_warning, StatusCode::data_loss, "a bad record"));
}

TEST_F(MonitoredSessionOfAFunction, FailedRunThatIsTheLastOneIsNoWarning) {
  step = [] { throw StatusError(StatusCode::data_loss, "a bad record"); };
  MonitoredSession session(std::move(config));
  EXPECT_STATUS(session.run(), data_loss, "a bad record");
  session.close();
  EXPECT_EQ(session.outcome().kind, OutcomeKind::failed);
  EXPECT_EQ(session.outcome().warnings, 0);
  EXPECT_FALSE(session.outcome().first_warning);
}

TEST_F(MonitoredSessionOfAFunction, FailuresOfAToleratedHookAreLoggedEverMoreRarely) {
  HookOptions options;
  options.failure_policy = FailurePolicy::warn;
  config.add_hook(std::make_shared<AfterRun>([](SessionRunContext&) { throw std::runtime_error("broken"); }), options);
  MonitoredSession session(std::move(config));
  EXPECT_EQ(session.run_until_stop(no_args, 100), 100);
  EXPECT_EQ(session.outcome().warnings, 100);
  EXPECT_TRUE(runhook_test::is_error(session.outcome().first_warning, StatusCode::hook_failed, "broken"));
  ASSERT_EQ(warnings.size(), 7U);
  for (std::size_t i = 0; i < warnings.size(); ++i) {
    EXPECT_NE(warnings[i].find("broken"), std::string::npos) << warnings[i];
    EXPECT_TRUE(warnings[i].ends_with("(failure " + std::to_string(1 << i) + " of this hook)")) << warnings[i];
  }
}

TEST_F(MonitoredSessionOfAFunction, FailureThatDisablesAHookIsLogged) {
  HookOptions options;
  options.failure_policy = FailurePolicy::disable;
  options.max_failures = 7;
  config.add_hook(std::make_shared<AfterRun>([](SessionRunContext&) { throw std::runtime_error("broken"); }), options);
  MonitoredSession session(std::move(config));
  EXPECT_EQ(session.run_until_stop(no_args, 20), 20);
  EXPECT_EQ(session.outcome().warnings, 7);
  ASSERT_EQ(warnings.size(), 4U) << "1, 2, 4 and the last one";
  EXPECT_TRUE(warnings[2].ends_with("(failure 4 of this hook)")) << warnings[2];
  EXPECT_TRUE(warnings[3].ends_with("(failure 7 of this hook, which is disabled now)")) << warnings[3];
}

TEST_F(MonitoredSessionOfAFunction, RequestAfterTheStepFailsTheRunThoughItIsCaught) {
  bool asks = false;
  config.add_hook(std::make_shared<AfterRun>([&](SessionRunContext& context) {
    if (!asks) return;
    EXPECT_STATUS(context.add_fetch("", "y"), failed_precondition, "before_run");
  }));
  MonitoredSession session(std::move(config));
  session.run();  // asked for nothing, so the next step is made in the short way
  for (int i = 0; i < 2; ++i) {
    asks = true;
    const Error error = runhook_test::error_of([&] { session.run(); });
    EXPECT_TRUE(runhook_test::is_error(error, StatusCode::failed_precondition, "before_run only"));
    EXPECT_EQ(error.hook(), "after");
    EXPECT_EQ(error.callback(), "after_run");
    asks = false;
    EXPECT_NO_THROW(session.run());
    EXPECT_NO_THROW(session.run());
  }
}

}  // namespace
}  // namespace runhook
