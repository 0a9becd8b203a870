// What happens between the steps: saving, recovery, changes of the hook list, limits.
#include <gtest/gtest.h>

#include <chrono>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

class CountingSaver final : public Saver {
 public:
  void save(Session&, const Snapshot& run) override {
    ++tries;
    if (fails_with != StatusCode::ok) fail(fails_with, "saving");
    saved.push_back(run.global_step);
  }
  std::optional<Snapshot> restore(Session&) override { return std::nullopt; }
  std::vector<std::int64_t> saved;
  int tries = 0;
  StatusCode fails_with = StatusCode::ok;
};

class SaveRequest : public testing::Test {
 protected:
  SaveRequest() { rig.scaffold->saver = saver; }
  std::shared_ptr<CountingSaver> saver = std::make_shared<CountingSaver>();
  LoopRig rig;
};

TEST_F(SaveRequest, FailedSaveIsCountedWithItsStepAndTriedAgain) {
  std::vector<std::int64_t> seen;
  rig.hook()->on_after = [&](auto& context) { seen.push_back(context.global_step()); };
  const auto session = rig.start();
  saver->fails_with = StatusCode::internal;
  session->request_save();
  EXPECT_STATUS(session->run(), internal, "saving");
  EXPECT_EQ(session->global_step(), 1) << "the step was done, and every hook has seen its number";
  EXPECT_EQ(session->outcome().runs, 1);
  saver->fails_with = StatusCode::ok;
  session->run();
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(saver->saved, (std::vector<std::int64_t>{2}));
}

TEST_F(SaveRequest, UnavailableSaverMakesNoStepAgain) {
  const auto session = rig.start();
  saver->fails_with = StatusCode::unavailable;
  session->request_save();
  EXPECT_STATUS(session->run(), unavailable, "saving");
  EXPECT_EQ(rig.steps, 1);
  EXPECT_EQ(rig.sessions, 1);
  EXPECT_EQ(saver->tries, 1);
}

TEST_F(SaveRequest, EndOfInputOfASaverIsNoEndOfInput) {
  const auto session = rig.start();
  saver->fails_with = StatusCode::out_of_range;
  session->request_save();
  EXPECT_STATUS(session->run_until_stop(), internal, "OUT_OF_RANGE");
  EXPECT_FALSE(session->should_stop());
}

TEST_F(SaveRequest, StepFunctionIsASafePoint) {
  const auto session = rig.start();
  session->request_save();
  session->run_step_fn([](StepContext&) {});
  EXPECT_EQ(saver->saved, (std::vector<std::int64_t>{0}));
}

TEST_F(SaveRequest, LeftBehindByAFailedRunIsLogged) {
  rig.step = [](auto&) { fail(StatusCode::internal); };
  const auto session = rig.start();
  session->request_save();
  EXPECT_STATUS(session->run(), internal, "");
  session->close();
  EXPECT_EQ(saver->tries, 0);
  EXPECT_EQ(rig.logged("a save was requested, but the run has failed first"), 1);
}

TEST_F(SaveRequest, AfterAStepThatWasBrokenOffIsLogged) {
  const auto session = rig.start();
  rig.step = [&](auto&) {
    session->request_save();
    session->request_stop(0, "at once", StopUrgency::now);
    fail(StatusCode::cancelled);
  };
  session->run_until_stop();
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
  EXPECT_EQ(saver->tries, 0);
  EXPECT_EQ(rig.logged("a save was requested, but the last step was broken off"), 1);
}

TEST_F(SaveRequest, ThatTheRunHasFailedForIsNotSaidToHaveComeTooLate) {
  const auto session = rig.start();
  saver->fails_with = StatusCode::internal;
  session->request_save();
  EXPECT_STATUS(session->run(), internal, "saving");
  session->close();
  EXPECT_GT(saver->tries, 0);
  EXPECT_EQ(rig.logged("a save was requested"), 0);
}

// Has a step of its own, which a new session begins from anew.
class RestartingSession final : public Session {
 public:
  NodeId resolve(std::string_view name) override {
    if (name != "step") fail(StatusCode::not_found);
    return 0;
  }
  std::optional<NodeId> global_step() override { return 0; }
  std::optional<std::int64_t> read_global_step() override { return step_; }
  void run(SessionStep& step) override {
    if (step_ == 3 && fails) fail(StatusCode::unavailable, "always");
    ++step_;
    for (Value& result : step.results) result = Value::scalar(step_);
  }
  bool fails = true;

