// Triggers by themselves, and of hooks in a loop.
#include "runhook/trigger.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using Steps = std::vector<std::int64_t>;

// The steps at which `trigger` is due if runs begin at these, with `ns_per_run` between them.
Steps due_at(Trigger trigger, const Steps& runs, std::int64_t ns_per_run = 0) {
  Steps due;
  std::int64_t time = 1000;
  for (const std::int64_t step : runs) {
    const TriggerPoint point{step, time, false};
    if (trigger.due(point)) {
      trigger.fired(point);
      due.push_back(step);
    } else {
      trigger.passed(point);
    }
    time += ns_per_run;
  }
  return due;
}

Steps range(std::int64_t end, std::int64_t by = 1) {
  Steps steps;
  for (std::int64_t step = 0; step < end; step += by) steps.push_back(step);
  return steps;
}

TEST(Trigger, EveryStepsCountsFromWhenItWasDue) {
  EXPECT_EQ(due_at(Trigger::every_steps(3), range(10)), (Steps{0, 3, 6, 9}));
}

TEST(Trigger, SU_12_EveryStepsIsRightIfRunsAdvanceByMoreThanOne) {
  EXPECT_EQ(due_at(Trigger::every_steps(8), range(30, 5)), (Steps{0, 10, 20}));
}

TEST(Trigger, EveryRunsCountsRunsWhateverTheyDoToTheStep) {
  Trigger trigger = Trigger::every_runs(3);
  Steps due;
  for (std::int64_t run = 0; run < 8; ++run) {
    const TriggerPoint point{.step = 40 - run / 2, .run = run};
    if (!trigger.due(point)) continue;
    trigger.fired(point);
    due.push_back(run);
  }
  EXPECT_EQ(due, (Steps{0, 3, 6}));
  trigger.rewind(0);
  EXPECT_FALSE(trigger.due({.run = 8})) << "a recovery to an earlier step does not change what has been run";
  trigger.restore(trigger.state(0), 0);
  EXPECT_TRUE(trigger.due({.run = 0})) << "the runs of another session begin anew";
}

