#include "runhook/log.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace runhook::inline v1 {

void detail::log_to_stderr(LogLevel level, std::string_view text) {
  if (level < LogLevel::warning) return;
  fmt::print(stderr, "runhook: {}: {}\n", level == LogLevel::error ? "error" : "warning", text);
}

}  // namespace runhook::inline v1
