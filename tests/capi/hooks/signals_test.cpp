// Signals that stop a run, asked for in C.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <thread>
#include <vector>

#include "capi/scripted.hpp"

namespace {

using namespace runhook_test;

// Counts what is written, and says nothing.
struct Log {
  std::atomic<int> lines{0};
  std::atomic<int> destroyed{0};
  runhook_log table() {
    runhook_log log = RUNHOOK_LOG_INIT;
    log.user_data = this;
    log.destroy = [](void* self) { ++static_cast<Log*>(self)->destroyed; };
    log.write = [](const runhook_log_record*, void* self) { ++static_cast<Log*>(self)->lines; };
    return log;
  }
};

// Options of one rule.
struct OneRule {
  explicit OneRule(int signal, int32_t action = RUNHOOK_SIGNAL_STOP, int32_t repeat = RUNHOOK_REPEAT_USUAL) {
    rule.signal = signal;
    rule.action = action;
    rule.repeat = repeat;
    rule.min_interval_ns = -1;
    options.rules = rules;
    options.rule_count = 1;
  }
  OneRule(const OneRule&) = delete;
  OneRule& operator=(const OneRule&) = delete;
  runhook_signal_rule rule = RUNHOOK_SIGNAL_RULE_INIT;
  const runhook_signal_rule* const rules[1] = {&rule};
  runhook_signal_options options = RUNHOOK_SIGNAL_OPTIONS_INIT;
};

class Signals : public NoHandlesLeft {
 protected:
  void TearDown() override {
    runhook_signal_subscription_destroy(subscription_);
    runhook_stop_source_destroy(source_);
    error_.out();
    EXPECT_EQ(log_.destroyed, taken_);
    NoHandlesLeft::TearDown();
  }
  bool subscribe(const runhook_signal_options* options) {
    const runhook_log log = log_.table();
    ++taken_;
    runhook_signal_options logged = RUNHOOK_SIGNAL_OPTIONS_INIT;
    if (options != nullptr) logged = *options;
    logged.log = &log;
    subscription_ = runhook_signal_subscription_create(source_, &logged, error_.out());
    return subscription_ != nullptr;
  }
  static bool is_default(int signal) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    return action.sa_handler == SIG_DFL;
  }
  runhook_stop_source* source_ = runhook_stop_source_create(nullptr);
  runhook_signal_subscription* subscription_ = nullptr;
  Log log_;
  int taken_ = 0;
  Caught error_;
};

TEST_F(Signals, DefaultsStopOnSigtermAndSigint) {
  ASSERT_TRUE(subscribe(nullptr)) << error_.message();
  EXPECT_FALSE(is_default(SIGTERM));
  EXPECT_FALSE(is_default(SIGINT));
  EXPECT_TRUE(is_default(SIGHUP));
  raise(SIGTERM);
  EXPECT_EQ(runhook_stop_source_stop_requested(source_), 1);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  ASSERT_EQ(runhook_stop_source_reason_at(source_, 0, &reason, nullptr), RUNHOOK_OK);
  EXPECT_EQ(reason.origin, RUNHOOK_STOP_BY_SIGNAL);
  EXPECT_EQ(reason.code, SIGTERM);
  EXPECT_EQ(runhook_signal_subscription_received(subscription_, SIGTERM), 1U);
  for (int i = 0; i < 30'000 && log_.lines == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(log_.lines, 1);
  runhook_signal_subscription_destroy(std::exchange(subscription_, nullptr));
  EXPECT_TRUE(is_default(SIGTERM));
}

TEST_F(Signals, RulesSayWhatIsDone) {
  const OneRule save(SIGUSR1, RUNHOOK_SIGNAL_SAVE);
  ASSERT_TRUE(subscribe(&save.options));
  raise(SIGUSR1);
  EXPECT_EQ(runhook_stop_source_stop_requested(source_), 0);
  EXPECT_TRUE(is_default(SIGTERM)) << "there is no rule for it";

  const OneRule escalates(SIGUSR2, RUNHOOK_SIGNAL_STOP, RUNHOOK_REPEAT_ESCALATE);
  runhook_signal_subscription_destroy(std::exchange(subscription_, nullptr));
  ASSERT_TRUE(subscribe(&escalates.options));
  raise(SIGUSR2);
  raise(SIGUSR2);
  runhook_stop_reason reason = RUNHOOK_STOP_REASON_INIT;
  ASSERT_EQ(runhook_stop_source_reason_at(source_, 1, &reason, nullptr), RUNHOOK_OK);
  EXPECT_EQ(reason.urgency, RUNHOOK_STOP_NOW);
}

TEST_F(Signals, IgnoredOneIsHandledIfItIsForced) {
  const auto former = std::signal(SIGUSR1, SIG_IGN);
  OneRule rule(SIGUSR1);
  ASSERT_TRUE(subscribe(&rule.options));
  raise(SIGUSR1);
  EXPECT_EQ(runhook_stop_source_stop_requested(source_), 0);
  runhook_signal_subscription_destroy(std::exchange(subscription_, nullptr));
  rule.options.force_ignored = 1;
  ASSERT_TRUE(subscribe(&rule.options));
  raise(SIGUSR1);
  EXPECT_EQ(runhook_stop_source_stop_requested(source_), 1);
  runhook_signal_subscription_destroy(std::exchange(subscription_, nullptr));
  std::signal(SIGUSR1, former);
}

int calls = 0;
void count_call(int) { ++calls; }

TEST_F(Signals, HandlerThatWasThereIsCalledIfItIsChained) {
  const auto former = std::signal(SIGUSR1, count_call);
  OneRule rule(SIGUSR1);
  for (const int32_t no_chain : {0, 1}) {
    rule.options.no_chain = no_chain;
    calls = 0;
    ASSERT_TRUE(subscribe(&rule.options));
    raise(SIGUSR1);
    EXPECT_EQ(calls, 1 - no_chain);
    runhook_signal_subscription_destroy(std::exchange(subscription_, nullptr));
  }
  std::signal(SIGUSR1, former);
}

TEST_F(Signals, BadOptionsAreRefusedAndTheLogIsDestroyed) {
  const auto refused = [&](runhook_signal_options options, const char* why) {
    EXPECT_FALSE(subscribe(&options)) << why;
    EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT) << why;
    EXPECT_NE(std::string(error_.message()).find(why), std::string::npos) << error_.message();
    const runhook_log log = log_.table();
    ++taken_;
    options.log = &log;
    EXPECT_EQ(runhook_stop_on_signal_hook_create(&options, nullptr), nullptr) << why;
    EXPECT_EQ(log_.destroyed, taken_) << why;
  };
  refused(OneRule(SIGKILL).options, "not one that can");
  refused(OneRule(0).options, "no signal 0");
  refused(OneRule(SIGTERM, 7).options, "action");
  refused(OneRule(SIGTERM, 0, -1).options, "repeated");
  runhook_signal_options options = RUNHOOK_SIGNAL_OPTIONS_INIT;
  options.rule_count = 1;
  refused(options, "rules is NULL");
  const runhook_signal_rule* const none[1] = {nullptr};
  options.rules = none;
  refused(options, "the runhook_signal_rule is NULL");
  options.rule_count = 0;
  refused(options, "no signals");
  options = RUNHOOK_SIGNAL_OPTIONS_INIT;
  options.no_chain = 2;
  refused(options, "no_chain");
}

