// runhook/logged_value.hpp: a value that was logged for people to look at, and who is told of it.
#ifndef RUNHOOK_LOGGED_VALUE_HPP_
#define RUNHOOK_LOGGED_VALUE_HPP_

#include <cstdint>
#include <span>
#include <string_view>

namespace runhook::inline v1 {

class SessionRunContext;

enum class LoggedKind : std::int32_t { number = 0, integer = 1, text = 2 };

// A value that SessionRunContext::log_scalar() or one of its siblings has logged. Valid during the call that gives it.
// Since 1.0.
struct LoggedValue {
  std::string_view name;
  std::int64_t step = 0;
  LoggedKind kind = LoggedKind::number;
  bool failed = false;  // logged in a step that has failed for good
  double number = 0;    // of an integer, too
  std::int64_t integer = 0;
  std::string_view text;
};

// Gets every value that is logged, whether or not its hook is due: outputs, which must not lose one. Called on the
// session's thread. What it throws becomes a warning. Since 1.0.
class ValueListener {
 public:
  // After a completed step: what was logged in it, each name once; empty if the listener has asked to be told of the
  // end of this step. Behind that what other threads have logged, of whichever steps, a name perhaps several times.
  // Also outside of steps.
  virtual void on_logged(SessionRunContext& context, std::span<const LoggedValue> values) = 0;
  // Instead, if nothing comes of the step: what the listener keeps of it from after_run does not count.
  virtual void on_dropped() noexcept {}

 protected:
  ~ValueListener() = default;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_LOGGED_VALUE_HPP_
