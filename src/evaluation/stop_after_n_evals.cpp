#include "runhook/hooks/stop_after_n_evals.hpp"

#include <algorithm>
#include <utility>

#include "base/format.hpp"
#include "base/monotonic.hpp"

namespace runhook::inline v1 {

namespace {

// Below this many evaluations each one is logged.
constexpr std::int64_t kFew = 20;

}  // namespace

StopAfterNEvalsHook::StopAfterNEvalsHook(StopAfterNEvalsOptions options) : options_(std::move(options)) {
  if (options_.num_evals && *options_.num_evals < 1) {
    throw StatusError(StatusCode::invalid_argument, fmt::format("num_evals is below 1: {}", *options_.num_evals));
  }
  if (options_.evals_per_run < 1) {
    throw StatusError(StatusCode::invalid_argument,
                      fmt::format("evals_per_run is below 1: {}", options_.evals_per_run));
  }
}

void StopAfterNEvalsHook::begin(SessionRunContext&) { completed_ = 0; }

void StopAfterNEvalsHook::after_create_session(SessionRunContext& context) {
  completed_ = 0;
  set_evals_of_next_run(context);
}

void StopAfterNEvalsHook::after_run(SessionRunContext& context, const SessionRunValues&) {
  const std::int64_t before = completed_;
  completed_ = detail::saturating_add(completed_, in_next_run_);
  if (options_.log_progress) log_progress(context, before);
  if (options_.num_evals && completed_ >= *options_.num_evals) {
    context.request_stop(0, fmt::format("{} evaluations have been made", completed_), StopUrgency::if_completed,
                         /*planned=*/true);
  } else {
    set_evals_of_next_run(context);
  }
}

void StopAfterNEvalsHook::set_evals_of_next_run(SessionRunContext& context) {
  in_next_run_ = options_.evals_per_run;
  if (options_.evals_per_run_variable.empty()) return;
  if (options_.num_evals) in_next_run_ = std::min(in_next_run_, *options_.num_evals - completed_);
  context.session().write_variable(options_.evals_per_run_variable, Value::scalar(in_next_run_));
}

void StopAfterNEvalsHook::log_progress(SessionRunContext& context, std::int64_t before) const {
  if (!options_.num_evals) return context.log(LogLevel::info, fmt::format("Evaluation [{}]", completed_));
  const std::int64_t all = *options_.num_evals;
  const std::int64_t every = all < kFew ? 1 : all / 10;
  if (completed_ < all && completed_ / every == before / every) return;
  context.log(LogLevel::info, fmt::format("Evaluation [{}/{}]", completed_, all));
}

}  // namespace runhook::inline v1