// Steps until a signal, which comes in the second step, stops the run; returns its outcome, owned.
runhook_outcome* outcome_of_stopped_run(int signal, Log& log) {
  Loop loop;
  OneRule rule(signal);
  const runhook_log table = log.table();
  rule.options.log = &table;
  runhook_builtin_hook* hook = runhook_stop_on_signal_hook_create(&rule.options, nullptr);
  runhook_config_add_builtin_hook(loop.config, hook, nullptr, nullptr);
  runhook_builtin_hook_destroy(hook);
  int steps = 0;
  loop.step = [&](runhook_context*) {
    if (++steps == 2) raise(signal);
    return kOk;
  };
  if (!loop.start()) return nullptr;
  int64_t completed = 0;
  runhook_monitored_session_run_until_stop(loop.session, nullptr, 100, &completed, nullptr);
  loop.close();
  return completed == 2 ? runhook_monitored_session_outcome(loop.session, nullptr) : nullptr;
}

TEST_F(Signals, HookStopsTheRun) {
  Log log;
  runhook_outcome* outcome = outcome_of_stopped_run(SIGTERM, log);
  ASSERT_NE(outcome, nullptr);
  EXPECT_EQ(runhook_outcome_kind(outcome), RUNHOOK_OUTCOME_STOPPED);
  EXPECT_EQ(runhook_outcome_exit_status(outcome), 128 + SIGTERM);
  EXPECT_TRUE(is_default(SIGTERM));
  EXPECT_EQ(log.destroyed, 1);
  runhook_outcome_destroy(outcome);
}

TEST_F(Signals, RaiseAgainEndsTheProcessByTheSignal) {
  const pid_t child = fork();
  if (child == 0) {
    Log log;
    runhook_outcome* outcome = outcome_of_stopped_run(SIGTERM, log);
    runhook_outcome_raise_again(outcome, nullptr);
    _exit(99);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

TEST_F(Signals, RaiseAgainReturnsIfNoSignalStoppedTheRun) {
  Loop loop;
  ASSERT_TRUE(loop.start());
  runhook_outcome* outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_raise_again(outcome, nullptr), RUNHOOK_OK);
  EXPECT_EQ(runhook_outcome_exit_status(outcome), 1) << "it has not ended";
  runhook_outcome_destroy(outcome);
  ASSERT_EQ(loop.close(), RUNHOOK_OK);
  outcome = runhook_monitored_session_outcome(loop.session, nullptr);
  EXPECT_EQ(runhook_outcome_exit_status(outcome), 0);
  runhook_outcome_destroy(outcome);
  EXPECT_EQ(runhook_outcome_exit_status(nullptr), 1);
  EXPECT_EQ(runhook_outcome_raise_again(nullptr, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
}

}  // namespace
