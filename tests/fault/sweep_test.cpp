// What the checker of the other tests has to find.
#include "sweep.hpp"

#include <gtest/gtest.h>

#include <new>

namespace runhook_test {
namespace {

TEST(AllocationFailureChecker, LeakIsFound) {
  static runhook_value* lost[64];
  static int losses = 0;
  const Swept swept = sweep(
      +[](Trial& trial) {
        runhook_value* first = trial.made(runhook_value_create_double(1, trial.error()));
        runhook_value* second = trial.made(runhook_value_create_double(1, trial.error()));
        if (second != nullptr || first == nullptr) {
          runhook_value_destroy(first);
        } else if (losses < 64) {
          lost[losses++] = first;  // this failure is not cleaned up after
        }
        runhook_value_destroy(second);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("handles"), std::string::npos) << swept.first;
  while (losses > 0) runhook_value_destroy(lost[--losses]);
}

TEST(AllocationFailureChecker, LostMemoryIsFound) {
  static void* lost[64];
  static int losses = 0;
  const Swept swept = sweep(
      +[](Trial&) {
        void* first = operator new(8, std::nothrow);
        void* second = operator new(8, std::nothrow);
        if (second == nullptr && losses < 64) {
          lost[losses++] = first;
        } else {
          operator delete(first);
        }
        operator delete(second);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("memory"), std::string::npos) << swept.first;
  while (losses > 0) operator delete(lost[--losses]);
}

TEST(AllocationFailureChecker, HookThatIsNotToldHowItsRunEndedIsFound) {
  const Swept swept = sweep(
      +[](Trial& trial) {
        runhook_value* value = trial.made(runhook_value_create_double(1, trial.error()));
        ++trial.before_run;
        if (value != nullptr) ++trial.after_run;
        runhook_value_destroy(value);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("1 times before_run, 0 times after_run"), std::string::npos) << swept.first;
}

TEST(AllocationFailureChecker, IgnoredFailureIsFound) {
  const Swept swept = sweep(
      +[](Trial& trial) {
        runhook_run_args* args = runhook_run_args_create(nullptr);  // not looked at
        trial.ok(runhook_run_args_clear(args, trial.error()));
        runhook_run_args_destroy(args);
      },
      1);
  EXPECT_GT(swept.problems, 0);
  EXPECT_NE(swept.first.find("INVALID_ARGUMENT"), std::string::npos) << swept.first;
}

}  // namespace
}  // namespace runhook_test
