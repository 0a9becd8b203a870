// failure_policy.hpp: what becomes of a hook's failure.
#ifndef RUNHOOK_SRC_LOOP_FAILURE_POLICY_HPP_
#define RUNHOOK_SRC_LOOP_FAILURE_POLICY_HPP_

#include "loop/outcome_record.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

// Applies the policy that each hook was registered with.
class HookFailures {
 public:
  HookFailures(RunState& state, HookList& hooks, OutcomeRecord& outcome) noexcept
      : state_(state), hooks_(hooks), outcome_(outcome) {}

  // Whether the failure is the run's. If it is not, it has become a warning, and the hook may be disabled now.
  bool fails_run(HookSlot& slot, const Error& error) noexcept;
  void warn(const Error& error) noexcept;  // in the outcome and in the log

 private:
  RunState& state_;
  HookList& hooks_;
  OutcomeRecord& outcome_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_FAILURE_POLICY_HPP_
