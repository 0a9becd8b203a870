// Spans: what a session tells of its time, and to whom.
#include "runhook/span.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "core/loop_rig.hpp"
#include "runhook/graph_session.hpp"

namespace {

using runhook::HookOptions;
using runhook::SessionRunContext;
using runhook::Span;
using runhook::SpanKind;
using runhook::StatusCode;
using runhook::Trigger;
using runhook_test::LoopRig;

struct Told {
  Span span;
  std::string name;
};

// Keeps what it is told.
struct Listener final : runhook::SessionRunHook, runhook::SpanListener {
  runhook::SpanListener* span_listener() noexcept override { return this; }
  void on_span(const Span& span) noexcept override { told.push_back({span, std::string(span.name)}); }
  bool wants_samples() const noexcept override { return samples; }
  std::string_view name() const override { return "listener"; }
  void before_run(SessionRunContext& context) override {
    if (!trace) return;
    runhook::RunOptions options;
    options.trace_level = runhook::TraceLevel::full;
    context.add_options(options);
  }

  std::vector<std::string> words() const {
    std::vector<std::string> result;
    for (const Told& one : told) {
      std::string word(runhook::span_kind_name(one.span.kind));
      if (!one.name.empty()) word += " " + one.name;
      if (one.span.failed) word += " failed";
      result.push_back(word);
    }
    return result;
  }
  int count(SpanKind kind) const {
    int found = 0;
    for (const Told& one : told) found += one.span.kind == kind ? 1 : 0;
    return found;
  }

  std::vector<Told> told;
  bool trace = false;
  bool samples = false;
};

// Takes longer than a step of which each is recorded, without the sleep of a busy machine.
void spend(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

constexpr std::chrono::microseconds kSlow{60};

using Words = std::vector<std::string>;

TEST(Spans, ARunFromBeginToCleanupIsToldInOrder) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  rig.hook({.name = "other"});
  const auto session = rig.start();
  session->run();
  session->close();
  EXPECT_EQ(listener->words(),
            (Words{"begin listener", "begin other", "create_session", "after_create_session listener",
                   "after_create_session other", "before_run listener", "before_run other", "session_run",
                   "after_run listener", "after_run other", "attempt", "end listener", "end other", "close_session",
                   "cleanup other", "cleanup listener"}));
}

TEST(Spans, EachLiesWithinWhatItIsPartOf) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  rig.hook();
  const auto session = rig.start();
  for (int i = 0; i < 3; ++i) session->run();
  std::int64_t last_end = 0;
  std::int64_t begin = 0;
  std::int64_t step = 0;
  for (const Told& one : listener->told) {
    EXPECT_LE(one.span.begin_ns, one.span.end_ns);
    EXPECT_GT(one.span.thread, 0u);
    if (one.span.kind == SpanKind::before_run && begin == 0) begin = one.span.begin_ns;
    if (one.span.kind != SpanKind::attempt) {
      EXPECT_GE(one.span.begin_ns, last_end);  // they come one after the other
      last_end = one.span.end_ns;
    } else {
      EXPECT_LE(one.span.begin_ns, begin);
      EXPECT_GE(one.span.end_ns, last_end);
      EXPECT_EQ(one.span.step, step++);
      begin = 0;
    }
  }
  EXPECT_EQ(step, 3);
}

TEST(Spans, OnlyRunsInWhichTheHookIsDueAreTold) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener, {.trigger = Trigger::every_steps(100)});
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 250);
  EXPECT_EQ(listener->count(SpanKind::attempt), 3);
  EXPECT_EQ(session->global_step(), 250);
}

TEST(Spans, NobodyIsToldOfARunThatLeavesTheHookOut) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  const auto session = rig.start();
  runhook::SessionRunArgs args;
  args.options.hooks = runhook::HookSelection::none;
  session->run(args);
  EXPECT_EQ(listener->count(SpanKind::attempt), 0);
  session->run();
  EXPECT_EQ(listener->count(SpanKind::attempt), 1);
}

