// time_of_day.hpp: when something was, for people.
#ifndef RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
#define RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_

#include <string>

namespace runhook::inline v1 {
namespace detail {

// Now, as "2026-01-31T23:59:59+01:00 ": local time with its distance from UTC, so that lines of a night in which clocks
// are put back can be told apart. Ends with a space, to be put in front of a line.
std::string time_of_day();

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_BASE_TIME_OF_DAY_HPP_
