// runhook/hooks/feed_fn.hpp: feeds every run with values from a function.
#ifndef RUNHOOK_HOOKS_FEED_FN_HPP_
#define RUNHOOK_HOOKS_FEED_FN_HPP_

#include <functional>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Calls a function before each attempt for what to feed. It may return nothing, and may throw: OUT_OF_RANGE says that
// there is no more input. If an attempt has failed, it is called again for the next, and may return other values. If
// the caller or another hook feeds the same name, the run fails. After tf.estimator.FeedFnHook. Since 1.0.
class FeedFnHook final : public SessionRunHook {
 public:
  using Function = std::function<std::vector<Feed>(SessionRunContext&)>;
  explicit FeedFnHook(Function function);  // throws INVALID_ARGUMENT without a function
  std::string_view name() const override { return "feed function"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void before_run(SessionRunContext& context) override;

 private:
  const Function function_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_FEED_FN_HPP_
