// Which hooks are called, in which order, and what their failures do.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rig.hpp"

namespace conformance {
namespace {

TEST(Phases, W24_GuardsComeFirstSaversLastCleanupIsReversed) {
  Rig rig;
  rig.hook("S1").options.phase = RUNHOOK_PHASE_SAVER;
  rig.hook("N1");
  rig.hook("G1").options.phase = RUNHOOK_PHASE_GUARD;
  rig.hook("N2");
  rig.hook("G2").options.phase = RUNHOOK_PHASE_GUARD;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  rig.raws[0]->fails(2, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  const Trace forward{"G1", "G2", "N1", "N2", "S1"};
  const auto names = [&rig](const std::string& callback, std::size_t count) {
    Trace found = only(rig.trace, "." + callback);
    for (std::string& entry : found) entry.resize(entry.find('.'));
    found.resize(std::min(found.size(), count));
    return found;
  };
  for (const char* callback : {"begin", "created", "before", "after", "end"})
    EXPECT_EQ(names(callback, 5), forward) << callback;
  const Trace backward(forward.rbegin(), forward.rend());
  EXPECT_EQ(names("error", 5), backward);
  EXPECT_EQ(names("cleanup", 5), backward);
}

TEST(OnError, W1_FailingSessionTellsAllHooksInReverse) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  Rec& a = rig.hook("A");
  rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_REPLY(rig.step().reply, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "raw1.run", "B.error", "A.error"}));
  EXPECT_EQ(a.error.status, RUNHOOK_ERR_INTERNAL);
  EXPECT_TRUE(a.error.mentions("broken")) << a.error;
}

TEST(OnError, W1_CannotSwallowTheErrorAndItsOwnIsSuppressed) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_INTERNAL, "broken");
  rig.hook("A");
  rig.hook("B").fails("error", 1, RUNHOOK_ERR_DATA_LOSS, "while handling");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_TRUE(reply.holds(RUNHOOK_ERR_DATA_LOSS, "while handling")) << reply;
  EXPECT_EQ(only(rig.trace, ".error"), (Trace{"B.error", "A.error"}));
}

TEST(AfterRun, W3_AllAreCalledAndTheFirstErrorIsPrimary) {
  Rig rig;
  rig.hook("A").fails("after", 1, RUNHOOK_ERR_INTERNAL, "first");
  rig.hook("B").fails("after", 1, RUNHOOK_ERR_DATA_LOSS, "second");
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  const Reply reply = rig.step().reply;
  EXPECT_EQ(reply.status, RUNHOOK_ERR_INTERNAL) << reply;
  EXPECT_EQ(reply.hook, "A");
  EXPECT_EQ(reply.callback, "after_run");
  ASSERT_EQ(reply.suppressed.size(), 1U) << reply;
  EXPECT_EQ(reply.suppressed[0].status, RUNHOOK_ERR_DATA_LOSS);
  EXPECT_EQ(reply.suppressed[0].hook, "B");
  EXPECT_EQ(rig.take(), (Trace{"A.before", "B.before", "C.before", "raw1.run", "A.after", "B.after", "C.after"}))
      << "no on_error";
}

TEST(AfterRun, StopOfOneHookKeepsNobodyFromBeingCalled) {
  Rig rig;
  rig.hook("A").stops("after", 1);
  Rec& b = rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(b.calls["after"], 1);
  EXPECT_TRUE(b.last("after").stop_requested);
}

TEST(FailurePolicy, WarningIsLoggedAndCountedAndTheRunGoesOn) {
  Rig rig;
  rig.hook("W").fails("after", 0, RUNHOOK_ERR_INTERNAL, "just saying").options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 3; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.logged("just saying"));
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_warnings(outcome.get()), 3);
  EXPECT_EQ(runhook_outcome_kind(outcome.get()), RUNHOOK_OUTCOME_COMPLETED);
}

TEST(FailurePolicy, HookThatOnlyWarnsIsLeftOutOfTheAttempt) {
  Rig rig;
  Raw& raw = rig.raw();
  Rec& w = rig.hook("W");
  w.options.failure_policy = RUNHOOK_POLICY_WARN;
  w.on("before", 1, [](runhook_context* context) {
    EXPECT_REPLY(call(runhook_context_add_fetch, context, "k", "ten"), RUNHOOK_OK);
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "changed my mind");
  });
  rig.hook("B");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_EQ(rig.identity(1).at("identity"), 1);
  EXPECT_EQ(rig.take(), (Trace{"W.before", "W.error", "B.before", "raw1.run", "B.after"}));
  EXPECT_EQ(raw.computations["ten"], 0) << "its requests are dropped";
  EXPECT_REPLY(rig.identity(1).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"W.before", "B.before", "raw1.run", "W.after", "B.after"}));
}

