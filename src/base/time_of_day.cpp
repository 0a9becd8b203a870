#include "base/time_of_day.hpp"

#include <array>
#include <cstring>
#include <ctime>

namespace runhook::inline v1 {
namespace detail {

std::tm utc_parts(std::time_t time) noexcept {
  std::tm parts{};
  gmtime_r(&time, &parts);
  return parts;
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
