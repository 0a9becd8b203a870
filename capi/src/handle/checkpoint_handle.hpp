// What is behind a runhook_checkpoint_store and a runhook_checkpoint_watcher, and options that several functions share.
#ifndef RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
#define RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_

#include <memory>
#include <optional>
#include <utility>

#include "boundary/handle_box.hpp"
#include "runhook/checkpoint.h"
#include "runhook/checkpoint.hpp"
#include "runhook/checkpoint_source.hpp"
#include "runhook/error.hpp"
#include "runhook/stop.hpp"

namespace runhook::capi {

struct CheckpointStoreBox final : Boxed {
  explicit CheckpointStoreBox(std::shared_ptr<CheckpointStore> its_store) noexcept : store(std::move(its_store)) {}
  const std::shared_ptr<CheckpointStore> store;
};
RUNHOOK_CAPI_BOX(runhook_checkpoint_store, CheckpointStoreBox, checkpoint_store);

struct CheckpointWatcherBox final : Boxed {
  CheckpointWatcherBox(std::shared_ptr<CheckpointSource> its_source, const CheckpointWatchOptions& options)
      : source(std::move(its_source)), stop(options.wait.stop), watcher(source, options) {}
  const std::shared_ptr<CheckpointSource> source;
  const std::shared_ptr<StopState> stop;  // may be NULL
  CheckpointWatcher watcher;
};
RUNHOOK_CAPI_BOX(runhook_checkpoint_watcher, CheckpointWatcherBox, checkpoint_watcher);

// Throws STOPPED and DEADLINE_EXCEEDED.
inline CheckpointInfo next_checkpoint(CheckpointWatcherBox& box) {
  const std::optional<CheckpointInfo> found = box.watcher.next();
  if (found) return *found;
  if (box.stop != nullptr && box.stop->requested()) {
    throw StatusError(StatusCode::stopped, "a stop has been asked for");
  }
  throw StatusError(StatusCode::deadline_exceeded, "there is no new checkpoint");
}

// NULL is the default. Throws INVALID_ARGUMENT, UNIMPLEMENTED.
CheckpointRetention retention_from(const runhook_retention* given);

}  // namespace runhook::capi

#endif  // RUNHOOK_CAPI_HANDLE_CHECKPOINT_HANDLE_HPP_