TEST(FailurePolicy, HookIsDisabledAfterSoManyFailures) {
  Rig rig;
  Rec& d = rig.hook("D").fails("after", 0, RUNHOOK_ERR_INTERNAL, "again");
  d.options.failure_policy = RUNHOOK_POLICY_DISABLE;
  d.options.max_failures = 2;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  for (int i = 0; i < 4; ++i) EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_EQ(d.calls["before"], 2);
  EXPECT_EQ(d.calls["after"], 2);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(d.calls["end"], 0);
  EXPECT_EQ(d.calls["cleanup"], 1);
  const OwnOutcome outcome(runhook_monitored_session_outcome(rig.session.get(), nullptr));
  EXPECT_EQ(runhook_outcome_warnings(outcome.get()), 2);
}

TEST(FailurePolicy, WarningHookThatFailsToBeginIsOnlyCleanedUp) {
  Rig rig;
  auto& w = rig.hook("W").fails("begin", 1, RUNHOOK_ERR_INTERNAL, "no file");
  w.options.failure_policy = RUNHOOK_POLICY_WARN;
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.step().reply, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_TRUE(rig.logged("no file"));
  for (const char* callback : {"created", "before", "after", "end"}) EXPECT_EQ(w.calls[callback], 0) << callback;
  EXPECT_EQ(w.calls["cleanup"], 1);
}

Ask with_hooks(std::int32_t selection, std::vector<std::string> names = {}) {
  return Ask().fetch("five").with([selection, names](runhook_run_options* options) {
    runhook_run_options_set_hooks(options, selection, nullptr);
    for (const std::string& name : names) runhook_run_options_add_hook_name(options, name.c_str(), nullptr);
  });
}

TEST(HookSelection, W25_RunsWithAllNoneOrSomeHooks) {
  Rig rig;
  rig.hook("A");
  rig.hook("B");
  rig.hook("C");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.take();
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_ALL)).reply, RUNHOOK_OK);
  EXPECT_EQ(only(rig.take(), ".before"), (Trace{"A.before", "B.before", "C.before"}));
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_NONE)).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"raw1.run"}));
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_NAMED, {"C", "A"})).reply, RUNHOOK_OK);
  EXPECT_EQ(rig.take(), (Trace{"A.before", "C.before", "raw1.run", "A.after", "C.after"}))
      << "in the order of the list";
  EXPECT_REPLY(rig.run(with_hooks(RUNHOOK_HOOKS_ALL)).reply, RUNHOOK_OK);
  EXPECT_EQ(only(rig.take(), ".after").size(), 3U);
}

TEST(HookSelection, W25_RecoveryAppliesWithoutHooks) {
  Rig rig;
  rig.raw().fails(1, RUNHOOK_ERR_ABORTED);
  rig.raw();
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_EQ(rig.run(with_hooks(RUNHOOK_HOOKS_NONE)).at("five"), 5);
  EXPECT_EQ(rig.created, 2);
  EXPECT_EQ(hook.calls["created"], 2);
  EXPECT_EQ(hook.calls["before"], 0);
  EXPECT_EQ(hook.calls["error"], 0);
}

TEST(HookList, W29_AddedHookBeginsAtTheNextStep) {
  Rig rig;
  rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  Rec& late = rig.spare_hook("late");
  EXPECT_REPLY(rig.add(late), RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after"}));
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after", "end", "cleanup"}));
}

TEST(HookList, W29_HookMayBeAddedAndRemovedInACallback) {
  Rig rig;
  Rec& late = rig.spare_hook("late");
  std::uint64_t id = 0;
  Rec& a = rig.hook("A");
  a.on("after", [&](runhook_context* context) {
    runhook_monitored_session* session = runhook_context_monitored_session(context);
    if (a.calls["after"] == 1) EXPECT_REPLY(rig.add(late, &id), RUNHOOK_OK);
    if (a.calls["after"] == 2) EXPECT_REPLY(call(runhook_monitored_session_remove_hook, session, id), RUNHOOK_OK);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  rig.step();
  EXPECT_EQ(late.calls["before"], 0);
  rig.step();
  EXPECT_EQ(late.calls["after"], 1) << "until the boundary it takes part";
  rig.step();
  EXPECT_EQ(of(rig.trace, "late"), (Trace{"begin", "created", "before", "after", "cleanup"}));
  EXPECT_EQ(late.destroyed, 1);
  EXPECT_REPLY(call(runhook_monitored_session_remove_hook, rig.session.get(), id), RUNHOOK_ERR_NOT_FOUND);
}

TEST(HookList, W30_SameHookCannotBeAddedAgain) {
  Rig rig;
  Rec& hook = rig.hook("A");
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.add(hook), RUNHOOK_ERR_ALREADY_EXISTS);
  rig.step();
  EXPECT_EQ(hook.calls["before"], 1);
}

TEST(HookList, W29_NothingIsAddedOnceTheEndHasBegun) {
  Rig rig;
  Rec& late = rig.spare_hook("late");
  Reply in_end;
  rig.hook("A").on("end", [&](runhook_context*) {
    in_end = rig.add(late);
    return kOk;
  });
  ASSERT_EQ(rig.open().status, RUNHOOK_OK);
  EXPECT_REPLY(rig.close(), RUNHOOK_OK);
  EXPECT_EQ(in_end.status, RUNHOOK_ERR_CLOSED) << in_end;
  EXPECT_TRUE(late.calls.empty());
}

}  // namespace
}  // namespace conformance