 private:
  std::int64_t step_ = 0;
};

TEST(Recovery, StepThatAlwaysFailsEndsTheRunAlthoughEarlierOnesAreMadeAgain) {
  LoopRig rig;
  rig.config.recovery.max_attempts = 3;
  rig.make = [&] {
    ++rig.sessions;
    return std::make_shared<RestartingSession>();
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop({}, 1000), unavailable, "always");
  EXPECT_EQ(rig.sessions, 4);
  EXPECT_EQ(rig.logged("the new session begins at step 0, where 3 had been reached"), 3);
}

TEST(Recovery, AttemptsAreCountedAnewOnceTheFailedStepIsPassed) {
  LoopRig rig;
  rig.config.recovery.max_attempts = 1;
  rig.make = [&] {
    auto made = std::make_shared<RestartingSession>();
    made->fails = ++rig.sessions == 1;
    return made;
  };
  std::vector<std::int64_t> notices;
  rig.config.recovery.on_recovery = [&](const RecoveryNotice& notice) { notices.push_back(notice.attempt); };
  bool lost = false;
  rig.hook()->on_before = [&](auto& context) {
    if (context.global_step() == 6 && !std::exchange(lost, true)) fail(StatusCode::aborted, "once more");
  };
  const auto session = rig.start();
  EXPECT_NO_THROW(session->run_until_stop({}, 20));
  EXPECT_EQ(notices, (std::vector<std::int64_t>{1, 1}));
}

TEST(Recovery, WaitEndsAtTheDeadline) {
  LoopRig rig;
  rig.config.recovery.initial_backoff_ns = 60'000'000'000;
  rig.config.recovery.jitter = 0;
  rig.config.recovery.deadline_ns = 20'000'000;
  rig.step = [](auto&) { fail(StatusCode::unavailable); };
  const auto session = rig.start();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_STATUS(session->run(), unavailable, "");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Recovery, HooksMissNoSessionThatTheRunOnlyEndsWith) {
  LoopRig rig;
  rig.step = [&](auto&) {
    if (rig.steps == 1) fail(StatusCode::aborted);
  };
  int created = 0;
  rig.hook()->on_create = [&](auto&) {
    if (rig.sessions == 2) fail(StatusCode::out_of_range);
  };
  rig.hook()->on_create = [&](auto&) { ++created; };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), out_of_range, "");
  EXPECT_EQ(created, 2);
  session->clear_end_of_input();
  EXPECT_NO_THROW(session->run());
}

TEST(StepFunction, TimeIsReadAnewForEach) {
  LoopRig rig;
  const auto session = rig.start();
  std::int64_t times[2];
  for (std::int64_t& time : times) {
    session->run_step_fn([&](StepContext& step) { time = step.run_context().now_ns(); });
  }
  EXPECT_LT(times[0], times[1]);
}

TEST(StepFunction, StoppedThrownByItIsItsOwnRequest) {
  LoopRig rig;
  const auto session = rig.start();
  EXPECT_STATUS(session->run_step_fn([](StepContext&) { fail(StatusCode::stopped, "enough"); }), stopped, "enough");
  EXPECT_EQ(session->outcome().stop.origin, StopOrigin::step_function);
}

TEST(ToleratedFailure, TakesBackWhatTheHookHasAskedFor) {
  LoopRig rig;
  TraceLevel level = TraceLevel::none;
  HookOptions tolerated;
  tolerated.failure_policy = FailurePolicy::warn;
  const auto ask = [](auto& context, TraceLevel wanted) {
    RunOptions options;
    options.trace_level = wanted;
    context.add_options(options);
  };
  rig.hook()->on_before = [&](auto& context) { ask(context, TraceLevel::software); };
  rig.hook(tolerated)->on_before = [&](auto& context) {
    ask(context, TraceLevel::full);
    context.skip_step();
    fail(StatusCode::internal);
  };
  rig.step = [&](FunctionSession::Step& step) { level = step.options().trace_level; };
  const auto session = rig.start();
  session->run();
  EXPECT_EQ(rig.steps, 1) << "the step was skipped for a hook that is out of it";
  EXPECT_EQ(level, TraceLevel::software);
}

