#include "loop/gate.hpp"

#include <utility>

#include "runhook/error.hpp"

namespace runhook::inline v1 {
namespace detail {

void Gate::refuse_entry() const {
  if (called_back()) throw StatusError(StatusCode::reentrant, "called from inside a callback of the same session");
  throw StatusError(StatusCode::busy, "another thread is using the session");
}

bool Gate::defer(std::function<void()> when_idle) {
  when_idle_ = std::move(when_idle);
  return occupant_.fetch_or(kDeferred, std::memory_order_acq_rel) != 0;
}

void Gate::reopen() noexcept {
  when_idle_ = nullptr;
  occupant_.store(0, std::memory_order_release);
}

void Gate::run_deferred() noexcept {
  const std::function<void()> when_idle = std::move(when_idle_);
  when_idle();
}

}  // namespace detail
}  // namespace runhook::inline v1
