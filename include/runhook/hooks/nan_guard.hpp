// runhook/hooks/nan_guard.hpp: ends a run whose values have become NaN or infinite.
#ifndef RUNHOOK_HOOKS_NAN_GUARD_HPP_
#define RUNHOOK_HOOKS_NAN_GUARD_HPP_

#include <string>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct NanGuardOptions {
  std::vector<std::string> names = {};         // what to fetch and check, e.g. the loss; tensors of any shape
  std::vector<std::string> logged_names = {};  // what to check of what is logged, in the steps in which it is
  bool fail = true;                            // fail the run with DATA_LOSS; otherwise ask for a stop
  bool check_infinity = true;                  // infinite values count as well
  // Fails the step with ABORTED instead, so that the run goes on from its newest checkpoint, as often in a row as its
  // recovery policy says; a loop that computes the same again fails in the end. Not together with fail = false.
  bool roll_back = false;
};

// Fetches values and checks every element of them after each step, and those that are logged. To be registered in
// HookPhase::guard, as make() does, so that nothing is saved of a step that it has rejected; what hooks that come later
// log is seen only at the end of the step. Integers, and values that are no tensor on the CPU, pass unchecked. After
// tf.estimator.NanTensorHook, which looks for NaN in one scalar only and comes after the savers. Since 1.0.
class NanGuardHook final : public SessionRunHook {
 public:
  explicit NanGuardHook(NanGuardOptions options);  // throws INVALID_ARGUMENT without a name
  std::string_view name() const override { return "NaN guard"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void on_values(SessionRunContext& context, std::span<const LoggedValue> values) override;
  bool wants_values() const noexcept override { return !options_.logged_names.empty(); }
  void begin(SessionRunContext& context) override;
  void end(SessionRunContext& context) override;  // warns of a name that was never logged

  static HookRegistration make(NanGuardOptions options);  // in the phase it belongs to

 private:
  void reject(SessionRunContext& context, std::string_view name, bool nan);
  const NanGuardOptions options_;
  std::vector<bool> seen_;  // of logged_names
  bool rejected_ = false;   // this step
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_NAN_GUARD_HPP_
