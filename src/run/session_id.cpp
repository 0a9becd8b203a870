#include "run/session_id.hpp"

#include <unistd.h>

#include <cstdint>
#include <ctime>

#include "base/format.hpp"
#include "base/monotonic.hpp"
#include "base/time_of_day.hpp"

namespace runhook::inline v1 {

std::string detail::new_session_id() {
  const std::tm utc = utc_parts(std::time(nullptr));
  std::uint32_t digits = 0;
  if (getentropy(&digits, sizeof digits) != 0) {
    digits = static_cast<std::uint32_t>(monotonic_ns()) ^ (static_cast<std::uint32_t>(getpid()) << 12U);
  }
  return fmt::format("{:04}{:02}{:02}-{:02}{:02}{:02}-{:08x}", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, digits);
}

}  // namespace runhook::inline v1
