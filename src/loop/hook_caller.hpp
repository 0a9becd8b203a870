// hook_caller.hpp: the calling of every callback but before_run and after_run, which stand in the step's loop.
#ifndef RUNHOOK_SRC_LOOP_HOOK_CALLER_HPP_
#define RUNHOOK_SRC_LOOP_HOOK_CALLER_HPP_

#include <cstdint>

#include "base/monotonic.hpp"
#include "loop/failure_policy.hpp"
#include "loop/step_timer.hpp"
#include "run/run_state.hpp"

namespace runhook::inline v1 {
namespace detail {

class HookCaller {
 public:
  HookCaller(RunState& state, HookFailures& failures, StepTimer& timer) noexcept
      : state_(state), failures_(failures), timer_(timer) {}

  // Calls one callback of one hook; returns its failure, located.
  template <typename Call>
  Error call(HookSlot& slot, CallbackKind kind, Call&& make_call) {
    CallbackScope scope(state_, kind, &slot);
    const std::int64_t begin_ns = monotonic_ns();
    Error error;
    try {
      make_call();
    } catch (...) {
      error = Error::from_current_exception(StatusCode::hook_failed);
    }
    if (const Error reported = state_.take_failure(); reported) {
      if (!error || error.code() == StatusCode::hook_failed) error = reported;
    }
    if (error) error.locate(slot.options.name, callback_text(kind), state_.session.global_step);
    timer_.called(slot, kind, begin_ns, static_cast<bool>(error));
    return error;
  }

  // The same; returns what of it is the run's failure.
  template <typename Call>
  Error call_by_policy(HookSlot& slot, CallbackKind kind, Call&& make_call) {
    Error error = call(slot, kind, make_call);
    if (error && !failures_.fails_run(slot, error)) return {};
    return error;
  }

  bool fails_run(HookSlot& slot, const Error& error) noexcept { return failures_.fails_run(slot, error); }
  void warn(const Error& error) noexcept { failures_.warn(error); }

  Error on_error(HookSlot& slot, const Error& error) {
    return call_by_policy(slot, CallbackKind::on_error, [&] { slot.hook->on_error(*state_.context, error); });
  }
  Error after_create_session(HookSlot& slot) {
    return call_by_policy(slot, CallbackKind::after_create_session,
                          [&] { slot.hook->after_create_session(*state_.context); });
  }

 private:
  RunState& state_;
  HookFailures& failures_;
  StepTimer& timer_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_HOOK_CALLER_HPP_
