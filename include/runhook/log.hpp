// runhook/log.hpp: where messages go.
#ifndef RUNHOOK_LOG_HPP_
#define RUNHOOK_LOG_HPP_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "runhook/error.hpp"

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

// Prints a line, or several, above what a progress display shows on the same terminal, which is drawn again at once;
// anywhere else it is written as it is. For messages of the program: what it prints otherwise is mixed with the
// progress line. Written at once, in front of what stdio or iostreams have buffered. It waits as write() does. A pipe
// without a reader raises no signal.
//
// `text` has no newline at its end; `descriptor` is that of standard error unless it is given. Throws INVALID_ARGUMENT
// for a negative descriptor, and UNKNOWN for what cannot be written. Any thread. Since 1.0.
void print_line(std::string_view text, int descriptor = 2);

namespace detail {
// The sink that is used if none is given: warnings and errors go to standard error, with the step that they are about
// unless they name one, but are dropped if that cannot take them at once.
void log_to_stderr(const LogRecord& record);
}  // namespace detail

}  // namespace runhook::inline v1

#endif  // RUNHOOK_LOG_HPP_
