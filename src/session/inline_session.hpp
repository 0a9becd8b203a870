// inline_session.hpp: the session of a loop whose body is the caller's own code.
#ifndef RUNHOOK_SRC_SESSION_INLINE_SESSION_HPP_
#define RUNHOOK_SRC_SESSION_INLINE_SESSION_HPP_

#include <cstdint>
#include <string_view>

#include "runhook/inline_session.hpp"
#include "session/step_code.hpp"

namespace runhook::inline v1 {
namespace detail {

// A step stays open between begin() and end(), in which the caller's code stands where run() does in other sessions.
class InlineSession final : public Session {
 public:
  explicit InlineSession(const InlineOptions& options);

  NodeId resolve(std::string_view name) override { return code_.resolve(name); }
  [[noreturn]] void run(SessionStep& step) override;  // throws FAILED_PRECONDITION
  void cancel() noexcept override { code_.cancel(); }

  void begin(Step& view, SessionStep& step) {
    code_.begin(view, step);
    step.deadline_ns = 0;
    if (step.options->timeout_ns != 0) [[unlikely]]
      set_deadline(step);
  }
  void end(SessionStep& step);  // throws NOT_FOUND for what is fetched and not published, DEADLINE_EXCEEDED
  std::int64_t max_steps() const noexcept { return max_steps_; }

 private:
  StepCode code_;
  std::int64_t max_steps_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SESSION_INLINE_SESSION_HPP_
