// runhook/recovery.hpp: when and how a failed session is made anew.
#ifndef RUNHOOK_RECOVERY_HPP_
#define RUNHOOK_RECOVERY_HPP_

#include <cstdint>
#include <functional>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

// Told before each re-creation of a session.
struct RecoveryNotice {
  Error cause;
  std::int32_t attempt = 0;     // 1, 2, ... since the run last got past the step that failed
  std::int64_t backoff_ns = 0;  // how long it is going to wait
  std::int64_t step = -1;       // global step at the failure
};

// Recovery closes the session, waits, creates another one and executes the step again (at least once, therefore).
// It is bounded: at most max_attempts re-creations without getting past the step that failed.
//
// Errors that threads report through the Coordinator count, too. If a step fails for good while a thread has reported a
// recoverable error, that error is what the failure is about: it is the primary one, and recovered from. If a step
// fails recoverably while a thread has reported a fatal error, the step is recovered, and close() throws the thread's
// error. Since 1.0.
struct RecoveryPolicy {
  std::int32_t max_attempts = 5;                  // 0: no recovery at all, as in the reference's singular session
  std::int64_t initial_backoff_ns = 100'000'000;  // doubles with each attempt
  std::int64_t max_backoff_ns = 30'000'000'000;
  double jitter = 0.5;            // 0..1: each wait is shortened by up to this fraction, at random
  std::int64_t deadline_ns = -1;  // give up once this much time has passed since the first failure; negative: never
  // Empty: code is ABORTED or UNAVAILABLE. Called by the thread that reports an error, so by several at once. If it
  // throws, the error is not recovered from, and carries what was thrown among its suppressed ones.
  std::function<bool(const Error&)> is_recoverable;
  std::function<void(const RecoveryNotice&)> on_recovery;  // may throw: that ends the recovery

  bool classify(const Error& error) const;  // what the classifier says; throws what it throws
  bool recovers(const Error& error) const;  // max_attempts > 0 and the classifier says so
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_RECOVERY_HPP_
