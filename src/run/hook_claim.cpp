#include "run/hook_claim.hpp"

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

HookClaim::HookClaim(const SessionRunHook& hook, std::string_view name) : hook_(hook) {
  if (hook_.claim_.take()) return;
  throw StatusError(
      StatusCode::already_exists,
      fmt::format("hook '{}' belongs to another session, which has not ended; it serves one at a time", name));
}

HookClaim::~HookClaim() { hook_.claim_.give_back(); }

}  // namespace detail
}  // namespace runhook::inline v1
