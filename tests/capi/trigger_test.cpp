// Triggers in C: the rules, and hooks that are registered with one.
#include <cstdint>
#include <vector>

#include "runhook/standalone.h"
#include "scripted.hpp"

namespace {

using namespace runhook_test;
using Steps = std::vector<int64_t>;

class CTrigger : public NoHandlesLeft {
 protected:
  void TearDown() override {
    error_.out();  // its error is a handle, too
    NoHandlesLeft::TearDown();
  }
  // The steps at which it is due, of the first `runs`; destroys it.
  Steps due(runhook_trigger* trigger, int64_t runs) {
    EXPECT_NE(trigger, nullptr) << error_.message();
    Steps steps;
    for (int64_t step = 0; step < runs; ++step) {
      int32_t is_due = -1;
      EXPECT_EQ(runhook_trigger_due(trigger, step, step * 10, &is_due, nullptr), RUNHOOK_OK);
      if (is_due == 1) {
        steps.push_back(step);
        EXPECT_EQ(runhook_trigger_fired(trigger, step, step * 10, nullptr), RUNHOOK_OK);
      } else {
        EXPECT_EQ(runhook_trigger_passed(trigger, step, step * 10, nullptr), RUNHOOK_OK);
      }
    }
    runhook_trigger_destroy(trigger);
    return steps;
  }
  // Combines two triggers and destroys them.
  template <class Combine>
  runhook_trigger* both(Combine combine, runhook_trigger* a, runhook_trigger* b) {
    runhook_trigger* made = combine(a, b, error_.out());
    runhook_trigger_destroy(a);
    runhook_trigger_destroy(b);
    return made;
  }
  Caught error_;
};

TEST_F(CTrigger, AfterFirstCountsFromTheFirstRunWhichItLeavesOut) {
  runhook_trigger* steps = runhook_trigger_every_steps(2, nullptr);
  EXPECT_EQ(due(runhook_trigger_after_first(steps, error_.out()), 7), (Steps{1, 3, 5}));
  runhook_trigger_destroy(steps);
}

TEST_F(CTrigger, EachIsDueAtItsSteps) {
  const int64_t steps[] = {5, 2};
  EXPECT_EQ(due(runhook_trigger_every_steps(3, error_.out()), 8), (Steps{0, 3, 6}));
  EXPECT_EQ(due(runhook_trigger_every_runs(5, error_.out()), 8), (Steps{0, 5}));
  EXPECT_EQ(due(runhook_trigger_every_ns(25, error_.out()), 8), (Steps{0, 3, 6}));
  EXPECT_EQ(due(runhook_trigger_every(4, 25, error_.out()), 8), (Steps{0, 3, 6}));
  EXPECT_EQ(due(runhook_trigger_at_steps(steps, 2, error_.out()), 8), (Steps{2, 5}));
  EXPECT_EQ(due(runhook_trigger_within(2, 4, error_.out()), 8), (Steps{2, 3}));
  EXPECT_EQ(due(runhook_trigger_within(6, INT64_MAX, error_.out()), 8), (Steps{6, 7}));
  EXPECT_EQ(due(runhook_trigger_first(error_.out()), 8), (Steps{0}));
  EXPECT_EQ(due(runhook_trigger_once(error_.out()), 8), (Steps{0}));
  EXPECT_EQ(due(runhook_trigger_never(error_.out()), 8), Steps{});
  EXPECT_EQ(due(runhook_trigger_last(error_.out()), 8), Steps{});
}

TEST_F(CTrigger, CombinationsTakeCopies) {
  EXPECT_EQ(
      due(both(runhook_trigger_and, runhook_trigger_every_steps(2, nullptr), runhook_trigger_within(3, 8, nullptr)),
          10),
      (Steps{3, 5, 7}));
  EXPECT_EQ(
      due(both(runhook_trigger_or, runhook_trigger_within(0, 1, nullptr), runhook_trigger_within(4, 5, nullptr)), 8),
      (Steps{0, 4}));
  runhook_trigger* window = runhook_trigger_within(1, 7, nullptr);
  runhook_trigger* outside = runhook_trigger_not(window, error_.out());
  runhook_trigger_destroy(window);
  EXPECT_EQ(due(outside, 8), (Steps{0, 7}));
}

TEST_F(CTrigger, BadNumbersAreRefused) {
  EXPECT_EQ(runhook_trigger_every_steps(0, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_trigger_every_ns(-1, nullptr), nullptr);
  EXPECT_EQ(runhook_trigger_at_steps(nullptr, 0, nullptr), nullptr);
  EXPECT_EQ(runhook_trigger_at_steps(nullptr, 2, nullptr), nullptr);
  EXPECT_EQ(runhook_trigger_within(3, 3, nullptr), nullptr);
  EXPECT_EQ(runhook_trigger_and(nullptr, nullptr, error_.out()), nullptr);
  EXPECT_EQ(error_.code(), RUNHOOK_ERR_INVALID_ARGUMENT);
}

TEST_F(CTrigger, StateIsRestored) {
  runhook_trigger* a = runhook_trigger_every_steps(10, nullptr);
  runhook_trigger* b = runhook_trigger_every_steps(10, nullptr);
  runhook_trigger_fired(a, 7, 0, nullptr);
  ASSERT_EQ(runhook_trigger_restore(b, runhook_trigger_state(a, 0, nullptr), 0, error_.out()), RUNHOOK_OK);
  EXPECT_STREQ(runhook_trigger_state(b, 0, nullptr), runhook_trigger_state(a, 0, nullptr));
  int32_t is_due = -1;
  runhook_trigger_due(b, 16, 0, &is_due, nullptr);
  EXPECT_EQ(is_due, 0);
  EXPECT_EQ(runhook_trigger_rewind(b, 2, nullptr), RUNHOOK_OK);
  runhook_trigger_due(b, 12, 0, &is_due, nullptr);
  EXPECT_EQ(is_due, 1);
  EXPECT_EQ(runhook_trigger_restore(b, "1 2 3", 0, error_.out()), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(runhook_trigger_reset(b, nullptr), RUNHOOK_OK);
  runhook_trigger_due(b, 0, 0, &is_due, nullptr);
  EXPECT_EQ(is_due, 1);
  runhook_trigger_destroy(a);
  runhook_trigger_destroy(b);
}

class CTriggeredHook : public CTrigger {
 protected:
  // Runs `runs` steps with a hook that has this trigger, which is destroyed. Returns the steps that the hook saw first.
  Steps called(runhook_trigger* trigger, int64_t runs) {
    ScriptedHook hook;
    Steps steps;
    hook.on["before_run"] = [&](runhook_context* context) {
      steps.push_back(runhook_context_global_step(context));
      return kOk;
    };
    Loop loop;
    runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
    options.trigger = trigger;
    EXPECT_EQ(loop.add(hook, &options), RUNHOOK_OK);
    runhook_trigger_destroy(trigger);  // the registration has a copy
    EXPECT_TRUE(loop.start());
    status_ = runhook_monitored_session_run_until_stop(loop.session, nullptr, runs, nullptr, error_.out());
    EXPECT_EQ(hook.count("before_run"), static_cast<int>(steps.size()));
    return steps;
  }
  runhook_status status_ = RUNHOOK_OK;
};

TEST_F(CTriggeredHook, IsCalledWhenItIsDue) {
  EXPECT_EQ(called(runhook_trigger_every_steps(4, nullptr), 10), (Steps{0, 4, 8}));
  EXPECT_EQ(called(runhook_trigger_last(nullptr), 10), (Steps{9}));
  EXPECT_EQ(called(nullptr, 3), (Steps{0, 1, 2}));
}

TEST_F(CTriggeredHook, InvalidTriggerIsRefusedAndTheHookReleased) {
  runhook_trigger* gone = runhook_trigger_never(nullptr);
  runhook_trigger_destroy(gone);
  ScriptedHook hook;
  Loop loop;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  options.trigger = gone;
  EXPECT_EQ(loop.add(hook, &options), RUNHOOK_ERR_INVALID_ARGUMENT);
  EXPECT_EQ(hook.destroyed, 1);
}

TEST_F(CTriggeredHook, PredicateSaysWhen) {
  int asked = 0;
  int destroyed = 0;
  struct Data {
    int* asked;
    int* destroyed;
  } data{&asked, &destroyed};
  runhook_function predicate = RUNHOOK_FUNCTION_INIT;
  predicate.user_data = &data;
  predicate.destroy = [](void* user_data) { ++*static_cast<Data*>(user_data)->destroyed; };
  predicate.call = [](runhook_context* context, void* user_data, int32_t ok) -> int32_t {
    ++*static_cast<Data*>(user_data)->asked;
    EXPECT_GT(runhook_context_now_ns(context), 0);
    EXPECT_EQ(runhook_context_set_due(context, runhook_context_global_step(context) % 3 == 1, nullptr), RUNHOOK_OK);
    return ok;
  };
  EXPECT_EQ(called(runhook_trigger_when(&predicate, error_.out()), 8), (Steps{1, 4, 7}));
  EXPECT_EQ(asked, 8);
  EXPECT_EQ(destroyed, 1);
}

TEST_F(CTriggeredHook, FailingPredicateFailsTheRun) {
  runhook_function predicate = RUNHOOK_FUNCTION_INIT;
  predicate.call = [](runhook_context* context, void*, int32_t) {
    return runhook_context_fail(context, RUNHOOK_ERR_INTERNAL, "cannot tell");
  };
  EXPECT_EQ(called(runhook_trigger_when(&predicate, error_.out()), 8), Steps{});
  EXPECT_EQ(status_, RUNHOOK_ERR_INTERNAL);
  EXPECT_EQ(error_.message(), "cannot tell");
}

TEST_F(CTriggeredHook, LastIsTheRunThatReachesTheAnnouncedStep) {
  ScriptedHook stopper;
  ScriptedHook late;
  Steps steps;
  stopper.on["begin"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_announce_last_step(context, 5, nullptr), RUNHOOK_OK);
    return kOk;
  };
  stopper.on["after_run"] = [](runhook_context* context) {
    if (runhook_context_global_step(context) == 5) {
      runhook_context_request_stop(context, 0, nullptr, RUNHOOK_STOP_AFTER_STEP);
    }
    return kOk;
  };
  late.on["after_run"] = [&](runhook_context* context) {
    steps.push_back(runhook_context_global_step(context));
    return kOk;
  };
  Loop loop;
  runhook_hook_options options = RUNHOOK_HOOK_OPTIONS_INIT;
  runhook_trigger* last = runhook_trigger_last(nullptr);
  options.trigger = last;
  ASSERT_EQ(loop.add(stopper), RUNHOOK_OK);
  ASSERT_EQ(loop.add(late, &options), RUNHOOK_OK);
  runhook_trigger_destroy(last);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(runhook_monitored_session_run_until_stop(loop.session, nullptr, 0, nullptr, nullptr), RUNHOOK_OK);
  EXPECT_EQ(steps, (Steps{5}));
}

TEST_F(CTriggeredHook, AnswersAreForTheirCallbackOnly) {
  ScriptedHook hook;
  hook.on["before_run"] = [](runhook_context* context) {
    EXPECT_EQ(runhook_context_set_due(context, 1, nullptr), RUNHOOK_ERR_FAILED_PRECONDITION);
    return kOk;
  };
  Loop loop;
  ASSERT_EQ(loop.add(hook), RUNHOOK_OK);
  ASSERT_TRUE(loop.start());
  EXPECT_EQ(loop.run(), RUNHOOK_OK);
}

}  // namespace
