// What is behind a runhook_clock.
#ifndef RUNHOOK_CAPI_CLOCK_HANDLE_HPP_
#define RUNHOOK_CAPI_CLOCK_HANDLE_HPP_

#include <memory>
#include <utility>

#include "handle_box.hpp"
#include "runhook/clock.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct ClockBox final : Boxed {
  explicit ClockBox(std::shared_ptr<Clock> its_clock) noexcept : clock(std::move(its_clock)) {}
  const std::shared_ptr<Clock> clock;
};
RUNHOOK_CAPI_BOX(runhook_clock, ClockBox, clock, "clock");

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_CLOCK_HANDLE_HPP_
