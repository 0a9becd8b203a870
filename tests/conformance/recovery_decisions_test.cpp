// How often a session is made anew, how long that waits, and who decides.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rig.hpp"

namespace conformance {
namespace {

// Makes as many sessions as asked for that fail in their first run with UNAVAILABLE.
void add_failing_raws(Rig& rig, int count) {
  for (int i = 0; i < count; ++i) rig.raw().fails(1, RUNHOOK_ERR_UNAVAILABLE, "down " + std::to_string(i));
}

struct Notice {
  std::int64_t attempt;
  std::int64_t backoff_ns;
  std::int64_t now_ns;
  runhook_status cause;
};

// Keeps what on_recovery is told; the policy's user data is the list, `fail_at` ends the recovery.
struct Notices {
  explicit Notices(Rig& of_rig, std::int64_t fail_at_attempt = 0) : rig(of_rig), fail_at(fail_at_attempt) {
    rig.recovery.user_data = this;
    rig.recovery.on_recovery = [](runhook_context* context, void* data, std::int32_t ok) {
      auto* self = static_cast<Notices*>(data);
      self->all.push_back({runhook_context_recovery_attempt(context), runhook_context_backoff_ns(context),
                           runhook_clock_now_ns(self->rig.clock.get()),
                           runhook_error_code(runhook_context_error(context))});
      if (self->all.back().attempt == self->fail_at)
        return runhook_context_fail(context, RUNHOOK_ERR_CANCELLED, "no more");
      return ok;
    };
  }
  Rig& rig;
  std::int64_t fail_at;
  std::vector<Notice> all;
};

TEST(Recovery, W38_AttemptsAreLimitedAndTheWaitDoubles) {
  Rig rig;
  add_failing_raws(rig, 10);
  rig.recovery.max_attempts = 4;
  rig.recovery.initial_backoff_ns = 100 * kMillisecond;
  rig.recovery.max_backoff_ns = 300 * kMillisecond;
  Notices notices(rig);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const std::int64_t before = runhook_clock_now_ns(rig.clock.get());
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_UNAVAILABLE) << reply;
  EXPECT_TRUE(reply.mentions("down 0")) << "the first error is primary: " << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down 4")) << reply;
  EXPECT_EQ(rig.created, 5);
  ASSERT_EQ(notices.all.size(), 4U);
  const std::int64_t waits[] = {100, 200, 300, 300};
  std::int64_t waited = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(notices.all[i].attempt, static_cast<std::int32_t>(i + 1));
    EXPECT_EQ(notices.all[i].backoff_ns, waits[i] * kMillisecond) << i;
    EXPECT_EQ(notices.all[i].cause, RUNHOOK_ERR_UNAVAILABLE);
    EXPECT_EQ(notices.all[i].now_ns - before, waited) << "told before it waits";
    waited += waits[i] * kMillisecond;
  }
  EXPECT_EQ(runhook_clock_now_ns(rig.clock.get()) - before, waited);
}

TEST(Recovery, W38_CompletedStepStartsTheCountAnew) {
  Rig rig;
  for (int i = 0; i < 6; ++i) rig.raw().fails(2, RUNHOOK_ERR_ABORTED).has_global_step = false;  // it goes on counting
  rig.recovery.max_attempts = 1;
  Notices notices(rig);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 6; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  ASSERT_EQ(notices.all.size(), 5U);
  for (const Notice& notice : notices.all) EXPECT_EQ(notice.attempt, 1);
}

TEST(Recovery, W38_StepThatIsDoneAgainDoesNot) {
  Rig rig;
  for (int i = 0; i < 6; ++i) rig.raw().fails(2, RUNHOOK_ERR_ABORTED);  // each of them begins at step 0
  rig.recovery.max_attempts = 3;
  Notices notices(rig);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  int completed = 0;
  Reply reply;
  while (completed < 10 && (reply = rig.step().reply).status == RUNHOOK_OK) ++completed;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_ABORTED) << reply;
  EXPECT_EQ(completed, 4) << "the first step, in each session";
  ASSERT_EQ(notices.all.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(notices.all[i].attempt, static_cast<std::int32_t>(i + 1));
}

TEST(Recovery, W38_DeadlineEndsIt) {
  Rig rig;
  add_failing_raws(rig, 50);
  rig.recovery.max_attempts = 40;
  rig.recovery.initial_backoff_ns = kSecond;
  rig.recovery.max_backoff_ns = kSecond;
  rig.recovery.deadline_ns = 5 * kSecond;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_TRUE(reply.status == RUNHOOK_ERR_UNAVAILABLE || reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down")) << reply;
  EXPECT_NE(reply.status, RUNHOOK_OK);
  EXPECT_GE(rig.created, 4);
  EXPECT_LE(rig.created, 8);
}

TEST(Recovery, W39_ListenerMayEndIt) {
  Rig rig;
  add_failing_raws(rig, 10);
  Notices notices(rig, 2);
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_CANCELLED, "no more")) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_UNAVAILABLE, "down")) << reply;
  EXPECT_EQ(rig.created, 2);
}

TEST(Recovery, W40_ClassifierDecides) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_DATA_LOSS, "lost");
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED, "not any more");
  rig.recovery.classify = [](runhook_context* context, void*, std::int32_t ok) {
    runhook_context_set_recoverable(
        context, runhook_error_code(runhook_context_error(context)) == RUNHOOK_ERR_DATA_LOSS ? 1 : 0, nullptr);
    return ok;
  };
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_ABORTED);
  EXPECT_EQ(rig.created, 2);
}

TEST(Recovery, W39_OutcomeCountsIt) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw().fails(2, RUNHOOK_ERR_ABORTED);
  rig.raw();
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 2; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  rig.close();
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_recoveries(outcome.get()), 2);
  EXPECT_EQ(runhook_outcome_runs(outcome.get()), 2);
}

TEST(Recovery, AttemptNumberIsToldToHooks) {
  Rig rig;
  rig.raw().fails(2, RUNHOOK_ERR_ABORTED);
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  std::vector<std::int64_t> attempts;
  for (const Rec::Seen& seen : hook.seen) {
    if (seen.callback == "before") attempts.push_back(seen.attempt);
  }
  EXPECT_EQ(attempts, (std::vector<std::int64_t>{1, 1, 2, 3, 1}));
}

TEST(Recovery, OldSessionIsClosedBeforeTheNewOneIsMade) {
  Rig rig;
  Raw& first = rig.raw();
  first.fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  int closed_by_then = -1;
  rig.before_create = [&](runhook_context*) {
    if (rig.created == 2) closed_by_then = first.closed;
    return kOk;
  };
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(closed_by_then, 1);
}

}  // namespace
}  // namespace conformance
