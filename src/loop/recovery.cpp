#include "runhook/recovery.hpp"

namespace runhook::inline v1 {

bool RecoveryPolicy::classify(const Error& error) const {
  if (!error) return false;
  if (is_recoverable) return is_recoverable(error);
  return error.code() == StatusCode::aborted || error.code() == StatusCode::unavailable;
}

bool RecoveryPolicy::recovers(const Error& error) const { return max_attempts > 0 && classify(error); }

}  // namespace runhook::inline v1
