// refresh_age.hpp: when a file that tells how a run is going is written anew.
#ifndef RUNHOOK_SRC_HOOKS_REFRESH_AGE_HPP_
#define RUNHOOK_SRC_HOOKS_REFRESH_AGE_HPP_

#include <algorithm>
#include <cstdint>

#include "base/monotonic.hpp"

namespace runhook::inline v1 {
namespace detail {

// Whether what was written last is too old: at the end of `refresh_ns`, but in the beginning when the run is twice as old
// as it was then, so that a run that is killed there leaves nothing much older.
inline bool needs_refresh(std::int64_t begin_ns, std::int64_t written_ns, std::int64_t now_ns,
                          std::int64_t refresh_ns) noexcept {
  const std::int64_t age_then = std::max(saturating_distance(begin_ns, written_ns), kNsPerSecond);
  return saturating_distance(written_ns, now_ns) >= std::min(refresh_ns, age_then);
}

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_HOOKS_REFRESH_AGE_HPP_
