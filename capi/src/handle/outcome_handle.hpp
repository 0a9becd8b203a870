// What is behind a runhook_outcome.
#ifndef RUNHOOK_CAPI_HANDLE_OUTCOME_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_OUTCOME_HANDLE_HPP_

#include <array>
#include <string>
#include <utility>

#include "boundary/handle_box.hpp"
#include "handle/error_handle.hpp"
#include "runhook/outcome.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct OutcomeBox final : Boxed {
  explicit OutcomeBox(Outcome its_outcome) noexcept : outcome(std::move(its_outcome)) {}
  const Outcome outcome;
  LentError error;
  std::array<LentError, Outcome::kMaxWarnings> warnings;
  std::string text;  // of runhook_outcome_to_string()
};
RUNHOOK_CAPI_BOX(runhook_outcome, OutcomeBox, outcome);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_OUTCOME_HANDLE_HPP_
