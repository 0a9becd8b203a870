// One evaluation, wherever its variables come from.
#ifndef RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_
#define RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_

#include <cstdint>
#include <functional>

#include "runhook/evaluation.hpp"

namespace runhook::inline v1 {
namespace detail {

// Where the state comes from that is evaluated: written to each session that is made, over its initial one.
struct EvaluatedState {
  std::int64_t step = 0;
  std::function<void(Session&)> write;
};

// `state` NULL: the sessions are evaluated as they are made.
EvaluationResult evaluate(const EvaluationOptions& options, const EvaluatedState* state);

void check_evaluation(const EvaluationOptions& options);  // throws INVALID_ARGUMENT without a session creator

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_EVALUATION_EVALUATION_RUN_HPP_
