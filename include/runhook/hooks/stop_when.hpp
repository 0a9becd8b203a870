// runhook/hooks/stop_when.hpp: stops a run when a function says so.
#ifndef RUNHOOK_HOOKS_STOP_WHEN_HPP_
#define RUNHOOK_HOOKS_STOP_WHEN_HPP_

#include <functional>
#include <string>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Calls a function after each step, and asks for a stop when the function says so. If it is registered with a trigger,
// the function is called in the runs in which that is due, e.g. once a minute. If the function throws, the hook fails.
// Since 1.0.
class StopWhenHook final : public SessionRunHook {
 public:
  using Predicate = std::function<bool(SessionRunContext&)>;
  // `reason` is the text of the stop request. Throws INVALID_ARGUMENT without a predicate.
  explicit StopWhenHook(Predicate predicate, std::string reason = "the predicate holds");
  std::string_view name() const override { return "stop when"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;

 private:
  const Predicate predicate_;
  const std::string reason_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_WHEN_HPP_
