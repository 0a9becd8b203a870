// runhook/hooks/feed_fn.hpp: feeds every run what a function gives.
#ifndef RUNHOOK_HOOKS_FEED_FN_HPP_
#define RUNHOOK_HOOKS_FEED_FN_HPP_

#include <functional>
#include <vector>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

// Asks a function before each attempt what to feed. It may give nothing, and may throw: OUT_OF_RANGE says that there is
// no more input. After an attempt that has failed it is asked again, so it need not give the same. A name that the
// caller or another hook feeds as well fails the run. After tf.estimator.FeedFnHook. Since 1.0.
class FeedFnHook final : public SessionRunHook {
 public:
  using Function = std::function<std::vector<Feed>(SessionRunContext&)>;
  explicit FeedFnHook(Function function);  // throws INVALID_ARGUMENT without a function
  std::string_view name() const override { return "feed function"; }
  void before_run(SessionRunContext& context) override;

 private:
  const Function function_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_FEED_FN_HPP_
