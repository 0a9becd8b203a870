// The hooks of a session in the order in which they are called, and the calling of before_run and after_run.
#ifndef RUNHOOK_SRC_RUN_HOOK_LIST_HPP_
#define RUNHOOK_SRC_RUN_HOOK_LIST_HPP_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "run/hook_claim.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

// One call that is due in every step. C++ hooks and hooks of other languages look alike here.
struct HookCall {
  DirectCallback function;
  void* user_data;
  HookSlot* slot;
};

struct HookCalls {
  std::vector<HookCall> before;
  std::vector<HookCall> after;
  std::vector<SpanListener*> listeners;  // of the hooks that are called
  std::vector<SpanListener*> samplers;   // of hooks that are not, for what is measured anyway
};

// There are eight call sites, for eight hooks at a time: each has its own entry in the branch predictor, which would
// have to tell the hooks of a single call site apart by the history of branches. For fewer than eight hooks every other
// branch matters, for more it does not, so the code is laid out for the short list.
inline constexpr std::ptrdiff_t kCallSites = 8;

// Calls calls[from], calls[from + 1], ... and returns the first whose result is not success, or NULL. Does not catch
// exceptions, so that success costs nothing; if one leaves it, state.hot.slot is the hook that threw.
[[gnu::always_inline]] inline const HookCall* dispatch(RunState& state, const std::vector<HookCall>& calls,
                                                       std::size_t from = 0) {
  runhook_context* const context = state.hot.direct;
  const HookCall* call = calls.data() + from;
  const HookCall* const end = calls.data() + calls.size();
  state.hot.success.prepare();
#define RUNHOOK_CALL(i)                                                                                     \
  state.hot.slot = call[i].slot;                                                                            \
  if (const std::int32_t returned = call[i].function(context, call[i].user_data, state.hot.success.next()); \
      !state.hot.success.is(returned)) {                                                                    \
    state.hot.callback_result = returned;                                                                   \
    return call + (i);                                                                                      \
  }
  for (; end - call >= kCallSites; call += kCallSites) [[unlikely]] {
      RUNHOOK_CALL(0)
      RUNHOOK_CALL(1)
      RUNHOOK_CALL(2)
      RUNHOOK_CALL(3)
      RUNHOOK_CALL(4)
      RUNHOOK_CALL(5)
      RUNHOOK_CALL(6)
      RUNHOOK_CALL(7)
    }
  for (; call != end; ++call) {
    RUNHOOK_CALL(0)
  }
#undef RUNHOOK_CALL
  return nullptr;
}

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): laid out by cache lines
class alignas(64) HookList {
 public:
  explicit HookList(RunState& state) noexcept : state_(state) {}

  // Appends to the hooks that wait for the next step boundary. Throws INVALID_ARGUMENT, ALREADY_EXISTS.
  std::uint64_t add(HookRegistration registration);
  void remove(std::uint64_t id);                    // throws NOT_FOUND
  std::uint64_t find(std::string_view name) const;  // throws NOT_FOUND
  std::string name_of(const HookSlot* slot) const;  // empty if the hook is gone. Any thread
  bool changed() const noexcept { return changed_; }
  void mark_changed() noexcept {
    changed_ = true;
    state_.hot.leave_fast_path = true;  // a loop on the fast path does not read changed_
  }

  // From now on the hook is called for cleanup only.
  void disable(HookSlot& slot) noexcept {
    slot.disabled = true;
    mark_changed();
  }

  // Moves the next waiting hook into the list, to its place by phase, and returns it; NULL if none waits.
  HookSlot* admit_next();
  HookSlot* next_removed() noexcept;  // NULL if none is to be removed
  bool pending() const noexcept { return removed_ > 0 || !waiting_.empty(); }
  void erase(HookSlot* slot) noexcept;
  void drop_waiting() noexcept;  // the session has ended: others may have its hooks
  // Computes the calls of a step anew, and whether changes remain.
  void settle();
  void collect_calls();

  const std::vector<std::unique_ptr<HookSlot>>& slots() const noexcept { return slots_; }
  // Held by other threads while they read the slots, and by the loop while it changes what they read: the list of
  // slots, and the times in them.
  std::mutex& observed() const noexcept { return observed_; }

  // Of logged values: who gets all of them, and whether a hook has on_values.
  const std::vector<HookSlot*>& value_listeners() const noexcept { return value_listeners_; }
  bool has_value_hooks() const noexcept { return has_value_hooks_; }

  // Triggers. next_due() is the first run in which one of them may be due, so that the runs before it cost nothing.
  bool has_triggers() const noexcept { return has_triggers_; }
  const Trigger::Next& next_due() const noexcept { return next_due_; }
  bool triggers_use_time() const noexcept { return use_time_; }
  bool triggers_use_last() const noexcept { return use_last_; }
  bool any_due() const noexcept { return any_due_; }  // in the present run
  // Decides which hooks are due in the run that begins at this point. The decision holds until the next call.
  void decide(const TriggerPoint& point);
  // The same for the hooks that were added since, when the run is made again; what was decided for the others holds.
  bool has_undecided() const noexcept { return decided_id_ < admitted_id_; }
  void decide_added(const TriggerPoint& point);
  void none_due() noexcept;                 // no trigger is due in the next runs, until decide() is called again
  void rewind(std::int64_t step) noexcept;  // the run goes on from this step
  void triggers_changed() noexcept { next_due_ = {kAtOnce, kAtOnce}; }

  // The calls of a run in which no trigger is due, and those of the present run with these options; valid until the
  // next call.
  const HookCalls& idle() const noexcept { return idle_; }
  const HookCalls& calls(const RunOptions& options) {
    if (options.hooks != HookSelection::all) [[unlikely]]
      return select(options);
    return any_due_ ? due_ : idle_;
  }
  static bool selected(const HookSlot& slot, const RunOptions& options) noexcept;

 private:
  // Asks the triggers of the hooks with a number above `after`; returns when the first of these might be due next.
  Trigger::Next ask_triggers(const TriggerPoint& point, std::uint64_t after);
  void claim(const HookSlot& slot);
  void release(const SessionRunHook& hook) noexcept;  // unless it is still in the list
  const HookCalls& select(const RunOptions& options);
  std::vector<std::string_view> names() const;
  // The calls of a run in which triggers are due or not; without options they are those of all hooks.
  void collect(HookCalls& calls, bool any_due, const RunOptions* options = nullptr);
  static constexpr std::int64_t kAtOnce = std::numeric_limits<std::int64_t>::min();

  // What every step reads: a cache line.
  RunState& state_;
  bool changed_ = false;
  bool has_triggers_ = false;
  bool use_time_ = false;
  bool use_last_ = false;
  bool any_due_ = false;
  HookCalls idle_;
  Trigger::Next next_due_{kAtOnce, kAtOnce};

  mutable std::mutex observed_;
  std::vector<std::unique_ptr<HookSlot>> slots_;
  std::list<std::unique_ptr<HookSlot>> waiting_;
  std::map<const SessionRunHook*, HookClaim> claims_;
  std::size_t removed_ = 0;  // how many slots are marked as removed
  HookCalls due_;            // with hooks whose triggers are due
  HookCalls some_;           // of a run that names hooks
  std::vector<HookSlot*> value_listeners_;
  bool has_value_hooks_ = false;
  std::uint64_t last_id_ = 0;
  std::uint64_t admitted_id_ = 0;  // hooks come into the list in the order of their numbers
  std::uint64_t decided_id_ = 0;   // up to this hook the triggers have been asked for the present run
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_HOOK_LIST_HPP_
