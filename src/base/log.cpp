#include "runhook/log.hpp"

#include "base/format.hpp"
#include "base/one_line.hpp"
#include "base/standard_error.hpp"

namespace runhook::inline v1 {

void detail::log_to_stderr(LogLevel level, std::string_view text) {
  if (level < LogLevel::warning) return;
  write_to_standard_error(
      fmt::format("runhook: {}: {}\n", level == LogLevel::error ? "error" : "warning", one_line(text)));
}

}  // namespace runhook::inline v1
