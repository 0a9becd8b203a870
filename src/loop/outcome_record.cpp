#include "loop/outcome_record.hpp"

#include <cstddef>
#include <utility>

namespace runhook::inline v1 {
namespace detail {

void OutcomeRecord::note_warning(const Error& error) noexcept {
  const std::lock_guard lock(mutex_);
  const auto number = static_cast<std::size_t>(outcome_.warnings++);
  if (number == 0) outcome_.first_warning = error;
  if (number < Outcome::kMaxWarnings) outcome_.first_warnings[number] = error;
  add_counted(warnings_, error, Outcome::kMaxWarnings);
}

std::vector<CountedWarning> OutcomeRecord::warnings() const {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

Outcome OutcomeRecord::copy() const noexcept {
  const std::lock_guard lock(mutex_);
  return outcome_;
}

void OutcomeRecord::went_on_after_failure() noexcept {
  if (run_error_) note_warning(std::exchange(run_error_, Error()));
}

void OutcomeRecord::decide(const Ending& ending) noexcept {
  const std::lock_guard lock(mutex_);
  // In the order in which they matter to whoever reads the outcome; none is lost.
  outcome_.error = caller_error_;
  outcome_.error.merge(run_error_);
  outcome_.error.merge(ending.lost_session);
  outcome_.error.merge(ending.past_threads);
  outcome_.error.merge(ending.threads);
  outcome_.stop = ending.stop;
  if (outcome_.error) {
    outcome_.kind = OutcomeKind::failed;
  } else if (ending.input_ended) {
    outcome_.kind = OutcomeKind::end_of_input;
  } else {
    outcome_.kind = ending.stop.origin != StopOrigin::none ? OutcomeKind::stopped : OutcomeKind::completed;
  }
  outcome_.step = ending.step;
  outcome_.runs = ending.runs;
  outcome_.recoveries = ending.recoveries;
}

bool OutcomeRecord::failed() const noexcept {
  const std::lock_guard lock(mutex_);
  return outcome_.kind == OutcomeKind::failed;
}

void OutcomeRecord::end_failed(const Error& error, const Error& unknown) noexcept {
  const std::lock_guard lock(mutex_);
  if (outcome_.kind == OutcomeKind::failed) {
    outcome_.error.merge(unknown);
  } else if (error) {
    outcome_.kind = OutcomeKind::failed;
    outcome_.error = error;
  }
}

}  // namespace detail
}  // namespace runhook::inline v1
