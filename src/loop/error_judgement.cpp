#include "loop/error_judgement.hpp"

namespace runhook::inline v1 {
namespace detail {

namespace {

// How much an error means for the run.
int gravity(Error& error, const Circumstances& now) noexcept {
  if (is_clean_end(error.code()) || is_cancelled_by_stop(error, now)) return 0;
  return is_recovered_from(error, now) ? 1 : 2;
}

}  // namespace

bool is_recoverable(Error& error, const Circumstances& now) noexcept {
  try {
    return now.policy.classify(error);
  } catch (...) {
    Error failure = Error::from_current_exception(StatusCode::unknown);
    failure.locate({}, "classify", now.step);
    error.add_suppressed(failure);
    return false;
  }
}

bool is_recovered_from(Error& error, const Circumstances& now) noexcept {
  return now.policy.max_attempts > 0 && is_recoverable(error, now);
}

bool is_cancelled_by_stop(const Error& error, const Circumstances& now) noexcept {
  return error.code() == StatusCode::cancelled && error.hook().empty() && now.urgent_stop;
}

Error with_gravest_primary(const Error& error, const Circumstances& now) noexcept {
  if (error.suppressed_count() == 0) return error;
  Error primary = error;
  int most = gravity(primary, now);
  std::size_t gravest = error.suppressed_count();
  for (std::size_t i = 0; i < error.suppressed_count(); ++i) {
    Error later = error.suppressed(i);
    if (later.callback() == "classify") continue;  // why an error is not recovered from
    if (const int its = gravity(later, now); its > most) {
      most = its;
      gravest = i;
    }
  }
  return gravest < error.suppressed_count() ? primary.with_primary(gravest) : primary;
}

Error fatal_part(const Error& error, const Circumstances& now) noexcept {
  Error judged = error;
  if (!judged || !is_recovered_from(judged, now)) return judged;
  Error fatal;
  for (std::size_t i = 0; i < judged.suppressed_count(); ++i) {
    Error later = judged.suppressed(i);
    if (!is_recovered_from(later, now)) fatal.merge(later);
  }
  return fatal;
}

Error recoverable_part(const Error& error, const Circumstances& now) noexcept {
  Error judged = error;
  if (!judged || !is_recovered_from(judged, now)) return {};
  Error rest;
  for_each_error(judged, [&](Error one) {
    if (is_recovered_from(one, now)) rest.merge(one);
  });
  return rest;
}

bool holds(const Error& all, const Error& one) noexcept {
  if (all.code() == one.code() && all.thread() == one.thread() && all.message() == one.message()) return true;
  for (std::size_t i = 0; i < all.suppressed_count(); ++i) {
    if (holds(all.suppressed(i), one)) return true;
  }
  return false;
}

Error prefer_thread_error(Error error, Error of_threads, const Circumstances& now) noexcept {
  if (!of_threads || is_recoverable(error, now) || !is_recoverable(of_threads, now)) return error;
  of_threads.add_suppressed(error);
  return of_threads;
}

}  // namespace detail
}  // namespace runhook::inline v1
