// runhook/value_logger.hpp: ValueLogger, "this value, at this step" from any thread.
#ifndef RUNHOOK_VALUE_LOGGER_HPP_
#define RUNHOOK_VALUE_LOGGER_HPP_

#include <cstdint>
#include <memory>
#include <string_view>

namespace runhook::inline v1 {

namespace detail {
class ValueQueue;
}

// Logs values to a session from any thread, as SessionRunContext::log_scalar() does in a callback: a loader that counts
// its samples, an evaluation that runs beside the training. Made by MonitoredSession::logger().
//
// The values wait until the session has completed a step, or ends; then they go to every output and to the hooks that
// subscribe, with the steps that they were given. 4,096 can wait; what comes on top of these is dropped, and so is what
// comes once the session has called `end` of its hooks. Cheap to copy; it may outlive its session. Since 1.0.
class ValueLogger {
 public:
  static constexpr std::int64_t kLastCompleted = -1;

  // `step`: the global step that the value is of; kLastCompleted: the last one that has been completed. Throws
  // INVALID_ARGUMENT for a name that cannot be logged, for a text that is not UTF-8 and for another negative step. A
  // name that was used for another kind of value is found out later: the value is dropped.
  void log_scalar(std::string_view name, double number, std::int64_t step = kLastCompleted) const;
  void log_int64(std::string_view name, std::int64_t number, std::int64_t step = kLastCompleted) const;
  void log_text(std::string_view name, std::string_view text, std::int64_t step = kLastCompleted) const;
  // How many values of the session were dropped so far, whichever logger had them. The first time that the session
  // finds any it adds a warning.
  std::uint64_t dropped() const noexcept;

  explicit ValueLogger(std::shared_ptr<detail::ValueQueue> queue) noexcept;  // for MonitoredSession::logger()

 private:
  std::shared_ptr<detail::ValueQueue> queue_;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_VALUE_LOGGER_HPP_
