// runhook/inline_step.hpp: the step that is open in a loop that stays where it is.
#ifndef RUNHOOK_INLINE_STEP_HPP_
#define RUNHOOK_INLINE_STEP_HPP_

#include <cstdint>
#include <string_view>

#include "runhook/error.hpp"
#include "runhook/step.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

class SessionRunContext;

namespace detail {
class Loop;
}

// The step that is open in a loop that stays where it is. Valid until the next call of next(), end_step() or close().
// No thread owns it: it may be handed from one to another, but used by one at a time. Since 1.0.
class InlineStep final : public Step {
 public:
  std::int64_t global_step() const noexcept;  // before this step
  // The global step that this one reaches: with that its values are logged, and that triggers and limits count.
  std::int64_t number() const noexcept;
  std::int64_t attempt() const noexcept;  // 1, or more if the step is made again after a recovery
  // Asks for a stop after this step, if it is completed. Returns whether this was the first request.
  bool request_stop(std::string_view text = {}, std::int32_t code = 0, StopUrgency urgency = StopUrgency::after_step,
                    bool planned = false);
  // The step has failed: it ends so when the next call ends it. Only the first call counts. OUT_OF_RANGE is the end of
  // input: the step has changed nothing that is saved. Recoverable errors give it again. INVALID_ARGUMENT for no error.
  void fail(const Error& error);
  void fail(StatusCode code, std::string_view message) { fail(Error(code, message)); }
  // Gives the step up at once: hooks get on_error with CANCELLED, it does not count, and the run has not failed. If an
  // urgent stop has been asked for nothing more is saved, since what the step has changed may be half done; otherwise
  // it must not have changed anything that is saved.
  void abandon();
  // The global step that this step reaches, where it is not one more. Throws INVALID_ARGUMENT for a negative one.
  void set_global_step(std::int64_t step);
  // As those of a Step; FAILED_PRECONDITION once the step is over.
  void log_scalar(std::string_view name, double number);
  void log_int64(std::string_view name, std::int64_t number);
  void log_text(std::string_view name, std::string_view text);
  SessionRunContext& context() const noexcept;  // all else that a callback may ask

 private:
  friend class detail::Loop;
  explicit InlineStep(detail::Loop& loop) noexcept : loop_(loop) {}
  detail::Loop& loop_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_INLINE_STEP_HPP_
