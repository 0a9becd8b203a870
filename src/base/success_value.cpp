#include "base/success_value.hpp"

#include <atomic>

namespace runhook::inline v1 {
namespace detail {

// Two sessions that began at the same number would take the one's stale value for the other's success.
std::int64_t SuccessValue::first() noexcept {
  static std::atomic<std::uint32_t> made{0};
  constexpr std::uint32_t kSpread = 0x9E3779B1;  // odd, and far from all simple ratios
  return kFirst + made.fetch_add(1, std::memory_order_relaxed) * kSpread % (kLast - kFirst);
}

}  // namespace detail
}  // namespace runhook::inline v1