TEST(Spans, ASampleIsToldToAHookThatIsNotDueIfItWantsThat) {
  for (const bool samples : {false, true}) {
    LoopRig rig;
    const auto listener = std::make_shared<Listener>();
    listener->samples = samples;
    rig.config.add_hook(listener, {.trigger = Trigger::never()});
    rig.hook({.name = "other"});
    const auto session = rig.start();
    listener->told.clear();
    session->run_until_stop(runhook::no_args, 20'000);
    const int steps = listener->count(SpanKind::attempt);
    EXPECT_EQ(listener->count(SpanKind::before_run), steps);  // the other's: its own was not called
    if (samples) {
      EXPECT_GE(steps, 8);
      EXPECT_LT(steps, 10'000);
    } else {
      EXPECT_EQ(steps, 0);
    }
  }
}

TEST(Spans, EveryStepIsToldToAHookThatWantsSamplesWhileStepsAreSlow) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  listener->samples = true;
  rig.config.add_hook(listener, {.trigger = Trigger::every_steps(50)});
  rig.step = [](auto&) { spend(kSlow); };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 200);
  EXPECT_EQ(listener->count(SpanKind::attempt), 200);
}

TEST(Spans, AStepThatBecomesFastIsToldNowAndAgainOnly) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  listener->samples = true;
  rig.config.add_hook(listener, {.trigger = Trigger::never()});
  rig.step = [&](auto&) {
    if (rig.steps <= 100) spend(kSlow);
  };
  const auto session = rig.start();
  session->run_until_stop(runhook::no_args, 100);
  listener->told.clear();
  session->run_until_stop(runhook::no_args, 20'000);
  EXPECT_GE(listener->count(SpanKind::attempt), 1);
  EXPECT_LT(listener->count(SpanKind::attempt), 10'000);
}

TEST(Spans, EveryStepOfALoopThatStaysIsToldWhileStepsAreSlow) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  listener->samples = true;
  rig.config.add_hook(listener, {.trigger = Trigger::never()});
  rig.config.set_inline();
  runhook::MonitoredSession session(rig.config);
  int steps = 0;
  for (; steps < 100 && session.next() != nullptr; ++steps) spend(kSlow);
  session.close();
  EXPECT_EQ(listener->count(SpanKind::attempt), steps);
}

TEST(Spans, NoSampleIsToldOfARunThatLeavesTheHookOut) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  listener->samples = true;
  rig.config.add_hook(listener, {.trigger = Trigger::never()});
  rig.hook({.name = "other"});
  const auto session = rig.start();
  runhook::SessionRunArgs args;
  args.options.hooks = runhook::HookSelection::named;
  args.options.hook_names = {"other"};
  session->run(args);
  EXPECT_EQ(listener->count(SpanKind::attempt), 0);
  args.options.hook_names = {"other", "listener"};
  session->run(args);
  EXPECT_EQ(listener->count(SpanKind::attempt), 1);
}

TEST(Spans, AFailedStepIsToldToAHookThatWantsSamples) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  listener->samples = true;
  rig.config.add_hook(listener, {.trigger = Trigger::never()});
  rig.step = [&](auto&) {
    spend(kSlow);
    if (rig.steps == 100) runhook_test::fail(StatusCode::internal);
  };
  const auto session = rig.start();
  EXPECT_THROW(session->run_until_stop(), runhook::StatusError);
  ASSERT_GE(listener->told.size(), 2U);
  const std::vector<std::string> words = listener->words();
  EXPECT_EQ(Words(words.end() - 2, words.end()), (Words{"session_run failed", "attempt failed"}));
  EXPECT_EQ(listener->count(SpanKind::attempt), 100);
}

TEST(Spans, AHookThatIsAddedLaterIsToldFromItsBeginOn) {
  LoopRig rig;
  const auto session = rig.start();
  session->run();
  const auto listener = std::make_shared<Listener>();
  const auto id = session->add_hook(listener);
  session->run();
  session->remove_hook(id);
  session->run();
  EXPECT_EQ(listener->words(), (Words{"begin listener", "after_create_session listener", "before_run listener",
                                      "session_run", "after_run listener", "attempt", "cleanup listener"}));
}

TEST(Spans, AFailureIsMarkedWhereItHappened) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  rig.step = [](auto&) { runhook_test::fail(StatusCode::internal); };
  const auto session = rig.start();
  listener->told.clear();
  EXPECT_THROW(session->run(), runhook::StatusError);
  EXPECT_EQ(listener->words(),
            (Words{"before_run listener", "session_run failed", "on_error listener", "attempt failed"}));
}

