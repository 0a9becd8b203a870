// Recovery policies of C.
#include "runhook/recovery.hpp"

#include <algorithm>
#include <limits>

#include "boundary/c_call.hpp"
#include "boundary/exception_guard.hpp"
#include "boundary/option_value.hpp"
#include "handle/config_handle.hpp"
#include "runhook/config.h"

namespace runhook::capi {

namespace {

constexpr std::size_t kPolicySizeV1_0 = RUNHOOK_CAPI_SIZE_TO(runhook_recovery_policy, jitter);
static_assert(offsetof(runhook_recovery_policy, user_data) == 8 && offsetof(runhook_recovery_policy, destroy) == 16 &&
                  offsetof(runhook_recovery_policy, classify) == 24 &&
                  offsetof(runhook_recovery_policy, on_recovery) == 32 &&
                  offsetof(runhook_recovery_policy, max_attempts) == 40 &&
                  offsetof(runhook_recovery_policy, initial_backoff_ns) == 48 &&
                  offsetof(runhook_recovery_policy, max_backoff_ns) == 56 &&
                  offsetof(runhook_recovery_policy, deadline_ns) == 64 &&
                  offsetof(runhook_recovery_policy, jitter) == 72 && kPolicySizeV1_0 == 80,
              "the 1.0 prefix is frozen");

// Called on any thread that reports an error, so each call has a context of its own.
bool classify(runhook_callback callback, const UserData& data, const Error& error) {
  PolicyCall call(error);
  invoke_once(call, "classify", callback, data.get());
  return call.recoverable;
}

void tell(runhook_callback callback, const UserData& data, const RecoveryNotice& notice) {
  PolicyCall call(notice.cause);
  call.notice = &notice;
  invoke_once(call, "on_recovery", callback, data.get());
}

RecoveryPolicy policy_from(const runhook_recovery_policy& table, UserData owner) {
  if (!(table.jitter <= 1)) throw StatusError(StatusCode::invalid_argument, "the jitter is not 1 or less");
  RecoveryPolicy policy;
  policy.max_attempts = static_cast<std::int32_t>(std::min<std::int64_t>(
      amount_or(table.max_attempts, policy.max_attempts), std::numeric_limits<std::int32_t>::max()));
  policy.initial_backoff_ns = amount_or(table.initial_backoff_ns, policy.initial_backoff_ns);
  policy.max_backoff_ns = amount_or(table.max_backoff_ns, policy.max_backoff_ns);
  policy.deadline_ns = table.deadline_ns == 0 ? policy.deadline_ns : table.deadline_ns;
  if (table.jitter != 0) policy.jitter = std::max(table.jitter, 0.0);
  const auto data = std::make_shared<const UserData>(std::move(owner));
  if (table.classify != nullptr) {
    policy.is_recoverable = [data, callback = table.classify](const Error& error) {
      return classify(callback, *data, error);
    };
  }
  // Always set, so that the policy owns user_data in any case.
  policy.on_recovery = [data, callback = table.on_recovery](const RecoveryNotice& notice) {
    if (callback != nullptr) tell(callback, *data, notice);
  };
  return policy;
}

}  // namespace

}  // namespace runhook::capi

using namespace runhook;
using namespace runhook::capi;

runhook_status runhook_config_set_recovery(runhook_config* config, const runhook_recovery_policy* policy,
                                           runhook_error** error) {
  if (policy == nullptr) {
    return guarded(error, [&] { require_pinned(config)->config.recovery = RecoveryPolicy(); });
  }
  runhook_recovery_policy table;
  UserData owner;
  if (const auto status = accept_table(policy, kPolicySizeV1_0, table, owner, error); status != RUNHOOK_OK) {
    return status;
  }
  return guarded(error, [&] {
    const auto box = require_pinned(config);
    box->config.recovery = policy_from(table, std::move(owner));
  });
}
