#include "runhook/outcome.h"

#include "boundary/exception_guard.hpp"
#include "handle/outcome_handle.hpp"
#include "handle/stop_handle.hpp"

using runhook::Outcome;
using runhook::OutcomeKind;
using namespace runhook::capi;  // NOLINT: this file implements the C functions in terms of it

namespace {

static_assert(RUNHOOK_OUTCOME_RUNNING == static_cast<int>(OutcomeKind::running) &&
              RUNHOOK_OUTCOME_COMPLETED == static_cast<int>(OutcomeKind::completed) &&
              RUNHOOK_OUTCOME_STOPPED == static_cast<int>(OutcomeKind::stopped) &&
              RUNHOOK_OUTCOME_END_OF_INPUT == static_cast<int>(OutcomeKind::end_of_input) &&
              RUNHOOK_OUTCOME_FAILED == static_cast<int>(OutcomeKind::failed));
static_assert(RUNHOOK_OUTCOME_MAX_WARNINGS == Outcome::kMaxWarnings);

int64_t number(const runhook_outcome* outcome, std::int64_t Outcome::*member) noexcept {
  const auto* box = find(outcome);
  return box != nullptr ? box->outcome.*member : 0;
}

// Returns the same handle each time.
const runhook_error* lend_once(LentError& lent, const runhook::Error& error) noexcept {
  const runhook_error* handle = lent.handle.get();
  return handle != nullptr ? handle : lent.lend(error);
}

}  // namespace

int32_t runhook_outcome_kind(const runhook_outcome* outcome) {
  const auto* box = find(outcome);
  return box != nullptr ? static_cast<int32_t>(box->outcome.kind) : RUNHOOK_OUTCOME_RUNNING;
}

runhook_status runhook_outcome_stop_reason(const runhook_outcome* outcome, runhook_stop_reason* reason,
                                           runhook_error** error) {
  return guarded(error, [&] { fill_stop_reason(&require(outcome).outcome.stop, reason); });
}

const runhook_error* runhook_outcome_error(const runhook_outcome* outcome) {
  auto* box = find(outcome);
  return box != nullptr ? lend_once(box->error, box->outcome.error) : nullptr;
}

int64_t runhook_outcome_step(const runhook_outcome* outcome) { return number(outcome, &Outcome::step); }

int64_t runhook_outcome_runs(const runhook_outcome* outcome) { return number(outcome, &Outcome::runs); }

int64_t runhook_outcome_recoveries(const runhook_outcome* outcome) { return number(outcome, &Outcome::recoveries); }

int64_t runhook_outcome_warnings(const runhook_outcome* outcome) { return number(outcome, &Outcome::warnings); }

const runhook_error* runhook_outcome_first_warning(const runhook_outcome* outcome) {
  return runhook_outcome_warning(outcome, 0);
}

const runhook_error* runhook_outcome_warning(const runhook_outcome* outcome, size_t index) {
  auto* box = find(outcome);
  if (box == nullptr || index >= Outcome::kMaxWarnings) return nullptr;
  return lend_once(box->warnings[index], box->outcome.first_warnings[index]);
}

const char* runhook_outcome_to_string(const runhook_outcome* outcome) {
  auto* box = find(outcome);
  if (box == nullptr) return "";
  return guarded_value<const char*>("", [&] {
    if (box->text.empty()) box->text = box->outcome.to_string();
    return box->text.c_str();
  });
}

void runhook_outcome_destroy(runhook_outcome* outcome) { destroy(outcome); }
