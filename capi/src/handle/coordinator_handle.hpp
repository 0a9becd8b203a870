// What is behind a coordinator and a registered thread.
#ifndef RUNHOOK_CAPI_HANDLE_COORDINATOR_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_COORDINATOR_HANDLE_HPP_

#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/coordinator.hpp"
#include "runhook/types.h"

namespace runhook::capi {

struct CoordinatorBox final : Boxed {
  explicit CoordinatorBox(Coordinator its_coordinator) noexcept : coordinator(std::move(its_coordinator)) {}
  Coordinator coordinator;
};
RUNHOOK_CAPI_BOX(runhook_coordinator, CoordinatorBox, coordinator);

struct ThreadBox final : Boxed {
  explicit ThreadBox(CoordinatedThread its_thread) noexcept : thread(std::move(its_thread)) {}
  CoordinatedThread thread;
};
RUNHOOK_CAPI_BOX(runhook_thread, ThreadBox, thread);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_COORDINATOR_HANDLE_HPP_
