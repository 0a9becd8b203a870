#include "base/time_of_day.hpp"

#include <array>
#include <chrono>
#include <cstring>
#include <ctime>

#include "base/format.hpp"
#include "base/monotonic.hpp"

namespace runhook::inline v1 {
namespace detail {

std::tm utc_parts(std::time_t time) noexcept {
  std::tm parts{};
  gmtime_r(&time, &parts);
  return parts;
}

std::int64_t unix_now_ns() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::int64_t seconds_of(std::int64_t unix_ns) noexcept {
  return unix_ns / kNsPerSecond - (unix_ns % kNsPerSecond < 0 ? 1 : 0);
}

std::string utc_time(std::int64_t unix_ns) {
  const std::int64_t seconds = seconds_of(unix_ns);
  const std::tm parts = utc_parts(seconds);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     (unix_ns - seconds * kNsPerSecond) / kNsPerMillisecond);
}

std::string time_of_day() {
  constexpr std::size_t kMinutes = 3;  // two digits and the space, which strftime() does not set apart from the hours
  const std::time_t now = std::time(nullptr);
  struct tm local {};
  std::array<char, 40> text{};
  if (localtime_r(&now, &local) == nullptr) return {};
  const std::size_t size = std::strftime(text.data(), text.size(), "%FT%T%z ", &local);
  if (size < kMinutes) return {};
  char* const minutes = text.data() + size - kMinutes;
  std::memmove(minutes + 1, minutes, kMinutes);
  *minutes = ':';
  return {text.data(), size + 1};
}

}  // namespace detail
}  // namespace runhook::inline v1
