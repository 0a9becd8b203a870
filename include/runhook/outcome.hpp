// runhook/outcome.hpp: how a run ended.
#ifndef RUNHOOK_OUTCOME_HPP_
#define RUNHOOK_OUTCOME_HPP_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "runhook/error.hpp"
#include "runhook/stop.hpp"

namespace runhook::inline v1 {

enum class OutcomeKind : std::int32_t {
  running = 0,  // not ended yet
  completed = 1,
  stopped = 2,
  end_of_input = 3,
  failed = 4,
};

// How a monitored session ended, who asked for it and why, or with which error. Since 1.0.
struct Outcome {
  OutcomeKind kind = OutcomeKind::running;
  StopReason stop;        // the first stop request, even if the run did not end by it; origin none if there was none
  Error error;            // set if failed
  std::int64_t step = 0;  // global step at the end
  std::int64_t runs = 0;  // completed runs
  std::int64_t recoveries = 0;
  // How many failures did not fail the run as a whole, because a hook's failure policy says so, or because the caller
  // went on and a later run completed, also one within a step function; what hooks have warned of; and recoverable
  // errors of threads after which no run came that could have recovered. If the run has failed, the latter are attached
  // to its error as suppressed.
  std::int64_t warnings = 0;
  Error first_warning;
  static constexpr std::size_t kMaxWarnings = 16;
  std::array<Error, kMaxWarnings> first_warnings;  // the first of them, first_warning included

  std::string to_string() const;  // one line, e.g. "stopped by hook 'accuracy' at step 1200: reached 0.83"
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_OUTCOME_HPP_
