// One evaluation, wherever its variables come from.
#ifndef RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_
#define RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_

#include <cstdint>
#include <functional>

#include "runhook/evaluation.hpp"

namespace runhook::inline v1 {
namespace detail {

// The state to evaluate. It is written to each session that is made, after its initialisation.
struct EvaluatedState {
  std::int64_t step = 0;
  std::function<void(Session&)> write;
};

// `state` NULL: the sessions are evaluated as their creator makes them.
EvaluationResult evaluate(const EvaluationOptions& options, const EvaluatedState* state);

void check_evaluation(const EvaluationOptions& options);  // throws INVALID_ARGUMENT without a session creator

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_
