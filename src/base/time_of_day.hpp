// time_of_day.hpp: when something was, for people.
#ifndef RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
#define RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_

#include <cstdint>
#include <ctime>
#include <string>

namespace runhook::inline v1 {
namespace detail {

// The parts of a time in UTC.
std::tm utc_parts(std::time_t time) noexcept;

// Of times in nanoseconds since 1970: now, the second that has begun, and the time as "2026-01-31T22:59:59.123Z".
std::int64_t unix_now_ns() noexcept;
std::int64_t seconds_of(std::int64_t unix_ns) noexcept;
std::string utc_time(std::int64_t unix_ns);

// Now, as "2026-01-31T23:59:59+01:00 ": local time with its distance from UTC, so that lines of a night in which clocks
// are put back can be told apart. Ends with a space, to be put in front of a line.
std::string time_of_day();

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
