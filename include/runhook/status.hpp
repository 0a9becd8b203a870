// runhook/status.hpp: the canonical status codes.
#ifndef RUNHOOK_STATUS_HPP_
#define RUNHOOK_STATUS_HPP_

#include <cstdint>
#include <string_view>

namespace runhook::inline v1 {

// The outcome of an operation. Numbers are frozen and equal to the RUNHOOK_* codes of the C ABI.
enum class StatusCode : std::int32_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,       // recoverable by default
  out_of_range = 11,  // end of input
  unimplemented = 12,
  internal = 13,
  unavailable = 14,  // recoverable by default
  data_loss = 15,
  unauthenticated = 16,
  stopped = 100,    // a stop had been requested; not a failure
  closed = 101,     // the session has been closed
  reentrant = 102,  // called from a callback, where this is not allowed
  busy = 103,       // another thread is using the object
  hook_failed = 104,
  no_memory = 105,
};

// Whether a run that ends with this code has not failed: its input is used up, or somebody has asked for a stop.
constexpr bool is_clean_end(StatusCode code) noexcept {
  return code == StatusCode::stopped || code == StatusCode::out_of_range;
}

// Returns the upper-case name of `code`, e.g. "OUT_OF_RANGE"; "UNKNOWN" for a number that is no code.
// Thread-safe. Since 1.0.
std::string_view status_name(StatusCode code) noexcept;

// Returns the code with this number, or `unknown` if there is none. Thread-safe. Since 1.0.
StatusCode status_from_number(std::int32_t number) noexcept;

}  // namespace runhook::inline v1

#endif  // RUNHOOK_STATUS_HPP_
