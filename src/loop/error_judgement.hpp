// error_judgement.hpp: which errors are recovered from, and which of several is the one that counts.
#ifndef RUNHOOK_SRC_LOOP_ERROR_JUDGEMENT_HPP_
#define RUNHOOK_SRC_LOOP_ERROR_JUDGEMENT_HPP_

#include <cstddef>
#include <cstdint>

#include "runhook/error.hpp"
#include "runhook/recovery.hpp"

namespace runhook::inline v1 {
namespace detail {

// What an error is judged by. The functions below change nothing but the error that they are given.
struct Circumstances {
  const RecoveryPolicy& policy;
  bool urgent_stop;   // has been requested
  std::int64_t step;  // global step
};

// What the classifier says. One that fails has not said yes; its failure is attached to the error.
bool is_recoverable(Error& error, const Circumstances& now) noexcept;
// The same, if there is recovery at all.
bool is_recovered_from(Error& error, const Circumstances& now) noexcept;
// A stop that also cancels ends the step in progress. A hook's own CANCELLED is the hook's failure.
bool is_cancelled_by_stop(const Error& error, const Circumstances& now) noexcept;
// The same errors with the gravest of them as the primary one, since that says what becomes of the run: a clean end or
// a recoverable error hides no fatal one.
Error with_gravest_primary(const Error& error, const Circumstances& now) noexcept;
// What recovery does not mend of an error that threads have reported: it may be behind a recoverable one.
Error fatal_part(const Error& error, const Circumstances& now) noexcept;
// The rest of it, in which there is nothing fatal. Each error stands for itself.
Error recoverable_part(const Error& error, const Circumstances& now) noexcept;
// Calls `use` with each error of these, the primary one first, without those that followed it.
template <typename Use>
void for_each_error(const Error& error, Use&& use) {
  if (!error) return;
  use(error.alone());
  for (std::size_t i = 0; i < error.suppressed_count(); ++i) use(error.suppressed(i));
}
// Whether `one`, or a copy of it, is in `all`, apart from what followed it.
bool holds(const Error& all, const Error& one) noexcept;
// A recoverable error of a thread is what a failing step is really about. Without recovery, too, as in the reference's
// singular session.
Error prefer_thread_error(Error error, Error of_threads, const Circumstances& now) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_ERROR_JUDGEMENT_HPP_
