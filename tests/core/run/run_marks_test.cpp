// What is marked between the steps of a run.
#include "run/run_marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/evaluation/eval_model.hpp"
#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"
#include "run/run_state.hpp"
#include "runhook/hooks/in_memory_evaluator.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using detail::MarkKind;
using detail::RunMark;
using detail::RunMarks;
using testing::HasSubstr;

RunMark mark(MarkKind kind, std::int64_t begin_ns, std::string text = {}) {
  RunMark made;
  made.kind = kind;
  made.begin_ns = begin_ns;
  made.text = std::move(text);
  return made;
}

TEST(RunMarks, StandInTheOrderInWhichTheyBegan) {
  RunMarks marks;
  marks.add(mark(MarkKind::save, 7, "inner"));
  marks.add(mark(MarkKind::recovery, 5, "outer"));
  const std::vector<RunMark> all = marks.all();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].text, "outer");
  EXPECT_EQ(all[1].text, "inner");
}

TEST(RunMarks, OfEachKindTheNewestAreKeptAndAllAreCounted) {
  RunMarks marks;
  marks.add(mark(MarkKind::stall, 1));
  for (int i = 0; i < 1000; ++i) marks.add(mark(MarkKind::evaluation, 10 + i));
  const std::vector<RunMark> all = marks.all();
  ASSERT_EQ(all.size(), 1 + RunMarks::kMostOfAKind);
  EXPECT_EQ(all.front().kind, MarkKind::stall);
  EXPECT_EQ(all.back().begin_ns, 1009);
  EXPECT_EQ(marks.count(MarkKind::evaluation), 1000U);
  EXPECT_EQ(marks.count(MarkKind::stall), 1U);
  EXPECT_EQ(marks.count(MarkKind::save), 0U);
}

TEST(RunMarks, OneThatGoesOnIsFinishedByItsNumber) {
  RunMarks marks;
  RunMark stall = mark(MarkKind::stall, 1);
  stall.end_ns = RunMark::kGoesOn;
  const std::uint64_t number = marks.add(stall);
  marks.add(stall);
  marks.finish(number, 9);
  EXPECT_EQ(marks.all()[0].end_ns, 9);
  EXPECT_EQ(marks.all()[1].end_ns, RunMark::kGoesOn);
}

TEST(RunMarks, AnyThreadAdds) {
  RunMarks marks;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&marks] {
      for (int k = 0; k < 100; ++k) marks.finish(marks.add(mark(MarkKind::stall, k)), k);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(marks.count(MarkKind::stall), 400U);
}

// Those of a session, once it has ended.
struct MarksOfARun : testing::Test {
  MarksOfARun() {
    rig.config.clock = clock;
    rig.hook({.phase = HookPhase::guard})->on_cleanup = [this](SessionRunContext& context, const Outcome&) {
      marks = detail::RunState::of(context).marks.all();
    };
  }
  LoopRig rig;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>(1000);
  std::vector<RunMark> marks;
};

TEST_F(MarksOfARun, ARecoveryHasItsCauseAndLastsUntilThereIsASession) {
  rig.config.recovery.initial_backoff_ns = 500;
  rig.config.recovery.jitter = 0;
  rig.step = [this](auto&) {
    if (rig.steps == 2) fail(StatusCode::unavailable, "the worker is gone");
  };
  const auto session = rig.start();
  session->run_until_stop(no_args, 2);
  session->close();
  ASSERT_EQ(marks.size(), 1U);
  EXPECT_EQ(marks[0].kind, MarkKind::recovery);
  EXPECT_THAT(marks[0].text, HasSubstr("UNAVAILABLE"));
  EXPECT_THAT(marks[0].text, HasSubstr("the worker is gone"));
  EXPECT_EQ(marks[0].begin_ns, 1000);
  EXPECT_EQ(marks[0].end_ns, 1500);
}

