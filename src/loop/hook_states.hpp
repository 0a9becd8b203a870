// hook_states.hpp: what hooks and their triggers remember, for checkpoints.
#ifndef RUNHOOK_SRC_LOOP_HOOK_STATES_HPP_
#define RUNHOOK_SRC_LOOP_HOOK_STATES_HPP_

#include "loop/hook_caller.hpp"
#include "run/hook_list.hpp"
#include "run/run_state.hpp"
#include "runhook/snapshot.hpp"

namespace runhook::inline v1 {
namespace detail {

class HookStates {
 public:
  HookStates(RunState& state, HookList& hooks, HookCaller& caller) noexcept
      : state_(state), hooks_(hooks), caller_(caller) {}

  // Asks the hooks, in their order. Throws what one of them fails with, if that fails the run.
  NamedBytes save();
  // Gives each hook what it has saved; what belongs to none is left out.
  void restore(const NamedBytes& states);

 private:
  template <typename Visit>
  void for_each_hook(Visit&& visit);

  RunState& state_;
  HookList& hooks_;
  HookCaller& caller_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_HOOK_STATES_HPP_
