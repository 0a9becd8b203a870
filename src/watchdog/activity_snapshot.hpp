// activity_snapshot.hpp: what a session is doing, read by another thread.
#ifndef RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_
#define RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_

#include <cstdint>
#include <string_view>

#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

// What a session is doing at one moment. If two snapshots are equal, the session has done nothing in between. The
// members are read one after the other, without a lock, so that they may belong to different moments if the session is
// running meanwhile; but then the next snapshot differs.
struct ActivitySnapshot {
  bool occupied = false;           // a thread is in the session
  const HookSlot* slot = nullptr;  // of the callback in progress; may be gone by now
  CallbackKind callback = CallbackKind::none;
  SpanKind activity = SpanKind::attempt;
  std::int64_t step = 0;
  std::uint64_t attempts = 0;

  bool operator==(const ActivitySnapshot&) const = default;
};

inline ActivitySnapshot activity_snapshot(const RunState& state) noexcept {
  ActivitySnapshot seen;
  // The body of a loop that stays where it is stands for the session's run; no thread is in a call meanwhile.
  const bool in_body = state.hot.callback.get() == CallbackKind::inline_step;
  seen.occupied = in_body || (state.occupant != nullptr && state.occupant->load(std::memory_order_relaxed) != 0);
  seen.step = state.session.global_step.load(std::memory_order_relaxed);
  seen.attempts = state.hot.attempts.get();
  if (!seen.occupied) return seen;
  seen.callback = in_body ? CallbackKind::none : state.hot.callback.get();
  if (seen.callback != CallbackKind::none) seen.slot = state.hot.slot.get();
  seen.activity = state.hot.activity.get();
  return seen;
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_WATCHDOG_ACTIVITY_SNAPSHOT_HPP_
