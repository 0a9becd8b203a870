// What is behind a runhook_clock, and the calls that a clock of C makes.
#ifndef RUNHOOK_CAPI_HANDLE_CLOCK_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_CLOCK_HANDLE_HPP_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "boundary/context_base.hpp"
#include "boundary/handle_box.hpp"
#include "runhook/clock.hpp"
#include "runhook/config.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct ClockBox final : Boxed {
  explicit ClockBox(std::shared_ptr<Clock> its_clock) noexcept : clock(std::move(its_clock)) {}
  const std::shared_ptr<Clock> clock;
};
RUNHOOK_CAPI_BOX(runhook_clock, ClockBox, clock);

// A call of now_ns or wait_ns. Each has a context of its own, since they are called on any thread.
struct ClockCall final : ContextBase {
  ClockCall() noexcept : ContextBase(Role::clock), waiting(false) {}
  ClockCall(std::int64_t ns, const StopState* its_stop) noexcept
      : ContextBase(Role::clock), waiting(true), wait_ns(ns), stop(its_stop) {}
  const bool waiting;  // whether this is wait_ns
  const std::int64_t wait_ns = 0;
  const StopState* const stop = nullptr;
  std::optional<std::int64_t> now_ns;  // answer of now_ns
};

// Returns the clock for a session with this log. If it is a clock of C and fails, that is logged once.
std::shared_ptr<Clock> clock_with_log(std::shared_ptr<Clock> clock, const LogSink& log);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_CLOCK_HANDLE_HPP_