TEST(Spans, AFailingCallbackIsMarkedAndTheOthersAreCalledAsEver) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.hook({.name = "bad"})->on_after = [](auto&) { runhook_test::fail(StatusCode::data_loss); };
  rig.config.add_hook(listener);
  const auto session = rig.start();
  listener->told.clear();
  EXPECT_THROW(session->run(), runhook::StatusError);
  EXPECT_EQ(listener->words(), (Words{"before_run bad", "before_run listener", "session_run", "after_run bad failed",
                                      "after_run listener", "attempt failed"}));
}

TEST(Spans, ATolerantPolicyWorksInAMeasuredRunToo) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  const auto bad = rig.hook({.name = "bad", .failure_policy = runhook::FailurePolicy::warn});
  bad->on_before = [](auto&) { runhook_test::fail(StatusCode::data_loss); };
  int after = 0;
  bad->on_after = [&](auto&) { ++after; };
  rig.hook({.name = "good"});
  const auto session = rig.start();
  listener->told.clear();
  session->run();
  EXPECT_EQ(after, 0);
  EXPECT_EQ(listener->words(), (Words{"before_run listener", "before_run bad failed", "on_error bad", "before_run good",
                                      "session_run", "after_run listener", "after_run good", "attempt"}));
  EXPECT_EQ(session->outcome().warnings, 1);
}

TEST(Spans, ASkippedStepIsNoFailure) {
  LoopRig rig;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  rig.hook({.name = "skips"})->on_before = [](auto& context) { context.skip_step(); };
  const auto session = rig.start();
  listener->told.clear();
  EXPECT_TRUE(session->run().skipped());
  EXPECT_EQ(listener->words(),
            (Words{"before_run listener", "before_run skips", "on_error skips", "on_error listener", "attempt"}));
}

TEST(Spans, ARecoveryIsToldWithItsPartsAndTheNextAttempt) {
  LoopRig rig;
  rig.config.clock = std::make_shared<runhook::ManualClock>();
  rig.config.recovery.initial_backoff_ns = 1000;
  const auto listener = std::make_shared<Listener>();
  rig.config.add_hook(listener);
  rig.step = [&](auto&) {
    if (rig.steps == 1) runhook_test::fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  listener->told.clear();
  session->run();
  EXPECT_EQ(listener->words(),
            (Words{"before_run listener", "session_run failed", "on_error listener", "attempt failed", "close_session",
                   "back_off", "create_session", "after_create_session listener", "recovery", "before_run listener",
                   "session_run", "after_run listener", "attempt"}));
  EXPECT_EQ(listener->told.front().span.attempt, 1);
  for (const Told& one : listener->told) EXPECT_EQ(one.span.step, 0);
  EXPECT_EQ(listener->told.back().span.attempt, 2);
}

TEST(Spans, NodesOfATracedRunLieWithinTheSessionsSpan) {
  runhook::Graph graph;
  graph.function("one", {}, [](runhook::KernelContext& call) { call.set_output(0, runhook::Value::scalar(1.0)); });
  runhook::Config config;
  config.session_creator = std::make_shared<runhook::ChiefSessionCreator>(runhook::graph_session_factory(graph));
  const auto listener = std::make_shared<Listener>();
  listener->trace = true;
  config.add_hook(listener);
  runhook::MonitoredSession session(config);
  session.run({"one", {}, {}});
  std::map<SpanKind, Told> last;
  for (const Told& one : listener->told) last[one.span.kind] = one;
  ASSERT_EQ(listener->count(SpanKind::node), 1);
  EXPECT_EQ(last[SpanKind::node].name, "one");
  EXPECT_GE(last[SpanKind::node].span.begin_ns, last[SpanKind::session_run].span.begin_ns);
  EXPECT_LE(last[SpanKind::node].span.end_ns, last[SpanKind::session_run].span.end_ns);
}

TEST(Spans, EveryKindHasAName) {
  for (std::int32_t kind = 0; kind <= static_cast<std::int32_t>(SpanKind::node); ++kind) {
    EXPECT_FALSE(runhook::span_kind_name(static_cast<SpanKind>(kind)).empty()) << kind;
  }
}

}  // namespace
