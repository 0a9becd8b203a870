// runhook/log.hpp: where messages go.
#ifndef RUNHOOK_LOG_HPP_
#define RUNHOOK_LOG_HPP_

#include <cstdint>
#include <functional>
#include <string_view>

namespace runhook::inline v1 {

enum class LogLevel : std::int32_t { info = 0, warning = 1, error = 2 };

// Takes one message: a line without its newline. In names and texts that come from elsewhere, newlines are replaced by
// spaces and other control characters by escapes. What it throws is ignored. Called on the session's thread, and on
// those of hooks that have one of their own. Since 1.0.
using LogSink = std::function<void(LogLevel, std::string_view)>;

namespace detail {
// The sink that is used if none is given: warnings and errors go to standard error, but are dropped if that cannot take
// them at once.
void log_to_stderr(LogLevel level, std::string_view text);
}  // namespace detail

}  // namespace runhook::inline v1

#endif  // RUNHOOK_LOG_HPP_
