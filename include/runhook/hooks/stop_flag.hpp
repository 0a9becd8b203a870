// runhook/hooks/stop_flag.hpp: stops a run when the flag that it shares with other runs is raised.
#ifndef RUNHOOK_HOOKS_STOP_FLAG_HPP_
#define RUNHOOK_HOOKS_STOP_FLAG_HPP_

#include <cstdint>
#include <memory>
#include <string>

#include "runhook/hook.hpp"
#include "runhook/hooks/stop_when.hpp"
#include "runhook/stop_flag.hpp"

namespace runhook::inline v1 {

struct StopFlagOptions {
  // For the chief: called after a run, says whether to raise the flag. Empty: a worker, which only observes.
  StopWhenHook::Predicate predicate = {};
  Trigger ask = Trigger::every_seconds(60);    // after which runs the predicate is called
  std::string reason = "the predicate holds";  // the text with which it raises the flag
  bool same_step = false;                      // see StopFlagHook
};

// Asks its session to stop once the flag is raised: before the first run, between two runs, or after one; a run that
// is about to begin is not made. After tf.estimator.experimental.make_early_stopping_hook, for workers in the threads
// of one process.
//
// With `same_step` all hooks of the flag that have it stop at the same global step: the highest that any of them has
// reached, or is about to reach, when the first of them sees the flag. A worker that is behind goes on until that step,
// unless its own session stops before. The workers have to begin at the same step, and to advance by the same number in
// each run; one that ends or fails no longer counts. Since 1.0.
class StopFlagHook final : public SessionRunHook {
 public:
  explicit StopFlagHook(StopFlag flag, StopFlagOptions options = {});
  ~StopFlagHook() override;
  std::string_view name() const override { return "stop flag"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void before_run(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  void cleanup(SessionRunContext& context, const Outcome& outcome) override;
  bool has_stopped() const noexcept { return has_stopped_; }  // whether this hook was the first to ask the session

 private:
  bool is_time(std::int64_t step, std::int64_t certain);
  void stop(SessionRunContext& context);
  const StopFlag flag_;
  const StopFlagOptions options_;
  Trigger ask_;
  std::shared_ptr<std::int64_t> certain_;  // the step that this worker is going to reach, for the others of its group
  std::int64_t runs_ = 0;
  bool has_stopped_ = false;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_FLAG_HPP_
