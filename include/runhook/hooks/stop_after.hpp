// runhook/hooks/stop_after.hpp: stops a run when its time is over.
#ifndef RUNHOOK_HOOKS_STOP_AFTER_HPP_
#define RUNHOOK_HOOKS_STOP_AFTER_HPP_

#include <chrono>
#include <cstdint>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Asks for a stop after the first step that ends when a time has passed, or at a point in time or later. The time is
// that of the session's clock and counts from `begin`, recoveries included. No step is interrupted. Since 1.0.
class StopAfterHook final : public SessionRunHook {
 public:
  // Throws INVALID_ARGUMENT for a negative time.
  explicit StopAfterHook(std::chrono::nanoseconds time);
  // Compared with the wall clock once, in `begin`: setting that clock later changes nothing.
  explicit StopAfterHook(std::chrono::system_clock::time_point deadline);
  std::string_view name() const override { return "stop after"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override { check(context); }
  void after_run(SessionRunContext& context, const SessionRunValues&) override { check(context); }

 private:
  void check(SessionRunContext& context);
  std::chrono::nanoseconds time_{0};
  std::chrono::system_clock::time_point deadline_{};
  bool has_deadline_ = false;
  std::int64_t end_ns_ = 0;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_AFTER_HPP_
