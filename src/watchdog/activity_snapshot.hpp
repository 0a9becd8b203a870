// sight.hpp: what a session is doing, as another thread sees it.
#ifndef RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_
#define RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_

#include <cstdint>
#include <string_view>

#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

// Two sights are the same if the session has not moved between them. What is seen while it moves may not belong
// together, but is not the same as what is seen next.
struct Sight {
  bool inside = false;             // a thread is in the session
  const HookSlot* slot = nullptr;  // of the callback in progress; may be gone by now
  CallbackKind callback = CallbackKind::none;
  SpanKind activity = SpanKind::attempt;
  std::int64_t step = 0;
  std::uint64_t attempts = 0;

  bool operator==(const Sight&) const = default;
};

inline Sight look_at(const RunState& state) noexcept {
  Sight sight;
  sight.inside = state.inside != nullptr && state.inside->load(std::memory_order_relaxed) != 0;
  sight.step = state.global_step.load(std::memory_order_relaxed);
  sight.attempts = state.attempts.seen();
  if (!sight.inside) return sight;
  sight.callback = state.callback.seen();
  if (sight.callback != CallbackKind::none) sight.slot = state.slot.seen();
  sight.activity = state.activity.seen();
  return sight;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_
