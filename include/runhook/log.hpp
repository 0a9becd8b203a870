// runhook/log.hpp: where messages go.
#ifndef RUNHOOK_LOG_HPP_
#define RUNHOOK_LOG_HPP_

#include <cstdint>
#include <functional>
#include <string_view>

namespace runhook::inline v1 {

enum class LogLevel : std::int32_t { info = 0, warning = 1, error = 2 };

// Takes one message: a line without its end. In names and texts that come from elsewhere line ends are replaced by
// spaces, other control characters by escapes. What it throws is ignored. Called on the session's thread, and by hooks
// that watch the session from threads of their own. Since 1.0.
using LogSink = std::function<void(LogLevel, std::string_view)>;

namespace detail {
// The sink of those who have given none: warnings and errors go to standard error, unless that would not take them at
// once.
void log_to_stderr(LogLevel level, std::string_view text);
}  // namespace detail

}  // namespace runhook::inline v1

#endif  // RUNHOOK_LOG_HPP_
