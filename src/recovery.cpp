#include "runhook/recovery.hpp"

namespace runhook::inline v1 {

bool RecoveryPolicy::recovers(const Error& error) const {
  if (max_attempts <= 0 || !error) return false;
  if (is_recoverable) return is_recoverable(error);
  return error.code() == StatusCode::aborted || error.code() == StatusCode::unavailable;
}

}  // namespace runhook::inline v1