TEST_F(MarksOfARun, ARecoveryThatFailsIsMarkedToo) {
  rig.config.recovery.max_attempts = 1;
  rig.step = [](auto&) { fail(StatusCode::aborted, "always"); };
  const auto session = rig.start();
  EXPECT_THROW(session->run(), StatusError);
  session->close();
  ASSERT_GE(marks.size(), 1U);
  EXPECT_THAT(marks[0].text, HasSubstr("always"));
}

TEST_F(MarksOfARun, AnEvaluationHasTheNameOfItsHook) {
  rig.make = graph_session_factory(training_graph());
  InMemoryEvaluatorOptions options{.evaluation = eval_options()};
  options.every_n_runs = 2;
  rig.config.add_hook(std::make_shared<InMemoryEvaluatorHook>(options), {.name = "validation"});
  const auto session = rig.start();
  session->run_until_stop(fetch("train"), 2);
  session->close();
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[1].kind, MarkKind::evaluation);
  EXPECT_EQ(marks[1].text, "validation");
  EXPECT_EQ(marks[1].step, 2);
}

TEST_F(MarksOfARun, AnEvaluationThatFailsSaysWhy) {
  rig.make = graph_session_factory(training_graph());
  InMemoryEvaluatorOptions options{.evaluation = eval_options()};
  const auto broken = std::make_shared<LambdaHook>();
  broken->on_begin = [](auto&) { fail(StatusCode::internal, "no data"); };
  options.evaluation.config.add_hook(broken);
  rig.config.add_hook(std::make_shared<InMemoryEvaluatorHook>(options), {.failure_policy = FailurePolicy::warn});
  const auto session = rig.start();
  session->close();
  ASSERT_GE(marks.size(), 1U);
  EXPECT_THAT(marks[0].text, HasSubstr("no data"));
}

// Throws once it is broken, which no clock may.
struct BrokenClock final : Clock {
  std::int64_t now_ns() override {
    if (broken) fail(StatusCode::internal, "the clock is broken");
    return 7;
  }
  bool wait(std::int64_t, const StopState*) override { return false; }
  bool broken = false;
};

TEST(RunMarks, AClockThatThrowsDoesNotMatter) {
  RunMarks marks;
  BrokenClock clock;
  {
    const detail::MarkScope scope(marks, clock, MarkKind::save, 3);
    clock.broken = true;
  }
  ASSERT_EQ(marks.count(MarkKind::save), 1U);
  EXPECT_EQ(marks.all()[0].begin_ns, 7);
  EXPECT_EQ(marks.all()[0].end_ns, 0);
}

// A save takes a while on the session's clock.
struct SlowSaver final : Saver {
  explicit SlowSaver(ManualClock& its_clock) : clock(its_clock) {}
  void save(Session&, const Snapshot&) override {
    clock.advance(300);
    if (fails) fail(StatusCode::internal, "the disk is full");
  }
  std::optional<Snapshot> restore(Session&) override { return std::nullopt; }
  ManualClock& clock;
  bool fails = false;
};

TEST_F(MarksOfARun, ASaveThatWasAskedForHasItsDurationAndWhatItFailedWith) {
  const auto saver = std::make_shared<SlowSaver>(*clock);
  rig.scaffold->saver = saver;
  const auto session = rig.start();
  session->request_save();
  session->run();
  saver->fails = true;
  session->request_save();
  EXPECT_STATUS(session->run(), internal, "the disk is full");
  saver->fails = false;
  session->close();
  ASSERT_GE(marks.size(), 2U);
  EXPECT_EQ(marks[0].kind, MarkKind::save);
  EXPECT_EQ(marks[0].end_ns - marks[0].begin_ns, 300);
  EXPECT_EQ(marks[0].step, 1);
  EXPECT_EQ(marks[0].text, "");
  EXPECT_THAT(marks[1].text, HasSubstr("the disk is full"));
}

TEST_F(MarksOfARun, ASaveThatNobodyCanMakeIsNotMarked) {
  const auto session = rig.start();
  session->request_save();
  session->run();
  session->close();
  EXPECT_TRUE(marks.empty());
}

}  // namespace
}  // namespace runhook
