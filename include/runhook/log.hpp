// runhook/log.hpp: where messages go.
#ifndef RUNHOOK_LOG_HPP_
#define RUNHOOK_LOG_HPP_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace runhook::inline v1 {

enum class LogLevel : std::int32_t { info = 0, warning = 1, error = 2 };

// What is logged. Its texts live for the call. Since 1.0.
struct LogRecord {
  LogLevel level = LogLevel::info;
  // A line without its newline. In names and texts that come from elsewhere, newlines are replaced by spaces and other
  // control characters by escapes.
  std::string_view message = {};
  std::int64_t step = -1;      // the global step of the session that it is about; -1: of none
  std::string_view hook = {};  // the hook that it comes from or is about; empty: none
};

// Takes what is logged: a function of a record, or of its level and message. What it throws is ignored. Called on the
// session's thread, and on those of hooks that have one of their own. Since 1.0.
class LogSink {
 public:
  LogSink() noexcept = default;
  LogSink(std::nullptr_t) noexcept {}
  template <class Write, std::enable_if_t<std::is_invocable_v<Write&, const LogRecord&>, int> = 0>
  LogSink(Write write) : write_(std::move(write)) {}
  template <class Write,
            std::enable_if_t<std::is_invocable_v<Write&, LogLevel, std::string_view> && !std::is_same_v<Write, LogSink>,
                             int> = 0>
  LogSink(Write write)
      : write_([write = std::move(write)](const LogRecord& record) mutable { write(record.level, record.message); }) {}

  explicit operator bool() const noexcept { return static_cast<bool>(write_); }
  void operator()(const LogRecord& record) const { write_(record); }
  void operator()(LogLevel level, std::string_view message) const { write_({.level = level, .message = message}); }

 private:
  std::function<void(const LogRecord&)> write_;
};

namespace detail {
// The sink that is used if none is given: warnings and errors go to standard error, but are dropped if that cannot take
// them at once.
void log_to_stderr(LogLevel level, std::string_view text);
}  // namespace detail

}  // namespace runhook::inline v1

#endif  // RUNHOOK_LOG_HPP_
