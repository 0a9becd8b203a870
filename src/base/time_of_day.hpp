// time_of_day.hpp: when something was, for people.
#ifndef RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
#define RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_

#include <ctime>
#include <string>

namespace runhook::inline v1 {
namespace detail {

// The parts of a time in UTC.
std::tm utc_parts(std::time_t time) noexcept;

// Now, as "2026-01-31T23:59:59+01:00 ": local time with its distance from UTC, so that lines of a night in which clocks
// are put back can be told apart. Ends with a space, to be put in front of a line.
std::string time_of_day();

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