TEST(Trigger, EverySecondsCountsTime) {
  EXPECT_EQ(due_at(Trigger::every_seconds(9), range(8), 3'100'000'000), (Steps{0, 3, 6}));
}

TEST(Trigger, EveryCountsBothFromWhicheverComesFirst) {
  // 4 steps or 25 ns, at 10 ns a run: due by time.
  EXPECT_EQ(due_at(Trigger::every(4, 25), range(8), 10), (Steps{0, 3, 6}));
  EXPECT_EQ(due_at(Trigger::every(2, 25), range(6), 10), (Steps{0, 2, 4}));
}

TEST(Trigger, AtStepsAreEachMetOnce) {
  EXPECT_EQ(due_at(Trigger::at_steps({7, 2, 3}), range(12)), (Steps{2, 3, 7}));
  EXPECT_EQ(due_at(Trigger::at_steps({2, 3, 7}), range(12, 5)), (Steps{5, 10}));
}

TEST(Trigger, WindowsBeginWithTheirStepAndEndBeforeTheOther) {
  EXPECT_EQ(due_at(Trigger::within(2, 5), range(8)), (Steps{2, 3, 4}));
  EXPECT_EQ(due_at(Trigger::from_step(6), range(8)), (Steps{6, 7}));
  EXPECT_EQ(due_at(Trigger::before_step(2), range(8)), (Steps{0, 1}));
}

TEST(Trigger, AfterFirstCountsFromTheFirstRunWhichItLeavesOut) {
  EXPECT_EQ(due_at(Trigger::every_steps(2).after_first(), range(8)), (Steps{1, 3, 5, 7}));
  EXPECT_EQ(due_at(Trigger::every_steps(1).after_first(), range(4)), (Steps{1, 2, 3}));
  EXPECT_EQ(due_at(Trigger::every_steps(3).after_first(), {100, 101, 102, 103, 104, 105}), (Steps{102, 105}));
  EXPECT_EQ(due_at(Trigger::every_ns(20).after_first(), range(8), 10), (Steps{2, 4, 6}));
  EXPECT_EQ(due_at(Trigger().after_first(), range(3)), (Steps{1, 2}));
}

TEST(Trigger, AfterFirstCombinesWithOthers) {
  const Trigger third = Trigger::every_steps(3).after_first();
  EXPECT_EQ(due_at(third || Trigger::at_steps({0}), range(7)), (Steps{0, 2, 5}));
  EXPECT_EQ(due_at(third && Trigger::from_step(4), range(9)), (Steps{4, 7}));
  EXPECT_EQ(due_at(!Trigger().after_first(), range(4)), (Steps{0}));
  EXPECT_EQ(due_at(!third, range(5)), (Steps{0, 1}));  // what is not called does not count
}

TEST(Trigger, AfterFirstBeginsAnewWhenReset) {
  Trigger trigger = Trigger::every_steps(1).after_first();
  trigger.passed({5, 0, false});
  EXPECT_TRUE(trigger.due({6, 0, false}));
  trigger.reset();
  EXPECT_FALSE(trigger.due({6, 0, false}));
}

TEST(Trigger, AfterFirstGoesOnFromItsState) {
  Trigger trigger = Trigger::every_steps(4).after_first();
  Trigger restored = trigger;
  restored.restore(trigger.state(0), 0);
  EXPECT_FALSE(restored.due({0, 0, false}));
  trigger.passed({0, 0, false});
  restored.restore(trigger.state(0), 0);
  EXPECT_FALSE(restored.due({2, 0, false}));
  EXPECT_TRUE(restored.due({3, 0, false}));
  EXPECT_STATUS(restored.restore("1", 0), invalid_argument, "alike");
}

TEST(AfterFirst, CountsRunsToo) {
  LoopRig rig;
  Steps called;
  rig.hook({.trigger = Trigger::every_runs(3).after_first()})->on_before = [&](auto& context) {
    called.push_back(context.global_step());
  };
  rig.start()->run_until_stop(no_args, 10);
  EXPECT_EQ(called, (Steps{2, 5, 8}));
}

TEST(AfterFirst, IsNotDueInTheFirstRunOfALoop) {
  LoopRig rig;
  Steps called;
  rig.hook({.trigger = Trigger::every_steps(2).after_first()})->on_before = [&](auto& context) {
    called.push_back(context.global_step());
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 3);
  session->run_until_stop(no_args, 3);
  EXPECT_EQ(called, (Steps{1, 3, 5}));
}

TEST(Trigger, ConnectivesCombine) {
  EXPECT_EQ(due_at(Trigger::every_steps(2) && Trigger::from_step(3), range(8)), (Steps{3, 5, 7}));
  EXPECT_EQ(due_at(Trigger::at_steps({1}) || Trigger::at_steps({4}), range(8)), (Steps{1, 4}));
  EXPECT_EQ(due_at(!Trigger::within(1, 7), range(8)), (Steps{0, 7}));
  EXPECT_EQ(due_at(Trigger::once() && Trigger::from_step(3), range(8)), (Steps{3}));
  EXPECT_EQ(due_at(Trigger() && Trigger::first(), range(3)), (Steps{0}));
  EXPECT_TRUE(due_at(Trigger::never() && Trigger(), range(3)).empty());
}

TEST(Trigger, PredicateIsAskedInEveryRun) {
  int asked = 0;
  const Trigger odd = Trigger::when([&](const TriggerPoint& point) {
    ++asked;
    return point.step % 2 == 1;
  });
  EXPECT_EQ(due_at(Trigger::never() && odd, range(4)), Steps{});
  EXPECT_EQ(asked, 4);
  EXPECT_EQ(due_at(odd, range(4)), (Steps{1, 3}));
}

TEST(Trigger, RewindCountsFromTheEarlierStep) {
  Trigger every = Trigger::every_steps(10);
  every.fired({40, 0, false});
  every.rewind(25);
  EXPECT_FALSE(every.due({34, 0, false}));
  EXPECT_TRUE(every.due({35, 0, false}));
  Trigger at = Trigger::at_steps({5, 20});
  at.fired({20, 0, false});
  at.rewind(10);
  EXPECT_FALSE(at.due({19, 0, false}));
  EXPECT_TRUE(at.due({20, 0, false}));
  Trigger first = Trigger::first();
  Trigger once = Trigger::once();
  for (Trigger* trigger : {&first, &once}) {
    trigger->fired({0, 0, false});
    trigger->rewind(0);
  }
  EXPECT_TRUE(first.due({0, 0, false}));
  EXPECT_FALSE(once.due({0, 0, false}));
}

TEST(Trigger, NextIsNeverLate) {
  const std::vector<Trigger> all = {
      Trigger(),
      Trigger::every_steps(3),
      Trigger::every_ns(35),
      Trigger::every(4, 25),
      Trigger::at_steps({2, 9}),
      Trigger::within(3, 6),
      Trigger::first(),
      Trigger::never(),
      Trigger::every_steps(2) && Trigger::every_ns(55),
      !Trigger::every_steps(2),
      Trigger::from_step(4) && Trigger::every_steps(3),
      Trigger::every_runs(3),
      Trigger::every_runs(4) || Trigger::every_ns(35),
      Trigger::every_steps(3) && Trigger::every_runs(4),
      Trigger::every_ns(55) && Trigger::every_steps(2),
      Trigger::every_runs(4) && Trigger::every_steps(3),
      Trigger::every_runs(3) && Trigger::every_ns(45),
      Trigger::every_ns(45) && Trigger::every_ns(25),
      Trigger::at_steps({4, 9}) && Trigger::every_steps(3),
      (Trigger::every_runs(3) || Trigger::every_ns(45)) && (Trigger::every_steps(2) || Trigger::every_ns(25)),
      Trigger::at_steps({6}) || (Trigger::every_ns(45) && Trigger::before_step(9)),
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    Trigger trigger = all[i];
    Trigger::Next next = trigger.next(0);
    for (std::int64_t step = 0; step < 20; ++step) {
      const TriggerPoint point{step, step * 10, false, step};
      const bool may_be = step >= next.step || point.time_ns >= next.time_ns || point.run >= next.run;
      if (trigger.due(point)) {
        EXPECT_TRUE(may_be) << "trigger " << i << " at step " << step;
        trigger.fired(point);
      }
      if (may_be) next = trigger.next(step);
    }
  }
}

// What a loop does: it looks at what next() has said, and decides when that has come.
int decisions(Trigger trigger, std::int64_t runs, std::int64_t ns_per_run, bool* asks_clock = nullptr) {
  Trigger::Next next{0, 0, 0};
  int decided = 0;
  for (std::int64_t run = 0; run < runs; ++run) {
    const TriggerPoint point{run, run * ns_per_run, false, run};
    if (asks_clock != nullptr && run > 0 && next.time_ns != Trigger::kNever) *asks_clock = true;
    if (point.step < next.step && point.time_ns < next.time_ns && point.run < next.run) continue;
    ++decided;
    trigger.due(point) ? trigger.fired(point) : trigger.passed(point);
    next = trigger.next(point.step);
  }
  return decided;
}

TEST(Trigger, OfTwoThatBothHaveToBeDueTheCheaperIsAskedInEitherOrder) {
  const auto by_steps = Trigger::every_steps(100);
  const auto by_time = Trigger::every_ns(5);
  const auto by_runs = Trigger::every_runs(10);
  const auto later = Trigger::every_steps(500);
  const auto before = Trigger::before_step(50);
  for (const bool swapped : {false, true}) {
    const auto both = [&](const Trigger& a, const Trigger& b) { return swapped ? b && a : a && b; };
    bool asks_clock = false;
    EXPECT_EQ(decisions(both(by_time, by_steps), 1000, 10, &asks_clock), 10);
    EXPECT_EQ(decisions(both(by_runs, by_steps), 1000, 10, &asks_clock), 10);
    EXPECT_EQ(decisions(both(by_time, by_runs), 1000, 10, &asks_clock), 100);
    EXPECT_EQ(decisions(both(by_time, Trigger::never()), 1000, 10, &asks_clock), 1);
    EXPECT_EQ(decisions(both(by_time, Trigger::once()), 1000, 10, &asks_clock), 1);
    EXPECT_EQ(decisions(both(later, by_steps), 1000, 10, &asks_clock), 2);
    EXPECT_FALSE(asks_clock) << "time says nothing while the steps have not come";
    EXPECT_EQ(decisions(both(by_time, Trigger::every_ns(500)), 1000, 10), 20);
    EXPECT_EQ(decisions(both(by_runs, Trigger::every_runs(50)), 1000, 10), 20);
    EXPECT_EQ(decisions(both(before, by_time), 1000, 10), 51) << "in the window the time decides";
  }
}

TEST(Trigger, StateGoesOnWhereItWas) {
  Trigger trigger = Trigger::every(10, 100) && Trigger::at_steps({5, 50});
  trigger.fired({7, 1000, false});
  const std::string state = trigger.state(1030);
  Trigger other = Trigger::every(10, 100) && Trigger::at_steps({5, 50});
  other.restore(state, 500'000);
  EXPECT_FALSE(other.due({16, 500'069, false})) << "neither interval is over";
  EXPECT_FALSE(other.due({17, 500'000, false})) << "50 has not been reached";
  EXPECT_TRUE(other.due({50, 500'070, false}));
  EXPECT_EQ(other.state(500'000), state);
}

TEST(Trigger, TimesAndStepsAtTheEndsOfTheirRangeDoNotWrap) {
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  Trigger timed = Trigger::every_ns(3);
  timed.fired({0, kFirst, false});
  EXPECT_EQ(timed.state(6), "1 " + std::to_string(kLast));
  timed.restore("1 " + std::to_string(kLast), -6);
  EXPECT_TRUE(timed.due({0, -6, false}));
  Trigger later = Trigger::every_steps(3).after_first();
  later.passed({kFirst, 0, false, kFirst});
  EXPECT_FALSE(later.due({kFirst + 2, 0, false}));
  EXPECT_TRUE(later.due({kFirst + 3, 0, false}));
}

TEST(Trigger, StateOfAnotherTriggerIsRefusedAndChangesNothing) {
  Trigger trigger = Trigger::every_steps(10);
  trigger.fired({3, 0, false});
  const std::string before = trigger.state(0);
  for (const char* state : {"", "1", "1 2 3", "one two", "1 99999999999999999999"}) {
    EXPECT_STATUS(trigger.restore(state, 0), invalid_argument, "");
  }
  EXPECT_STATUS(Trigger::at_steps({1}).restore("7", 0), invalid_argument, "");
  EXPECT_EQ(trigger.state(0), before);
}

TEST(Trigger, BadNumbersAreRefused) {
  EXPECT_STATUS(Trigger::every_steps(0), invalid_argument, "0");
  EXPECT_STATUS(Trigger::every_runs(0), invalid_argument, "0");
  EXPECT_STATUS(Trigger::every_ns(-1), invalid_argument, "-1");
  EXPECT_STATUS(Trigger::every_seconds(0), invalid_argument, "");
  EXPECT_STATUS(Trigger::every_seconds(std::nan("")), invalid_argument, "");
  EXPECT_STATUS(Trigger::every(1, 0), invalid_argument, "");
  EXPECT_STATUS(Trigger::at_steps({}), invalid_argument, "");
  EXPECT_STATUS(Trigger::within(5, 5), invalid_argument, "");
  EXPECT_STATUS(Trigger::when({}), invalid_argument, "");
}

TEST(Trigger, CopyHasItsOwnMemory) {
  const Trigger original = Trigger::every_steps(5);
  Trigger copy = original;
  copy.fired({0, 0, false});
  EXPECT_FALSE(copy.due({1, 0, false}));
  EXPECT_TRUE(original.due({1, 0, false}));
}

class CountingClock final : public Clock {
 public:
  std::int64_t now_ns() override {
    ++reads;
    return now;
  }
  bool wait(std::int64_t ns, const StopState*) override {
    now += ns;
    return false;
  }
  std::int64_t now = 0;
  int reads = 0;
};

class TriggeredHook : public testing::Test {
 protected:
  // Adds a hook that notes the steps before and after which it was called.
  void add(Trigger trigger, Steps* before, Steps* after = nullptr) {
    HookOptions options;
    options.trigger = std::move(trigger);
    const auto hook = rig.hook(options);
    hook->on_before = [before](auto& context) { before->push_back(context.global_step()); };
    if (after != nullptr) hook->on_after = [after](auto& context) { after->push_back(context.global_step()); };
  }
  LoopRig rig;
};

TEST_F(TriggeredHook, IsCalledInTheRunsInWhichItIsDue) {
  Steps always;
  Steps before;
  Steps after;
  add({}, &always);
  add(Trigger::every_steps(4), &before, &after);
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 10), 10);
  EXPECT_EQ(before, (Steps{0, 4, 8}));
  EXPECT_EQ(after, (Steps{1, 5, 9}));
  EXPECT_EQ(always, range(10));
}

TEST_F(TriggeredHook, IsCalledWhenTheCallerDrives) {
  Steps before;
  add(Trigger::every_steps(4), &before);
  const auto session = rig.start();
  for (int i = 0; i < 10; ++i) session->run();
  EXPECT_EQ(before, (Steps{0, 4, 8}));
}

// Its global step moves in every second run only.
class SlowSession final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  std::optional<NodeId> global_step() override { return 0; }
  std::optional<std::int64_t> read_global_step() override { return runs_ / 2; }
  void run(SessionStep& step) override {
    ++runs_;
    for (Value& result : step.results) result = Value::scalar(runs_ / 2);
  }

 private:
  std::int64_t runs_ = 0;
};

TEST_F(TriggeredHook, EveryRunsIsDueInEveryNthRunWhoeverDrives) {
  rig.make = [] { return std::make_shared<SlowSession>(); };
  Steps before;
  add(Trigger::every_runs(3), &before);
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 7), 7);  // due in runs 0, 3 and 6
  for (int i = 0; i < 4; ++i) session->run();    // and in run 9
  EXPECT_EQ(before, (Steps{0, 1, 3, 4}));
}

TEST_F(TriggeredHook, EveryRunsIsDueAmongStepsInWhichNobodyAsksForAnything) {
  Steps before;
  add(Trigger::every_runs(4), &before);
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 10), 10);
  for (int i = 0; i < 5; ++i) session->run();
  EXPECT_EQ(before, (Steps{0, 4, 8, 12}));
}

TEST_F(TriggeredHook, IsCalledAroundStepsThatFetch) {
  rig.make = [] {
    return std::make_shared<FunctionSession>(
        [](FunctionSession::Step& step) { step.set_output("x", Value::scalar(1.0)); }, std::vector<std::string>{"x"});
  };
  Steps before;
  add(Trigger::every_steps(3), &before);
  HookOptions options;
  options.trigger = Trigger::every_steps(2);
  double last = 0;
  struct Fetching final : SessionRunHook {
    explicit Fetching(double* target) : seen(target) {}
    void before_run(SessionRunContext& context) override { context.add_fetch("", "x"); }
    void after_run(SessionRunContext&, const SessionRunValues& values) override {
      *seen += values.results().to_double("x");
    }
    double* seen;
  };
  rig.config.add_hook(std::make_shared<Fetching>(&last), options);
  const auto session = rig.start();
  session->run_until_stop({}, 7);
  EXPECT_EQ(before, (Steps{0, 3, 6}));
  EXPECT_EQ(last, 4.0);
}

TEST_F(TriggeredHook, TimeIsReadOnceForAStepHoweverManyTriggersAskForIt) {
  const auto clock = std::make_shared<CountingClock>();
  rig.config.clock = clock;
  rig.step = [&](auto&) { clock->now += 10; };
  Steps a;
  Steps b;
  add(Trigger::every_ns(30), &a);
  add(Trigger::every_ns(50), &b);
  const auto session = rig.start();
  clock->reads = 0;
  session->run_until_stop({}, 12);
  EXPECT_EQ(a, (Steps{0, 3, 6, 9}));
  EXPECT_EQ(b, (Steps{0, 5, 10}));
  EXPECT_LE(clock->reads, 13);
}

TEST_F(TriggeredHook, DueIsDecidedOnceForARunThatTakesSeveralAttempts) {
  Steps before;
  Steps other;
  add(Trigger::every_steps(5), &before);
  add(Trigger::once() && Trigger::from_step(3), &other);
  rig.step = [&](auto&) {
    if (rig.steps == 6) fail(StatusCode::aborted);  // the run that begins at step 5
  };
  const auto session = rig.start();
  session->run_until_stop({}, 8);
  EXPECT_EQ(before, (Steps{0, 5, 5}));
  EXPECT_EQ(other, (Steps{3}));
}

TEST_F(TriggeredHook, NotDueIsToldOfNoError) {
  HookOptions options;
  options.trigger = Trigger::from_step(5);
  int told = 0;
  rig.hook(options)->on_failure = [&](auto&, const Error&) { ++told; };
  rig.hook()->on_before = [](auto&) {};
  rig.step = [&](auto&) {
    if (rig.steps == 3) fail(StatusCode::internal);
  };
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop({}, 5), internal, "");
  EXPECT_EQ(told, 0);
}

TEST_F(TriggeredHook, DueInAnEarlierRunIsNotCalledForALaterOneThatFails) {
  HookOptions options;
  options.trigger = Trigger::every_steps(100);
  Steps before;
  int told = 0;
  const auto hook = rig.hook(options);
  hook->on_before = [&](auto& context) { before.push_back(context.global_step()); };
  hook->on_failure = [&](auto&, const Error&) { ++told; };
  rig.step = [&](auto&) {
    if (rig.steps == 4) fail(StatusCode::aborted);
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 8), 8);
  EXPECT_EQ(rig.sessions, 2);
  EXPECT_EQ(before, (Steps{0}));
  EXPECT_EQ(told, 0);
}

TEST_F(TriggeredHook, PredicateThatHasFailedIsAskedAgain) {
  Steps before;
  Steps other;
  bool fails = true;
  add(Trigger::every_steps(2), &other);
  add(Trigger::when([&](const TriggerPoint& point) {
        if (point.step == 2 && std::exchange(fails, false)) fail(StatusCode::internal, "cannot tell");
        return point.step >= 2;
      }),
      &before);
  const auto session = rig.start();
  EXPECT_STATUS(session->run_until_stop({}, 5), internal, "cannot tell");
  EXPECT_EQ(session->run_until_stop({}, 2), 2);
  EXPECT_EQ(before, (Steps{2, 3}));
  EXPECT_EQ(other, (Steps{0, 2})) << "it was taken for called in the run that failed";
}

TEST_F(TriggeredHook, LastIsTheLastRunThatMayBeMade) {
  Steps last;
  add(Trigger::last(), &last);
  const auto session = rig.start();
  session->run_until_stop({}, 4);
  session->run_until_stop({}, 3);
  EXPECT_EQ(last, (Steps{3, 6}));
}

TEST_F(TriggeredHook, StepsAtTheEndsOfTheirRangeAreCountedLikeOthers) {
  static constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  Steps last;
  Steps late;
  add(Trigger::last(), &last);
  add(Trigger::at_steps({kMax - 1}), &late);
  const auto stopper = rig.hook();
  rig.config.session_creator = std::make_shared<FunctionSessionCreator>([](const CreationContext&) {
    return CreatedSession{std::make_shared<FunctionSession>([](FunctionSession::Step&) {}), kMin};
  });
  {
    MonitoredSession session(rig.config);
    EXPECT_EQ(session.run_until_stop({}, 5), 5);
    EXPECT_EQ(last, (Steps{kMin + 4}));
  }
  last.clear();
  stopper->on_begin = [](auto& context) { context.announce_last_step(kMin); };
  MonitoredSession session(rig.config);
  EXPECT_EQ(session.run_until_stop({}, 2), 2);
  EXPECT_EQ(last, (Steps{kMin, kMin + 1}));
  EXPECT_EQ(late, Steps{});
}

// Its global step goes from one end of the range to the other.
class JumpingSession final : public Session {
 public:
  NodeId resolve(std::string_view) override { return 0; }
  std::optional<NodeId> global_step() override { return 0; }
  std::optional<std::int64_t> read_global_step() override { return std::numeric_limits<std::int64_t>::min(); }
  void run(SessionStep& step) override {
    for (Value& result : step.results) result = Value::scalar(std::numeric_limits<std::int64_t>::max());
  }
};

TEST_F(TriggeredHook, StepMayGoFromOneEndOfItsRangeToTheOther) {
  rig.make = [] { return std::make_shared<JumpingSession>(); };
  Steps last;
  add(Trigger::last(), &last);
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop({}, 3), 3);
  EXPECT_EQ(session->global_step(), std::numeric_limits<std::int64_t>::max());
}

TEST_F(TriggeredHook, StepAtTheEndOfItsRangeStaysThere) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  rig.config.session_creator = std::make_shared<FunctionSessionCreator>([](const CreationContext&) {
    return CreatedSession{std::make_shared<FunctionSession>([](FunctionSession::Step&) {}), kMax - 1};
  });
  MonitoredSession session(rig.config);
  EXPECT_EQ(session.run_until_stop({}, 5), 5);
  EXPECT_EQ(session.global_step(), kMax);
}

TEST_F(TriggeredHook, LastIsTheRunThatReachesTheAnnouncedStep) {
  Steps last;
  add(Trigger::last(), &last);
  const auto stopper = rig.hook();
  stopper->on_begin = [](auto& context) { context.announce_last_step(6); };
  stopper->on_after = [](auto& context) {
    if (context.global_step() >= 6) context.request_stop();
  };
  const auto session = rig.start();
  EXPECT_EQ(session->run_until_stop(), 6);
  EXPECT_EQ(last, (Steps{5}));
}

TEST_F(TriggeredHook, AddedDuringTheRunBeginsToCountThere) {
  Steps before;
  const auto session = rig.start();
  session->run_until_stop({}, 3);
  HookOptions options;
  options.trigger = Trigger::every_steps(4);
  auto hook = std::make_shared<LambdaHook>();
  hook->on_before = [&](auto& context) { before.push_back(context.global_step()); };
  session->add_hook(hook, options);
  session->run_until_stop({}, 6);
  EXPECT_EQ(before, (Steps{3, 7}));
}

TEST_F(TriggeredHook, AddedAfterARunThatFailedIsDueInTheFirstThatFollows) {
  for (const bool fetching : {false, true}) {
    LoopRig own;
    bool failing = false;
    own.make = [&failing] {
      return std::make_shared<FunctionSession>(
          [&failing](FunctionSession::Step& step) {
            if (std::exchange(failing, false)) fail(StatusCode::invalid_argument);
            if (step.wanted("x")) step.set_output("x", Value::scalar(1.0));
          },
          std::vector<std::string>{"x"});
    };
    HookOptions seldom;
    seldom.trigger = Trigger::every_steps(100);
    Steps hundredth;
    own.hook(seldom)->on_before = [&](auto& context) { hundredth.push_back(context.global_step()); };
    const auto session = own.start();
    SessionRunArgs args;
    if (fetching) args.fetches = "x";
    session->run(args);
    session->run(args);
    failing = true;
    EXPECT_STATUS(session->run(args), invalid_argument, "on purpose");
    HookOptions options;
    options.trigger = Trigger::first();
    auto hook = std::make_shared<LambdaHook>();
    Steps before;
    Steps after;
    hook->on_before = [&](auto& context) { before.push_back(context.global_step()); };
    hook->on_after = [&](auto& context) { after.push_back(context.global_step()); };
    session->add_hook(hook, options);
    for (int i = 0; i < 3; ++i) session->run(args);
    EXPECT_EQ(before, (Steps{2}));
    EXPECT_EQ(after, (Steps{3}));
    EXPECT_EQ(hundredth, (Steps{0}));
  }
}

TEST_F(TriggeredHook, TimeIsNotReadWhileStepsSayThatNothingIsDue) {
  for (const bool swapped : {false, true}) {
    for (const bool one_by_one : {false, true}) {
      LoopRig own;
      const auto clock = std::make_shared<CountingClock>();
      own.config.clock = clock;
      own.step = [&](auto&) { clock->now += 10; };
      HookOptions options;
      const Trigger time = Trigger::every_ns(5);
      const Trigger steps = Trigger::every_steps(100);
      options.trigger = swapped ? steps && time : time && steps;
      Steps due;
      own.hook(options)->on_before = [&](auto& context) { due.push_back(context.global_step()); };
      const auto session = own.start();
      session->run();
      clock->reads = 0;
      if (one_by_one) {
        for (int i = 0; i < 299; ++i) session->run();
      } else {
        session->run_until_stop({}, 299);
      }
      EXPECT_EQ(due, (Steps{0, 100, 200}));
      EXPECT_LE(clock->reads, 30) << "when it is due, and in the runs that are measured";
    }
  }
}

TEST_F(TriggeredHook, OfANamedSubsetIsCalledOnlyIfDue) {
  HookOptions options;
  options.name = "rare";
  options.trigger = Trigger::every_steps(2);
  Steps before;
  rig.hook(options)->on_before = [&](auto& context) { before.push_back(context.global_step()); };
  const auto session = rig.start();
  SessionRunArgs args;
  args.options.hooks = HookSelection::named;
  args.options.hook_names = {"rare"};
  for (int i = 0; i < 4; ++i) session->run(args);
  EXPECT_EQ(before, (Steps{0, 2}));
}

}  // namespace
}  // namespace runhook
