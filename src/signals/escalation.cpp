#include "signals/escalation.hpp"

#include <csignal>

namespace runhook::inline v1 {
namespace detail {

SignalRule spelled_out(SignalRule rule) noexcept {
  if (rule.repeat == SignalRepeat::usual) {
    rule.repeat = rule.signal == SIGINT ? SignalRepeat::escalate : SignalRepeat::ignore;
  }
  return rule;
}

Stages stages_of(const SignalRule& rule) noexcept {
  const bool at_once = rule.action == SignalAction::stop_now;
  if (rule.repeat == SignalRepeat::default_action) return {at_once ? 1U : 0U, 2};
  if (rule.repeat == SignalRepeat::escalate) return at_once ? Stages{1, 2} : Stages{2, 3};
  return {at_once ? 1U : 0U, 0};
}

}  // namespace detail
}  // namespace runhook::inline v1
