// runhook/recovery.hpp: when and how a failed session is made anew.
#ifndef RUNHOOK_RECOVERY_HPP_
#define RUNHOOK_RECOVERY_HPP_

#include <cstdint>
#include <functional>

#include "runhook/error.hpp"

namespace runhook::inline v1 {

// What on_recovery is told before a session is made anew.
struct RecoveryNotice {
  Error cause;
  std::int32_t attempt = 0;     // 1, 2, ... since the run last got past the step that failed
  std::int64_t backoff_ns = 0;  // how long the loop is going to wait before that
  std::int64_t step = -1;       // global step at the failure
};

// Recovery closes the session, waits, creates another one and executes the step again: a step may be executed more than
// once. At most max_attempts sessions are made for a step that keeps failing. Once a stop is pending there is no wait,
// and making a session anew is not retried: if it fails, so does the run, with the cause. An urgent stop ends a
// recovery at once.
//
// Errors that threads report through the Coordinator count, too. If a thread has reported a recoverable error, and then
// a step fails with one that is not, the thread's error is taken for the cause: it becomes the primary error, and is
// recovered from. If a step fails with a recoverable error while a thread has reported one that is not, the step is
// recovered from, and close() throws the thread's error. A recoverable error of a thread is dealt with at the next run,
// before anything else of it; if there is none, it fails nothing, and is in the outcome. Since 1.0.
struct RecoveryPolicy {
  std::int32_t max_attempts = 5;                  // 0: no recovery
  std::int64_t initial_backoff_ns = 100'000'000;  // doubles with each attempt
  std::int64_t max_backoff_ns = 30'000'000'000;
  double jitter = 0.5;            // 0..1: each wait is shortened by up to this fraction, at random
  std::int64_t deadline_ns = -1;  // give up once this much time has passed since the first failure; negative: never
  // Empty: errors with the codes ABORTED and UNAVAILABLE are. Called on the thread that reports an error, so possibly
  // on several at once. If it throws, the error is not recovered from, and what was thrown is attached as suppressed.
  std::function<bool(const Error&)> is_recoverable;
  std::function<void(const RecoveryNotice&)> on_recovery;  // may throw: that ends the recovery

  bool classify(const Error& error) const;  // what the classifier says; throws what it throws
  bool recovers(const Error& error) const;  // max_attempts > 0 and the classifier says so
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_RECOVERY_HPP_
