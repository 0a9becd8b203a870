#include "run/hook_claim.hpp"

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

HookClaim::HookClaim(const SessionRunHook& hook, std::string_view name) : hook_(hook) {
  if (!__atomic_exchange_n(&hook_.claim_.set, true, __ATOMIC_ACQUIRE)) return;
  throw StatusError(
      StatusCode::already_exists,
      fmt::format("hook '{}' belongs to another session, which has not ended; it serves one at a time", name));
}

HookClaim::~HookClaim() { __atomic_store_n(&hook_.claim_.set, false, __ATOMIC_RELEASE); }

}  // namespace detail
}  // namespace runhook::inline v1
