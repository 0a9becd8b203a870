#include "run/hook_list.hpp"

#include <gtest/gtest.h>

#include "core/expect_error.hpp"
#include "core/loop_rig.hpp"

namespace runhook {
namespace {

using namespace runhook_test;
using detail::HookList;
using detail::HookSlot;

class HookListTriggers : public testing::Test {
 protected:
  // Adds a hook and takes it into the list, as at a step boundary.
  HookSlot& add(Trigger trigger) {
    HookOptions options;
    options.trigger = std::move(trigger);
    hooks.add({std::make_shared<LambdaHook>(), options});
    HookSlot* const slot = hooks.admit_next();
    hooks.settle();
    return *slot;
  }
  detail::RunState state;
  HookList hooks{state};
};

TEST_F(HookListTriggers, HookThatIsAddedToARunThatBeginsAgainIsDecidedForAsWell) {
  const HookSlot& every = add(Trigger::every_steps(100));
  hooks.decide({0, 0, false, 0});
  EXPECT_TRUE(every.due);
  const HookSlot& seldom = add(Trigger::at_steps({50}));
  hooks.decide({2, 0, false, 2});
  EXPECT_FALSE(hooks.has_undecided());

  const HookSlot& first = add(Trigger::first());
  EXPECT_TRUE(hooks.has_undecided());
  EXPECT_FALSE(first.due);
  hooks.decide_added({2, 0, false, 2});
  EXPECT_FALSE(hooks.has_undecided());
  EXPECT_TRUE(first.due);
  EXPECT_FALSE(every.due);
  EXPECT_FALSE(seldom.due);
  ASSERT_EQ(hooks.calls({}).before.size(), 1U);
  EXPECT_EQ(hooks.calls({}).before[0].slot, &first);

  hooks.decide({3, 0, false, 3});
  EXPECT_FALSE(first.due) << "it has been called in its first run";
}

TEST_F(HookListTriggers, DecisionForTheOthersHoldsWhenOneIsAdded) {
  const HookSlot& every = add(Trigger::every_steps(100));
  hooks.decide({0, 0, false, 0});
  add(Trigger::never());
  hooks.decide_added({0, 0, false, 0});
  EXPECT_TRUE(every.due) << "the run has not been made yet";
  EXPECT_EQ(hooks.calls({}).before.size(), 1U);
}

TEST_F(HookListTriggers, PredicateOfAnAddedHookThatHasFailedIsAskedAgain) {
  add(Trigger::never());
  hooks.decide({0, 0, false, 0});
  int asked = 0;
  const HookSlot& slot = add(Trigger::when([&asked](const TriggerPoint&) {
    if (++asked == 1) fail(StatusCode::internal);
    return true;
  }));
  EXPECT_STATUS(hooks.decide_added({0, 0, false, 0}), internal, "on purpose");
  EXPECT_TRUE(hooks.has_undecided());
  hooks.decide_added({0, 0, false, 0});
  EXPECT_TRUE(slot.due);
}

}  // namespace
}  // namespace runhook
