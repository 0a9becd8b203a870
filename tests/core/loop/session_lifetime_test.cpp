// What may be used, and ended, from callbacks.
#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;

TEST(SessionLifetime, SessionMayBeAskedForInBegin) {
  LoopRig rig;
  const auto added = std::make_shared<LambdaHook>();
  int begun = 0;
  added->on_begin = [&](auto&) { ++begun; };
  rig.hook()->on_begin = [&](auto& context) {
    ASSERT_NE(context.monitored_session(), nullptr);
    EXPECT_FALSE(context.monitored_session()->should_stop());
    EXPECT_STATUS(context.monitored_session()->run(), reentrant, "");
    context.monitored_session()->add_hook(added);
  };
  const auto session = rig.start();
  EXPECT_EQ(begun, 0);
  session->run();
  EXPECT_EQ(begun, 1);
}

TEST(SessionLifetime, SessionDestroyedByItsCallbackEndsWhenTheRunDoes) {
  LoopRig rig;
  std::unique_ptr<MonitoredSession> session;
  std::vector<std::string> trace;
  const auto hook = rig.hook();
  hook->on_after = [&](auto& context) {
    session.reset();
    trace.push_back("destroyed");
    EXPECT_EQ(context.monitored_session(), nullptr);
  };
  hook->on_end = [&](auto&) { trace.push_back("end"); };
  hook->on_cleanup = [&](auto&, const Outcome&) { trace.push_back("cleanup"); };
  rig.hook()->on_after = [&](auto&) { trace.push_back("other hook"); };
  session = rig.start();
  MonitoredSession* const raw = session.get();
  raw->run();
  EXPECT_EQ(trace, (std::vector<std::string>{"destroyed", "other hook", "end", "cleanup"}));
}

TEST(SessionLifetime, OriginalArgsDoNotOutliveTheRun) {
  LoopRig rig;
  std::size_t leaves = 99;
  rig.hook()->on_end = [&](auto& context) { leaves = context.original_args().fetches.leaves().size(); };
  rig.make = [] {
    return std::make_shared<FunctionSession>([](FunctionSession::Step&) {}, std::vector<std::string>{"a"});
  };
  const auto session = rig.start();
  {
    const auto args = std::make_unique<SessionRunArgs>();
    args->fetches = Fetches("a");
    session->run(*args);
  }
  session->close();
  EXPECT_EQ(leaves, 0u);
}

// Is cancelled through, and can be told to do something then.
class CancelledSession final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  void run(SessionStep& step) override {
    if (in_run) in_run(step);
  }
  void cancel() noexcept override {
    ++cancelled;
    if (in_cancel) in_cancel();
  }
  void close() override { ++closed; }
  std::optional<std::int64_t> read_global_step() override {
    if (step_fails) fail(StatusCode::internal, "no step");
    return std::nullopt;
  }
  std::function<void(SessionStep&)> in_run;
  std::function<void()> in_cancel;
  int cancelled = 0;
  int closed = 0;
  bool step_fails = false;
};

TEST(SessionLifetime, CancelMayCloseTheSession) {
  LoopRig rig;
  const auto raw = std::make_shared<CancelledSession>();
  rig.make = [raw] { return raw; };
  const auto session = rig.start();
  raw->in_cancel = [&] { session->close(); };
  session->request_stop(0, "now", StopUrgency::now);
  EXPECT_EQ(raw->cancelled, 1);
  EXPECT_TRUE(session->closed());
}

TEST(SessionLifetime, SessionWhoseStepCannotBeReadIsClosed) {
  LoopRig rig;
  const auto raw = std::make_shared<CancelledSession>();
  raw->step_fails = true;
  rig.make = [raw] { return raw; };
  EXPECT_STATUS(rig.start(), internal, "no step");
  EXPECT_EQ(raw->closed, 1);
}

TEST(UrgentStop, AskedForInBeforeRunKeepsTheStepFromBeginning) {
  LoopRig rig;
  const auto hook = rig.hook();
  StatusCode told = StatusCode::ok;
  hook->on_before = [](auto& context) { context.request_stop(0, "at once", StopUrgency::now); };
  hook->on_failure = [&](auto&, const Error& error) { told = error.code(); };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), stopped, "");
  EXPECT_EQ(rig.steps, 0);
  EXPECT_EQ(told, StatusCode::cancelled);
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::stopped);
}

TEST(UrgentStop, AskedForInBeforeRunOfAnyStepKeepsItFromBeginning) {
  LoopRig rig;
  rig.hook()->on_before = [&](auto& context) {
    if (rig.steps == 5) context.request_stop(0, "at once", StopUrgency::now);
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(), 5);
  EXPECT_EQ(rig.steps, 5);
}

TEST(UrgentStop, CancelledOfAHookIsTheHooksFailure) {
  LoopRig rig;
  rig.hook()->on_after = [](auto& context) {
    context.request_stop(0, "at once", StopUrgency::now);
    fail(StatusCode::cancelled, "my own");
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run(), cancelled, "my own");
  session->close();
  EXPECT_EQ(session->outcome().kind, OutcomeKind::failed);
}

TEST(SharedStopState, SessionsKeepTheirOwnGlobalStepAndAreAllCancelled) {
  LoopRig rig;
  rig.config.stop = std::make_shared<StopState>();
  const auto first = std::make_shared<CancelledSession>();
  const auto second = std::make_shared<CancelledSession>();
  rig.make = [&, made = 0]() mutable { return ++made == 1 ? first : second; };
  const auto a = rig.start();
  auto b = rig.start();
  for (int i = 0; i < 7; ++i) a->run();
  b->run();
  EXPECT_EQ(a->global_step(), 7);
  EXPECT_EQ(b->global_step(), 1);
  b.reset();
  EXPECT_TRUE(rig.config.stop->request({StopOrigin::caller, StopUrgency::now}));
  EXPECT_EQ(first->cancelled, 1) << "the end of one took the other's cancelling away";
  EXPECT_EQ(second->cancelled, 0);
}

}  // namespace
}  // namespace runhook
