#include "run/hook_claim.hpp"

#include <mutex>
#include <set>

#include "base/format.hpp"
#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

struct ClaimedHooks {
  std::mutex mutex;
  std::set<const SessionRunHook*> hooks;  // guarded by it
};

// Never destroyed: a session may outlive main().
ClaimedHooks& claimed() {
  static auto* const all = new ClaimedHooks;
  return *all;
}

}  // namespace

HookClaim::HookClaim(const SessionRunHook& hook, std::string_view name) : hook_(hook) {
  ClaimedHooks& all = claimed();
  const std::lock_guard lock(all.mutex);
  if (all.hooks.insert(&hook).second) return;
  throw StatusError(
      StatusCode::already_exists,
      fmt::format("hook '{}' belongs to another session, which has not ended; it serves one at a time", name));
}

HookClaim::~HookClaim() {
  ClaimedHooks& all = claimed();
  const std::lock_guard lock(all.mutex);
  all.hooks.erase(&hook_);
}

}  // namespace detail
}  // namespace runhook::inline v1
