// The hooks of a session in the order in which they are called, and the calling of before_run and after_run.
#ifndef RUNHOOK_SRC_RUN_HOOK_LIST_HPP_
#define RUNHOOK_SRC_RUN_HOOK_LIST_HPP_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

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
};

// Eight call sites for every eight hooks: each keeps a place of its own in the branch predictor, where a single one has
// to be told apart by the history before it. A list too short for them feels every branch, a longer one does not, so
// the code is laid out for the short one.
inline constexpr std::ptrdiff_t kCallSites = 8;

// Calls calls[from], calls[from + 1], ... and returns the first whose result is not success, or NULL. An exception
// leaves it; state.hot.slot tells whose. Does not catch, so that success costs nothing.
[[gnu::always_inline]] inline const HookCall* dispatch(RunState& state, const std::vector<HookCall>& calls,
                                                       std::size_t from = 0) {
  runhook_context* const context = state.hot.direct;
  const HookCall* call = calls.data() + from;
  const HookCall* const end = calls.data() + calls.size();
#define RUNHOOK_CALL(i)                                                                                             \
  state.hot.slot = call[i].slot;                                                                                    \
  if (const std::int32_t returned = call[i].function(context, call[i].user_data); returned != state.hot.expected) { \
    state.hot.callback_result = returned;                                                                           \
    return call + (i);                                                                                              \
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

class HookList {
 public:
  explicit HookList(RunState& state) noexcept : state_(state) {}

  // Appends to those that wait for the next boundary. Throws INVALID_ARGUMENT, ALREADY_EXISTS.
  std::uint64_t add(HookRegistration registration);
  void remove(std::uint64_t id);                    // throws NOT_FOUND
  std::uint64_t find(std::string_view name) const;  // throws NOT_FOUND
  std::string name_of(const HookSlot* slot) const;  // empty if the hook is gone. Any thread
  bool changed() const noexcept { return changed_; }
  void mark_changed() noexcept {
    changed_ = true;
    state_.hot.leave_fast_path = true;  // so that a loop that does not look here is left
  }

  // It is called for cleanup only from now on.
  void disable(HookSlot& slot) noexcept {
    slot.disabled = true;
    mark_changed();
  }

  // Takes the next waiting hook into the list, at the place that its phase gives it; NULL if none waits.
  HookSlot* admit_next();
  HookSlot* next_removed() noexcept;  // NULL if none is to be removed
  bool pending() const noexcept { return removed_ > 0 || !waiting_.empty(); }
  void erase(HookSlot* slot) noexcept;
  void drop_waiting() noexcept;
  // Works out the order and the calls of a step anew, and whether changes remain.
  void settle();
  void collect_calls();

  const std::vector<std::unique_ptr<HookSlot>>& slots() const noexcept { return slots_; }
  // To be held by other threads while they look at the slots, and by the loop while it changes what they look at: which
  // slots there are, and the times in them.
  std::mutex& observed() const noexcept { return observed_; }

  // Triggers. The first run in which one of them may be due is asked for, so that the runs before it cost nothing.
  bool has_triggers() const noexcept { return has_triggers_; }
  const Trigger::Next& next_due() const noexcept { return next_due_; }
  bool triggers_use_time() const noexcept { return use_time_; }
  bool triggers_use_last() const noexcept { return use_last_; }
  bool any_due() const noexcept { return any_due_; }  // in the present run
  // Works out which hooks are due in the run that begins there. It holds until it is called again.
  void decide(const TriggerPoint& point);
  void none_due() noexcept;                 // in the runs that come, up to the one that is decided next
  void rewind(std::int64_t step) noexcept;  // the run goes on from there

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
  const HookCalls& select(const RunOptions& options);
  template <typename Wanted>
  void collect(HookCalls& calls, Wanted&& wanted);
  static constexpr std::int64_t kAtOnce = std::numeric_limits<std::int64_t>::min();

  RunState& state_;
  mutable std::mutex observed_;
  std::vector<std::unique_ptr<HookSlot>> slots_;
  std::list<std::unique_ptr<HookSlot>> waiting_;
  std::size_t removed_ = 0;  // slots that are marked so
  HookCalls idle_;
  HookCalls due_;   // with hooks whose triggers are due
  HookCalls some_;  // of a run that names hooks
  Trigger::Next next_due_{kAtOnce, kAtOnce};
  bool has_triggers_ = false;
  bool use_time_ = false;
  bool use_last_ = false;
  bool any_due_ = false;
  std::uint64_t last_id_ = 0;
  bool changed_ = false;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_HOOK_LIST_HPP_