TEST(ToleratedFailure, LeavesTheSkippingOfAnotherHookAlone) {
  LoopRig rig;
  HookOptions tolerated;
  tolerated.failure_policy = FailurePolicy::warn;
  rig.hook(tolerated)->on_before = [](auto& context) {
    context.skip_step();
    fail(StatusCode::internal);
  };
  rig.hook()->on_before = [](auto& context) { context.skip_step(); };
  const auto session = rig.start();
  session->run();
  EXPECT_EQ(rig.steps, 0);
}

TEST(RunUntilStop, CountsSkippedStepsForItsLimit) {
  LoopRig rig;
  rig.hook()->on_before = [](auto& context) { context.skip_step(); };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 10), 0);
}

TEST(HookSubset, UnknownNameFailsTheRun) {
  LoopRig rig;
  rig.hook({.name = "known"});
  const auto session = rig.start();
  SessionRunArgs args;
  args.options.hooks = HookSelection::named;
  args.options.hook_names = {"known"};
  EXPECT_NO_THROW(session->run(args));
  args.options.hook_names = {"known", "unknwon"};
  EXPECT_STATUS(session->run(args), not_found, "'unknwon'");
}

TEST(StopAfterClose, IsNoPartOfTheOutcome) {
  LoopRig rig;
  const auto session = rig.start();
  session->run();
  session->close();
  session->request_stop(1, "too late");
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().stop.origin, StopOrigin::none);
}

TEST(Stragglers, AreLoggedAlsoIfAThreadHasFailed) {
  LoopRig rig;
  rig.config.stop_grace_period_ns = 1'000'000;
  const auto go = std::make_shared<std::atomic<bool>>(false);  // the thread may outlive the test
  const auto session = rig.start();
  Coordinator coordinator = session->coordinator();
  coordinator.start_thread("slow", [go] { go->wait(false); });
  coordinator.request_stop(Error(StatusCode::internal, "a thread's"));
  EXPECT_STATUS(session->close(), internal, "a thread's");
  EXPECT_EQ(rig.logged("'slow'"), 1);
  *go = true;
  go->notify_all();
}

TEST(CoordinatedThread, MayEndTheSessionWithoutWaitingForItself) {
  LoopRig rig;
  rig.config.stop_grace_period_ns = 60'000'000'000;
  const auto session = rig.start();
  const auto closed = std::make_shared<std::atomic<bool>>(false);  // the thread may outlive the test
  const auto begin = std::chrono::steady_clock::now();
  session->coordinator().start_thread("closer", [&session, closed] {
    session->close();
    *closed = true;
    closed->notify_all();
  });
  closed->wait(false);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(StepFunction, IsRefusedAFurtherRunByTheStopOfAHook) {
  for (const bool lets_it_out : {true, false}) {
    LoopRig rig;
    rig.hook({.name = "enough"})->on_after = [](auto& context) { context.request_stop(); };
    const auto session = rig.start();
    const auto function = [&](StepContext& context) {
      context.run_with_hooks();
      if (lets_it_out) context.run_with_hooks();
      EXPECT_STATUS(context.run_with_hooks(), stopped, "a stop has been requested");
    };
    if (lets_it_out) {
      EXPECT_STATUS(session->run_step_fn(function), stopped, "a stop has been requested");
    } else {
      EXPECT_NO_THROW(session->run_step_fn(function));
    }
    EXPECT_EQ(rig.steps, 1);
    session->close();
    EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
    EXPECT_EQ(session->outcome().stop.who(), "enough");
  }
}

TEST(StepFunction, ThatMakesNoAttemptMakesAWarningOfTheFailureBeforeASkippedStep) {
  LoopRig rig;
  const auto hook = rig.hook();
  int run = 0;
  hook->on_before = [&](auto& context) {
    if (++run == 1) fail(StatusCode::internal);
    context.skip_step();
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), internal, "");
  session->run();
  session->run_step_fn([](StepContext&) {});
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::completed);
  EXPECT_EQ(session->outcome().warnings, 1);
}

TEST(HookList, HookWithTheOnlyTriggerThatRemovesItselfWhileItIsDueLeavesNoneDue) {
  LoopRig rig;
  HookOptions once;
  once.trigger = Trigger::first();
  const auto hook = rig.hook(once);
  int calls = 0;
  hook->on_after = [&](auto& context) {
    ++calls;
    context.monitored_session()->remove_hook(context.monitored_session()->hook_id(context.hook_name()));
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 200);
  EXPECT_EQ(calls, 1);
  EXPECT_LT(session->timings().step.samples, 200) << "runs are measured in samples again";
}

}  // namespace
}  // namespace runhook
