// escalation.hpp: what a signal does the first, the second and the third time.
#ifndef RUNHOOK_SRC_SIGNALS_ESCALATION_HPP_
#define RUNHOOK_SRC_SIGNALS_ESCALATION_HPP_

#include <cstdint>

#include "runhook/signals.hpp"

namespace runhook::inline v1 {
namespace detail {

// What SignalRepeat::usual stands for.
SignalRule spelled_out(SignalRule rule) noexcept;

// The number of the signal that stops the run now, and of the one that ends the process; 0: none.
struct Stages {
  std::uint32_t urgent = 0;
  std::uint32_t last = 0;
};

Stages stages_of(const SignalRule& rule) noexcept;

}  // namespace detail
}  // namespace runhook::inline v1

#endif  // RUNHOOK_SRC_SIGNALS_ESCALATION_HPP_
