#include "runhook/inline_step.hpp"

#include "loop/loop.hpp"

namespace runhook::inline v1 {

using detail::Loop;

std::int64_t InlineStep::global_step() const noexcept { return loop_.global_step(); }
std::int64_t InlineStep::number() const noexcept { return loop_.step_reached(loop_.global_step()); }
std::int64_t InlineStep::attempt() const noexcept { return loop_.state().attempt.number; }

bool InlineStep::request_stop(std::string_view text, std::int32_t code, StopUrgency urgency, bool planned) {
  StopReason reason;
  reason.origin = StopOrigin::caller;
  reason.planned = planned;
  reason.code = code;
  reason.step = loop_.global_step();
  reason.set_text(text);
  return loop_.state().request_stop(reason, urgency == StopUrgency::after_step ? StopUrgency::if_completed : urgency);
}

void InlineStep::fail(const Error& error) {
  if (!error) throw StatusError(StatusCode::invalid_argument, "there is no error to fail with");
  loop_.check_step_is_open();
  loop_.state().fail(error);
}

void InlineStep::abandon() {
  const Loop::Entry entry(loop_);
  loop_.abandon_step();
}

void InlineStep::set_global_step(std::int64_t step) {
  if (step < 0) throw StatusError(StatusCode::invalid_argument, "the global step is negative");
  loop_.check_step_is_open();
  loop_.state().attempt.next_step = step;
  loop_.state().hot.leave_fast_path = true;
}

void InlineStep::log_scalar(std::string_view name, double number) {
  loop_.check_step_is_open();
  Step::log_scalar(name, number);
}

void InlineStep::log_int64(std::string_view name, std::int64_t number) {
  loop_.check_step_is_open();
  Step::log_int64(name, number);
}

void InlineStep::log_text(std::string_view name, std::string_view text) {
  loop_.check_step_is_open();
  Step::log_text(name, text);
}

SessionRunContext& InlineStep::context() const noexcept { return *loop_.state().context; }

}  // namespace runhook::inline v1
