// What is behind a stop source, and how a stop reason is told to C.
#ifndef RUNHOOK_CAPI_HANDLE_STOP_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_STOP_HANDLE_HPP_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/stop.h"
#include "runhook/stop.hpp"
#include "runhook/stop_listener.hpp"

namespace runhook::capi {

struct StopSourceBox final : Boxed {
  explicit StopSourceBox(StopSource its_source) noexcept : source(std::move(its_source)) {}
  // Returns the reason of this index, or NULL if there is none. It stays valid as long as this object.
  const StopReason* reason(std::size_t index);
  const StopSource source;

 private:
  std::mutex mutex_;
  std::array<std::unique_ptr<const StopReason>, StopState::kMaxReasons> reasons_;
};
RUNHOOK_CAPI_BOX(runhook_stop_source, StopSourceBox, stop_source);

struct StopListenerBox final : Boxed {
  StopListenerBox(std::shared_ptr<StopState> state, StopListener::Function on_stop)
      : listener(std::move(state), std::move(on_stop)) {}
  StopListener listener;
};
RUNHOOK_CAPI_BOX(runhook_stop_listener, StopListenerBox, stop_listener);

// Fills as much of `out` as it has room for. The texts are borrowed from `reason`. Throws INVALID_ARGUMENT for NULL or
// a bad struct_size, NOT_FOUND if `reason` is NULL or there was no request.
void fill_stop_reason(const StopReason* reason, runhook_stop_reason* out);
// What `urgency` of a request means. A stop is not refused because of it: numbers that are not known mean
// RUNHOOK_STOP_AFTER_STEP.
struct HowToStop {
  explicit HowToStop(int32_t number) noexcept;
  StopUrgency urgency = StopUrgency::after_step;
  bool planned;
};

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_STOP_HANDLE_HPP_
