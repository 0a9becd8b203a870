#include <pthread.h>

#include <csignal>

#include "runhook/outcome.hpp"
#include "runhook/signals.hpp"
#include "signals/dispositions.hpp"

namespace runhook::inline v1 {

namespace {

// The signal that stopped the run; 0 if none has.
int stopping_signal(const Outcome& outcome) noexcept {
  const bool by_signal = outcome.kind == OutcomeKind::stopped && outcome.stop.origin == StopOrigin::signal;
  const std::int32_t signal = outcome.stop.code;  // what a handler of the program's own has said
  return by_signal && signal > 0 && signal < detail::kSignalEnd ? signal : 0;
}

}  // namespace

int exit_status(const Outcome& outcome) noexcept {
  if (const int signal = stopping_signal(outcome); signal != 0) return 128 + signal;
  return outcome.kind == OutcomeKind::failed || outcome.kind == OutcomeKind::running ? 1 : 0;
}

void raise_again(const Outcome& outcome) noexcept {
  const int signal = stopping_signal(outcome);
  if (signal == 0) return;
  struct sigaction action {};
  sigset_t mask;
  sigaction(signal, nullptr, &action);
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  detail::raise_by_default(signal);
  sigaction(signal, &action, nullptr);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

}  // namespace runhook::inline v1
