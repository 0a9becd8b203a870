// runhook/hooks/stop_after_n_evals.hpp: stops a session after a number of evaluations.
#ifndef RUNHOOK_HOOKS_STOP_AFTER_N_EVALS_HPP_
#define RUNHOOK_HOOKS_STOP_AFTER_N_EVALS_HPP_

#include <cstdint>
#include <optional>
#include <string>

#include "runhook/hook.hpp"

namespace runhook::inline v1 {

struct StopAfterNEvalsOptions {
  std::optional<std::int64_t> num_evals = {};  // empty: until something else ends the run, e.g. the end of input
  bool log_progress = true;                    // "Evaluation [3/10]", about ten times or after each of fewer than 20
  // The variable by which a session that makes several evaluations in a run is told how many. The hook sets it before
  // each run so that no more than num_evals are made. Empty: there is none.
  std::string evals_per_run_variable = {};
  std::int64_t evals_per_run = 1;  // what the hook sets it to otherwise
};

// Counts evaluations and asks for a stop after num_evals. If the session is made anew, what it had computed is lost, so
// the count begins anew. Since 1.0.
class StopAfterNEvalsHook final : public SessionRunHook {
 public:
  explicit StopAfterNEvalsHook(StopAfterNEvalsOptions options);  // throws INVALID_ARGUMENT for numbers below 1
  std::string_view name() const override { return "stop after n evals"; }
  bool one_session_at_a_time() const noexcept override { return true; }
  void begin(SessionRunContext& context) override;
  void after_create_session(SessionRunContext& context) override;
  void after_run(SessionRunContext& context, const SessionRunValues& values) override;
  std::int64_t completed() const noexcept { return completed_; }

 private:
  void set_evals_of_next_run(SessionRunContext& context);
  void log_progress(SessionRunContext& context, std::int64_t before) const;
  const StopAfterNEvalsOptions options_;
  std::int64_t completed_ = 0;
  std::int64_t in_next_run_ = 1;
};

}  // namespace runhook::inline v1

#endif  // RUNHOOK_HOOKS_STOP_AFTER_N_EVALS_HPP_
