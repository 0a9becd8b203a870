// hook_claim.hpp: that a hook which serves one session at a time serves this one.
#ifndef RUNHOOK_SRC_RUN_HOOK_CLAIM_HPP_
#define RUNHOOK_SRC_RUN_HOOK_CLAIM_HPP_

#include <string_view>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {
namespace detail {

// As long as it lives, nobody else gets one for the same hook.
class HookClaim {
 public:
  HookClaim(const SessionRunHook& hook, std::string_view name);  // throws ALREADY_EXISTS, naming it
  ~HookClaim();
  HookClaim(const HookClaim&) = delete;
  HookClaim& operator=(const HookClaim&) = delete;

 private:
  const SessionRunHook& hook_;
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_RUN_HOOK_CLAIM_HPP_
