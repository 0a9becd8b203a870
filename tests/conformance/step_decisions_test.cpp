// What one step may be: skipped, without a result for its caller, on one thread, with its plan and clock reading kept.
#include <cstdint>
#include <string>
#include <thread>

#include "rig.hpp"

namespace conformance {
namespace {

TEST(SkipStep, W16_StepIsNotExecutedAndAllAreTold) {
  Rig rig;
  rig.hook("A").on("before", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_skip_step, context), RUNHOOK_OK);
    return kOk;
  });
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Answer answer = rig.identity(1);
  EXPECT_REPLY(answer.reply, RUNHOOK_OK);
  EXPECT_TRUE(answer.skipped);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "B.error", "A.error"}));
  EXPECT_EQ(b.error.status, RUNHOOK_ERR_CANCELLED);
  const Answer next = rig.identity(2);
  EXPECT_FALSE(next.skipped);
  EXPECT_EQ(next.at("identity"), 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
}

TEST(SkipStep, W16_WithAStopTheRunIsStopped) {
  Rig rig;
  rig.hook("A").on("before", 1, [](runhook_context* context) {
    runhook_context_request_stop(context, 0, "enough", RUNHOOK_STOP_AFTER_STEP);
    EXPECT_REPLY(call(runhook_context_skip_step, context), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_ERR_STOPPED);
  EXPECT_EQ(rig.raws[0]->runs, 0);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(rig.outcome(), RUNHOOK_OUTCOME_STOPPED);
}

TEST(SkipStep, W16_IsRefusedOutsideBeforeRun) {
  Rig rig;
  Reply skip;
  rig.hook("A").on("after", [&](runhook_context* context) {
    skip = call(runhook_context_skip_step, context);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_EQ(skip.status, RUNHOOK_ERR_FAILED_PRECONDITION);
}

TEST(Request, OutsideBeforeRunItFailsTheCallback) {
  Rig rig;
  Reply fetch;
  rig.hook("A").on("after", 1, [&](runhook_context* context) {
    fetch = call(runhook_context_add_fetch, context, "k", "five");
    return kOk;
  });
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.identity(1).reply;
  EXPECT_EQ(fetch.status, RUNHOOK_ERR_FAILED_PRECONDITION);
  EXPECT_EQ(reply.status, RUNHOOK_ERR_FAILED_PRECONDITION) << reply;
  EXPECT_EQ(reply.hook, "A");
  EXPECT_EQ(reply.callback, "after_run");
  EXPECT_EQ(reply.message, fetch.message);
  EXPECT_EQ(b.calls["after"], 1) << "the other hooks are called all the same";
  EXPECT_REPLY(rig.identity(2).reply, RUNHOOK_OK);
}

TEST(DiscardResult, W12_CallerGetsNothingAndHooksGetTheirs) {
  Rig rig;
  rig.hook("A").on("after", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_discard_result, context), RUNHOOK_OK);
    return kOk;
  });
  Rec& b = rig.hook("B").asks(Ask().fetch("five"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Answer answer = rig.identity(1);
  EXPECT_REPLY(answer.reply, RUNHOOK_OK);
  EXPECT_TRUE(answer.discarded);
  EXPECT_EQ(answer.at("identity"), answer.values.empty() ? -999 : -998) << "no value";
  EXPECT_EQ(b.results, (Values{{"five", 5.0}}));
  EXPECT_FALSE(rig.identity(2).discarded);
  EXPECT_FALSE(rig.should_stop());
}

TEST(Threads, W37_SecondThreadIsBusy) {
  Rig rig;
  Raw& raw = rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  Reply other;
  raw.on_run = [&](runhook_context*) {
    std::thread([&] { other = call(runhook_monitored_session_run, rig.session.get(), nullptr, nullptr); }).join();
    return kOk;
  };
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(other.status, RUNHOOK_ERR_BUSY) << other;
  EXPECT_EQ(raw.runs, 1);
}

TEST(Plan, NamesAreResolvedOncePerSession) {
  Rig rig;
  rig.raw().fails(4, RUNHOOK_ERR_ABORTED);
  rig.raw();
  rig.hook("A").asks(Ask().fetch("k", "g"));
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(rig.identity(i).at("identity"), i);
  for (const auto& raw : rig.raws) {
    for (const auto& [name, count] : raw->resolutions) EXPECT_EQ(count, 1) << raw->name << " " << name;
  }
}

TEST(Plan, ChangesWithWhatIsAsked) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) {
    hook.asks(i % 2 == 0 ? Ask().fetch("k", "five").feed("a", i) : Ask().fetch("k", "sum").feed("b", i));
    EXPECT_EQ(rig.fetch("sum").at("sum"), i);
    EXPECT_EQ(hook.results["k"], i % 2 == 0 ? 5 : i) << i;
  }
}

TEST(Clock, W55_IsReadAtMostOncePerStep) {
  Rig rig;
  std::int64_t reads = 0;
  runhook_clock_table table = RUNHOOK_CLOCK_TABLE_INIT;
  table.user_data = &reads;
  table.now_ns = [](runhook_context* context, void* data, std::int32_t ok) {
    runhook_context_set_now_ns(context, 1000 + ++*static_cast<std::int64_t*>(data), nullptr);
    return ok;
  };
  make(rig.clock, runhook_clock_create, &table);
  Rec& a = rig.hook("A");
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  reads = 0;
  for (int i = 0; i < 3; ++i) {
    rig.step();
    EXPECT_EQ(a.last("before").now_ns, b.last("after").now_ns);
  }
  EXPECT_LE(reads, 3);
}

}  // namespace
}  // namespace conformance
