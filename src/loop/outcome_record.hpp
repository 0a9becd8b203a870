// outcome_record.hpp: how the run is going and how it has ended, for whoever asks.
#ifndef RUNHOOK_SRC_LOOP_OUTCOME_RECORD_HPP_
#define RUNHOOK_SRC_LOOP_OUTCOME_RECORD_HPP_

#include <mutex>
#include <vector>

#include "run/counted_warning.hpp"
#include "runhook/outcome.hpp"

namespace runhook::inline v1 {
namespace detail {

// Hands out copies only, since threads add warnings to it at any time.
class OutcomeRecord {
 public:
  // What it is decided from, besides the errors that are known here.
  struct Ending {
    Error lost_session;
    Error past_threads;  // of sessions that are gone
    Error threads;
    StopReason stop;
    bool input_ended = false;  // and that is why the run has ended
    std::int64_t step = 0;
    std::int64_t runs = 0;
    std::int64_t recoveries = 0;
  };

  void note_warning(const Error& error) noexcept;  // any thread
  Outcome copy() const noexcept;                   // any thread
  std::vector<CountedWarning> warnings() const;    // any thread; as many different ones as the outcome keeps

  // Errors that have been thrown to the caller, and those that the caller has given.
  void run_failed(const Error& error) noexcept { run_error_.merge(error); }
  void caller_failed(const Error& error) noexcept { caller_error_.merge(error); }
  bool last_run_failed() const noexcept { return static_cast<bool>(run_error_); }
  bool known_to_caller() const noexcept { return run_error_ || caller_error_; }
  // A run was completed: those that failed before it are warnings now.
  void went_on_after_failure() noexcept;

  void decide(const Ending& ending) noexcept;
  bool failed() const noexcept;
  // The end has failed with `error`, of which the outcome does not know `unknown` yet.
  void end_failed(const Error& error, const Error& unknown) noexcept;

 private:
  mutable std::mutex mutex_;
  Outcome outcome_;                       // guarded
  std::vector<CountedWarning> warnings_;  // guarded
  Error run_error_;                       // of the runs that have failed since the last completed one
  Error caller_error_;                    // given to Loop::fail()
};

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_LOOP_OUTCOME_RECORD_HPP_
