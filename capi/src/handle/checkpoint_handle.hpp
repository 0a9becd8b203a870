// What is behind a runhook_checkpoint_store, and options that several functions share.
#ifndef RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_

#include <memory>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/checkpoint.h"
#include "runhook/checkpoint.hpp"

namespace runhook::capi {

struct CheckpointStoreBox final : Boxed {
  explicit CheckpointStoreBox(std::shared_ptr<CheckpointStore> its_store) noexcept : store(std::move(its_store)) {}
  const std::shared_ptr<CheckpointStore> store;
};
RUNHOOK_CAPI_BOX(runhook_checkpoint_store, CheckpointStoreBox, checkpoint_store);

// NULL is the default. Throws INVALID_ARGUMENT, UNIMPLEMENTED.
CheckpointRetention retention_from(const runhook_retention* given);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
