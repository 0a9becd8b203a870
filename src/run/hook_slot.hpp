// hook_slot.hpp: a hook in a session's list, with how it was registered and what it asks for.
#ifndef RUNHOOK_SRC_RUN_HOOK_SLOT_HPP_
#define RUNHOOK_SRC_RUN_HOOK_SLOT_HPP_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "run/callback_kind.hpp"
#include "run/plan.hpp"
#include "runhook/hook.hpp"
#include "timing/time_sum.hpp"

namespace runhook::inline v1 {
namespace detail {

struct RunState;

struct HookSlot {
  explicit HookSlot(RunState& run_state) noexcept;
  HookSlot(const HookSlot&) = delete;
  HookSlot& operator=(const HookSlot&) = delete;

  RunState& state;
  std::shared_ptr<SessionRunHook> hook;
  HookOptions options;
  std::uint64_t id = 0;
  std::size_t order = 0;       // position in the list
  bool due = true;             // in the present run
  std::uint64_t failures = 0;  // tolerated ones
  bool begun = false;
  bool disabled = false;
  bool removed = false;               // cleanup is due at the next boundary
  std::uint64_t left_out = 0;         // the attempt from which a tolerated failure of before_run has excluded it
  std::uint64_t skips = 0;            // the attempt of which it has asked that the step be skipped
  std::uint64_t options_attempt = 0;  // the attempt in which it has asked for `wanted_options`
  std::vector<RunOptions> wanted_options;

  SpanListener* listener = nullptr;         // from begin to cleanup, if the hook has one
  ValueListener* value_listener = nullptr;  // likewise
  bool wants_values = false;
  bool over_budget = false;  // has been said
  TimeSum steps_before;      // measured before it was begun
  std::array<TimeSum, kHookCallbacks> times;

  HookRequest request;
  SessionRunValues values;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_HOOK_SLOT_HPP_
