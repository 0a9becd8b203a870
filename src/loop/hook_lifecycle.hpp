// hook_lifecycle.hpp: when a hook begins, is admitted to a running session, ends and is cleaned up.
#ifndef RUNHOOK_SRC_LOOP_HOOK_LIFECYCLE_HPP_
#define RUNHOOK_SRC_LOOP_HOOK_LIFECYCLE_HPP_

#include "loop/hook_caller.hpp"
#include "loop/outcome_record.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

// A hook whose begin was called gets exactly one cleanup, and one whose begin has failed gets no other callback.
class HookLifecycle {
 public:
  HookLifecycle(RunState& state, HookList& hooks, HookCaller& caller, OutcomeRecord& outcome) noexcept
      : state_(state), hooks_(hooks), caller_(caller), outcome_(outcome) {}

  void begin_all();      // throws what the first hook has failed with
  void apply_changes();  // at a step boundary: removes and admits hooks; throws what these have failed with
  Error end_all();       // calls end of all hooks; returns what they have failed with
  // Calls cleanup of all hooks, in reverse order; adds what they have failed with to `error`.
  void cleanup_all(Error& error);

 private:
  void begin(HookSlot& slot);
  void admit(HookSlot& slot, Error& error);
  void cleanup(HookSlot& slot, Error& error);

  RunState& state_;
  HookList& hooks_;
  HookCaller& caller_;
  OutcomeRecord& outcome_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_HOOK_LIFECYCLE_HPP_
