// What the numbers of options mean: 0 is not set, and a negative one is for ever, off or refused, as the member says.
#ifndef RUNHOOK_CAPI_BOUNDARY_OPTION_VALUE_HPP_
#define RUNHOOK_CAPI_BOUNDARY_OPTION_VALUE_HPP_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "runhook/error.hpp"

namespace runhook::capi {

// A number that can be neither for ever nor off. Throws INVALID_ARGUMENT, naming it, for a negative one.
inline std::int64_t number_or(std::int64_t given, std::int64_t preset, const char* name) {
  if (given < 0) throw StatusError(StatusCode::invalid_argument, std::string(name) + " is negative");
  return given == 0 ? preset : given;
}

// The most that any time limit can be stands for ever.
inline std::int64_t limit_or(std::int64_t given_ns, std::int64_t preset_ns) {
  if (given_ns < 0) return std::numeric_limits<std::int64_t>::max();
  return given_ns == 0 ? preset_ns : given_ns;
}
inline std::chrono::nanoseconds limit_or(std::int64_t given_ns, std::chrono::nanoseconds preset) {
  return std::chrono::nanoseconds(limit_or(given_ns, preset.count()));
}

// A period; one that is off is as long as can be.
inline std::chrono::nanoseconds period_or(std::int64_t given_ns, std::chrono::nanoseconds preset) {
  return limit_or(given_ns, preset);
}

// An amount that is 0 if it is off.
inline std::int64_t amount_or(std::int64_t given, std::int64_t preset) {
  if (given < 0) return 0;
  return given == 0 ? preset : given;
}

// The size that something may have; 0: there is no limit.
inline std::size_t size_limit(std::int64_t given) { return static_cast<std::size_t>(amount_or(given, 0)); }

// Two periods of which one counts, in runs or steps and in time.
struct Periods {
  std::optional<std::int64_t> count;
  std::optional<double> seconds;  // 0: every run
  bool preset = false;            // neither is said to be off or to count
  bool any() const noexcept { return preset || count || seconds; }
};
inline Periods periods_from(std::int64_t count, std::int64_t ns) {
  constexpr double kNsPerSecond = 1e9;
  Periods periods;
  if (count > 0) periods.count = count;
  if (ns > 0) periods.seconds = ns == 1 ? 0 : static_cast<double>(ns) / kNsPerSecond;
  periods.preset = count == 0 && ns <= 0;
  return periods;
}

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_BOUNDARY_OPTION_VALUE_HPP_
